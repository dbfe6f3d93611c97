"""Figures of regions and explanations.

Blue supports the class, orange opposes it, and every weight is also given as a number.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..errors import SegxaiValueError
from ..regions import Regions
from .draw import (
    INK,
    MOST_NAMES,
    ORANGE_BLUE,
    DescribedFigure,
    cut_out,
    draw_bars,
    draw_borders,
    draw_heat,
    panels,
    row_height,
    several,
    shorten,
    show,
    write_in,
)
from .numbers import quantity, signed, widest

if TYPE_CHECKING:
    from ..explanation.explanation import Explanation
    from ..explanation.tree_explanation import TreeExplanation
    from ..study.many import ManyExplanations

MOST_BARS = 15
MOST_REGIONS = 9  # the most regions of a tree whose names and weights fit into the photograph
# Percentile of the pixels at which the heat map's colour saturates, because a tiny region can
# exceed all others by far.
LOUDEST = 99
NO_NAMES = (
    "No region has a name that several photographs may share; all are called by their places."
)


def plot_image(image: np.ndarray, title: str = "") -> DescribedFigure:
    """Plot one photograph.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
        The photograph.
    title : str, optional
        Above it, and its alternative text.

    Returns
    -------
    figure : DescribedFigure
    """
    figure, axes = panels(_size(image))
    show(axes, image, title)
    figure.alt = title or "A photograph."
    return figure


def plot_regions(
    image: np.ndarray, *regions: Regions, titles: Sequence[str] | None = None
) -> DescribedFigure:
    """Plot the borders and names of regions over the photograph.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
        The photograph.
    *regions : Regions
        One panel for each.
    titles : sequence of str, optional
        One for each panel; by default the method and the number of regions.

    Returns
    -------
    figure : DescribedFigure
    """
    titles = [_title(r) for r in several(regions, "Regions")] if titles is None else titles
    figure, grid = panels(_size(image, len(regions)), 1, len(regions), squeeze=False)
    for axes, r, title in zip(grid[0], regions, titles, strict=True):
        show(axes, image, title, r)
    figure.alt = " ".join(
        f"{t}: {'; '.join(r.marked_names[:MOST_NAMES])}."
        for t, r in zip(titles, regions, strict=True)
    )
    return figure


def plot_explanations(
    explanations: Iterable[Explanation], titles: Sequence[str] | None = None
) -> DescribedFigure:
    """Plot explanations, one in each row, with a common colour scale and axis.

    Parameters
    ----------
    explanations : iterable of Explanation
        One or several.
    titles : sequence of str, optional
        One for each row; by default the method and the number of regions.

    Returns
    -------
    figure : DescribedFigure
        In each row the photograph with its named regions, the weights as colours, and the weights
        as bars.
    """
    explanations = several(explanations, "explanation")
    titles = [_title(e.regions) for e in explanations] if titles is None else titles
    limit = widest(*(e.weights for e in explanations))
    heights = [row_height(e.coalitions.game.image) for e in explanations]
    figure, grid = panels(
        (13, sum(heights)), len(explanations), 3, squeeze=False, height_ratios=heights
    )
    # Inches; with less, a row's axis label seems to belong to the title of the next row.
    figure.set_layout_engine("constrained", h_pad=0.12)
    for row, e, title in zip(grid, explanations, titles, strict=True):
        _draw_row(row, e, title, limit)
    figure.alt = " ".join(describe(e) for e in explanations)
    return figure


def plot_tree(explanation: TreeExplanation) -> DescribedFigure:
    """Plot an explanation by a region tree at two levels: a few regions, and all leaves.

    Parameters
    ----------
    explanation : TreeExplanation
        What is shown, of at most MOST_REGIONS regions.

    Returns
    -------
    figure : DescribedFigure
        The photograph with the regions, their weights, bars, and the weight per area of all leaves
        as a heat map.
    """
    e = explanation
    few = e if len(e.regions) <= MOST_REGIONS else e.coarsen(MOST_REGIONS)
    tree, number = e.descent.tree, len(e.descent.tree.leaves)
    density = e.descent.values[:number] / tree.areas[:number]
    photo = e.coalitions.game.image
    figure, (named, weighed, heat, bars) = panels((16, row_height(photo)), 1, 4)
    title = f"{e.regions.method or 'regions'}: {len(few.regions)} of {number} regions"
    _draw_row((named, weighed, bars), few, title, widest(few.weights))
    pixels = density[tree.leaves.labels]
    loudest = float(np.percentile(np.abs(pixels), LOUDEST)) or 1.0
    draw_heat(heat, photo, pixels, loudest, f"weight per area of {number} regions")
    draw_borders(heat, few.regions, "#555555")
    figure.alt = (
        f"{describe(few)} Of the {number} finest regions, “{tree.names[int(np.argmax(density))]}” "
        "has the largest weight per area."
    )
    return figure


def _draw_row(axes, e, title, limit):
    """Draw the photograph with its regions, the weights as colours, and the weights as bars."""
    named, weighed, bars = axes
    show(named, e.coalitions.game.image, title, e.regions)
    draw_weights(weighed, e, limit, f"weights for “{shorten(e.target)}”")
    draw_weight_bars(bars, e, limit)


def plot_weights(explanation: Explanation) -> DescribedFigure:
    """Plot the weights alone, as colours and numbers on the photograph.

    Parameters
    ----------
    explanation : Explanation
        What is shown.

    Returns
    -------
    figure : DescribedFigure
    """
    e = explanation
    figure, axes = panels(_size(e.coalitions.game.image))
    draw_weights(axes, e, widest(e.weights), "")
    figure.alt = describe(e)
    return figure


def plot_interactions(explanation: Explanation) -> DescribedFigure:
    """Plot the Shapley interactions of all pairs of regions as a matrix.

    Parameters
    ----------
    explanation : Explanation
        With a complete table.

    Returns
    -------
    figure : DescribedFigure
        Blue where two regions reinforce each other, orange where they are redundant.

    Raises
    ------
    SegxaiError
        If the table is a sample.
    """
    matrix = explanation.interactions()
    names = [shorten(name, 22) for name in explanation.regions.marked_names]
    limit = widest(matrix)
    side = 0.55 * len(names) + 2.6
    figure, axes = panels((side + 1, side))
    alone = np.eye(len(names), dtype=bool)
    axes.imshow(np.where(alone, np.nan, matrix), cmap=ORANGE_BLUE, vmin=-limit, vmax=limit)
    for i, j in np.argwhere(~alone):
        colour = "white" if abs(matrix[i, j]) > 0.65 * limit else INK
        axes.text(j, i, signed(matrix[i, j], 2), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_title(f"interactions of pairs, “{shorten(explanation.target)}”", fontsize=10)
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    strongest = f"the strongest is {names[i]} with {names[j]}, {matrix[i, j]:+z.3f}"
    figure.alt = f"Shapley interactions; {strongest if i != j else 'no two regions interact'}."
    return figure


def plot_effects(many: ManyExplanations) -> DescribedFigure:
    """Plot the mean effect of each name over many photographs.

    Parameters
    ----------
    many : ManyExplanations
        What `segxai.explain_many` returns.

    Returns
    -------
    figure : DescribedFigure
        Bars with 95 % intervals, and the number of photographs in brackets.

    Raises
    ------
    SegxaiValueError
        If no photograph was explained, or if no region has a name.
    """
    effects = many.effects()[:MOST_BARS]
    if not effects:
        raise SegxaiValueError(
            NO_NAMES if many.results else "No photograph was explained; see .failures for why."
        )
    figure, axes = panels((8, 0.4 * len(effects) + 1.4))
    means, margins = np.array([(e.mean, e.margin or 0.0) for e in effects]).T
    draw_bars(
        axes, [f"{shorten(e.name)} ({e.count})" for e in effects],
        means, np.stack([means - margins, means + margins], axis=1), 0.0,
        f"mean change of the target's {many.output} (in brackets: photographs)",
        f"mean weights over {len(many.results)} photographs", digits=2,
    )  # fmt: skip
    figure.alt = "; ".join(map(str, effects)) + "."
    return figure


def describe(explanation: Explanation) -> str:
    """Describe an explanation in one sentence, for alternative text.

    Parameters
    ----------
    explanation : Explanation
        What is described.

    Returns
    -------
    sentence : str
        Method, target, output and the MOST_BARS largest weights.
    """
    e, table = explanation, explanation.coalitions
    weights = "; ".join(f"{name} {weight:+z.2f}" for name, weight in e.ranking()[:MOST_BARS])
    whole = " and ".join(f"{value:z.2f}" for _, value in table.outputs)
    return f"{e.method} weights for {e.target} ({table.output} {whole}): {weights}."


def draw_weights(axes: Axes, explanation: Explanation, limit: float, title: str) -> None:
    """Draw a grey photograph with regions tinted by their weights, and write the weights.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    explanation : Explanation
        Regions are blue if they support the class, orange if they oppose it; the MOST_NAMES
        strongest weights are written as numbers.
    limit : float
        The weight with the strongest tint.
    title : str
        Above the photograph.
    """
    regions, weights = explanation.regions, explanation.weights
    draw_heat(axes, explanation.coalitions.game.image, weights[regions.labels], limit, title)
    draw_borders(axes, regions, "#555555")
    for k in np.argsort(-np.abs(weights), kind="stable")[:MOST_NAMES]:
        write_in(
            axes, regions, k, signed(weights[k], 2), "white", fontsize=9, color=INK,
            fontweight="bold",
        )  # fmt: skip


def draw_weight_bars(axes: Axes, explanation: Explanation, limit: float) -> None:
    """Draw the MOST_BARS strongest weights as bars with, unless exact, their 95 % intervals.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    explanation : Explanation
        Whose weights are drawn.
    limit : float
        The axis reaches at least this far on both sides.
    """
    e, table = explanation, explanation.coalitions
    strongest = np.argsort(-np.abs(e.weights), kind="stable")[:MOST_BARS]
    order = strongest[np.argsort(-e.weights[strongest], kind="stable")]
    names = [textwrap.shorten(e.regions.marked_names[k], 26, placeholder="…") for k in order]
    # An interval that was not computed (NaN) is not drawn.
    interval = np.where(np.isnan(e.interval), e.weights[:, None], e.interval)[order]
    difference = " − ".join(quantity(table.output, shorten(name)) for name, _ in table.outputs)
    note = (
        f" (the strongest {len(order)} of {len(e.weights)})" if len(order) < len(e.weights) else ""
    )
    draw_bars(
        axes, names, e.weights[order], interval, limit, f"change of {difference}",
        f"{e.method} weights{note}, R² {e.r2:z.2f}",
        [cut_out(e.coalitions.game.image, e.regions.labels == k) for k in order],
    )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _title(regions) -> str:
    return f"{regions.method or 'regions'}: {len(regions)} regions"


def _size(image, panels=1) -> tuple[float, float]:
    """Return the size of a figure of a photograph beside itself, in inches."""
    return 4.5 * panels, 4.5 * image.shape[0] / image.shape[1] + 0.4
