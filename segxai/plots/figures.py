"""Figures of regions and explanations, and of how far to trust these.

Blue supports the class, orange opposes it, and every weight is also given as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.rcsetup import cycler

from ..errors import SegxaiValueError
from ..regions import Regions
from .draw import (
    BLUE,
    INK,
    MOST_NAMES,
    ORANGE,
    ORANGE_BLUE,
    STYLE,
    DescribedFigure,
    cut_out,
    draw_bars,
    draw_borders,
    draw_heat,
    label_rows,
    panels,
    row_height,
    several,
    shorten,
    show,
    write_in,
)
from .numbers import (
    format_interval,
    format_number,
    percent,
    quantity,
    signed,
    strongest,
    widest,
)

if TYPE_CHECKING:
    from ..explanation.checks import Placebo, Robustness
    from ..explanation.explanation import Explanation
    from ..explanation.tree_explanation import TreeExplanation
    from ..metrics.ranking import Curve
    from ..study.comparison import Comparison
    from ..study.many import ManyExplanations

MOST_BARS = 15
MOST_REGIONS = 9  # the most regions of a tree whose names and weights fit into the photograph
# Percentile of the pixels at which the heat map's colour saturates, because a tiny region can
# exceed all others by far.
LOUDEST = 99
NO_NAMES = (
    "No region has a name that several photographs may share; all are called by their places."
)

MARKS = "osDv^P*X"
# The axes of curves, whose lines differ in colour, dash and marker.
_CURVES = STYLE | {
    "axes.prop_cycle": cycler(
        color=[BLUE, ORANGE, "#4d4d4d", "#009e73", "#cc79a7"],
        linestyle=["-", "--", "-.", ":", "-"],
        marker=["o", "s", "D", "^", "v"],
    )
}
_ACROSS = 3  # panels in a row
# The axes of a comparison: a grid of vertical lines.
_MEANS = STYLE | {
    "axes.spines.left": False, "axes.xmargin": 0.08, "axes.axisbelow": True, "axes.grid": True,
    "axes.grid.axis": "x", "grid.color": "#e2e2e2", "grid.linewidth": 0.6, "ytick.major.size": 0,
}  # fmt: skip


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
    return figure.described(title or "A photograph.")


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
    return figure.described(
        " ".join(
            f"{t}: {'; '.join(r.marked_names[:MOST_NAMES])}."
            for t, r in zip(titles, regions, strict=True)
        )
    )


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
    return figure.described(" ".join(describe(e) for e in explanations))


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
    return figure.described(
        f"{describe(few)} Of the {number} finest regions, “{tree.names[int(np.argmax(density))]}” "
        "has the largest weight per area."
    )


def _draw_row(axes, e, title, limit):
    """Draw the photograph with its regions, the weights as colours, and the weights as bars.

    Of the weights, the MOST_BARS strongest have bars, unless exact with their 95 % intervals.
    """
    (named, weighed, bars), table, image = axes, e.coalitions, e.coalitions.game.image
    show(named, image, title, e.regions)
    draw_weights(weighed, e, limit, f"weights for “{shorten(e.target)}”")
    order = strongest(e.weights, MOST_BARS)
    names = [shorten(e.regions.marked_names[k], 26) for k in order]
    difference = " − ".join(quantity(table.output, shorten(name)) for name, _ in table.outputs)
    note = (
        f" (the strongest {len(order)} of {len(e.weights)})" if len(order) < len(e.weights) else ""
    )
    draw_bars(
        bars, names, e.weights[order], e.interval[order], limit, f"change of {difference}",
        f"{e.method} weights{note}, R² {e.r2:z.2f}",
        [cut_out(image, e.regions.labels == k) for k in order],
    )  # fmt: skip
    bars.locator_params(axis="x", nbins=5)


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
    figure, axes = panels(_size(explanation.coalitions.game.image))
    draw_weights(axes, explanation, widest(explanation.weights), "")
    return figure.described(describe(explanation))


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
    figure, axes = panels((side + 1, side), style={})  # a matrix keeps its frame
    alone = np.eye(len(names), dtype=bool)
    axes.imshow(np.where(alone, np.nan, matrix), cmap=ORANGE_BLUE, vmin=-limit, vmax=limit)
    for i, j in np.argwhere(~alone):
        colour = "white" if abs(matrix[i, j]) > 0.65 * limit else INK
        axes.text(j, i, signed(matrix[i, j], 2), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_title(f"interactions of pairs, “{shorten(explanation.target)}”", fontsize=10)
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    found = (
        f"the strongest is {names[i]} with {names[j]}, {matrix[i, j]:+z.3f}"
        if i != j
        else "no two regions interact"
    )
    return figure.described(f"Shapley interactions; {found}.")


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
    found = "; ".join(f"{e.name} {e.mean:+z.2f} (of {e.count})" for e in effects)
    return figure.described(f"Mean weights over {len(many.results)} photographs: {found}.")


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
    axes.hlines(
        range(len(order)), *robustness.interval[order].T, colors=colours, linewidth=3, zorder=1
    )
    for index, variant in enumerate(robustness.variants):
        axes.scatter(
            robustness.weights[index, order], range(len(order)), marker=MARKS[index % len(MARKS)],
            s=28, zorder=2, color=INK if index == 0 else BLUE, label=variant,
        )  # fmt: skip
    names = [
        shorten(robustness.names[k]) + (" (sign depends)" if robustness.flips[k] else "")
        for k in order
    ]
    label_rows(
        axes,
        names,
        f"change of {quantity(robustness.output, shorten(robustness.target))}",
        "weights under other fills and borders",
    )
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure.described(" ".join(robustness.sentences()))


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
    names = [
        f"{shorten(placebo.names[k])} ({percent(placebo.areas[k], 0)}), "
        f"p = {placebo.p_values[k]:.3g}"
        for k in order
    ]
    label_rows(
        axes,
        names,
        f"decrease of {quantity(placebo.output, shorten(placebo.target))}",
        "diamond: the region covered; dots: its shape elsewhere",
    )
    found = zip(placebo.names, placebo.effects, placebo.p_values, strict=True)
    return figure.described(
        "; ".join(f"{name}: effect {effect:+z.3f}, p = {p:.3g}" for name, effect, p in found)
    )


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
    figure, axes = panels((6.5, 4), style=_CURVES)
    for curve, title in zip(curves, titles, strict=True):
        axes.plot(
            curve.x, curve.y, markersize=4 if len(curve.x) < 40 else 0,
            label=f"{title}: area {curve.area:z.2f}",
        )  # fmt: skip
    axes.axhline(1, color="#9a9a9a", linewidth=0.8)
    top = max(1.05, *(1.05 * c.y.max() for c in curves))
    axes.set(
        xlim=(0, 1),
        ylim=(min(0, *(c.y.min() for c in curves)), top),
        xlabel="share of the image's area shown (insertion) or removed (deletion)",
        ylabel=f"{curves[0].output} relative to the whole photograph",
    )
    axes.set_title(f"“{curves[0].target}”, region by region", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    areas = "; ".join(f"{t}, area {c.area:z.2f}" for t, c in zip(titles, curves, strict=True))
    return figure.described(f"Curves for {curves[0].target}: {areas}.")


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
    figure, grid = panels(size, rows, _ACROSS, style=_MEANS, squeeze=False, sharey=True)
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
            mean, low, high = (row[key] for key in ("mean", "low", "high"))
            if mean is not None:
                axes.errorbar(
                    mean, place, xerr=None if low is None else [[mean - low], [high - mean]],
                    fmt="o", color=BLUE, markeredgecolor="white", elinewidth=2.4, zorder=3,
                )  # fmt: skip
                axes.annotate(
                    format_number(mean), (mean, place), (0, 6), textcoords="offset points",
                    ha="center", fontsize=7.5, color=INK,
                )  # fmt: skip
        axes.set_title(c.titles[metric], fontsize=10)
        axes.set_yticks(range(len(found)), c.segmenters, fontsize=9)
        means = "; ".join(f"{row['segmenter']} {format_interval(row)}" for row in found)
        said.append(f"{metric.replace('_', ' ')}: {means}.")
    grid[0, 0].set_ylim(len(c.segmenters) - 0.5, -0.5)
    for axes in grid.flat[len(c.metrics) :]:
        axes.set_axis_off()
    return figure.described(" ".join(said))


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
    for k in strongest(weights, MOST_NAMES):
        write_in(
            axes, regions, k, signed(weights[k], 2), "white", fontsize=9, color=INK,
            fontweight="bold",
        )  # fmt: skip


def _title(regions) -> str:
    return f"{regions.method or 'regions'}: {len(regions)} regions"


def _size(image, panels=1) -> tuple[float, float]:
    """Return the size of a figure of a photograph beside itself, in inches."""
    return 4.5 * panels, 4.5 * image.shape[0] / image.shape[1] + 0.4
