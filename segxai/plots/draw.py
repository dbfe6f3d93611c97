"""Draw photographs, the borders, names and weights of regions, and bars, on axes.

A figure has alternative text; blue supports the class, orange opposes it.
"""

import base64
import html
import io
import re
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from PIL import Image, ImageOps
from scipy.ndimage import distance_transform_edt, find_objects
from skimage.measure import find_contours

from ..errors import SegxaiValueError
from ..regions import Regions
from .numbers import signed

BLUE, ORANGE, INK = "#0b5fa5", "#d55e00", "#1b1b1b"
ORANGE_BLUE = LinearSegmentedColormap.from_list(
    "orange_blue", [ORANGE, "#f6b27a", "#f7f7f7", "#8fbfe6", BLUE]
)
MOST_NAMES = 12
LARGEST_PICTURE = 26  # points, beside a bar
# Pixels; larger photographs are subsampled, which is not visible at the size of these figures.
DRAWN_SIDE = 1024
STYLE: dict[Any, Any] = {"axes.labelsize": 9, "axes.spines.top": False, "axes.spines.right": False}


class DescribedFigure(Figure):
    """A matplotlib figure that a notebook displays with alternative text.

    Attributes
    ----------
    alt : str
        What the figure shows, for people who cannot see it.
    """

    alt = ""

    def described(self, alt: str) -> "DescribedFigure":
        """Return the figure, with this alternative text."""
        self.alt = alt
        return self

    def draw(self, renderer: Any) -> None:
        """Draw as `Figure.draw` does, whatever characters the names of regions contain."""
        for text in self.findobj(Text):
            text.set_usetex(False)  # to LaTeX and to matplotlib some would be commands
            text.set_parse_math(False)
        with warnings.catch_warnings(), rc_context({"text.usetex": False}):
            # Where the fonts lack a character, the figure shows a box.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().draw(renderer)

    def as_html(self, dpi: int = 110) -> str:
        """Return the figure as an HTML image.

        Parameters
        ----------
        dpi : int, optional
            Pixels per inch.

        Returns
        -------
        html : str
            In WebP format, in which photographs need a tenth of the size of PNG.
        """
        drawn = io.BytesIO()
        self.savefig(drawn, format="webp", dpi=dpi, pil_kwargs={"quality": 88})
        data = base64.b64encode(drawn.getvalue()).decode()
        return (
            f'<img alt="{html.escape(self.alt)}" style="max-width:100%" '
            f'src="data:image/webp;base64,{data}">'
        )

    _repr_html_ = as_html


def panels(
    size: tuple[float, float], *grid: int, style: dict[Any, Any] = STYLE, **options: Any
) -> tuple[DescribedFigure, Any]:
    """Make a figure with axes.

    Parameters
    ----------
    size : tuple of float
        Width and height in inches.
    *grid, **options
        As `Figure.subplots` takes them: rows, columns, and so on.
    style : dict
        Matplotlib's settings for the axes.

    Returns
    -------
    figure : DescribedFigure
    axes : Axes or ndarray of Axes
    """
    figure = DescribedFigure(figsize=size, layout="constrained")
    with rc_context(style):
        return figure, figure.subplots(*grid, **options)


def several(items: Iterable[Any], what: str) -> list[Any]:
    """Return items as a list; SegxaiValueError if there is none."""
    found = list(items)
    if not found:
        raise SegxaiValueError(f"A figure needs at least one {what}.")
    return found


def shorten(text: str, width: int = 28) -> str:
    """Truncate a text.

    Parameters
    ----------
    text : str
        Any text.
    width : int, optional
        The most characters.

    Returns
    -------
    shortened : str
        With an ellipsis where something was cut off.
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def draw_borders(axes: Axes, regions: Regions, colour: str = "white") -> None:
    """Draw region borders as light lines on dark ones, visible on any photograph.

    Parameters
    ----------
    axes : Axes
        Where the photograph is drawn, in its own coordinates.
    regions : Regions
        Whose borders are drawn.
    colour : str, optional
        Of the upper lines.
    """
    lines, step = [], _step(regions.shape)
    labels = regions.labels[::step, ::step]
    for k, box in enumerate(find_objects(labels + 1)):
        if box is not None:
            corner = np.array([box[1].start, box[0].start]) - 1  # (x, y), without the padding
            outlines = find_contours(np.pad(labels[box] == k, 1).astype(np.float32), 0.5)
            lines += [step * (outline[:, ::-1] + corner) for outline in outlines]
    for width, line in ((2.4, INK), (1.0, colour)):
        axes.add_collection(LineCollection(lines, colors=line, linewidths=width), autolim=False)
    height, width = regions.shape
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def draw_names(axes: Axes, regions: Regions) -> None:
    """Write each region's name where the region is widest, with a "?" unless it is sure.

    Of many regions, only the MOST_NAMES largest are named.

    Parameters
    ----------
    axes : Axes
        Where the photograph is drawn, in its own coordinates.
    regions : Regions
        Whose names are written.
    """
    for k in np.argsort(-regions.areas, kind="stable")[:MOST_NAMES]:
        # A number or a question mark keeps to its word.
        name = re.sub(r" (?=[\d?])", "\xa0", shorten(regions.marked_names[k]))
        write_in(axes, regions, k, textwrap.fill(name, 12), INK, fontsize=8, color="white")


def draw_heat(axes: Axes, image: np.ndarray, values: np.ndarray, limit: float, title: str) -> None:
    """Tint a grey photograph: blue where values are positive, orange where they are negative.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    image : (H, W, 3) ndarray of uint8
        The photograph.
    values : (H, W) ndarray
        One value for each pixel.
    limit : float
        The value with the strongest tint.
    title : str
        Above the photograph.
    """
    # At least 128, so that dark objects do not darken the weights drawn over them.
    grey = 128 + image @ np.array([0.299, 0.587, 0.114], np.float32) / 2
    show(axes, grey, title, cmap="gray", vmin=0, vmax=255)
    _draw_pixels(axes, values, cmap=ORANGE_BLUE, vmin=-limit, vmax=limit, alpha=0.72)


def widest_place(mask: np.ndarray) -> tuple[int, int]:
    """Find the pixel of a mask that is farthest from the border, where text fits best.

    Parameters
    ----------
    mask : (H, W) ndarray of bool
        With at least one pixel. The sides of the photograph are borders.

    Returns
    -------
    row, column : int
    """
    (box,) = find_objects(mask.astype(np.uint8))
    depth = distance_transform_edt(np.pad(mask[box], 1))[1:-1, 1:-1]
    row, column = np.unravel_index(np.argmax(depth), depth.shape)
    return int(box[0].start + row), int(box[1].start + column)


def cut_out(image: np.ndarray, mask: np.ndarray, side: int = 48) -> np.ndarray:
    """Cut a region out of its photograph, as a small picture of it.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
        The photograph.
    mask : (H, W) ndarray of bool
        The region, of at least one pixel.
    side : int, optional
        Pixels of the picture's longer side.

    Returns
    -------
    picture : (h, w, 4) ndarray of uint8
        RGB and opacity, which is 0 around the region.
    """
    (box,) = find_objects(mask.astype(np.uint8))
    picture = Image.fromarray(image[box])
    picture.putalpha(Image.fromarray(np.uint8(255 * mask[box])))
    return np.asarray(ImageOps.contain(picture, (side, side)))


def write_in(axes: Axes, regions: Regions, k: int, text: str, around: str, **options: Any) -> None:
    """Write a text where a region is widest, with a line of another colour around its letters.

    Parameters
    ----------
    axes : Axes
        Where the photograph is drawn, in its own coordinates.
    regions : Regions
        The regions.
    k : int
        The number of the region.
    text : str
        What is written.
    around : str
        The colour around the letters.
    **options
        Of `Axes.text`.
    """
    step = _step(regions.shape)
    drawn = regions.labels[::step, ::step]
    if not (drawn == k).any():
        step, drawn = 1, regions.labels
    row, column = widest_place(drawn == k)
    # Near the left and right edges the text is aligned so that it stays inside the photograph.
    share, half = column / drawn.shape[1], 0.0125 * max(map(len, text.splitlines()))
    side = "left" if share < half else "right" if share > 1 - half else "center"
    axes.text(
        step * column, step * row, text, ha=side, va="center",
        path_effects=[withStroke(linewidth=2.4, foreground=around)], **options,
    )  # fmt: skip


def _step(shape) -> int:
    """Every how many pixels a photograph of this shape is drawn."""
    return -(-max(shape[:2]) // DRAWN_SIDE)


def _draw_pixels(axes: Axes, pixels: np.ndarray, **options: Any) -> None:
    """`imshow` of a subsampled image, for speed; coordinates are those of the full image."""
    (height, width), step = pixels.shape[:2], _step(pixels.shape)
    axes.imshow(pixels[::step, ::step], extent=(-0.5, width - 0.5, height - 0.5, -0.5), **options)


def show(
    axes: Axes, image: np.ndarray, title: str, regions: Regions | None = None, **options: Any
) -> None:
    """Draw an image with a title and without axes.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    image : (H, W, 3) ndarray of uint8, or (H, W) ndarray
        The image.
    title : str
        Above it.
    regions : Regions, optional
        Whose borders and names are drawn over it.
    **options
        Of `Axes.imshow`.
    """
    _draw_pixels(axes, image, **options)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    if regions is not None:
        draw_borders(axes, regions)
        draw_names(axes, regions)


def row_height(image: np.ndarray) -> float:
    """Return the height in inches of a row of panels with a photograph (H, W, 3)."""
    return 4.0 * min(max(image.shape[0] / image.shape[1], 0.55), 1.3) + 0.5


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
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel=x_label)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_title(title, fontsize=10)


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
    axes.spines["left"].set_visible(False)
    reach = 1.05 * max(limit, np.abs(interval).max()) or 1.0
    axes.set_xlim(-reach, reach)
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
        box = AnnotationBbox(
            image, (0, row), (-2 - side / 2, 0), ("axes fraction", "data"), "offset points",
            frameon=False, pad=0,
        )  # fmt: skip
        axes.add_artist(box)
