"""Additive models of a table of coalitions by LIME, Shapley and Banzhaf, and interactions.

All are plain algebra on `masks` (N, K) bool and `values` (N,); nothing here evaluates the
classifier. A surrogate approximates value(S) by its intercept plus the weights of the regions in S.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import comb, gammaln, softmax, stdtrit

from ..errors import SegxaiValueError, is_number
from . import process

# The larger of two estimates of an error is a little too large; by how much was chosen so that
# intervals hold in 92 to 98 % of the samples of benchmarks/sampling.py; less where the process has
# several blocks, because what these err in common does not show.
LARGER = 0.93, 0.96


class Fit(NamedTuple):
    """A fitted additive model.

    Attributes
    ----------
    weights : (K,) array of float
        Of the regions.
    intercept : float
        The value with no region shown.
    r2 : float
        Weighted like the fit.
    interval : (K, 2) array of float
        95 %, of the weights.
    """

    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray


def fit_lime(
    masks: np.ndarray,
    values: np.ndarray,
    exact: bool,
    kernel_width: float = 0.25,
    alpha: float = 0.0,
    log_importance: np.ndarray | None = None,
) -> Fit:
    """Fit LIME: a ridge regression that weights coalitions by their similarity to the full one.

    Parameters
    ----------
    masks : (N, K) array of bool
        The regions that each coalition shows.
    values : (N,) array of float
        The classifier's outputs.
    exact : bool
        Whether all coalitions are there.
    kernel_width : float
        Of `lime_kernel`.
    alpha : float
        The ridge penalty (lime uses 1; 0 does not shrink the weights).
    log_importance : (N,) array of float, optional
        Of a sample, see `segxai.explanation.methods`; by default all coalitions count equally.

    Returns
    -------
    fit : Fit
        The interval is that of the weights of the complete table, by a jackknife that leaves out
        coalitions (MacKinnon and White 1985); of zero width if every coalition was evaluated.

    Raises
    ------
    SegxaiValueError
        If the kernel is too narrow for the number of regions.

    References
    ----------
    Ribeiro et al. 2016, "Why Should I Trust You?", section 3.4.
    """
    check_settings(kernel_width, alpha)
    kernel = lime_kernel(masks, kernel_width)
    if alpha == 0 and (kernel > 1e-14).sum() <= masks.shape[1]:
        raise SegxaiValueError(
            f"With kernel_width {kernel_width:g} only {(kernel > 1e-14).sum()} coalitions have a "
            f"weight above 0, too few for {masks.shape[1]} regions. "
            "Choose a wider kernel, e.g. 0.25."
        )
    return _weighted_ridge(
        masks, values, kernel * importance(masks, log_importance), alpha, exact, log_importance
    )


def importance(masks: np.ndarray, log_importance: np.ndarray | None = None) -> np.ndarray:
    """Compute how many coalitions each row stands for, relative to the mean of all rows.

    Parameters
    ----------
    masks : (N, K) array of bool
        The coalitions.
    log_importance : (N,) array of float, optional
        Of a sample; without it the result is 1.

    Returns
    -------
    importance : (N,) array of float
    """
    if log_importance is None:
        return np.ones(len(masks))
    return len(masks) * softmax(log_importance)


def lime_kernel(masks: np.ndarray, kernel_width: float) -> np.ndarray:
    """Weigh coalitions as lime does.

    Parameters
    ----------
    masks : (N, K) array of bool
        The regions that each coalition shows.
    kernel_width : float
        Of the kernel.

    Returns
    -------
    weights : (N,) array of float
        sqrt(exp(-d**2 / kernel_width**2)), with the cosine distance d of a mask to the full one,
        d = 1 - sqrt(number shown / K); 1 for the full coalition.
    """
    distance = 1 - np.sqrt(masks.mean(axis=1))
    return np.sqrt(np.exp(-(distance**2) / kernel_width**2))


def check_settings(kernel_width: float, alpha: float) -> None:
    """Raise SegxaiValueError for settings beyond which the fit overflows or cancels out."""
    for name, value, least, most in (
        ("kernel_width", kernel_width, 1e-3, 1e3),
        ("alpha", alpha, 1e-6, 1e9),
    ):
        if not is_number(value) or not (least <= value <= most or (name == "alpha" and value == 0)):
            zero = "0 or " if name == "alpha" else ""
            raise SegxaiValueError(
                f"{name} must be {zero}a number from {least:g} to {most:g}; got {value!r}."
            )


def fit_banzhaf(
    masks: np.ndarray, values: np.ndarray, exact: bool, log_importance: np.ndarray | None = None
) -> Fit:
    """Banzhaf values: each region's effect averaged over all coalitions of the other regions.

    Computed as the coefficients of the unweighted least-squares fit, to which they are equal, from
    all coalitions or from a sample in which each counts by its importance (see `fit_lime`).
    Sources: Banzhaf 1965; Hammer and Holzman 1992 for the least-squares form.
    """
    return _weighted_ridge(
        masks, values, importance(masks, log_importance), 0.0, exact, log_importance
    )


def fit_shapley(
    masks: np.ndarray, values: np.ndarray, exact: bool, log_importance: np.ndarray | None = None
) -> Fit:
    """Fit Shapley values: each region's effect averaged over all orders of adding the regions.

    Exact for a complete table. For a sample, a least-squares fit with the Shapley kernel times the
    importance, constrained to sum to value(full) - value(empty), and corrected by what a process
    finds in its residuals (`process.refine`), whose lengths come from the weights: so, unlike all
    other fits, it is not linear in the values. Sources: Shapley 1953; Charnes et al. 1988 and
    Lundberg and Lee 2017, section 4.1, for the fit.
    """
    if exact:
        return fit_owen(masks, values, tuple(range(masks.shape[1])))
    values = np.asarray(values, float)
    weights, changes, unseen = sampled_shapley(masks, values, log_importance)
    # Without a row the others are predicted worse, too: by the mean leverage, as in HC2 and HC3.
    changes *= np.sqrt(max(0, 1 - len(weights) / len(masks)))
    empty = values[~masks.any(1)][0]
    r2 = weighted_r2(values, empty + masks @ weights, shapley_kernel(masks, log_importance))
    larger = LARGER[len(masks) > process.BLOCK]
    interval = _interval(weights, values, log_importance, larger * changes, larger * unseen)
    return Fit(weights, float(empty), r2, interval)


def sampled_shapley(
    masks: np.ndarray, values: np.ndarray, log_importance: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate Shapley values from a sample.

    Parameters
    ----------
    masks, values, log_importance
        See `fit_lime`.

    Returns
    -------
    weights : (K,) array of float
        Of the regions.
    changes : (N, K) array of float
        See `process.refine`.
    unseen : (N, K) array of float
        What each row would change in the linear fit, if that were fitted to what the process
        mispredicts: much, where few rows stand for many coalitions.
    """
    empty, full = values[~masks.any(1)][0], values[masks.all(1)][0]
    linear, pull = _constrained_shapley(masks, values, empty, full, log_importance)
    weights, changes, left_out = process.refine(masks, values - empty, linear)
    return weights, changes, pull * left_out[:, None]


def fit_owen(masks: np.ndarray, values: np.ndarray, hierarchy: tuple) -> Fit:
    """Compute Owen values: Shapley values in which those of a region's parts add up to its own.

    A part's value is its effect averaged over those orders that add the parts of each thing one
    directly after the other.

    Parameters
    ----------
    masks, values
        A complete table.
    hierarchy : tuple
        The regions' numbers, nested like the parts: in (0, (1, 2), 3), regions 1 and 2 are the
        parts of one thing.

    Returns
    -------
    fit : Fit

    References
    ----------
    Owen 1977, "Values of Games with a Priori Unions"; Winter 1989 for several levels.
    """
    table, weights = _ordered(masks, values), np.empty(masks.shape[1])

    def add(siblings, coalitions, shares):
        """Divide among siblings what they add to coalitions, each of which has a share."""
        for node in siblings:
            others = [members(other) for other in siblings if other != node]
            subsets = all_subsets(len(others))
            added = subsets @ np.array([sum(1 << k for k in other) for other in others], np.int64)
            without = (coalitions[:, None] | added).ravel()
            # One of so many orders of the siblings has just a subset before the node.
            orders = len(siblings) * comb(len(others), subsets.sum(axis=1))
            share = (shares[:, None] / orders).ravel()
            if isinstance(node, tuple):
                add(node, without, share)
            else:
                weights[node] = share @ (table[without | 1 << node] - table[without])

    add(hierarchy, np.zeros(1, np.int64), np.ones(1))
    shown = all_subsets(len(weights))
    r2 = weighted_r2(table, table[0] + shown @ weights, shapley_kernel(shown))
    return Fit(weights, float(table[0]), r2, np.stack([weights, weights], axis=1))


def members(node: tuple | int) -> list[int]:
    """Return the regions of a node of a hierarchy."""
    return [k for child in node for k in members(child)] if isinstance(node, tuple) else [node]


def shapley_interactions(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Compute the Shapley interaction index of each pair of regions.

    Parameters
    ----------
    masks, values
        A complete table.

    Returns
    -------
    indices : (K, K) array of float
        Positive if the joint effect of two regions exceeds the sum of their separate effects; the
        diagonal is zero.

    References
    ----------
    Grabisch and Roubens 1999, "An axiomatic approach to the concept of interaction among players in
    cooperative games".
    """
    table, number = _ordered(masks, values), masks.shape[1]
    shown, others = all_subsets(number), all_subsets(number - 1)
    indices = np.zeros((number, number))
    for i in range(number):
        # The Shapley values of the others, where a coalition's value is what region i adds to it.
        added = table[shown[:, i]] - table[~shown[:, i]]
        indices[i, i + 1 :] = fit_owen(others, added, tuple(range(number - 1))).weights[i:]
    return indices + indices.T


def _ordered(masks, values) -> np.ndarray:
    """Return the values of a complete table, ordered by the coalitions' codes."""
    return np.asarray(values, float)[np.argsort(codes(masks))]


def _weighted_ridge(masks, values, kernel, alpha, exact, log_importance) -> Fit:
    design, values = masks.astype(float), np.asarray(values, float)
    number = design.shape[1]
    centre = kernel @ design / kernel.sum()
    mean = kernel @ values / kernel.sum()
    root = np.sqrt(kernel)[:, None]
    scaled, response = root * (design - centre), root[:, 0] * (values - mean)
    # The ridge penalty as rows of its own, which are zero without one.
    rows = np.vstack([scaled, np.sqrt(alpha) * np.eye(number)])
    weights = np.linalg.lstsq(rows, np.append(response, np.zeros(number)), rcond=None)[0]
    fitted = mean + (design - centre) @ weights
    interval = np.stack([weights, weights], axis=1)
    if not exact:
        # Leaving out a row changes the weights by its pull times how much the others mispredict it.
        pull = scaled @ np.linalg.pinv(rows.T @ rows)
        leverage = (pull * scaled).sum(axis=1) + kernel / kernel.sum()
        # A row that alone determines a coefficient would be divided by 0.
        changes = pull * ((response - scaled @ weights) / (1 + 1e-9 - leverage))[:, None]
        interval = _interval(weights, values, log_importance, changes)
    return Fit(
        weights, float(mean - centre @ weights), weighted_r2(values, fitted, kernel), interval
    )


def _constrained_shapley(masks, values, empty, full, log_importance):
    """(K,) the weights that add up to full - empty, (N, K) how much of each value is in them."""
    root = np.sqrt(shapley_kernel(masks, log_importance))
    design = masks.astype(float)
    # The last weight is what the others leave of the total.
    reduced = root[:, None] * (design[:, :-1] - design[:, -1:])
    response = root * (values - empty - design[:, -1] * (full - empty))
    head = np.linalg.lstsq(reduced, response, rcond=None)[0]
    pull = root[:, None] * (reduced @ np.linalg.pinv(reduced.T @ reduced))
    return (
        np.append(head, full - empty - head.sum()),
        np.column_stack([pull, -pull.sum(axis=1)]),
    )


def shapley_kernel(masks: np.ndarray, log_importance: np.ndarray | None = None) -> np.ndarray:
    """Weigh coalitions so that the fit's weights are Shapley values.

    Parameters
    ----------
    masks : (N, K) array of bool
        The coalitions.
    log_importance : (N,) array of float, optional
        Of a sample.

    Returns
    -------
    kernel : (N,) array of float
        The Shapley kernel times the importance, the largest 1; 0 for the empty and the full
        coalition, whose values the fit meets exactly.
    """
    number, sizes = masks.shape[1], masks.sum(axis=1)
    pairs = sizes * (number - sizes)
    # In logarithms, for the numbers of coalitions of many regions overflow.
    log = np.where(pairs > 0, -log_binomial(number, sizes) - np.log(np.maximum(pairs, 1)), -np.inf)
    if log_importance is not None:
        log += log_importance
    return np.exp(log - np.max(log, initial=np.finfo(float).min))


def _interval(weights, values, log_importance, *changes) -> np.ndarray:
    """(K, 2) the 95 % intervals of weights (K,), given what leaving out each row changes (N, K).

    Of several such estimates the larger counts.

    A coalition that every sample holds adds no error, others add as much of it as is left to chance
    (the finite population correction; Cochran 1977, "Sampling Techniques", section 2.6). A fit with
    as many coefficients as rows says nothing of its error: no margin is wider than the range of the
    values.
    """
    by_chance = np.ones(len(values)) if log_importance is None else -np.expm1(-log_importance)
    freedom = len(values) - len(weights) - 1
    errors = np.sqrt(np.max([by_chance @ each**2 for each in changes], axis=0))
    margin = stdtrit(freedom, 0.975) * errors if freedom > 0 else np.inf
    margin = np.minimum(margin, np.ptp(values))
    return np.stack([weights - margin, weights + margin], axis=1)


def weighted_r2(values: np.ndarray, fitted: np.ndarray, kernel: np.ndarray) -> float:
    """Compute the share of the weighted variance of values that a fit explains.

    Parameters
    ----------
    values, fitted, kernel : (N,) arrays of float
        The kernel's weights say how much each value counts.

    Returns
    -------
    r2 : float
        At most 1; negative if the fit is worse than the values' mean.
    """
    if not kernel.any():  # of a single region
        return 1.0
    residual = kernel @ (values - fitted) ** 2
    total = kernel @ (values - kernel @ values / kernel.sum()) ** 2
    if total <= 1e-12 * kernel.sum():  # for a constant model, the intercept alone is a perfect fit
        return 1.0 if residual <= 1e-12 * kernel.sum() else 0.0
    return float(1 - residual / total)


def all_subsets(number: int) -> np.ndarray:
    """Return all coalitions of some regions.

    Parameters
    ----------
    number : int
        Of regions.

    Returns
    -------
    masks : (2**number, number) array of bool
        Row n shows region k where bit k of n is set.

    Examples
    --------
    >>> all_subsets(2).tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    """
    return (np.arange(2**number, dtype=np.int64)[:, None] >> np.arange(number) & 1).astype(bool)


def codes(masks: np.ndarray) -> np.ndarray:
    """Encode coalitions as integers.

    Parameters
    ----------
    masks : (N, K) array of bool
        Coalitions of at most 62 regions.

    Returns
    -------
    codes : (N,) array of int64
        Bit k is set where region k is shown.

    Examples
    --------
    >>> codes(all_subsets(3))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    return masks.astype(np.int64) @ (1 << np.arange(masks.shape[1], dtype=np.int64))


def log_binomial(number: int, sizes: np.ndarray) -> np.ndarray:
    """Return the logarithm of how many coalitions have a size; the numbers themselves overflow.

    Parameters
    ----------
    number : int
        Of regions.
    sizes : (N,) array of int
        How many regions are shown.

    Returns
    -------
    logs : (N,) array of float
        Natural logarithms.
    """
    return gammaln(number + 1) - gammaln(sizes + 1) - gammaln(number - sizes + 1)
