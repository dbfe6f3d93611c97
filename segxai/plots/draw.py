"""Draw photographs, and the borders, names and weights of regions, on axes."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from scipy.ndimage import distance_transform_edt, find_objects
from skimage.measure import find_contours

from ..regions import Regions
from .figure import INK, ORANGE_BLUE, shorten
from .numbers import signed

MOST_NAMES = 12
DRAWN_SIDE = 1024  # pixels; larger photographs are subsampled, which is not visible at the size of these figures


def draw_borders(axes: Axes, regions: Regions, colour: str = "white") -> None:
    """Draw region borders as light lines on dark ones, so that they are visible on any photograph."""
    lines, step = [], _step(regions.shape)
    labels = regions.labels[::step, ::step]
    for k, box in enumerate(find_objects(labels + 1)):
        if box is not None:
            corner = np.array([box[1].start, box[0].start]) - 1  # (x, y), without the padding
            outlines = find_contours(np.pad(labels[box] == k, 1).astype(np.float32), 0.5)
            lines += [step * (outline[:, ::-1] + corner) for outline in outlines]
    for width, line in ((2.4, INK), (1.0, colour)):
        axes.add_collection(LineCollection(lines, colors=line, linewidths=width), autolim=False)
    axes.set_xlim(-0.5, regions.shape[1] - 0.5)
    axes.set_ylim(regions.shape[0] - 0.5, -0.5)


def draw_names(axes: Axes, regions: Regions) -> None:
    """Write each region's name where the region is widest, with a "?" unless it is sure.

    Of many regions, only the largest are named.
    """
    for k in np.argsort(-regions.areas, kind="stable")[:MOST_NAMES]:
        row, column = _place(regions, k)
        # Near the left and right edges the text is aligned so that it stays inside the photograph.
        share = column / regions.shape[1]
        side = "left" if share < 0.15 else "right" if share > 0.85 else "center"
        text = textwrap.fill(shorten(regions.marked_names[k]), 12)
        axes.text(
            column, row, text, ha=side, va="center", fontsize=8, color="white", parse_math=False,
            path_effects=[withStroke(linewidth=2.2, foreground=INK)], clip_on=True,
        )  # fmt: skip


def draw_weights(axes: Axes, regions: Regions, weights: np.ndarray, limit: float) -> None:
    """Colour each region blue if it supports the class or orange if it opposes it, and write its weight."""
    draw_pixels(
        axes,
        np.asarray(weights)[regions.labels],
        cmap=ORANGE_BLUE,
        vmin=-limit,
        vmax=limit,
        alpha=0.72,
    )
    draw_borders(axes, regions, "#555555")
    for k in np.argsort(-np.abs(weights), kind="stable")[:MOST_NAMES]:
        row, column = _place(regions, k)
        axes.text(
            column, row, signed(weights[k], 2), ha="center", va="center", fontsize=9, fontweight="bold", color=INK,
            path_effects=[withStroke(linewidth=2.5, foreground="white")], clip_on=True,
        )  # fmt: skip


def widest_place(mask: np.ndarray) -> tuple[int, int]:
    """(row, column) of the pixel in a mask (H, W) that is farthest from the border, where text fits best."""
    top, left = np.flatnonzero(mask.any(axis=1))[0], np.flatnonzero(mask.any(axis=0))[0]
    bottom, right = np.flatnonzero(mask.any(axis=1))[-1], np.flatnonzero(mask.any(axis=0))[-1]
    depth = distance_transform_edt(np.pad(mask[top : bottom + 1, left : right + 1], 1))[1:-1, 1:-1]
    row, column = np.unravel_index(np.argmax(depth), depth.shape)
    return int(top + row), int(left + column)


def _step(shape) -> int:
    return -(-max(shape[:2]) // DRAWN_SIDE)


def _place(regions, k):
    """The `widest_place` of a region among the pixels that are drawn, or among all if none of its pixels is drawn."""
    step = _step(regions.shape)
    mask = regions.labels[::step, ::step] == k
    if not mask.any():
        return widest_place(regions.labels == k)
    row, column = widest_place(mask)
    return step * row, step * column


def draw_pixels(axes: Axes, pixels: np.ndarray, **options: Any) -> None:
    """`imshow` of a subsampled image, for speed; coordinates are those of the full image."""
    (height, width), step = pixels.shape[:2], _step(pixels.shape)
    axes.imshow(pixels[::step, ::step], extent=(-0.5, width - 0.5, height - 0.5, -0.5), **options)


def show(axes: Axes, image: np.ndarray, title: str) -> None:
    """Draw an image (H, W, 3) with a title and without axes."""
    draw_pixels(axes, image)
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_axis_off()


def lightened_grey(image: np.ndarray) -> np.ndarray:
    """The image (H, W, 3) in light grey levels, uint8."""
    # Lightened, so that dark objects do not darken the weights drawn over them.
    grey = 128 + image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 2
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)
