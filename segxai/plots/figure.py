"""A figure with alternative text, and the palette of all figures: blue supports the class, orange opposes it."""

from __future__ import annotations

import base64
import html
import io
import warnings

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

BLUE, ORANGE, INK = "#0b5fa5", "#d55e00", "#1b1b1b"
ORANGE_BLUE = LinearSegmentedColormap.from_list("orange_blue", [ORANGE, "#f6b27a", "#f7f7f7", "#8fbfe6", BLUE])


class DescribedFigure(Figure):
    """A matplotlib figure that shows itself in a notebook with alternative text for those who cannot see it."""

    alt = ""

    def savefig(self, *args, **kwargs):
        with warnings.catch_warnings():
            # A name may hold characters that no font here has; a box in the picture says so well enough.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().savefig(*args, **kwargs)

    def as_html(self, dpi: int = 110) -> str:
        """The figure as one HTML image, as WebP: photographs take a tenth of their size as PNG, and the network may be slow."""
        drawn, packed = io.BytesIO(), io.BytesIO()
        self.savefig(drawn, format="png", dpi=dpi)
        Image.open(drawn).convert("RGB").save(packed, "WEBP", quality=88)
        data = base64.b64encode(packed.getvalue()).decode()
        return f'<img alt="{html.escape(self.alt)}" style="max-width:100%" src="data:image/webp;base64,{data}">'

    def _repr_html_(self):
        return self.as_html()


def shorten(text, width=28) -> str:
    """A name cut to what a figure has room for."""
    return text if len(text) <= width else text[: width - 1] + "…"
