"""A figure with alternative text, and the palette of all figures.

Blue supports the class, orange opposes it.
"""

import base64
import html
import io
import warnings
from collections.abc import Iterable
from typing import Any

from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from ..errors import SegxaiValueError

BLUE, ORANGE, INK = "#0b5fa5", "#d55e00", "#1b1b1b"
ORANGE_BLUE = LinearSegmentedColormap.from_list(
    "orange_blue", [ORANGE, "#f6b27a", "#f7f7f7", "#8fbfe6", BLUE]
)


class DescribedFigure(Figure):
    """A matplotlib figure that a notebook displays with alternative text.

    Attributes
    ----------
    alt : str
        What the figure shows, for people who cannot see it.
    """

    alt = ""

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
        drawn, packed = io.BytesIO(), io.BytesIO()
        self.savefig(drawn, format="png", dpi=dpi)
        Image.open(drawn, formats=("PNG",)).convert("RGB").save(packed, "WEBP", quality=88)
        data = base64.b64encode(packed.getvalue()).decode()
        return (
            f'<img alt="{html.escape(self.alt)}" style="max-width:100%" '
            f'src="data:image/webp;base64,{data}">'
        )

    _repr_html_ = as_html


def panels(size: tuple[float, float], *grid: int, **options: Any) -> tuple[DescribedFigure, Any]:
    """Make a figure with axes.

    Parameters
    ----------
    size : tuple of float
        Width and height in inches.
    *grid, **options
        As `Figure.subplots` takes them: rows, columns, and so on.

    Returns
    -------
    figure : DescribedFigure
    axes : Axes or ndarray of Axes
    """
    figure = DescribedFigure(figsize=size, layout="constrained")
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
