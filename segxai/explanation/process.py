"""Values of a sample: what a linear fit leaves, by a Gaussian process on coalitions.

Two coalitions have similar values where they differ in few regions, and in those of small weight:
their covariance is exp(-the lengths of the regions in which they differ), and a region's length
is in proportion to its weight. This process interpolates the residuals of the linear fit. Its
mean is a sum of products over the regions. The Shapley values of a product are integrals of
polynomials, and its Owen values down a binary tree are products again.

Sources: Witter et al. 2025, "Regression-adjusted Monte Carlo Estimators for Shapley Values", for
the exact Shapley values of a model beside those of what it leaves; Rasmussen and Williams 2006,
"Gaussian Processes for Machine Learning", sections 2.2 and 5.4.2, for the process and its
predictions of rows that are left out; Owen 1972, "Multilinear Extensions of Games", for the
integral; Shao and Wu 1989, "A General Theory for Jackknife Variance Estimation", for intervals from
several rows left out together; Cochran 1977, "Sampling Techniques", section 2.6, for samples of a
finite number of rows; Zhang et al. 2015, "Divide and Conquer Kernel Ridge Regression", for the
blocks.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from . import owen

BLOCK = 1024  # rows fitted together: the more, the less a smooth fit errs, and the longer it takes
LENGTH = 4.0  # of all regions together
LEAST = 0.02  # what each region has at least of the mean length, up to this factor
LINEAR = 10.0  # variance of a linear part, in which the first fit may err, relative to the rest's
NUGGET = 0.01  # variance of what no other coalition shares
PASSES = 2  # the second takes its lengths from the first one's weights
NODES, SHARES = np.polynomial.legendre.leggauss(12)  # of Gauss's quadrature, on -1..1
# A tree's intervals: their numbers were chosen on the games of benchmarks/sampling.py, which shows
# how often they hold.
TOGETHER = 8  # sampled rows left out at a time: they come in twos, which err alike
LEFT_OUT = 0.81  # of the variance that these show
PER_LEAF = 4.1  # evaluations that a leaf takes, as in "degrees of freedom", ...
MOST_TAKEN = 0.8  # ... up to this share of all
KNOWN = 0.45  # of the evaluations count as drawn from the finitely many of which values are means
ALIKE = 0.9  # correlation of the errors of blocks, which are fitted to the same division
NORMAL = 1.96  # standard deviations in half of a 95 % interval


def lengths_of(weights: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Compute how much the regions tell coalitions apart.

    Parameters
    ----------
    weights : (K,) array of float
        Of the regions, as far as they are known.
    shares : (K,) array of float
        How much is expected of each region, 1 together.

    Returns
    -------
    lengths : (K,) array of float
        LENGTH together.
    """
    sizes = np.abs(weights)
    lengths = sizes + LEAST * sizes.sum() * shares + 1e-12
    return LENGTH * lengths / lengths.sum()


def refine(
    masks: np.ndarray, values: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correct the weights (K,) of a linear fit to values (N,): Shapley values.

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
    residuals, found = values - masks @ weights, weights
    inside, shares = np.eye(len(weights)), np.full(len(weights), 1 / len(weights))
    ends = np.flatnonzero((masks == masks[:, :1]).all(axis=1))  # the empty and the full one
    each = np.arange(len(masks))
    for _ in range(PASSES):
        correction, changes, left_out, _ = _fit(
            masks, residuals, lengths_of(found, shares), shares, ends, each, inside, _shapley_values
        )
        found = weights + correction
    return found, changes, left_out


def owen_values(
    joins: np.ndarray,
    masks: np.ndarray,
    values: np.ndarray,
    weights: np.ndarray,
    areas: np.ndarray,
    lengths: np.ndarray,
    divided: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Correct the weights of a binary tree's leaves to Owen values, of all its nodes.

    Parameters
    ----------
    joins : (L - 1, 2) array of int
        The tree, see `segxai.explanation.owen`.
    masks, values, weights
        As for `refine`. What is found is linear in values and weights.
    areas : (L,) array of float
        Of the leaves, 1 together: how much is expected of each, as of a share of its thing.
    lengths : (L,) array of float
        See `lengths_of`.
    divided : int
        So many coalitions, the first, divide the tree: they are in every block.

    Returns
    -------
    values : (2L - 1,) array of float
        Of the nodes, leaves first.
    margins : (2L - 1,) array of float
        Half the width of their 95 % intervals, from what coalitions change that are left out; 0 for
        the root, whose value is known.
    """
    inside, always = owen.members(joins), np.arange(divided)
    groups = np.append(always, divided + np.arange(len(masks) - divided) // TOGETHER)
    correction, changes, _, blocks = _fit(
        masks,
        values - masks @ weights,
        lengths,
        areas,
        always,
        groups,
        inside,
        partial(_owen_values, joins, inside),
    )
    apart = np.add.reduceat(changes, np.unique(groups, return_index=True)[1])
    taken = min(MOST_TAKEN, PER_LEAF * len(areas) / len(masks))
    unknown = 1 - min(1, KNOWN * len(masks) / owen.exhaustive(joins))
    alike = 1 + ALIKE * (blocks - 1)
    variance = LEFT_OUT * (apart**2).sum(axis=0) * alike * unknown / (1 - taken)
    margins = np.minimum(NORMAL * np.sqrt(variance[:-1]), np.ptp(values))
    return inside @ weights + correction, np.append(margins, 0)


def _fit(masks, residuals, lengths, shares, always, groups, inside, products):
    """Interpolate (N,) residuals in blocks, each with the rows `always`.

    shares: (K,) of the linear part's variance. groups: (N,) ascending numbers of the groups of rows
    that are left out together. inside: (M, K) the regions of each sum; first those of one.
    products: a function from masks and factors (K,) to the sums' (N, M) values in the games prod(1
    if a region is as in the mask, else its factor).

    Returns the sums' corrections (M,), their changes (N, M), left_out (N,) as in `refine`,
    and the number of blocks.
    """
    number = -(-len(masks) // BLOCK)
    correction = np.zeros(len(inside))
    changes, left_out = np.zeros((len(masks), len(inside))), np.zeros(len(masks))
    slope = 4 * LINEAR * shares
    for k in range(number):
        rows = np.union1d(always, np.flatnonzero(groups % number == k))
        signs = masks[rows] - 0.5
        covariance = np.exp(2 * signs * lengths @ signs.T - lengths.sum() / 2)
        covariance += LINEAR + (slope * signs) @ signs.T + NUGGET * np.eye(len(rows))
        inverse = np.linalg.inv(covariance)
        effects = products(masks[rows], np.exp(-lengths)) + (slope * signs) @ inside.T
        # No correction of the sum of all regions.
        effects -= np.outer(effects[:, : len(lengths)].sum(axis=1), inside @ shares)
        pull = inverse @ effects
        correction += residuals[rows] @ pull / number
        share = inverse @ residuals[rows]
        for start, end in pairwise([*np.unique(groups[rows], return_index=True)[1], len(rows)]):
            out = slice(start, end)
            share[out] = np.linalg.solve(inverse[out, out], share[out])
        changes[rows] += pull * share[:, None] / number
        left_out[rows] = share
    return correction, changes, left_out, number


def _shapley_values(masks, factors) -> np.ndarray:
    """(N, K) Shapley values of the games prod(1 if a region is as in the row, else its factor)."""
    hidden, shown = np.where(masks, factors, 1.0), np.where(masks, 1.0, factors)
    values = np.zeros(masks.shape)
    for node, share in zip(NODES, SHARES, strict=True):
        # The other regions are shown independently with probability (1 + node) / 2.
        means = (hidden + shown) / 2 + node * (shown - hidden) / 2
        values += share / 2 * means.prod(axis=1, keepdims=True) / means
    return values * (shown - hidden)


def _owen_values(joins, inside, masks, factors) -> np.ndarray:
    """(N, 2L - 1) Owen values of the nodes of a tree in these games."""
    logs = np.log(factors)
    hidden, shown = np.exp((masks * logs) @ inside.T), np.exp((~masks * logs) @ inside.T)
    # The other half of each node above is shown or hidden as a whole, with equal probability.
    means, contexts = (shown + hidden) / 2, np.ones_like(shown)
    for node, (a, b) in reversed(list(enumerate(joins, start=len(joins) + 1))):
        contexts[:, a] = contexts[:, node] * means[:, b]
        contexts[:, b] = contexts[:, node] * means[:, a]
    return (shown - hidden) * contexts
