"""Figures of how far to trust explanations: robustness, placebos, curves, comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SegxaiValueError
from .draw import BLUE, INK, ORANGE, DescribedFigure, label_rows, panels, several, shorten
from .numbers import format_interval, format_number, percent, quantity

if TYPE_CHECKING:
    from ..explanation.checks import Placebo, Robustness
    from ..metrics.ranking import Curve
    from ..study.comparison import Comparison

MARKS = "osDv^P*X"
_LINES = (
    ("-", "o", BLUE),
    ("--", "s", ORANGE),
    ("-.", "D", "#4d4d4d"),
    (":", "^", "#009e73"),
    ("-", "v", "#cc79a7"),
)
_ACROSS = 3  # panels in a row


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
    figure, axes = panels((8, 0.42 * len(order) + 1.6))
    colours = np.where(robustness.flips, ORANGE, "#9a9a9a")[order]
    ends = robustness.interval[order].T
    axes.hlines(range(len(order)), *ends, colors=colours, linewidth=3, zorder=1)
    for index, variant in enumerate(robustness.variants):
        axes.scatter(
            robustness.weights[index, order], range(len(order)), marker=MARKS[index % len(MARKS)],
            s=28, zorder=2, color=INK if index == 0 else BLUE, label=variant,
        )  # fmt: skip
    names = [
        shorten(robustness.names[k]) + (" (sign depends)" if robustness.flips[k] else "")
        for k in order
    ]
    changed = quantity(robustness.output, shorten(robustness.target))
    label_rows(axes, names, f"change of {changed}", "weights under other fills and borders")
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
    figure, axes = panels((9, 0.42 * len(order) + 1.6))
    axes.plot(placebo.placebos[order], range(len(order)), "o", color="#8a8a8a", alpha=0.4)
    axes.plot(placebo.effects[order], range(len(order)), "D", color=BLUE, markersize=9)
    labels = [
        f"{shorten(name)} ({percent(area, 0)}), p = {p:.3g}"
        for name, area, p in zip(placebo.names, placebo.areas, placebo.p_values, strict=True)
    ]
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


def plot_curves(curves: Iterable[Curve], titles: Iterable[str] | None = None) -> DescribedFigure:
    """Plot insertion and deletion curves with their areas in one panel.

    Parameters
    ----------
    curves : iterable of Curve
        Of one target. The lines differ in colour, dash and marker.
    titles : iterable of str, optional
        Their names in the legend; by default kind and fill.

    Returns
    -------
    figure : DescribedFigure
    """
    curves = several(curves, "curve")
    titles = [f"{c.kind}, fill {c.fill}" for c in curves] if titles is None else list(titles)
    figure, axes = panels((6.5, 4))
    for i, (curve, title) in enumerate(zip(curves, titles, strict=True)):
        line, mark, colour = _LINES[i % len(_LINES)]
        axes.plot(
            curve.x, curve.y, linestyle=line, color=colour, markersize=4,
            marker=mark if len(curve.x) < 40 else "", label=f"{title}: area {curve.area:z.2f}",
        )  # fmt: skip
    axes.axhline(1, color="#9a9a9a", linewidth=0.8)
    top = max(1.05, *(1.05 * c.y.max() for c in curves))
    axes.set(xlim=(0, 1), ylim=(min(0, *(c.y.min() for c in curves)), top))
    axes.set_xlabel("share of the image's area shown (insertion) or removed (deletion)", fontsize=9)
    axes.set_ylabel(f"{curves[0].output} relative to the whole photograph", fontsize=9)
    axes.set_title(f"“{curves[0].target}”, region by region", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    areas = "; ".join(f"{t}, area {c.area:z.2f}" for t, c in zip(titles, curves, strict=True))
    figure.alt = f"Curves for {curves[0].target}: {areas}."
    return figure


def plot_comparison(comparison: Comparison) -> DescribedFigure:
    """Plot a panel for each metric of a comparison of segmenters.

    Parameters
    ----------
    comparison : Comparison
        What `segxai.compare` returns.

    Returns
    -------
    figure : DescribedFigure
        Each segmenter's mean with its interval, and each photograph as a grey dot.

    Raises
    ------
    SegxaiValueError
        If no photograph could be measured.
    """
    c = comparison
    if not c.results:
        raise SegxaiValueError("No photograph could be measured; see .failures for why.")
    rows = -(-len(c.metrics) // _ACROSS)
    size = (4.3 * _ACROSS, (0.32 * len(c.segmenters) + 1.0) * rows)
    figure, grid = panels(size, rows, _ACROSS, squeeze=False, sharey=True)
    # So that equal values remain visible.
    jitter = np.random.default_rng(0).uniform(-0.22, 0.22, len(c.results))
    table, said = c.table(), []
    for axes, metric in zip(grid.flat, c.metrics, strict=False):
        found = [row for row in table if row["metric"] == metric]
        for place, (segmenter, row) in enumerate(zip(c.segmenters, found, strict=True)):
            axes.scatter(
                c.column(segmenter, metric), place + jitter,
                s=7, color="#8a8a8a", alpha=0.6, linewidths=0,
            )  # fmt: skip
            _draw_mean(axes, place, row)
        axes.set_title(c.titles[metric], fontsize=10)
        axes.set_yticks(range(len(found)), c.segmenters, fontsize=9)
        axes.margins(x=0.08)
        axes.grid(axis="x", color="#e2e2e2", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        means = "; ".join(f"{row['segmenter']} {format_interval(row)}" for row in found)
        said.append(f"{metric.replace('_', ' ')}: {means}.")
    grid[0, 0].set_ylim(len(c.segmenters) - 0.5, -0.5)
    for axes in grid.flat[len(c.metrics) :]:
        axes.set_axis_off()
    figure.alt = " ".join(said)
    return figure


def _draw_mean(axes, place, row):
    """Draw the mean of a segmenter, where there is one, with its interval."""
    mean = row["mean"]
    if mean is not None:
        ends = [mean if row[end] is None else row[end] for end in ("low", "high")]
        axes.plot(ends, [place] * 2, color=BLUE, linewidth=2.4, solid_capstyle="butt")
        axes.scatter([mean], [place], s=34, color=BLUE, edgecolors="white", zorder=3)
        axes.annotate(
            format_number(mean), (mean, place), (0, 6), textcoords="offset points",
            ha="center", fontsize=7.5, color=INK,
        )  # fmt: skip
