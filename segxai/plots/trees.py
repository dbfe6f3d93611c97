"""Figures of tree explanations: a few regions with names and weights, the leaves as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .draw import draw_borders, draw_heat, draw_weights, row_height, show
from .explanations import describe, draw_weight_bars
from .figure import DescribedFigure, shorten
from .numbers import widest

if TYPE_CHECKING:
    from ..explanation.tree_explanation import TreeExplanation

MOST_REGIONS = 9  # the most regions whose names and weights fit into the photograph
# Percentile of the pixels at which the heat map's colour saturates, because a tiny region can
# exceed all others by far.
LOUDEST = 99


def plot_tree(explanation: TreeExplanation) -> DescribedFigure:
    """Plot an explanation by a region tree at two levels: a few regions, and all leaves.

    Parameters
    ----------
    explanation : TreeExplanation
        What is shown, of at most MOST_REGIONS regions.

    Returns
    -------
    figure : DescribedFigure
        The photograph with the regions, their weights, the weight per area of all leaves as a heat
        map, and bars.
    """
    e = explanation
    few = e if len(e.regions) <= MOST_REGIONS else e.coarsen(MOST_REGIONS)
    photo = e.coalitions.game.image
    tree, number = e.descent.tree, len(e.descent.tree.leaves)
    density = e.descent.values[:number] / tree.areas[:number]
    figure = DescribedFigure(figsize=(16, row_height(photo)), layout="constrained")
    named, weighed, heat, bars = figure.subplots(1, 4)
    limit = widest(few.weights)
    title = f"{e.regions.method or 'regions'}: {len(few.regions)} of {number} regions"
    show(named, photo, title, few.regions)
    title = f"their weights for “{shorten(e.target)}”"
    draw_weights(weighed, photo, few.regions, few.weights, limit, title)
    pixels = density[tree.leaves.labels]
    loudest = float(np.percentile(np.abs(pixels), LOUDEST)) or 1.0
    draw_heat(heat, photo, pixels, loudest, f"weight per area of {number} regions")
    draw_borders(heat, few.regions, "#555555")
    draw_weight_bars(bars, few, limit)
    strongest = tree.names[int(np.argmax(density))]
    figure.alt = (
        f"{describe(few)} Of the {number} finest regions, “{strongest}” has the largest weight "
        "per area."
    )
    return figure
