"""Pictures as small files for pages: photographs as JPEG, whole numbers as PNG."""

from __future__ import annotations

import io

import numpy as np

from ..images import resize

SHOWN_SIDE = 640  # pixels; photographs are sent no larger than they are shown


def shown_size(shape, side: float = SHOWN_SIDE) -> tuple[int, int]:
    """(height, width) at which a photograph of `shape` is sent: its longer side has `side` pixels at most."""
    scale = min(1.0, side / max(shape[:2]))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def jpeg(image: np.ndarray, side: float = SHOWN_SIDE, quality: int = 90) -> bytes:
    """An (H, W, 3) or (H, W) uint8 photograph at its `shown_size` as JPEG, about a tenth of its size as PNG."""
    from PIL import Image

    size = shown_size(image.shape, side)
    if image.shape[:2] != size:
        image = np.rint(resize(image, size)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=quality)
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
