"""Figures of the robustness of an explanation and of its placebo test."""

from __future__ import annotations

import numpy as np

from .duck_types import Checked
from .figure import BLUE, INK, ORANGE, DescribedFigure, shorten
from .numbers import quantity


def plot_robustness(robustness: Checked) -> DescribedFigure:
    """Plot each region's weights under several fills and borders: a line from lowest to highest, a marker for each variant."""
    marks = "osDv^P*X"
    order = np.argsort(-robustness.weights[0], kind="stable")
    figure = DescribedFigure(figsize=(8, 0.42 * len(order) + 1.6), layout="constrained")
    axes = figure.subplots()
    for row, k in enumerate(order):
        low, high = robustness.interval[k]
        axes.plot(
            [low, high],
            [row, row],
            color=ORANGE if robustness.flips[k] else "#9a9a9a",
            linewidth=3,
            zorder=1,
        )
    for index, variant in enumerate(robustness.variants):
        axes.scatter(
            robustness.weights[index, order], range(len(order)), marker=marks[index % len(marks)], s=28, zorder=2,
            color=INK if index == 0 else BLUE, label=variant,
        )  # fmt: skip
    names = [
        shorten(robustness.names[k]) + ("  (sign depends)" if robustness.flips[k] else "")
        for k in order
    ]
    axis = f"change of {quantity(robustness.output, shorten(robustness.target))}"
    _label_rows(axes, names, axis, "weights under other fills and borders")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.alt = " ".join(robustness.sentences())
    return figure


def plot_placebo(placebo: Checked) -> DescribedFigure:
    """Plot the effect of covering each region (diamond) and its shape elsewhere (dots), the largest region first."""
    order = np.argsort(-placebo.areas, kind="stable")
    rows = range(len(order))
    figure = DescribedFigure(figsize=(9, 0.42 * len(order) + 1.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(placebo.placebos[order], rows, "o", color="#8a8a8a", alpha=0.4)
    axes.plot(placebo.effects[order], rows, "D", color=BLUE, markersize=9)
    names = [
        f"{shorten(placebo.names[k])} ({placebo.areas[k]:.0%}), p = {placebo.p_values[k]:.3f}"
        for k in order
    ]
    axis = f"decrease of {quantity(placebo.output, shorten(placebo.target))}"
    _label_rows(axes, names, axis, "diamond: the region covered; dots: its shape elsewhere")
    figure.alt = "; ".join(
        f"{name}: effect {effect:+z.3f}, p = {p:.3f}"
        for name, effect, p in zip(placebo.names, placebo.effects, placebo.p_values, strict=True)
    )
    return figure


def _label_rows(axes, names, x_label, title) -> None:
    """Label the rows from top to bottom and mark zero."""
    axes.set_yticks(range(len(names)), names, fontsize=9, parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(x_label, parse_math=False)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
