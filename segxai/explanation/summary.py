"""Summarise an explanation in sentences."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..plots.numbers import FAINT, percent
from . import owen, sets, surrogates
from .coalitions import ROUNDING
from .methods import METHODS

if TYPE_CHECKING:
    from .explanation import Explanation

FEW = 9  # regions of a tree, among which the strongest are chosen
MOST_OF_IT = 0.6  # a part with this share of a region's value is named, too
WORTH_SAYING = 0.1  # of the largest absolute value


def sentences(explanation: "Explanation", search: bool = True) -> list[str]:
    """Sentences on the largest weights, sets of regions, the strongest interaction and checks.

    Parameters
    ----------
    explanation : Explanation
        To be summarised.
    search : bool
        Whether the classifier may be evaluated for sets.

    Returns
    -------
    sentences : list of str
    """
    e, table = explanation, explanation.coalitions
    tree = e.method == "tree"
    found = [*(_of_tree(e) if tree else _of_weights(e)), *_sets(e, search)]
    if table.exact and table.full > 0 and not tree:
        found += [*_interaction(e), *_parts(e)]
    checks = [sentence for check in e.details.checks for sentence in check.sentences()]
    return [*found, *_no_probability(table), *checks]


def _of_weights(e) -> Iterator[str]:
    k = int(np.argmax(np.abs(e.weights)))
    verb, name = "supports" if e.weights[k] >= 0 else "opposes", e.regions.marked_names[k]
    yield (
        f"No region changes “{e.target}” noticeably "
        f"(all {METHODS[e.method].title} weights are below {FAINT})."
        if abs(e.weights[k]) < FAINT
        else f"“{name}” {verb} “{e.target}” most "
        f"({METHODS[e.method].title} weight {e.weights[k]:+z.3f})."
    )
    if not e.coalitions.exact:  # intervals shrink with the square root of the sample's size
        evaluated, number = e.coalitions.masks.shape
        yield (
            f"{evaluated:,} of 2**{number} coalitions were evaluated; "
            f"{min(4 * evaluated, 2**number):,} evaluations would at least halve the intervals."
        )


def _of_tree(e) -> list[str]:
    few = e if len(e.regions) <= FEW else e.coarsen(FEW)
    least = max(FAINT, WORTH_SAYING * np.abs(few.weights).max())
    margins = np.ptp(few.interval, axis=1) / 2
    found = [
        f"“{few.regions.marked_names[k]}” {verb} “{e.target}” most "
        f"({_with_margin(few.weights[k], margins[k])}){_within(e, few, k)}."
        for k, verb, sign in (
            (int(np.argmax(few.weights)), "supports", 1),
            (int(np.argmin(few.weights)), "opposes", -1),
        )
        if sign * few.weights[k] >= least
    ]
    how = "every region was divided in every context: these are exact Owen values"
    if e.descent.sampled:
        how = (
            "regions were divided where the effects are largest; values and 95 % intervals are "
            f"estimated from these and {e.descent.sampled} sampled coalitions"
        )
    return [
        *(found or [f"No region changes “{e.target}” noticeably."]),
        f"All regions together add {few.weights.sum():+z.3f} to {e.coalitions.empty:z.3f}, the "
        f"value with nothing shown ({e.evaluations} evaluations; {how}).",
    ]


def _within(e, few, k) -> str:
    """How a region's value is followed down while a part has most of it; empty where none has."""
    tree, (values, margins) = e.descent.tree, e.descent.estimates
    leaves = len(tree.leaves)
    same = (owen.members(tree.joins) == e.descent.members(few.regions)[k]).all(axis=1)
    start = node = int(np.flatnonzero(same)[0])
    shares, doubts = values / values[start], margins / abs(values[start])
    while node >= leaves:
        best = max(tree.joins[node - leaves], key=lambda half: shares[half])
        if shares[best] - doubts[best] < MOST_OF_IT:
            break
        node = best
    if node != start:
        return (
            f"; within it, most of that is “{tree.names[node]}” "
            f"({_with_margin(values[node], margins[node])}, "
            f"{percent(tree.areas[node])} of the image)"
        )
    return "; it is spread over its parts" if start >= leaves else ""


def _with_margin(value, margin) -> str:
    return f"{value:+z.3f}" + (f" ± {margin:.3f}" if margin else "")


def _no_probability(table) -> Iterator[str]:
    together = float(table.table.sum(axis=1).max())
    if table.output in ("logit", "score"):
        yield (
            f"The values are {table.output}s, not probabilities: "
            f"weights are differences of {table.output}s."
        )
    elif table.output == "output":
        yield (
            f"The values are not probabilities: they range from {table.table.min():.3g} to "
            f"{table.table.max():.3g}. Name them with "
            "load_classifier(function, output='logit') or output='score'."
        )
    elif together > 1 + ROUNDING:
        yield (
            f"The values of the classes add up to {together:.3g}, so they are not "
            "probabilities of classes that exclude each other. If they are no probabilities at "
            "all, name them with load_classifier(function, output='score')."
        )


def _sets(e, search) -> list[str]:
    table = e.coalitions
    if table.full <= 0:
        return []
    search = search and table.game.classifier is not None and table.rival is None
    return [
        _set(e, kind, sets.find(e, kind, 0.5))
        for kind in ("sufficient", "necessary")
        if table.exact or search or (kind, 0.5) in e.details.sets_found
    ]


def _set(e, kind, found) -> str:
    if found is None:
        return (
            f"No necessary set was found: whatever was removed, “{e.target}” kept more than half "
            "of its value."
        )
    names, value = found
    regions = _joined(e, names)
    by_search = ", the smallest set that was found" if names and not e.coalitions.exact else ""
    if kind == "necessary":
        return (
            f"Without {regions}, “{e.target}” falls below half of its value "
            f"({value:z.3f}){by_search}."
        )
    verb = "alone keep" if len(names) > 1 else "alone keeps"
    return (
        f"{regions or 'The fill'} {verb} “{e.target}” above half of its value "
        f"({value:z.3f}; the whole photograph gives {e.coalitions.full:z.3f}){by_search}."
    )


def _interaction(e) -> Iterator[str]:
    matrix = e.interactions()
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    if abs(matrix[i, j]) >= FAINT:
        size = "larger" if matrix[i, j] > 0 else "smaller"
        yield (
            f"{_joined(e, (i, j))} have a {size} effect together than the sum of their separate "
            f"effects (interaction {matrix[i, j]:+z.3f}, the strongest of all pairs)."
        )


def _parts(e) -> Iterator[str]:
    """For each region that was replaced by its parts, the sum of their weights."""
    nodes = e.coalitions.hierarchy if e.method == "owen" else ()
    for group in [surrogates.members(node) for node in nodes if isinstance(node, tuple)]:
        yield (
            f"The weights of the parts {_joined(e, group)} add up to the "
            f"whole region's {sum(e.weights[group]):+z.3f}."
        )


def _joined(e, regions) -> str:
    """Write regions, given by their names or numbers, as a sum."""
    return " + ".join(f"“{e.regions.marked_names[e.regions.index(k)]}”" for k in regions)
