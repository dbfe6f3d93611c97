"""Shapley values of a sample: what a linear fit leaves, by a Gaussian process on coalitions.

Two coalitions have similar values where they differ in few regions, and in those of small weight:
their covariance is exp(-the lengths of the regions in which they differ), and a region's length
is in proportion to its weight. This process interpolates the residuals of the linear fit. Its
mean is a sum of products over the regions, whose Shapley values are integrals of polynomials.

Sources: Witter et al. 2025, "Regression-adjusted Monte Carlo Estimators for Shapley Values", for
the exact Shapley values of a model beside those of what it leaves; Rasmussen and Williams 2006,
"Gaussian Processes for Machine Learning", sections 2.2 and 5.4.2, for the process and its
predictions of rows that are left out; Owen 1972, "Multilinear Extensions of Games", for the
integral; Zhang et al. 2015, "Divide and Conquer Kernel Ridge Regression", for the blocks.
"""

from __future__ import annotations

import numpy as np

BLOCK = 1024  # rows fitted together: the more, the less a smooth fit errs, and the longer it takes
LENGTH = 4.0  # of all regions together
LEAST = 0.02  # what each region has at least of the mean length, up to this factor
LINEAR = 10.0  # variance of a linear part, in which the first fit may err, relative to the rest's
NUGGET = 0.01  # variance of what no other coalition shares
PASSES = 2  # the second takes its lengths from the first one's weights
NODES, SHARES = np.polynomial.legendre.leggauss(12)  # of Gauss's quadrature, on -1..1


def refine(
    masks: np.ndarray, values: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correct the weights (K,) of a linear fit to values (N,).

    Parameters
    ----------
    masks : (N, K) array of bool
        Coalitions.
    values : (N,) array of float
        Theirs, less that of the empty one.
    weights : (K,) array of float
        They add up to the value of the full one, and so do the corrected ones.

    Returns
    -------
    weights : (K,) array of float
        Corrected.
    changes : (N, K) array of float
        What each coalition changes: without it, the weights would be less by so much.
    left_out : (N,) array of float
        How much larger each value is than what the process predicts from the others of its block.
    """
    residuals, first = values - masks @ weights, weights
    number = -(-len(masks) // BLOCK)
    ends = np.flatnonzero((masks == masks[:, :1]).all(axis=1))  # the empty and the full one
    blocks = [np.union1d(ends, np.arange(k, len(masks), number)) for k in range(number)]
    for _ in range(PASSES):
        lengths = np.abs(weights) + LEAST * np.abs(weights).mean() + 1e-12
        lengths *= LENGTH / lengths.sum()
        fits = [_interpolate(masks[rows], residuals[rows], lengths) for rows in blocks]
        weights = first + np.mean([correction for correction, *_ in fits], axis=0)
    changes, left_out = np.zeros(masks.shape), np.zeros(len(masks))
    for rows, (_, pull, each) in zip(blocks, fits, strict=True):
        changes[rows] += pull * each[:, None] / number
        left_out[rows] = each
    return weights, changes, left_out


def _interpolate(masks, residuals, lengths) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(K,) the Shapley values of the process' mean, (N, K) how much of each residual is in them.

    And (N,) by how much the other rows mispredict each.
    """
    signs = masks - 0.5
    slope = 4 * LINEAR / masks.shape[1]
    covariance = np.exp(2 * signs * lengths @ signs.T - lengths.sum() / 2)
    covariance += LINEAR + slope * signs @ signs.T + NUGGET * np.eye(len(masks))
    inverse = np.linalg.inv(covariance)
    effects = _product_values(masks, np.exp(-lengths)) + slope * signs
    # No correction of the sum.
    pull = inverse @ (effects - effects.mean(axis=1, keepdims=True))
    return residuals @ pull, pull, inverse @ residuals / np.diag(inverse)


def _product_values(masks, factors) -> np.ndarray:
    """(N, K) Shapley values of the games prod(1 if a region is as in the row, else its factor)."""
    hidden, shown = np.where(masks, factors, 1.0), np.where(masks, 1.0, factors)
    values = np.zeros(masks.shape)
    for node, share in zip(NODES, SHARES, strict=True):
        # The other regions are shown independently with probability (1 + node) / 2.
        means = (hidden + shown) / 2 + node * (shown - hidden) / 2
        values += share / 2 * means.prod(axis=1, keepdims=True) / means
    return values * (shown - hidden)
