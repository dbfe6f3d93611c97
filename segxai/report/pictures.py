"""Pictures as small files for pages: photographs as JPEG, cut-outs as WebP, numbers as PNG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..images import reduced

SHOWN_SIDE = 640  # pixels; photographs are sent no larger than they are shown


def jpeg(image: np.ndarray, side: int = SHOWN_SIDE, quality: int = 90) -> bytes:
    """Pack a photograph, reduced to at most `side`, as JPEG, about a tenth of its size as PNG.

    Parameters
    ----------
    image : (H, W, 3) or (H, W) ndarray of uint8
        The photograph.
    side : int, optional
        The most pixels of the longer side.
    quality : int, optional
        Of the JPEG, up to 95.

    Returns
    -------
    file : bytes
    """
    data = io.BytesIO()
    Image.fromarray(reduced(image, side)).save(data, "JPEG", quality=quality)
    return data.getvalue()


def webp(picture: np.ndarray) -> bytes:
    """Pack a small picture (H, W, 4) of uint8, with its opacity, as WebP."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "WEBP", quality=80)
    return data.getvalue()


def number_png(numbers: np.ndarray) -> bytes:
    """Pack whole numbers as a PNG without loss.

    Parameters
    ----------
    numbers : (H, W) ndarray of int
        0 to 65535.

    Returns
    -------
    file : bytes
        With the low byte in red and the high byte in green.
    """
    pixels = np.zeros((*numbers.shape, 3), np.uint8)
    pixels[..., 0] = numbers & 255
    pixels[..., 1] = numbers >> 8
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", optimize=True)
    return data.getvalue()
