"""Rows of names with values beside them, the frame of all figures that list regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from .figure import BLUE, INK, ORANGE
from .numbers import signed


def label_rows(axes: Axes, names: Sequence[str], x_label: str, title: str) -> None:
    """Label the rows from top to bottom and mark zero.

    Parameters
    ----------
    axes : Axes
        Where row i has the height i.
    names : sequence of str
        What stands left of the rows.
    x_label, title : str
        Below and above the axes.
    """
    axes.set_yticks(range(len(names)), names, fontsize=9, parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(x_label, parse_math=False)
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
    *,
    digits: int = 3,
    gap: int = 3,
) -> None:
    """Draw weights as bars with their numbers and intervals: blue if positive, else orange.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    names : sequence of K str
        What stands left of the bars.
    weights : (K,) ndarray
        From top to bottom.
    interval : (K, 2) ndarray
        Lower and upper ends of the error bars.
    limit : float
        The axis reaches at least this far on both sides, so that several axes can be compared.
    x_label, title : str
        Below and above the axes.
    digits : int, optional
        Decimals of the numbers.
    gap : int, optional
        Points between a bar's end and its number.
    """
    error = np.abs(interval.T - weights) if (interval[:, 0] < interval[:, 1]).any() else None
    colours = [BLUE if w >= 0 else ORANGE for w in weights]
    axes.barh(range(len(weights)), weights, color=colours, xerr=error, ecolor="#666666")
    label_rows(axes, names, x_label, title)
    axes.xaxis.label.set_fontsize(9)
    axes.spines["left"].set_visible(False)
    reach = max(limit, np.abs(interval).max()) or 1.0
    axes.set_xlim(-1.35 * reach, 1.35 * reach)
    for row, (weight, (low, high)) in enumerate(zip(weights, interval, strict=True)):
        at, side, shift = (
            (max(high, 0), "left", gap) if weight >= 0 else (min(low, 0), "right", -gap)
        )
        axes.annotate(
            signed(weight, digits), (at, row), (shift, 0), textcoords="offset points",
            ha=side, va="center", fontsize=8,
        )  # fmt: skip
