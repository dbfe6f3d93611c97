"""Insertion and deletion curves: the probability as regions are shown, or removed, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from ..errors import SegxaiError, unknown_name
from ..explanation.explanation import Explanation
from ..explanation.fills import Fill, fill_name
from .metric import Metric
from .order import tied_groups, values_of

if TYPE_CHECKING:
    from ..plots import DescribedFigure

ORDERS = ("weight", "weight per area")


@dataclass(frozen=True, eq=False)
class Curve:
    """An insertion or deletion curve.

    x: (S + 1,) the share of the image's area that is shown (insertion) or removed (deletion), from 0 to 1. y: (S + 1,) the target's
    probability (or what else `output` names) divided by that for the whole photograph. area: under the curve, by the trapezoidal rule.
    steps: (S,) the names of the regions of each step; regions of equal weight (or weight per area) share a step. calls: images evaluated.
    """

    kind: str
    target: str
    area: float
    x: np.ndarray
    y: np.ndarray
    steps: tuple[tuple[str, ...], ...]
    fill: str
    calls: int
    output: str = "probability"

    def __repr__(self):
        return f"<{self.kind} curve of {self.target!r}: area {self.area:.3f}, {len(self.steps)} steps, fill {self.fill}>"

    def plot(self) -> DescribedFigure:
        """A figure of the curve and its area."""
        return plots.plot_curves([self])

    def _repr_html_(self) -> str:
        return self.plot()._repr_html_()


def insertion(
    explanation: Explanation, fill: Fill | None = None, *, order: str = "weight"
) -> Curve:
    """Start from the fill and show the regions one by one, the largest weight first. Up is better.

    Range of the area: 0 upwards. It is 1 for a curve that reaches the whole photograph's probability at once, and can exceed 1 where
    a part is more convincing than the whole. Regions of equal weight are shown together, so their order does not matter.
    fill: replaces the regions not yet shown; by default the explanation's own fill, which needs no model calls with an exact table
    and at most K with a sample. order: "weight", or "weight per area", which is fair to regions of very different sizes (the leaves
    of a tree): the x-axis is area, so a small region with a large weight comes first.
    The area depends on the regions as much as on the weights. Small regions can follow the object's outline, and with the fill
    "mean" they leave a mosaic in which the object remains visible although it was removed.
    Raises SegxaiError if the whole photograph's probability is not positive.
    Source: Petsiuk et al. 2018, "RISE", the causal metrics, which are defined for pixels; here for regions, by the area covered.
    """
    return _curve(explanation, "insertion", fill, order)


def deletion(explanation: Explanation, fill: Fill | None = None, *, order: str = "weight") -> Curve:
    """Start from the photograph and remove the regions one by one, the largest weight first. Down is better.

    Range of the area: 0 upwards. Everything else is as for `insertion`.
    """
    return _curve(explanation, "deletion", fill, order)


def _curve(explanation, kind, fill, order) -> Curve:
    if order not in ORDERS:
        raise unknown_name("order", order, ORDERS)
    e = explanation
    groups = tied_groups(e.weights if order == "weight" else e.weights / e.regions.areas)
    masks = np.zeros((len(groups) + 1, len(e.regions)), bool)
    for step, group in enumerate(groups):
        masks[step + 1 :, group] = True
    values, calls = values_of(e, masks if kind == "insertion" else ~masks, fill)
    full = values[-1 if kind == "insertion" else 0]
    if full <= 0:
        raise SegxaiError(
            f"{kind} divides by the whole photograph's {e.coalitions.output} of {e.target!r}, which is {full:.3g}; it must be positive."
        )
    x = np.append(0.0, np.cumsum([e.regions.areas[group].sum() for group in groups]))
    y = values / full
    name = e.coalitions.fill if fill is None else fill_name(fill)
    steps = tuple(tuple(e.regions.names[k] for k in group) for group in groups)
    return Curve(
        kind, e.target, float(np.trapezoid(y, x)), x, y, steps, name, calls, e.coalitions.output
    )


METRICS = (
    Metric("insertion", "up", "area under the insertion curve", lambda e: insertion(e).area, under_fill=lambda e, fill: insertion(e, fill).area),
    Metric("deletion", "down", "area under the deletion curve", lambda e: deletion(e).area, under_fill=lambda e, fill: deletion(e, fill).area),
)  # fmt: skip
