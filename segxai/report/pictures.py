"""Pictures as small files for pages: photographs as JPEG, cut-outs as WebP, numbers as PNG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..images import resize

SHOWN_SIDE = 640  # pixels; photographs are sent no larger than they are shown


def shown_size(shape: tuple[int, ...], side: float = SHOWN_SIDE) -> tuple[int, int]:
    """Return the size at which a photograph is sent.

    Parameters
    ----------
    shape : (H, W, ...)
        Of the photograph in pixels.
    side : float, optional
        The most pixels of the longer side.

    Returns
    -------
    height, width : int
        At least 1.
    """
    scale = min(1.0, side / max(shape[:2]))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def jpeg(image: np.ndarray, side: float = SHOWN_SIDE, quality: int = 90) -> bytes:
    """Pack a photograph at its `shown_size` as JPEG, about a tenth of its size as PNG.

    Parameters
    ----------
    image : (H, W, 3) or (H, W) ndarray of uint8
        The photograph.
    side : float, optional
        The most pixels of the longer side.
    quality : int, optional
        Of the JPEG, up to 95.

    Returns
    -------
    file : bytes
    """
    size = shown_size(image.shape, side)
    if image.shape[:2] != size:
        image = np.rint(resize(image, size)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=quality)
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
