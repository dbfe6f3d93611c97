"""Insertion and deletion: show the regions one after the other, or take them away, and watch the probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import plots
from ..errors import SegxaiError, unknown_name
from .order import tied_groups, values_of

ORDERS = ("weight", "weight per area")


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve. x: (S + 1,) share of the image's area shown (insertion) or taken away (deletion), from 0 to 1.

    y: (S + 1,) the target's probability over that of the whole photograph. area: under the curve, by trapezoids.
    steps: (S,) the names of the regions of each step, several where their weights (or weights per area) are equal. calls: images evaluated.
    """

    kind: str
    target: str
    area: float
    x: np.ndarray
    y: np.ndarray
    steps: tuple[tuple[str, ...], ...]
    fill: str
    calls: int

    def __repr__(self):
        return f"<{self.kind} curve of {self.target!r}: area {self.area:.3f}, {len(self.steps)} steps, fill {self.fill}>"

    def plot(self):
        """The curve with its area."""
        return plots.plot_curves([self])

    def _repr_html_(self) -> str:
        return self.plot()._repr_html_()


def insertion(explanation, fill=None, *, order: str = "weight") -> Curve:
    """Begin with nothing and show region after region, the largest weight first. Up is better.

    Range of the area: 0 upwards; 1 is a curve that is at the whole photograph's probability from the start, and it can be above 1
    where a part makes the classifier surer than the whole. Regions of equal weight come in one step, so that no order
    of theirs is preferred. fill: what is not yet shown shows this; the explanation's own when None, which costs no model calls
    with an exact table and at most K with a sample. order: "weight", or "weight per area", which is fair to explanations
    with regions of very different sizes (a tree's leaves): the x-axis is area, and a small region with much is then worth most.
    Beware: the area depends on the regions as much as on the weights. Small regions can follow the object's outline;
    with fill "mean" they also leave a mosaic in which the object can be seen although it was "removed".
    Raises SegxaiError where the whole photograph's probability is not positive.
    Source: Petsiuk et al. 2018, "RISE", the causal metrics, by pixels; here by whole regions over the area they cover.
    """
    return _curve(explanation, "insertion", fill, order)


def deletion(explanation, fill=None, *, order: str = "weight") -> Curve:
    """Begin with the photograph and take region after region away, the largest weight first. Down is better.

    Range of the area: 0 upwards, 0 best. All else as for `insertion`.
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
            f"{kind} divides by the whole photograph's probability of {e.target!r}, which is {full:.3g}; it must be positive."
        )
    x = np.append(0.0, np.cumsum([e.regions.areas[group].sum() for group in groups]))
    y = values / full
    name = e.coalitions.fill if fill is None else fill if isinstance(fill, str) else "given"
    steps = tuple(tuple(e.regions.names[k] for k in group) for group in groups)
    return Curve(kind, e.target, float(np.trapezoid(y, x)), x, y, steps, name, calls)
