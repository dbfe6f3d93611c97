"""Figures of regions and explanations. Blue supports the class, orange opposes it, and every weight is also given as a number."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from ..errors import SegxaiValueError
from ..regions import Regions
from .draw import MOST_NAMES, draw_borders, draw_names, draw_weights, lightened_grey, show
from .duck_types import Explained, Studied
from .figure import BLUE, INK, ORANGE, ORANGE_BLUE, DescribedFigure, shorten
from .numbers import quantity, signed, widest

MOST_BARS = 15
NO_NAMES = (
    "No region has a name that several photographs may share; all are called by their places."
)


def plot_image(image: np.ndarray, title: str = "") -> DescribedFigure:
    """Plot one photograph (H, W, 3)."""
    figure = DescribedFigure(
        figsize=(4.5, 4.5 * image.shape[0] / image.shape[1] + 0.4), layout="constrained"
    )
    show(figure.subplots(), image, title)
    figure.alt = title or "A photograph."
    return figure


def plot_regions(
    image: np.ndarray, *regions: Regions, titles: Sequence[str] | None = None
) -> DescribedFigure:
    """Plot the borders and names of regions over the photograph (H, W, 3), one panel for each of `regions`.

    Raises SegxaiValueError if no regions are given.
    """
    if not regions:
        raise SegxaiValueError("plot_regions needs at least one Regions after the image.")
    titles = (
        [f"{r.method or 'regions'}: {len(r)} regions" for r in regions]
        if titles is None
        else titles
    )
    width = 4.5 * len(regions)
    figure = DescribedFigure(
        figsize=(width, 4.5 * image.shape[0] / image.shape[1] + 0.4), layout="constrained"
    )
    for axes, r, title in zip(
        figure.subplots(1, len(regions), squeeze=False)[0], regions, titles, strict=True
    ):
        show(axes, image, title)
        draw_borders(axes, r)
        draw_names(axes, r)
    figure.alt = " ".join(
        f"{t}: {', '.join(r.marked_names[:MOST_NAMES])}."
        for t, r in zip(titles, regions, strict=True)
    )
    return figure


def plot_explanation(explanation: Explained) -> DescribedFigure:
    """Plot the photograph with its named regions, the weights as colours, and the weights as bars."""
    return plot_explanations([explanation])


def plot_explanations(
    explanations: Iterable[Explained], titles: Sequence[str] | None = None
) -> DescribedFigure:
    """Plot several explanations, one in each row, with a common colour scale and axis.

    Raises SegxaiValueError if there is no explanation.
    """
    explanations = list(explanations)
    if not explanations:
        raise SegxaiValueError("plot_explanations needs at least one explanation.")
    if titles is None:
        titles = [
            f"{e.regions.method or 'regions'}: {len(e.regions)} regions" for e in explanations
        ]
    limit = widest(*(e.weights for e in explanations))
    heights = [
        4.0 * min(max(e.image.shape[0] / e.image.shape[1], 0.55), 1.3) + 0.5 for e in explanations
    ]
    # Inches; with less, a row's axis label seems to belong to the title of the next row.
    figure = DescribedFigure(figsize=(13, sum(heights)), layout=ConstrainedLayoutEngine(h_pad=0.12))
    panels = figure.subplots(
        len(explanations), 3, squeeze=False, width_ratios=[1, 1, 1], height_ratios=heights
    )
    for row, e, title in zip(panels, explanations, titles, strict=True):
        show(row[0], e.image, title)
        draw_borders(row[0], e.regions)
        draw_names(row[0], e.regions)
        show(row[1], lightened_grey(e.image), f"weights for “{shorten(e.target)}”")
        draw_weights(row[1], e.regions, e.weights, limit)
        draw_bars(row[2], e, limit)
    figure.alt = " ".join(describe(e) for e in explanations)
    return figure


def plot_interactions(explanation: Explained) -> DescribedFigure:
    """Plot the Shapley interactions of all pairs of regions: blue if two reinforce each other, orange if they are redundant."""
    matrix = explanation.interactions()
    names = [shorten(name, 22) for name in explanation.regions.marked_names]
    limit = widest(matrix)
    side = 0.55 * len(names) + 2.6
    figure = DescribedFigure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, matrix)
    axes.imshow(shown, cmap=ORANGE_BLUE, vmin=-limit, vmax=limit)
    for i in range(len(names)):
        for j in range(len(names)):
            if i != j:
                colour = "white" if abs(matrix[i, j]) > 0.65 * limit else INK
                axes.text(
                    j,
                    i,
                    signed(matrix[i, j], 2),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=colour,
                )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8, parse_math=False)
    axes.set_yticks(range(len(names)), names, fontsize=8, parse_math=False)
    axes.set_title(
        f"interactions of pairs, “{shorten(explanation.target)}”", fontsize=10, parse_math=False
    )
    i, j = map(int, np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape))
    strongest = (
        f"the strongest is {names[i]} with {names[j]}, {matrix[i, j]:+z.3f}"
        if i != j
        else "no two regions interact"
    )
    figure.alt = f"Shapley interactions; {strongest}."
    return figure


def plot_effects(many: Studied) -> DescribedFigure:
    """Plot the mean effect of each name over many photographs, with 95 % intervals and counts.

    Raises SegxaiValueError if no photograph was explained, or if no region has a name.
    """
    effects = many.effects()[:MOST_BARS]
    if not effects:
        raise SegxaiValueError(
            NO_NAMES if many.results else "No photograph was explained; see .failures for why."
        )
    figure = DescribedFigure(figsize=(8, 0.4 * len(effects) + 1.4), layout="constrained")
    axes = figure.subplots()
    means, margins = [e.mean for e in effects], [e.margin or 0.0 for e in effects]
    rows = range(len(effects))
    axes.barh(
        rows,
        means,
        xerr=margins,
        color=[BLUE if m >= 0 else ORANGE for m in means],
        ecolor="#666666",
    )
    axes.set_yticks(
        rows, [f"{shorten(e.name)} ({e.count})" for e in effects], fontsize=9, parse_math=False
    )
    reach = max(abs(m) + g for m, g in zip(means, margins, strict=True)) or 1.0
    axes.set_xlim(-1.35 * reach, 1.35 * reach)
    for row, mean, margin in zip(rows, means, margins, strict=True):
        at, side = (mean + margin, "left") if mean >= 0 else (mean - margin, "right")
        shift = (4 if mean >= 0 else -4, 0)
        axes.annotate(
            signed(mean, 2),
            (at, row),
            shift,
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
        )
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_title(f"mean weights over {len(many.results)} photographs", fontsize=10)
    axes.set_xlabel(
        f"mean change of the target's {many.output} (in brackets: photographs)", fontsize=9
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.alt = "; ".join(map(str, effects)) + "."
    return figure


def describe(explanation: Explained) -> str:
    """Describe an explanation in one sentence, for alternative text."""
    weights = ", ".join(
        f"{name} {weight:+z.2f}" for name, weight in explanation.ranking()[:MOST_BARS]
    )
    whole = " and ".join(f"{value:z.2f}" for _, value in explanation.coalitions.outputs_of(True))
    return f"{explanation.method} weights for {explanation.target} ({explanation.coalitions.output} {whole}): {weights}."


def draw_bars(axes: Axes, explanation: Explained, limit: float) -> None:
    """Draw the strongest weights as bars with numbers and, unless exact, their 95 % intervals."""
    # An interval that was not computed (NaN) is not drawn.
    strongest = np.argsort(-np.abs(explanation.weights), kind="stable")[:MOST_BARS]
    order = strongest[np.argsort(-explanation.weights[strongest], kind="stable")]
    weights = explanation.weights[order]
    interval = np.where(
        np.isnan(explanation.interval[order]), weights[:, None], explanation.interval[order]
    )
    rows = np.arange(len(order))
    error = np.abs(interval.T - weights) if (interval[:, 0] < interval[:, 1]).any() else None
    axes.barh(
        rows,
        weights,
        color=[BLUE if w >= 0 else ORANGE for w in weights],
        xerr=error,
        ecolor="#666666",
    )
    axes.axvline(0, color=INK, linewidth=0.8)
    names = [
        textwrap.shorten(explanation.regions.marked_names[k], 26, placeholder="…") for k in order
    ]
    axes.set_yticks(rows, names, fontsize=9, parse_math=False)
    axes.invert_yaxis()
    reach = max(limit, np.abs(interval).max())
    axes.set_xlim(-1.35 * reach, 1.35 * reach)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    for row, weight, (low, high) in zip(rows, weights, interval, strict=True):
        at, side = (max(high, 0), "left") if weight >= 0 else (min(low, 0), "right")
        axes.annotate(
            signed(weight),
            (at, row),
            (3 if weight >= 0 else -3, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
        )
    left_out = len(explanation.weights) - len(order)
    note = f" (the strongest {len(order)} of {len(explanation.weights)})" if left_out else ""
    axes.set_title(f"{explanation.method} weights{note}, R² {explanation.r2:z.2f}", fontsize=10)
    table = explanation.coalitions
    difference = " − ".join(
        quantity(table.output, shorten(name)) for name, _ in table.outputs_of(True)
    )
    axes.set_xlabel(f"change of {difference}", fontsize=9, parse_math=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
