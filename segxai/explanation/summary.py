"""Summarise an explanation in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..plots.numbers import FAINT, percent
from . import sets
from .coalitions import ROUNDING

if TYPE_CHECKING:
    from .explanation import Explanation
    from .tree_explanation import TreeExplanation


def sentences(explanation: Explanation, search: bool = True) -> list[str]:
    """Sentences on the largest weight, sets of regions, the strongest interaction and findings."""
    e = explanation
    strongest = int(np.argmax(np.abs(e.weights)))
    name, weight = e.regions.marked_names[strongest], e.weights[strongest]
    if abs(weight) < FAINT:
        found = [
            f"No region changes “{e.target}” noticeably (all {e.method} weights are below {FAINT})."
        ]
    else:
        found = [
            f"“{name}” {'supports' if weight >= 0 else 'opposes'} “{e.target}” most "
            f"({e.method} weight {weight:+z.3f})."
        ]
    if not e.coalitions.exact:
        found.append(halving(len(e.regions), len(e.coalitions.masks)))
    found += _sets(e, search)
    if e.coalitions.exact and e.coalitions.full > 0:
        found += _interaction(e)
        found += _parts(e)
    return [*found, *_no_probability(e), *_findings(e)]


FEW = 9  # number of regions among which the strongest are selected
MOST_OF_IT = (
    0.6  # a part with at least this share of the whole's value is reported instead of the whole
)
WORTH_SAYING = 0.1  # of the largest absolute value


def tree_sentences(explanation: TreeExplanation, search: bool = True) -> list[str]:
    """Sentences on a tree: support and opposition, their parts, and what was shared by area."""
    e = explanation
    few = e if len(e.regions) <= FEW else e.coarsen(FEW)
    nodes = e.descent.nodes()
    # Which region a node is follows from its leaves: a name may depend on the other regions.
    place = {atoms: i for i, atoms in enumerate(_atoms(e, nodes))}
    shown = {
        place[frozenset(part.atoms)]: part.written
        for part in few.regions.parts
        if frozenset(part.atoms) in place
    }
    order = sorted(shown, key=lambda i: -nodes[i].value)
    largest = max(abs(nodes[i].value) for i in order)
    found = []
    for i, sign in ((order[0], 1), (order[-1], -1)):
        value, name = sign * nodes[i].value, shown[i]
        if value >= max(FAINT, WORTH_SAYING * largest):
            verb = "supports" if sign > 0 else "opposes"
            found.append(
                f"“{name}” {verb} “{e.target}” most ({sign * value:+z.3f}){_within(nodes, i)}."
            )
    if not found:
        found.append(f"No region changes “{e.target}” noticeably.")
    top = nodes[0]
    if e.descent.sampled:
        how = (
            "regions were divided where the effects are largest, and "
            f"{e.descent.sampled} sampled coalitions corrected the division"
        )
    else:
        how = "every region was divided in every context: these are exact Owen values"
    found.append(
        f"All regions together add {top.value:+z.3f} to {e.coalitions.empty:z.3f}, the value with "
        f"nothing shown ({e.evaluations} evaluations; {how})."
    )
    return [*found, *_sets(e, search), *_no_probability(e), *_findings(e)]


def _atoms(e, nodes) -> list[frozenset[int]]:
    """Return the atoms of each node, whose children come later in the list."""
    leaves = dict(zip(e.descent.tree.names, e.descent.tree.leaves.parts, strict=False))
    found = [frozenset[int]()] * len(nodes)
    for i in reversed(range(len(nodes))):
        children = nodes[i].children
        found[i] = (
            frozenset().union(*(found[k] for k in children))
            if children
            else frozenset(leaves[nodes[i].name].atoms)
        )
    return found


def _within(nodes, i) -> str:
    """How a node's value is followed down while a part has most of it; empty where none has."""
    start = nodes[i]
    while True:
        parts = [k for k in nodes[i].children if nodes[i].divided]
        best = max(parts, key=lambda k: nodes[k].value / start.value, default=None)
        if best is None or nodes[best].value / start.value < MOST_OF_IT:
            break
        i = best
    if nodes[i] is start:
        return "; it is spread over its parts" if start.divided else ""
    return (
        f"; within it, most of that is “{nodes[i].name}” "
        f"({nodes[i].value:+z.3f}, {percent(nodes[i].area)} of the image)"
    )


def _no_probability(e) -> list[str]:
    table = e.coalitions
    if table.output in ("logit", "score"):
        return [
            f"The values are {table.output}s, not probabilities: "
            f"weights are differences of {table.output}s."
        ]
    if table.output == "output":
        values = table.table
        return [
            f"The values are not probabilities: they range from {values.min():.3g} to "
            f"{values.max():.3g}. Name them with "
            "load_classifier(function, output='logit') or output='score'."
        ]
    if table.most_together > 1 + ROUNDING:
        return [
            f"The values of the classes add up to {table.most_together:.3g}, so they are not "
            "probabilities of classes that exclude each other. If they are no probabilities at "
            "all, name them with load_classifier(function, output='score')."
        ]
    return []


def halving(number: int, evaluated: int) -> str:
    """How many evaluations would halve a sample's intervals, which shrink with its square root."""
    needed = 4 * evaluated
    if needed < 2**number:
        return (
            f"{evaluated:,} of 2**{number} coalitions were evaluated; "
            f"about {needed:,} evaluations would halve the intervals."
        )
    return (
        f"{evaluated:,} of {2**number:,} coalitions were evaluated; "
        "with all of them the weights would be exact."
    )


def _sets(e, search) -> list[str]:
    if e.coalitions.full <= 0:
        return []
    known = e.coalitions.exact or (
        search and e.coalitions.game.classifier is not None and e.coalitions.rival is None
    )
    kinds = (("sufficient", _sufficient), ("necessary", _necessary))
    return [
        sentence(e, sets.find(e, kind, 0.5))
        for kind, sentence in kinds
        if known or (kind, 0.5) in e.details.sets_found
    ]


def _sufficient(e, found) -> str:
    names, value = found
    if not names:
        return (
            f"With no region shown, “{e.target}” still keeps more than half of its value "
            f"({_of_whole(e, value)})."
        )
    verb = "alone keeps" if len(names) == 1 else "alone keep"
    return (
        f"{_joined(e, names)} {verb} “{e.target}” above half of its value "
        f"({_of_whole(e, value)}){_by_search(e)}."
    )


def _necessary(e, found) -> str:
    if found is not None:
        names, value = found
        return (
            f"Without {_joined(e, names)}, “{e.target}” falls below half of its value "
            f"({value:z.3f}){_by_search(e)}."
        )
    if e.coalitions.exact:
        return (
            f"No set of regions is necessary: whatever is removed, “{e.target}” keeps more than "
            "half of its value."
        )
    return (
        f"No necessary set was found: whatever was removed, “{e.target}” kept more than "
        "half of its value."
    )


def _by_search(e) -> str:
    return "" if e.coalitions.exact else ", the smallest set that was found"


def _interaction(e) -> list[str]:
    matrix = e.interactions()
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    if i == j or abs(matrix[i, j]) < FAINT:  # no two regions interact
        return []
    pair = _joined(e, (i, j))
    kind = (
        "have a larger effect together than the sum of their separate effects"
        if matrix[i, j] >= 0
        else "have a smaller effect together than the sum of their separate effects"
    )
    return [f"{pair} {kind} (interaction {matrix[i, j]:+z.3f}, the strongest of all pairs)."]


def _parts(e) -> list[str]:
    """For each region that was replaced by its parts, the sum of their weights."""
    if e.method != "owen":
        return []
    groups = [members(node) for node in e.coalitions.hierarchy if isinstance(node, tuple)]
    return [
        f"The weights of the parts {_joined(e, group)} add up to the "
        f"whole region's {sum(e.weights[group]):+z.3f}."
        for group in groups
    ]


def members(node: tuple | int) -> list[int]:
    """Return the regions of a node of a hierarchy."""
    return [k for child in node for k in members(child)] if isinstance(node, tuple) else [node]


def _of_whole(e, value) -> str:
    return f"{value:z.3f}; the whole photograph gives {e.coalitions.full:z.3f}"


def _joined(e, regions) -> str:
    """Write regions, given by their names or numbers, as a sum."""
    return " + ".join(f"“{e.regions.marked_names[e.regions.index(k)]}”" for k in regions)


def _findings(e) -> list[str]:
    return [sentence for check in e.details.checks for sentence in check.sentences()]
