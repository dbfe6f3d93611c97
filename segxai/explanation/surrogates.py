"""Surrogates: additive models of a table of coalition values by LIME, Shapley and Banzhaf, and pairwise interactions.

All are plain algebra on `masks` (N, K) bool and `values` (N,); nothing here evaluates the classifier. A surrogate
approximates value(S) by its intercept plus the weights of the regions in S.
"""

from __future__ import annotations

from math import factorial, lgamma
from typing import NamedTuple

import numpy as np

from ..classifiers.subsets import all_subsets, codes
from ..errors import SegxaiError, SegxaiValueError

_CONFIDENCE = 1.959964  # standard normal quantile of a two-sided 95 % interval


class Fit(NamedTuple):
    """weights (K,), intercept, r2 (weighted like the fit) and 95 % interval (K, 2)."""

    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray


def fit_lime(masks: np.ndarray, values: np.ndarray, exact: bool, kernel_width: float = 0.25, alpha: float = 0.0) -> Fit:
    """LIME: a ridge regression that weights coalitions by their similarity to the full image (see `lime_kernel`).

    alpha: the ridge penalty (lime uses 1; 0 does not shrink the weights).
    interval: 95 %, heteroscedasticity-robust (White 1980); zero width if every coalition was evaluated.
    Raises SegxaiValueError if the kernel is too narrow for the number of regions.
    Source: Ribeiro et al. 2016, "Why Should I Trust You?", section 3.4.
    """
    check_settings(kernel_width, alpha)
    kernel = lime_kernel(masks, kernel_width)
    if alpha == 0 and (kernel > 1e-14).sum() <= masks.shape[1]:
        raise SegxaiValueError(
            f"With kernel_width {kernel_width:g} only {(kernel > 1e-14).sum()} coalitions have a weight above 0, "
            f"too few for {masks.shape[1]} regions. Choose a wider kernel, e.g. 0.25."
        )
    return _weighted_ridge(masks, values, kernel, alpha, exact)


def lime_kernel(masks: np.ndarray, kernel_width: float) -> np.ndarray:
    """(N,) lime's kernel weight of each coalition: sqrt(exp(-d**2 / kernel_width**2)), with the cosine distance d of its mask
    to the full one, d = 1 - sqrt(number shown / K). It is 1 for the full coalition.
    """
    distance = 1 - np.sqrt(masks.mean(axis=1))
    return np.sqrt(np.exp(-(distance**2) / kernel_width**2))


def check_settings(kernel_width: float, alpha: float) -> None:
    """Raise SegxaiValueError for values outside the limits beyond which the fit overflows or cancels out."""
    for name, value, least, most in (("kernel_width", kernel_width, 1e-3, 1e3), ("alpha", alpha, 1e-6, 1e9)):
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not number or not (least <= value <= most or (name == "alpha" and value == 0)):
            zero = "0 or " if name == "alpha" else ""
            raise SegxaiValueError(f"{name} must be {zero}a number from {least:g} to {most:g}; got {value!r}.")


def fit_banzhaf(masks: np.ndarray, values: np.ndarray, exact: bool) -> Fit:
    """Banzhaf values: each region's effect averaged over all coalitions of the other regions.

    Computed as the coefficients of the unweighted least-squares fit, to which they are equal, from all coalitions or
    from a uniform sample. Sources: Banzhaf 1965; Hammer and Holzman 1992 for the least-squares form.
    """
    return _weighted_ridge(masks, values, np.ones(len(masks)), 0.0, exact)


def fit_shapley(masks: np.ndarray, values: np.ndarray, exact: bool) -> Fit:
    """Shapley values: each region's effect averaged over all orders in which the regions can be added.

    Exact for a complete table. For a sample, a least-squares fit with the Shapley kernel, constrained to sum to
    value(full) - value(empty). Sources: Shapley 1953; Charnes et al. 1988 and Lundberg and Lee 2017, section 4.1, for the fit.
    """
    number = masks.shape[1]
    values = np.asarray(values, float)
    empty, full = values[~masks.any(1)][0], values[masks.all(1)][0]
    if exact:
        table, members, sizes = _ordered(masks, values)
        weights = np.empty(number)
        share = np.array([factorial(s) * factorial(number - s - 1) / factorial(number) for s in range(number)])
        for region in range(number):
            without = np.flatnonzero(~members[:, region])
            weights[region] = share[sizes[without]] @ (table[without | 1 << region] - table[without])
        interval = np.stack([weights, weights], axis=1)
    else:
        weights, interval = _constrained_shapley(masks, values, empty, full)
    return Fit(weights, float(empty), _shapley_r2(masks, values, weights, empty), interval)


def fit_owen(masks: np.ndarray, values: np.ndarray, hierarchy: tuple) -> Fit:
    """Owen values: Shapley values that respect a hierarchy, so that the values of a region's parts add up to the region's.

    hierarchy: the regions' indices, nested like the parts: in (0, (1, 2), 3), regions 1 and 2 are the parts of one thing.
    A part's value is its effect averaged over those orders that add the parts of each thing one directly after the other.
    Raises SegxaiError if the table is not complete.
    Sources: Owen 1977, "Values of Games with a Priori Unions"; Winter 1989 for several levels.
    """
    table, _, _ = _ordered(masks, np.asarray(values, float))
    weights = np.empty(masks.shape[1])
    for region, levels in _levels(hierarchy):
        coalitions, shares = np.zeros(1, np.int64), np.ones(1)
        for siblings in levels:
            subsets = all_subsets(len(siblings))
            level_codes = subsets @ np.array(siblings, np.int64) if siblings else np.zeros(1, np.int64)
            count = len(siblings) + 1
            share = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
            coalitions = (coalitions[:, None] | level_codes[None, :]).ravel()
            shares = (shares[:, None] * share[subsets.sum(1)][None, :]).ravel()
        weights[region] = shares @ (table[coalitions | 1 << region] - table[coalitions])
    r2 = _shapley_r2(masks, np.asarray(values, float), weights, table[0])
    return Fit(weights, float(table[0]), r2, np.stack([weights, weights], axis=1))


def _levels(hierarchy, above=()):
    """For each region, the codes (bits of regions) of its siblings at every level, from the outermost."""
    for place, node in enumerate(hierarchy):
        siblings = [_code(other) for i, other in enumerate(hierarchy) if i != place]
        if isinstance(node, tuple):
            yield from _levels(node, (*above, siblings))
        else:
            yield node, (*above, siblings)


def _code(node) -> int:
    return sum(map(_code, node)) if isinstance(node, tuple) else 1 << node


def shapley_interactions(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(K, K) Shapley interaction index of each pair of regions; the diagonal is zero.

    Positive if the joint effect of two regions exceeds the sum of their separate effects. Raises SegxaiError if the table is
    not complete. Source: Grabisch and Roubens 1999, "An axiomatic approach to the concept of interaction among players in
    cooperative games".
    """
    table, members, sizes = _ordered(masks, np.asarray(values, float))
    number = masks.shape[1]
    out = np.zeros((number, number))
    share = np.array([factorial(s) * factorial(number - s - 2) / factorial(number - 1) for s in range(number - 1)])
    for i in range(number):
        for j in range(i + 1, number):
            without = np.flatnonzero(~members[:, i] & ~members[:, j])
            a, b = 1 << i, 1 << j
            joint = table[without | a | b] - table[without | a] - table[without | b] + table[without]
            out[i, j] = out[j, i] = share[sizes[without]] @ joint
    return out


def _ordered(masks, values):
    """The values, masks and sizes of a complete table, ordered by the coalitions' codes."""
    number = masks.shape[1]
    if len(masks) != 2**number:
        raise SegxaiError(
            f"This computation needs all {2**number} coalitions of {number} regions; the table contains {len(masks)}."
        )
    order = np.argsort(codes(masks))
    return values[order], masks[order], masks[order].sum(1)


def _weighted_ridge(masks, values, kernel, alpha, exact) -> Fit:
    design, values = masks.astype(float), np.asarray(values, float)
    centre = kernel @ design / kernel.sum()
    mean = kernel @ values / kernel.sum()
    root = np.sqrt(kernel)[:, None]
    scaled, response = root * (design - centre), root[:, 0] * (values - mean)
    if alpha:
        inverse = np.linalg.inv(scaled.T @ scaled + alpha * np.eye(design.shape[1]))
        weights = inverse @ (scaled.T @ response)
    else:
        weights = np.linalg.lstsq(scaled, response, rcond=None)[0]
        inverse = None
    fitted = mean + (design - centre) @ weights
    interval = np.stack([weights, weights], axis=1)
    if not exact:
        inverse = np.linalg.pinv(scaled.T @ scaled) if inverse is None else inverse
        interval = interval + _robust_margin(scaled, response - scaled @ weights, inverse)
    return Fit(weights, float(mean - centre @ weights), weighted_r2(values, fitted, kernel), interval)


def _constrained_shapley(masks, values, empty, full):
    number, sizes = masks.shape[1], masks.sum(1)
    inner = (sizes > 0) & (sizes < number)
    design = masks[inner].astype(float)
    root = np.sqrt(shapley_kernel(number, sizes[inner]))
    # The constraint determines the last weight: the total minus all others.
    reduced = root[:, None] * (design[:, :-1] - design[:, -1:])
    response = root * (values[inner] - empty - design[:, -1] * (full - empty))
    head = np.linalg.lstsq(reduced, response, rcond=None)[0]
    weights = np.append(head, full - empty - head.sum())
    inverse = np.linalg.pinv(reduced.T @ reduced)
    meat = _robust_covariance(reduced, response - reduced @ head, inverse)
    spread = np.vstack([np.eye(number - 1), -np.ones(number - 1)])
    margin = _CONFIDENCE * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", spread, meat, spread), 0))
    return weights, np.stack([weights - margin, weights + margin], axis=1)


def shapley_kernel(number: int, sizes: np.ndarray) -> np.ndarray:
    """(N,) Shapley kernel of coalitions of the given sizes, up to a factor; computed by logarithms, since large binomials overflow."""
    if len(sizes) == 0:
        return np.zeros(0)
    size = np.arange(1, number)
    log = -np.array([lgamma(number + 1) - lgamma(s + 1) - lgamma(number - s + 1) for s in size]) - np.log(size * (number - size))
    found = log[np.asarray(sizes) - 1]
    return np.exp(found - found.max())


def _shapley_r2(masks, values, weights, empty) -> float:
    sizes = masks.sum(1)
    inner = (sizes > 0) & (sizes < masks.shape[1])
    return weighted_r2(values[inner], empty + masks[inner] @ weights, shapley_kernel(masks.shape[1], sizes[inner]))


def _robust_covariance(scaled, residuals, inverse):
    count, columns = scaled.shape
    weighted = scaled * residuals[:, None]
    return inverse @ (weighted.T @ weighted) @ inverse * (count / max(count - columns - 1, 1))


def _robust_margin(scaled, residuals, inverse):
    error = np.sqrt(np.maximum(np.diag(_robust_covariance(scaled, residuals, inverse)), 0))
    return _CONFIDENCE * error[:, None] * np.array([-1.0, 1.0])


def weighted_r2(values: np.ndarray, fitted: np.ndarray, kernel: np.ndarray) -> float:
    """The share of the weighted variance of the values (N,) that `fitted` explains; at most 1, negative if worse than their mean."""
    if len(values) == 0:
        return 1.0
    residual = kernel @ (values - fitted) ** 2
    total = kernel @ (values - kernel @ values / kernel.sum()) ** 2
    if total <= 1e-12 * kernel.sum():  # for a constant model, the intercept alone is a perfect fit
        return 1.0 if residual <= 1e-12 * kernel.sum() else 0.0
    return float(1 - residual / total)
