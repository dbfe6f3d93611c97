"""What goes to the browser: each widget's module and style, and pictures as small files."""

from __future__ import annotations

import base64
import html
import io
import json
import os
from pathlib import Path

import numpy as np

from ...images import resize
from ...report.page import asset

_WIDGETS = Path(__file__).parents[1]
# A still page may not reach out, whatever a name in it holds.
POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
SHOWN_SIDE = 640  # pixels; photographs are sent no larger than they are shown


def module(name: str) -> str:
    """The JavaScript module of a widget, bundled from its folder by `make bundles`: nothing is loaded from anywhere."""
    return (_WIDGETS / "bundles" / f"{name}.js").read_text(encoding="utf-8")


def style(name: str) -> str:
    """The style sheet of a widget."""
    return "".join(path.read_text(encoding="utf-8") for path in (_WIDGETS / "shared/common.css", _WIDGETS / name / "style.css"))


def without_kernel() -> bool:
    """Whether widgets show themselves for pages without a kernel (`make html` sets SEGXAI_STILL)."""
    return bool(os.environ.get("SEGXAI_STILL"))


def shown_size(shape, side: float = SHOWN_SIDE) -> tuple[int, int]:
    """(height, width) at which a photograph of `shape` is sent: its longer side has `side` pixels at most."""
    scale = min(1.0, side / max(shape[:2]))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def jpeg(image: np.ndarray, side: float = SHOWN_SIDE) -> bytes:
    """An (H, W, 3) uint8 photograph at its `shown_size` as JPEG, about a tenth of its size as PNG."""
    from PIL import Image

    size = shown_size(image.shape, side)
    if image.shape[:2] != size:
        image = np.rint(resize(image, size)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=90)
    return data.getvalue()


def number_png(numbers: np.ndarray) -> bytes:
    """(H, W) whole numbers 0..65535 as a PNG without loss: the low byte in red, the high byte in green."""
    from PIL import Image

    pixels = np.zeros((*numbers.shape, 3), np.uint8)
    pixels[..., 0] = numbers & 255
    pixels[..., 1] = numbers >> 8
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", optimize=True)
    return data.getvalue()


def beside(bundle, still: dict):
    """A widget's MIME bundle, and for whoever cannot run it (a saved notebook, a viewer without JavaScript) a picture.

    still: what is shown instead, by MIME type.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return ({**data, **still}, metadata) if isinstance(bundle, tuple) else {**data, **still}


def still(widget, name: str) -> str:
    """A widget as HTML that works in a page without a kernel: hover, switches and sliders, but nothing that needs Python."""
    state = {
        key: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for key, value in widget.get_state().items()
        if not key.startswith("_") and key not in ("layout", "tabbable", "tooltip")
    }
    # In a script's text only "<" could end the script.
    data = json.dumps(state).replace("<", "\\u003c")
    return (
        f'<div class="sx-static"><style>{asset("bundles/page.css")}</style>'
        f'<script type="application/json" data-segxai="{name}">{data}</script><div></div>'
        f"<script>{asset('bundles/page.js')}</script></div>"
    )


def still_page(widget, name: str, title: str) -> str:
    """A whole page with one widget."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{html.escape(title)}</title>'
        "<style>body { margin: 1rem; color-scheme: light dark; } "
        "@media (prefers-color-scheme: dark) { body { background: #16181b; } }</style></head>"
        f"<body><main>{still(widget, name)}</main></body></html>\n"
    )
