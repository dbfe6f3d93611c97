"""Fidelity: how well the surrogate reproduces the classifier, on held-out coalitions too."""

from typing import NamedTuple

import numpy as np

from ..errors import known_explanation
from ..explanation import surrogates
from ..explanation.explanation import Explanation


class Fidelity(NamedTuple):
    """How well a surrogate reproduces the classifier, see `fidelity`.

    Attributes
    ----------
    r2 : float
        R² on the coalitions that the surrogate was fitted to.
    loo_r2 : float
        R² where each coalition is predicted by a fit to all others.
    predicted : (N,) array of float
        For each coalition that was fitted, the output of the surrogate fitted without it.
    """

    r2: float
    loo_r2: float
    predicted: np.ndarray


def fidelity(explanation: Explanation) -> Fidelity:
    """Measure how well the surrogate reproduces the classifier's outputs. Higher is better.

    Coalitions are weighted as in the fit (LIME gives those near the whole photograph the largest
    weights), so compare only values of the same method and kernel width. `loo_r2` is leave-one-out
    cross-validation in closed form (PRESS; of the Shapley values of a sample, that of the process
    which corrects them), without any random choice. With few samples and many
    regions r2 is optimistic, because the surrogate has many free parameters; loo_r2 is not. No
    model calls.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    fidelity : Fidelity
        Both values are at most 1; 0 is as good as predicting the mean, negative is worse. `loo_r2`
        is NaN if a coalition cannot be left out (fewer than two regions) or the method is not a
        least-squares fit.

    References
    ----------
    Ribeiro et al. 2016, "Why Should I Trust You?", section 3.3.
    Yeh et al. 2019, "On the (In)fidelity of Explanations".
    Allen 1974, "The relationship between variable selection and data augmentation", for the closed
    form.
    """
    e, table = known_explanation(explanation), explanation.coalitions
    masks, values, drawn = table.masks, table.values.astype(float), table.log_importance
    nested = any(isinstance(node, tuple) for node in table.hierarchy)
    if e.method not in ("lime", "shapley", "banzhaf", "owen") or (e.method == "owen" and nested):
        # Not least-squares fits: nothing is known of what they would be without a coalition.
        return Fidelity(e.r2, np.nan, np.full(len(values), np.nan))
    if e.method in ("shapley", "owen"):
        kernel = surrogates.shapley_kernel(masks, drawn)
        leverage = _leverage(masks[:, :-1].astype(float) - masks[:, -1:], kernel)
    else:
        alpha, kernel = 0.0, surrogates.importance(masks, drawn)
        if e.method == "lime":
            alpha = e.details.alpha
            kernel = kernel * surrogates.lime_kernel(masks, e.details.kernel_width)
        share = kernel / kernel.sum()
        leverage = share + _leverage(masks - share @ masks, kernel, alpha)
    if e.method == "shapley" and not table.exact:
        _, changes, _ = surrogates.sampled_shapley(masks, values, drawn)
        predicted = e.intercept + (masks * (e.weights - changes)).sum(axis=1)
    else:
        errors = values - (e.intercept + masks @ e.weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            predicted = values - np.where(leverage > 1 - 1e-9, np.nan, errors / (1 - leverage))
    if not np.isfinite(predicted).all():
        return Fidelity(e.r2, np.nan, predicted)
    return Fidelity(e.r2, surrogates.weighted_r2(values, predicted, kernel), predicted)


def _leverage(design, kernel, alpha=0.0) -> np.ndarray:
    """(N,) the leverage of each row of a least-squares design: the diagonal of the hat matrix."""
    scaled = np.sqrt(kernel)[:, None] * design
    if scaled.size == 0:
        return np.ones(len(scaled))
    inverse = np.linalg.pinv(scaled.T @ scaled + alpha * np.eye(scaled.shape[1]), hermitian=True)
    return np.einsum("ij,jk,ik->i", scaled, inverse, scaled)
