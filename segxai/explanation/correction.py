"""Correct the values of a region tree's leaves by a linear fit to sampled coalitions.

In a deep tree most effects remain undivided (`owen.divide`), and their values are only shares by
area. These are the prior mean of a Bayesian linear regression on coalitions of leaves. The first
coalitions are drawn by a fair coin. Each of the others holds the first leaves of an ordering by
value per area, where the values are drawn from the posterior (Thompson sampling): so the fit is
best where an explanation is read and judged, in the order in which it says that things matter.

Each coalition is followed by its complement, which removes even interactions from the fit. Sources:
Thompson 1933, "On the likelihood that one unknown probability exceeds another in view of the
evidence of two samples"; Agrawal and Goyal 2013, "Thompson Sampling for Contextual Bandits with
Linear Payoffs"; for the complements Covert and Lee 2021, "Improving KernelSHAP", section 4.2.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

PRIOR = 0.5  # ridge penalty: the weight of the tree's own values relative to a sampled coalition
ROUNDS = 8  # of orderings; the posterior is computed anew before each
TRIES = 20  # draws for every coalition that is wanted, before a small tree counts as exhausted
COIN, FIRST, REST = range(
    3
)  # kinds of coalitions: drawn by a coin, the first leaves of an ordering, all but these


class Sample(NamedTuple):
    """Sampled coalitions.

    Attributes
    ----------
    masks : (M, L) array of bool
        Distinct coalitions.
    weights : (M,) array of float
        How much each counts in the fit, 1 on average.
    """

    masks: np.ndarray
    weights: np.ndarray


class Posterior(NamedTuple):
    """What is known of the leaves' values.

    Attributes
    ----------
    mean : (L,) array of float
        It has the prior's sum.
    root : (L, L) array of float
        The covariance is root @ root.T.
    residuals : (M,) array of float
        Of the fit.
    """

    mean: np.ndarray
    root: np.ndarray
    residuals: np.ndarray


def posterior(
    prior: np.ndarray, areas: np.ndarray, sample: Sample, values: Sequence[float] | np.ndarray
) -> Posterior:
    """Fit the values (M,) of coalitions by leaves' values near `prior` (L,), and a constant.

    The variance of the prior is in proportion to the leaves' areas (L,), which add up to 1. The
    mean is linear in prior and values.
    """
    masks, weights = sample
    scale, values = np.sqrt(areas), np.asarray(values, float)

    def centred(array):
        return array - weights @ array / weights.sum()

    design = masks * scale
    design = centred(design - np.outer(design @ scale, scale))  # no correction of the sum
    residuals = centred(values - masks @ prior)
    precision = design.T @ (weights[:, None] * design) + PRIOR * np.eye(len(areas))
    step = np.linalg.solve(precision, design.T @ (weights * residuals))
    residuals = residuals - design @ step
    variance = weights @ residuals**2 / max(1, len(values) - 1)
    root = scale[:, None] * np.linalg.cholesky(np.linalg.inv(precision)) * np.sqrt(variance)
    return Posterior(prior + scale * step, root, residuals)


def draw(
    prior: np.ndarray,
    areas: np.ndarray,
    masks: np.ndarray,
    evaluate: Callable,
    number: int,
    by_coin: int,
    seed: int,
) -> Sample:
    """Evaluate `number` coalitions besides `masks` (N, L), fewer where there are no more.

    prior, areas: as for `posterior`. evaluate: a function from coalitions to their values. by_coin:
    how many of the coalitions a fair coin draws. The coalitions of each kind count in inverse
    proportion to the standard deviation of their residuals: the first leaves alone vary most,
    because the classifier often prefers them to the whole photograph.
    """
    rng = np.random.default_rng(seed)
    leaves, known = len(areas), {mask.tobytes() for mask in masks}
    drawn: list[np.ndarray] = []
    kinds: list[int] = []
    values: list[float] = []

    def add(wanted, mask_of, kind, complement):
        before = len(drawn)
        for _ in range(TRIES * wanted):
            mask = mask_of()
            for candidate, its_kind in ((mask, kind), (~mask, complement)):
                if len(drawn) - before < wanted and candidate.tobytes() not in known:
                    known.add(candidate.tobytes())
                    drawn.append(candidate)
                    kinds.append(its_kind)
        if len(drawn) > before:
            values.extend(evaluate(np.array(drawn[before:])))

    def weighed():
        equal = Sample(np.array(drawn), np.ones(len(drawn)))
        return equal._replace(
            weights=_by_kind(posterior(prior, areas, equal, values).residuals, np.array(kinds))
        )

    def coin():
        return rng.integers(0, 2, leaves).astype(bool)

    add(by_coin, coin, COIN, COIN)
    for part in np.array_split(np.arange(number - by_coin), ROUNDS):
        if len(part) and drawn:
            found = posterior(prior, areas, weighed(), values)

            def first_leaves(found=found):
                order = np.argsort(-(found.mean + found.root @ rng.standard_normal(leaves)) / areas)
                mask = np.zeros(leaves, bool)
                mask[order[: np.searchsorted(np.cumsum(areas[order]), rng.random())]] = True
                return mask

            add(len(part), first_leaves, FIRST, REST)
    add(number - len(drawn), coin, COIN, COIN)  # where orderings repeat each other
    return weighed() if drawn else Sample(np.zeros((0, leaves), bool), np.zeros(0))


def _by_kind(residuals, kinds) -> np.ndarray:
    """(M,) weights in inverse proportion to the spread of each kind's residuals, 1 on average."""
    deviation = np.sqrt(
        np.bincount(kinds, residuals**2, 3) / np.maximum(np.bincount(kinds, minlength=3), 1)
    )
    if not deviation.any():
        return np.ones(len(kinds))
    weights = 1 / np.maximum(deviation, 1e-3 * deviation.max())[kinds]
    return weights / weights.mean()
