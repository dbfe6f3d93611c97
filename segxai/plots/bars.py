"""Rows of names with values next to them, the frame of all figures that list regions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from .figure import BLUE, INK, ORANGE
from .numbers import signed

LARGEST_PICTURE = 26  # points


def label_rows(axes: Axes, names: Sequence[str], x_label: str, title: str) -> None:
    """Label the rows from top to bottom and mark zero.

    Parameters
    ----------
    axes : Axes
        Where row i has the height i.
    names : sequence of str
        Shown to the left of the rows.
    x_label, title : str
        Below and above the axes.
    """
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(x_label)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def draw_bars(
    axes: Axes,
    names: Sequence[str],
    weights: np.ndarray,
    interval: np.ndarray,
    limit: float,
    x_label: str,
    title: str,
    pictures: Sequence[np.ndarray] = (),
    digits: int = 3,
) -> None:
    """Draw weights as bars with their intervals: blue if positive, else orange.

    The numbers have their own column, where neither bars nor the figure's edge cut them off.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    names : sequence of K str
        Shown to the left of the bars.
    weights : (K,) ndarray
        From top to bottom.
    interval : (K, 2) ndarray
        Lower and upper ends of the error bars.
    limit : float
        The axis reaches at least this far on both sides, so that several axes can be compared.
    x_label, title : str
        Below and above the axes.
    pictures : sequence of K arrays, optional
        Cut-outs (H, W, 4) between names and bars.
    digits : int, optional
        Decimals of the numbers.
    """
    error = np.abs(interval.T - weights) if (interval[:, 0] < interval[:, 1]).any() else None
    colours = [BLUE if w >= 0 else ORANGE for w in weights]
    axes.barh(range(len(weights)), weights, color=colours, xerr=error, ecolor="#666666")
    label_rows(axes, names, x_label, title)
    axes.xaxis.label.set_fontsize(9)
    axes.spines["left"].set_visible(False)
    reach = 1.05 * max(limit, np.abs(interval).max()) or 1.0
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(weights) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for row, weight in enumerate(weights):
        axes.annotate(
            signed(weight, digits), (1, row), (4, 0), ("axes fraction", "data"), "offset points",
            va="center", fontsize=8,
        )  # fmt: skip
    if len(pictures):
        _draw_pictures(axes, pictures)


def _draw_pictures(axes, pictures):
    height = 72 * axes.get_position().height * axes.figure.get_figheight()
    side = min(LARGEST_PICTURE, 0.9 * height / len(pictures))
    axes.tick_params(axis="y", pad=side + 7)
    for row, picture in enumerate(pictures):
        image = OffsetImage(picture, zoom=side / max(picture.shape[:2]))
        box = AnnotationBbox(image, (0, row), (-2 - side / 2, 0), frameon=False, pad=0)
        box.xycoords, box.boxcoords = ("axes fraction", "data"), "offset points"
        axes.add_artist(box)
