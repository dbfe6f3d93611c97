"""Regions ranked by weight: shown or removed one by one, and the strongest few selected.

The selection rule is that of Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical
Features and Segmentation Foundation Models".
"""

from dataclasses import dataclass

import numpy as np

from .. import plots
from ..errors import SegxaiError, known_explanation, one_of
from ..explanation.explanation import Explanation
from ..explanation.fills import Fill, fill_name

ORDERS = ("weight", "weight per area")
# Weights count as equal if they differ by less than TIED times the largest one (probabilities are
# float32), or by less than ZERO.
TIED, ZERO = 1e-6, 1e-12
SELECTED_ABOVE = 1.5  # standard deviations above the mean weight
MOST_SELECTED = 3


def tied_groups(weights: np.ndarray) -> list[np.ndarray]:
    """Sort the regions into groups of equal weight.

    Parameters
    ----------
    weights : (K,) array of float

    Returns
    -------
    groups : list of arrays of int
        The regions' indices, the largest weight first.
    """
    weights = np.asarray(weights, float)
    order = np.argsort(-weights, kind="stable")
    gaps = -np.diff(weights[order])
    return np.split(order, np.flatnonzero(gaps > max(ZERO, TIED * np.abs(weights).max())) + 1)


def ranked(explanation: Explanation) -> np.ndarray:
    """Rank the regions by weight.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    regions : (K,) array of int
        Indices, the largest weight first; regions of equal weight are ordered by their first pixel.
    """
    first = np.unique(explanation.regions.labels, return_index=True)[1]
    return np.concatenate(
        [group[np.argsort(first[group])] for group in tied_groups(explanation.weights)]
    )


def values_of(explanation: Explanation, masks: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """Return the target's probability for coalitions, looked up where the table has it.

    Parameters
    ----------
    explanation : Explanation
    masks : (M, K) array of bool
    fill : optional
        A different fill, for which all of them are evaluated.

    Returns
    -------
    values : (M,) array of float
    """
    table, values = explanation.coalitions, np.full(len(masks), np.nan)
    if fill is None:
        values[:] = [table.value_of(mask) for mask in masks]  # NaN where it is not in the table
    new = np.isnan(values)
    if new.any():
        values[new] = evaluate(explanation, masks[new], fill)[:, table.target]
    return values


def evaluate(explanation: Explanation, masks: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """Evaluate the classifier on coalitions.

    Parameters
    ----------
    explanation : Explanation
    masks : (M, K) array of bool
    fill : optional
        By default the explanation's.

    Returns
    -------
    probabilities : (M, C) array of float32
        Of all classes.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier.
    """
    game = explanation.coalitions.replay("This metric")
    classes = tuple(range(len(game.classifier.class_names)))
    return game.with_(targets=classes, fill=fill).evaluate(masks, progress=False)


@dataclass(frozen=True, eq=False)
class Curve:
    """An insertion or deletion curve.

    Attributes
    ----------
    kind : str
        "insertion" or "deletion".
    target : str
        The class explained.
    area : float
        Under the curve, by the trapezoidal rule.
    x : (S + 1,) array of float
        The share of the image's area that is shown (insertion) or removed (deletion), from 0 to 1.
    y : (S + 1,) array of float
        The target's probability (or what else `output` names) divided by that for the whole
        photograph.
    steps : (S,) tuple of tuples of str
        The names of the regions of each step; regions of equal weight (or weight per area) share a
        step.
    fill : str
        The name of the fill.
    output : str
        What the classifier's values are, see `Coalitions`.
    """

    kind: str
    target: str
    area: float
    x: np.ndarray
    y: np.ndarray
    steps: tuple[tuple[str, ...], ...]
    fill: str
    output: str = "probability"

    def __repr__(self):
        return (
            f"<{self.kind} curve of {self.target!r}: area {self.area:.3f}, "
            f"{len(self.steps)} steps, fill {self.fill}>"
        )

    def plot(self) -> "plots.DescribedFigure":
        """Plot the curve and its area."""
        return plots.plot_curves([self])

    def _repr_html_(self) -> str:
        return self.plot()._repr_html_()


def insertion(
    explanation: Explanation, fill: Fill | None = None, *, order: str = "weight"
) -> Curve:
    """Start from the fill and show regions one by one, the largest weight first. Higher is better.

    Regions of equal weight are shown together, so their order does not matter. The area depends on
    the regions as much as on the weights: small regions can follow the object's outline, and with
    the fill "mean" they leave a mosaic in which the object remains visible although it was removed.

    Parameters
    ----------
    explanation : Explanation
    fill : optional
        Replaces the regions not yet shown; by default the explanation's own fill, which needs no
        model calls with an exact table and at most K with a sample.
    order : str
        "weight", or "weight per area", which is fair to regions of very different sizes (the leaves
        of a tree): the x-axis is area, so a small region with a large weight comes first.

    Returns
    -------
    curve : Curve
        Its area is 0 upwards: 1 for a curve that reaches the whole photograph's probability at
        once, and more where a part is more convincing than the whole.

    Raises
    ------
    SegxaiError
        If the whole photograph's probability is not positive.

    References
    ----------
    Petsiuk et al. 2018, "RISE", the causal metrics, which are defined for pixels; here for regions,
    by the area covered.
    """
    return _curve(known_explanation(explanation), "insertion", fill, order)


def deletion(explanation: Explanation, fill: Fill | None = None, *, order: str = "weight") -> Curve:
    """Start from the photograph and remove the regions one by one. Lower is better.

    Parameters
    ----------
    explanation : Explanation
    fill, order : optional
        As for `insertion`.

    Returns
    -------
    curve : Curve
        Its area is 0 upwards. Everything else is as for `insertion`.

    Raises
    ------
    SegxaiError
        If the whole photograph's probability is not positive.
    """
    return _curve(known_explanation(explanation), "deletion", fill, order)


def _curve(e, kind, fill, order) -> Curve:
    one_of("order", order, ORDERS)
    groups = tied_groups(e.weights if order == "weight" else e.weights / e.regions.areas)
    masks = np.zeros((len(groups) + 1, len(e.regions)), bool)
    for step, group in enumerate(groups):
        masks[step + 1 :, group] = True
    values = values_of(e, masks if kind == "insertion" else ~masks, fill)
    full = values[-1 if kind == "insertion" else 0]
    if full <= 0:
        raise SegxaiError(
            f"{kind} divides by the whole photograph's {e.coalitions.output} of {e.target!r}, "
            f"which is {full:.3g}; it must be positive."
        )
    x, y = np.append(0.0, np.cumsum([e.regions.areas[g].sum() for g in groups])), values / full
    return Curve(
        kind=kind,
        target=e.target,
        area=float(np.trapezoid(y, x)),
        x=x,
        y=y,
        steps=tuple(tuple(e.regions.names[k] for k in group) for group in groups),
        fill=e.coalitions.fill if fill is None else fill_name(fill),
        output=e.coalitions.output,
    )


def select(explanation: Explanation) -> np.ndarray:
    """Select the 1 to 3 regions whose weight is far above the mean.

    That is by more than 1.5 standard deviations; if no region is, the one with the largest weight
    is selected. The same rule holds for every segmenter, so that no segmenter can decide how much
    is shown.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    regions : (1 to 3,) array of int
        Indices, the largest weight first.

    References
    ----------
    Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical Features and Segmentation
    Foundation Models".
    """
    weights = known_explanation(explanation).weights
    above = (weights > weights.mean() + SELECTED_ABOVE * weights.std()).sum()
    return ranked(explanation)[: np.clip(above, 1, MOST_SELECTED)]


def compactness(explanation: Explanation) -> float:
    """Compute the share of the image that the selected regions cover. Lower is better.

    A small value is good only if the class is kept. No model calls.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    share : float
        0 to 1.
    """
    return float(known_explanation(explanation).regions.areas[select(explanation)].sum())
