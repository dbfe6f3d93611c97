"""Which coalitions to evaluate when there are too many to evaluate all.

The sizes of a sample decide what can be estimated well from it: Shapley values need small and large
coalitions, LIME and Banzhaf values those that a fair coin would give. So most of a sample is drawn
for the chosen method and some of it for the others, and every row keeps its importance, one over
the probability with which it was drawn: weighted by it, one table does for all methods.

Complements are not drawn on purpose: they cancel what regions do in twos, but so does the process
that corrects Shapley values (`segxai.explanation.process`), to which other coalitions tell more.
"""

from itertools import combinations

import numpy as np

from ..errors import SegxaiValueError, whole_number
from .methods import method_named, needs_all
from .surrogates import all_subsets, log_binomial

MOST_COALITIONS = 2**20  # a table that still fits a small machine's memory


def draw_coalitions(
    number: int, max_evaluations: int, seed: int, method: str = "lime", kernel_width: float = 0.25
) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw the coalitions to evaluate.

    In a complete table, row n shows region k where bit k of n is set. In a sample all coalitions
    are different, within a size each is equally probable, and a size whose coalitions all fit in is
    complete. What is drawn for Shapley values is drawn in pairs of complements, which cancels what
    regions do in twos. The rest is drawn one by one: where a game is its own complement's opposite,
    a pair is worth no more than one of its two.

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
    parts = method_named(method).sample
    if parts is None:
        raise needs_all(f"method {method!r}", number)
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
    log_importance = np.zeros(len(masks))
    log_importance[1:-1] = np.maximum(log_number_of - np.log(expected), 0)[
        masks[1:-1].sum(axis=1) - 1
    ]
    return masks, log_importance


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
    parts = method_named(method).sample or {}
    sizes = np.arange(1, number)
    log_number_of = log_binomial(number, sizes)
    log_shares = {
        "lime": log_number_of - (1 - np.sqrt(sizes / number)) ** 2 / (2 * kernel_width**2),
        "shapley": np.zeros(number - 1),
        "banzhaf": log_number_of,
    }
    needed = {}
    for name, logs in log_shares.items():
        shares = np.exp(logs - logs.max())
        needed[name] = parts[name] * shares / shares.sum()
    # What is drawn for LIME and Banzhaf values serves Shapley values too, where it is enough.
    drawn = np.maximum(needed["lime"] + needed["banzhaf"], needed["shapley"])
    return drawn / drawn.sum()


def _expected_counts(total, shares, log_number_of) -> np.ndarray:
    """Divide `total` by `shares`; what a size has no coalitions for goes to the others."""
    most = np.rint(np.exp(np.minimum(log_number_of, 50)))
    counts, open_sizes = np.zeros(len(shares)), np.ones(len(shares), bool)
    while open_sizes.any():
        counts[open_sizes] = (
            (total - most[~open_sizes].sum()) * shares[open_sizes] / shares[open_sizes].sum()
        )
        too_many = open_sizes & (counts >= most)
        if not too_many.any():
            break
        counts[too_many] = most[too_many]
        open_sizes &= ~too_many
    return counts


def _different(number, size, count, rng) -> np.ndarray:
    """Draw (count, number) different coalitions of one size."""
    rows = np.zeros((0, number), bool)
    while len(rows) < count:
        # Few enough to list, where drawing would go on repeating itself?
        if log_binomial(number, size) < np.log(4.0 * count):
            listed = np.array(list(combinations(range(number), size)), int).reshape(-1, size)
            places = rng.permutation(listed)
        else:
            places = rng.random((count, number)).argpartition(size - 1, axis=1)[:, :size]
        drawn = np.zeros((len(places), number), bool)
        np.put_along_axis(drawn, places, True, axis=1)
        rows = np.concatenate([rows, drawn])
        _, first = np.unique(np.packbits(rows, axis=1), axis=0, return_index=True)
        rows = rows[np.sort(first)]
    return rows[:count]
