"""The registry of methods: how each one's coalitions are drawn, and how weights are computed.

`explain`, `Explanation.refit` and the command line read it. CONTRIBUTING.md says how to add one.

The sizes of a sample decide what can be estimated well from it: Shapley values need small and large
coalitions, LIME and Banzhaf values those that a fair coin would give. So most of a sample is drawn
for the chosen method and some of it for the others, and every row keeps its importance, one over
the probability with which it was drawn: weighted by it, one table does for all methods.

Complements are not drawn on purpose: they cancel what regions do in twos, but so does the process
that corrects Shapley values (`segxai.explanation.process`), to which other coalitions tell more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import softmax

from ..errors import SegxaiError, SegxaiValueError, one_of, whole_number
from . import surrogates
from .coalitions import Coalitions
from .surrogates import Fit, all_subsets, log_binomial

KERNEL_WIDTH, ALPHA = 0.25, 0.0  # of LIME's fit, unless chosen
MOST_COALITIONS = 2**20  # a table that still fits a small machine's memory


@dataclass(frozen=True)
class Method:
    """How weights are computed from coalitions.

    Attributes
    ----------
    title : str
        How it is written in sentences.
    solve : callable or None
        ``solve(table, kernel_width, alpha) -> Fit``. None if the method chooses its
        coalitions itself while it evaluates them, as the tree does, and has no settings.
    sample : mapping or None
        How much of each size a sample holds at least, as shares of what "lime", "shapley" and
        "banzhaf" need: most for this method, some for refits by others. None if it needs every
        coalition.
    """

    title: str
    solve: Callable[..., Fit] | None
    sample: Mapping[str, float] | None = None


# Much of LIME's sample is drawn as for Banzhaf values, for its surrogate errs most where little is
# shown, and its kernel looks little there.
METHODS = {
    "lime": Method(
        "LIME",
        lambda table, kernel_width, alpha: surrogates.fit_lime(
            table.masks, table.values, table.exact, kernel_width, alpha, table.log_importance
        ),
        {"lime": 0.1, "shapley": 0.03, "banzhaf": 0.87},
    ),
    "shapley": Method(
        "Shapley",
        lambda table, *_: surrogates.fit_shapley(
            table.masks, table.values, table.exact, table.log_importance
        ),
        {"lime": 0.1, "shapley": 0.8, "banzhaf": 0.1},
    ),
    "banzhaf": Method(
        "Banzhaf",
        lambda table, *_: surrogates.fit_banzhaf(
            table.masks, table.values, table.exact, table.log_importance
        ),
        {"lime": 0.1, "shapley": 0.08, "banzhaf": 0.82},
    ),
    "owen": Method(
        "Owen",
        lambda table, *_: surrogates.fit_owen(
            table.masks, table.values, table.hierarchy or tuple(range(table.masks.shape[1]))
        ),
    ),
    "tree": Method("Tree", None),
}


def check_method(
    method: str = "lime", kernel_width: float = KERNEL_WIDTH, alpha: float = ALPHA
) -> None:
    """Check a method and its settings.

    Shapley, Banzhaf and Owen values do not use the settings, but keep them for a later `refit`.

    Parameters
    ----------
    method : str
        One of METHODS.
    kernel_width, alpha : float
        See `surrogates.fit_lime`.

    Raises
    ------
    SegxaiValueError
        For an unknown method, or settings out of range or without effect.
    """
    record = METHODS[one_of("method", method, METHODS)]
    surrogates.check_settings(kernel_width, alpha)
    if record.solve is None and (kernel_width, alpha) != (KERNEL_WIDTH, ALPHA):
        raise SegxaiValueError(
            "kernel_width and alpha belong to LIME's fit; "
            f"method {method!r} has none: leave them out."
        )


def check_all(what: str, number: int, able: bool) -> None:
    """Check what may need every coalition where only some are evaluated.

    Parameters
    ----------
    what : str
        That needs them, e.g. a method.
    number : int
        Of regions.
    able : bool
        Whether all are there, or it does not need them.

    Raises
    ------
    SegxaiError
        Unless it is able.
    """
    if not able:
        raise SegxaiError(
            f"{what} needs every coalition, and {number} regions have 2**{number}, of which only a "
            "sample is evaluated. Use at most 10 regions (of a tree, those of "
            "explanation.coarsen(10)), or raise max_evaluations."
        )


def solve(table: Coalitions, method: str, kernel_width: float, alpha: float) -> Fit:
    """Compute weights from a finished table, without evaluating the classifier.

    Parameters
    ----------
    table : Coalitions
        To fit.
    method : str
        One of METHODS.
    kernel_width, alpha : float
        See `surrogates.fit_lime`.

    Returns
    -------
    fit : Fit
        Weights and their intervals.

    Raises
    ------
    SegxaiError
        For a method that cannot be computed from this table.
    """
    record = METHODS[one_of("method", method, METHODS)]
    if record.solve is None:
        raise SegxaiError(
            f"method {method!r} chooses its own coalitions: "
            f"call explain(image, regions, method={method!r})."
        )
    check_all(
        f"method {method!r}", len(table.game.regions), table.exact or record.sample is not None
    )
    return record.solve(table, kernel_width, alpha)


def draw_coalitions(
    number: int,
    max_evaluations: int,
    seed: int,
    method: str = "lime",
    kernel_width: float = KERNEL_WIDTH,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw the coalitions to evaluate.

    In a complete table, row n shows region k where bit k of n is set. In a sample all coalitions
    are different, within a size each is equally probable, and a size whose coalitions all fit in is
    complete.

    Parameters
    ----------
    number : int
        Of regions.
    max_evaluations : int
        The budget.
    seed : int
        Of the sample.
    method : str
        One of `methods.METHODS`.
    kernel_width : float
        Of LIME's kernel.

    Returns
    -------
    masks : (N, number) array of bool
        The first is empty, the last full.
    log_importance : (N,) array of float, or None
        The logarithm of 1 / probability of being in the sample, 0 for what is always there; None
        where they are all there are.

    Raises
    ------
    SegxaiError
        For a budget that cannot do, or a method that needs every coalition.

    References
    ----------
    Horvitz and Thompson 1952 for the importance.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    if min(2**number, max_evaluations) > MOST_COALITIONS:
        raise SegxaiValueError(
            f"max_evaluations must be at most {MOST_COALITIONS:,} for {number} regions; "
            f"got {max_evaluations!r}."
        )
    if 2**number <= max_evaluations:
        return all_subsets(number), None
    check_all(
        f"method {method!r}", number, METHODS[one_of("method", method, METHODS)].sample is not None
    )
    if max_evaluations < number + 2:
        raise SegxaiValueError(
            f"{number} regions need at least {number + 2} evaluations; "
            f"max_evaluations is {max_evaluations}. Raise it or use fewer regions."
        )
    rng = np.random.default_rng(seed)
    total, sizes = max_evaluations - 2, np.arange(1, number)
    log_number_of = log_binomial(number, sizes)
    expected = _expected_counts(total, size_shares(number, method, kernel_width), log_number_of)
    # Rounded at random so that each count is right on average, and their sum always.
    ends = np.floor(np.concatenate([[0.0], np.cumsum(expected)]) + rng.random())
    ends[-1] = total
    counts = np.diff(ends).astype(int)
    rows = [_different(number, size, count, rng) for size, count in enumerate(counts, start=1)]
    masks = np.concatenate([np.zeros((1, number), bool), *rows, np.ones((1, number), bool)])
    of_size = np.maximum(log_number_of - np.log(expected), 0)
    return masks, np.pad(of_size[masks[1:-1].sum(axis=1) - 1], 1)


def size_shares(number: int, method: str, kernel_width: float) -> np.ndarray:
    """Compute how large a share of a sample each size of coalitions has.

    For "shapley" by leverage scores, the same for every size; for "lime" as much as LIME's kernel
    gives all coalitions of that size; for "banzhaf" as many as there are.

    Parameters
    ----------
    number : int
        Of regions.
    method : str
        That most of the sample is drawn for.
    kernel_width : float
        Of LIME's kernel.

    Returns
    -------
    shares : (number - 1,) array of float
        Of the coalitions that have 1, 2, ... regions shown.

    References
    ----------
    Musco and Witter 2025, "Provably Accurate Shapley Value Estimation via Leverage Score Sampling",
    section 3.
    """
    parts = METHODS[method].sample or {}
    sizes = np.arange(1, number)
    log_number_of = log_binomial(number, sizes)
    log_shares = {
        "lime": log_number_of - (1 - np.sqrt(sizes / number)) ** 2 / (2 * kernel_width**2),
        "shapley": np.zeros(number - 1),
        "banzhaf": log_number_of,
    }
    needed = {name: parts[name] * softmax(logs) for name, logs in log_shares.items()}
    # What is drawn for LIME and Banzhaf values serves Shapley values too, where it is enough.
    drawn = np.maximum(needed["lime"] + needed["banzhaf"], needed["shapley"])
    return drawn / drawn.sum()


def _expected_counts(total, shares, log_number_of) -> np.ndarray:
    """Divide `total` by `shares`; what a size has no coalitions for goes to the others."""
    most = np.rint(np.exp(np.minimum(log_number_of, 50)))
    counts = np.zeros(len(shares))
    for _ in shares:  # each time, further sizes may become complete
        full = counts >= most
        counts = np.where(full, most, (total - most[full].sum()) * shares / shares[~full].sum())
    return counts


def _different(number, size, count, rng) -> np.ndarray:
    """Draw (count, number) different coalitions of one size."""
    rows = np.zeros((0, number), bool)
    while len(rows) < count:
        # Few enough to list, where drawing would go on repeating itself?
        if log_binomial(number, size) < np.log(4.0 * count):
            places = rng.permutation(list(combinations(range(number), size)))
        else:
            places = rng.random((count, number)).argpartition(size - 1, axis=1)[:, :size]
        drawn = np.zeros((len(places), number), bool)
        np.put_along_axis(drawn, places, True, axis=1)
        rows = np.concatenate([rows, drawn])
        _, first = np.unique(np.packbits(rows, axis=1), axis=0, return_index=True)
        rows = rows[np.sort(first)]
    return rows[:count]
