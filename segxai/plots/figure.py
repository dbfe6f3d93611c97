"""A figure with alternative text, and the palette of all figures: blue supports the class, orange opposes it."""

from __future__ import annotations

import base64
import html
import io
import warnings
from typing import Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

BLUE, ORANGE, INK = "#0b5fa5", "#d55e00", "#1b1b1b"
ORANGE_BLUE = LinearSegmentedColormap.from_list(
    "orange_blue", [ORANGE, "#f6b27a", "#f7f7f7", "#8fbfe6", BLUE]
)


class DescribedFigure(Figure):
    """A matplotlib figure that a notebook displays with alternative text (`alt`) for people who cannot see it."""

    alt = ""

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Like `Figure.savefig`, without warnings about characters that no font has."""
        with warnings.catch_warnings():
            # A name may contain characters that the fonts lack; the figure then shows a box.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().savefig(*args, **kwargs)

    def as_html(self, dpi: int = 110) -> str:
        """The figure as an HTML image in WebP format, in which photographs need a tenth of the size of PNG."""
        drawn, packed = io.BytesIO(), io.BytesIO()
        self.savefig(drawn, format="png", dpi=dpi)
        Image.open(drawn).convert("RGB").save(packed, "WEBP", quality=88)
        data = base64.b64encode(packed.getvalue()).decode()
        return f'<img alt="{html.escape(self.alt)}" style="max-width:100%" src="data:image/webp;base64,{data}">'

    def _repr_html_(self):
        return self.as_html()


def shorten(text: str, width: int = 28) -> str:
    """Truncate a text to `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"
