"""Figures of the robustness of an explanation and of its placebo test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bars import label_rows
from .figure import BLUE, INK, ORANGE, DescribedFigure, shorten
from .numbers import percent, quantity

if TYPE_CHECKING:
    from ..explanation.checks import Placebo, Robustness

MARKS = "osDv^P*X"


def plot_robustness(robustness: Robustness) -> DescribedFigure:
    """Plot each region's weights under several fills and borders.

    Parameters
    ----------
    robustness : Robustness
        What `segxai.robustness` returns.

    Returns
    -------
    figure : DescribedFigure
        A row for each region: a line from its lowest to its highest weight, with a marker for each
        variant. The line is orange where the sign depends on the variant.
    """
    order = np.argsort(-robustness.weights[0], kind="stable")
    figure, axes = _rows(8, len(order))
    for row, k in enumerate(order):
        colour = ORANGE if robustness.flips[k] else "#9a9a9a"
        axes.plot(robustness.interval[k], [row, row], color=colour, linewidth=3, zorder=1)
    for index, variant in enumerate(robustness.variants):
        axes.scatter(
            robustness.weights[index, order], range(len(order)), marker=MARKS[index % len(MARKS)],
            s=28, zorder=2, color=INK if index == 0 else BLUE, label=variant,
        )  # fmt: skip
    names = [
        shorten(robustness.names[k]) + (" (sign depends)" if robustness.flips[k] else "")
        for k in order
    ]
    axis = f"change of {quantity(robustness.output, shorten(robustness.target))}"
    label_rows(axes, names, axis, "weights under other fills and borders")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.alt = " ".join(robustness.sentences())
    return figure


def plot_placebo(placebo: Placebo) -> DescribedFigure:
    """Plot the effect of covering each region, and of covering its shape elsewhere.

    Parameters
    ----------
    placebo : Placebo
        What `segxai.placebo_test` returns.

    Returns
    -------
    figure : DescribedFigure
        A row for each region, the largest first: a diamond for the region, dots for its placebos.
    """
    order = np.argsort(-placebo.areas, kind="stable")
    figure, axes = _rows(9, len(order))
    axes.plot(placebo.placebos[order], range(len(order)), "o", color="#8a8a8a", alpha=0.4)
    axes.plot(placebo.effects[order], range(len(order)), "D", color=BLUE, markersize=9)
    rows = zip(placebo.names, placebo.areas, placebo.p_values, strict=True)
    labels = [f"{shorten(name)} ({percent(area, 0)}), p = {p:.3g}" for name, area, p in rows]
    axis = f"decrease of {quantity(placebo.output, shorten(placebo.target))}"
    label_rows(
        axes,
        [labels[k] for k in order],
        axis,
        "diamond: the region covered; dots: its shape elsewhere",
    )
    figure.alt = "; ".join(
        f"{name}: effect {effect:+z.3f}, p = {p:.3g}"
        for name, effect, p in zip(placebo.names, placebo.effects, placebo.p_values, strict=True)
    )
    return figure


def _rows(width, number):
    """Make a figure of a number of rows, and its axes."""
    figure = DescribedFigure(figsize=(width, 0.42 * number + 1.6), layout="constrained")
    return figure, figure.subplots()
