"""Which coalitions to evaluate where there are too many for all: of sizes that the estimate needs, and with their complements.

The sizes of a sample decide what can be estimated well from it: Shapley values need small and large coalitions, LIME and Banzhaf
values those that a fair coin would give. So most of a sample is drawn for the chosen method and some of it for the others, and
every row keeps its importance, one over the probability with which it was drawn: weighted by it, one table serves all methods.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.special import gammaln

from ..classifiers.subsets import all_subsets
from ..errors import SegxaiValueError, unknown_name, whole_number

MOST_COALITIONS = 2**20  # a table that still fits a small machine's memory
PAIRED_FROM = 3  # evaluations for each region; with fewer, pairs (of which each is one equation) would not determine the weights
# How much of each size a sample holds at least for each method: most for the one requested, some for refits by the others. Much of
# LIME's is drawn as for Banzhaf values, for its surrogate errs most where little is shown, and its kernel looks little there.
PARTS = {
    "lime": {"lime": 0.1, "shapley": 0.03, "banzhaf": 0.87},
    "shapley": {"lime": 0.1, "shapley": 0.8, "banzhaf": 0.1},
    "banzhaf": {"lime": 0.1, "shapley": 0.08, "banzhaf": 0.82},
}


def draw_coalitions(
    number: int, max_evaluations: int, seed: int, method: str = "lime", kernel_width: float = 0.25
) -> tuple[np.ndarray, np.ndarray | None]:
    """(N, number) bool masks, the first empty, the last full; and (N,) log importance, or None where they are all there are.

    In a complete table, row n shows region k where bit k of n is set. In a sample all coalitions are different, within a size each
    is equally probable, and a size whose coalitions all fit in is complete. What is drawn for Shapley values is drawn in pairs of
    complements (Covert and Lee 2021, "Improving KernelSHAP", section 4.1), which cancels what regions do in twos. The rest is
    drawn one by one: where a game is its own complement's opposite, a pair is worth no more than one of its two.
    Importance: 1 / probability of being in the sample (Horvitz and Thompson 1952), 1 for what is always there.
    Raises SegxaiValueError for a budget that cannot do.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    if min(2**number, max_evaluations) > MOST_COALITIONS:
        raise SegxaiValueError(
            f"max_evaluations must be at most {MOST_COALITIONS:,} for {number} regions; got {max_evaluations!r}."
        )
    if 2**number <= max_evaluations:
        return all_subsets(number), None
    if max_evaluations < number + 2:
        raise SegxaiValueError(
            f"{number} regions need at least {number + 2} evaluations; max_evaluations is {max_evaluations}. "
            "Raise it or use fewer regions."
        )
    if method not in PARTS:
        raise unknown_name("method to draw a sample for", method, PARTS)
    rng = np.random.default_rng(seed)
    total, sizes = max_evaluations - 2, np.arange(1, number)
    log_number_of = log_binomial(number, sizes)
    expected = _expected_counts(total, size_shares(number, method, kernel_width), log_number_of)
    # Rounded at random so that each count is right on average, and their sum always.
    ends = np.floor(np.concatenate([[0.0], np.cumsum(expected)]) + rng.random())
    ends[-1] = total
    counts = np.diff(ends).astype(int)
    most_pairs = (
        total if method == "shapley" else np.ceil(PARTS[method]["shapley"] * total / (number - 1))
    )
    if max_evaluations < PAIRED_FROM * number:
        most_pairs = 0
    rows = []
    for size in range(1, number // 2 + 1):
        count, opposite = counts[size - 1], counts[number - size - 1]
        if size * 2 == number:
            paired = _different(
                number,
                size,
                int(min(count // 2, np.ceil(most_pairs / 2))),
                rng,
                one_of_each_pair=True,
            )
            known = np.concatenate([paired, ~paired])
            rows += [known, _different(number, size, count - len(known), rng, known)]
        else:
            paired = _different(number, size, int(min(count, opposite, most_pairs)), rng)
            rows += [paired, _different(number, size, count - len(paired), rng, paired)]
            rows += [~paired, ~_different(number, size, opposite - len(paired), rng, paired)]
    masks = np.concatenate([np.zeros((1, number), bool), *rows, np.ones((1, number), bool)])
    log_importance = np.zeros(len(masks))
    log_importance[1:-1] = np.maximum(log_number_of - np.log(expected), 0)[
        masks[1:-1].sum(axis=1) - 1
    ]
    return masks, log_importance


def size_shares(number: int, method: str, kernel_width: float) -> np.ndarray:
    """(number - 1,) the share of a sample's coalitions that have 1, 2, ... regions shown, most of it as `method` needs it.

    "shapley": leverage scores, the same for every size (Musco and Witter 2025, "Provably Accurate Shapley Value Estimation via
    Leverage Score Sampling", section 3); "lime": as much as LIME's kernel gives all coalitions of that size; "banzhaf": as many
    as there are.
    """
    sizes = np.arange(1, number)
    log_number_of = log_binomial(number, sizes)
    log_shares = {
        "lime": log_number_of - (1 - np.sqrt(sizes / number)) ** 2 / (2 * kernel_width**2),
        "shapley": np.zeros(number - 1),
        "banzhaf": log_number_of,
    }
    shares = {name: np.exp(logs - logs.max()) for name, logs in log_shares.items()}
    central = np.sum(
        [PARTS[method][name] * shares[name] / shares[name].sum() for name in ("lime", "banzhaf")],
        axis=0,
    )
    # What is drawn for LIME and Banzhaf values serves Shapley values as well, where it is enough for them.
    needed = np.maximum(
        central, PARTS[method]["shapley"] * shares["shapley"] / shares["shapley"].sum()
    )
    return needed / needed.sum()


def log_binomial(number: int, sizes: np.ndarray) -> np.ndarray:
    """The logarithm of how many coalitions have these sizes: the numbers themselves overflow for many regions."""
    return gammaln(number + 1) - gammaln(sizes + 1) - gammaln(number - sizes + 1)


def _expected_counts(total, shares, log_number_of) -> np.ndarray:
    """`total` divided by `shares`, where no size gets more than it has; what it cannot take goes to the others."""
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


def _different(number, size, count, rng, known=None, one_of_each_pair=False) -> np.ndarray:
    """(count, number) coalitions of one size, drawn uniformly, all different and none of them among `known` (M, number).

    one_of_each_pair: for half of the regions; no two are complements, for all show region 0.
    """
    if one_of_each_pair:
        rest = _different(number - 1, size - 1, count, rng)
        return np.concatenate([np.ones((count, 1), bool), rest], axis=1)
    rows = np.zeros((0, number), bool) if known is None else known
    wanted = count + len(rows)
    while len(rows) < wanted:
        if log_binomial(number, size) < np.log(
            4.0 * wanted
        ):  # few enough to list, where drawing would go on repeating itself
            places = rng.permutation(
                np.array(list(combinations(range(number), size)), int).reshape(-1, size)
            )
        else:
            places = rng.random((wanted, number)).argpartition(size - 1, axis=1)[:, :size]
        drawn = np.zeros((len(places), number), bool)
        np.put_along_axis(drawn, places, True, axis=1)
        rows = np.concatenate([rows, drawn])
        _, first = np.unique(np.packbits(rows, axis=1), axis=0, return_index=True)
        rows = rows[np.sort(first)]
    return rows[wanted - count : wanted]
