"""Figures of tree explanations: a few regions with names and weights, and the leaves as a heat map."""

from __future__ import annotations

import numpy as np

from .draw import draw_borders, draw_names, draw_pixels, draw_weights, lightened_grey, show
from .duck_types import Explained
from .explanations import describe, draw_bars
from .figure import ORANGE_BLUE, DescribedFigure, shorten
from .numbers import widest

MOST_REGIONS = 9  # the most regions whose names and weights fit into the photograph
LOUDEST = 99  # percentile of the pixels at which the heat map's colour saturates, because a tiny region can exceed all others by far


def plot_tree(explanation: Explained) -> DescribedFigure:
    """Plot the photograph with a few regions, their weights, the weight per area of all leaves as a heat map, and bars."""
    e = explanation
    few = e if len(e.regions) <= MOST_REGIONS else e.coarsen(MOST_REGIONS)
    tree = e.descent.tree
    number = len(tree.leaves)
    density = e.descent.values[:number] / tree.areas[:number]
    figure = DescribedFigure(
        figsize=(16, 4.0 * min(max(e.image.shape[0] / e.image.shape[1], 0.55), 1.3) + 0.5),
        layout="constrained",
    )
    named, weighed, heat, bars = figure.subplots(1, 4)
    limit = widest(few.weights)
    show(named, e.image, f"{e.regions.method or 'regions'}: {len(few.regions)} of {number} regions")
    draw_borders(named, few.regions)
    draw_names(named, few.regions)
    show(weighed, lightened_grey(e.image), f"their weights for “{shorten(e.target)}”")
    draw_weights(weighed, few.regions, few.weights, limit)
    show(heat, lightened_grey(e.image), f"weight per area of {number} regions")
    pixels = density[tree.leaves.labels]
    loudest = float(np.percentile(np.abs(pixels), LOUDEST)) or 1.0
    draw_pixels(heat, pixels, cmap=ORANGE_BLUE, vmin=-loudest, vmax=loudest, alpha=0.72)
    draw_borders(heat, few.regions, "#555555")
    draw_bars(bars, few, limit)
    strongest = tree.names[int(np.argmax(density))]
    figure.alt = f"{describe(few)} Of the {number} finest regions, “{strongest}” has the largest weight per area."
    return figure
