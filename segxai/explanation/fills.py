"""Fills: the pixels that replace regions that are switched off (also called baselines)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np
from skimage import color, filters  # both import their functions when they are first called

from ..errors import SegxaiValueError, unknown_name, whole_number
from ..images import ImageLike, as_image

Fill: TypeAlias = str | Sequence[float] | ImageLike  # see `fill_image`
FILLS = ("mean", "grey", "black", "white", "blur", "noise")
_COLOURS = {"grey": 127, "black": 0, "white": 255}


def fill_image(image: np.ndarray, labels: np.ndarray, fill: Fill = "mean", seed: int = 0) -> np.ndarray:
    """The (H, W, 3) uint8 image whose pixels replace switched-off regions.

    fill: "mean" (the mean colour of each region, as in lime), "grey" (127), "black", "white", "blur" (Gaussian, sigma 1/20
    of the longer side), "noise" (uniform, from `seed`), an RGB colour (three numbers 0..255), or an image of the same height
    and width. Raises SegxaiValueError for anything else.
    """
    if isinstance(fill, str):
        if fill == "gray":
            fill = "grey"
        if fill in _COLOURS:
            return np.full_like(image, _COLOURS[fill])
        if fill == "mean":
            return np.rint(color.label2rgb(labels, image.astype(float), kind="avg", bg_label=-1)).astype(np.uint8)
        if fill == "blur":
            smooth = filters.gaussian(image.astype(np.float32), max(image.shape[:2]) / 20, mode="reflect", channel_axis=-1)
            return np.rint(smooth).astype(np.uint8)
        if fill == "noise":
            return np.random.default_rng(whole_number("seed", seed)).integers(0, 256, image.shape, dtype=np.uint8)
        raise unknown_name("fill", fill, FILLS)
    try:
        value = np.asarray(fill)
    except ValueError:  # rows of different lengths
        value = np.zeros(())
    if value.shape == (3,) and np.issubdtype(value.dtype, np.number):
        if not (np.isfinite(value).all() and value.min() >= 0 and value.max() <= 255):
            raise SegxaiValueError(f"A fill colour must be three numbers from 0 to 255 (red, green, blue); got {fill!r}.")
        return np.broadcast_to(np.rint(value).astype(np.uint8), image.shape).copy()
    if value.ndim < 2:
        raise SegxaiValueError(f"A fill must be one of {', '.join(FILLS)}, a colour (r, g, b), or an image; got {fill!r}.")
    value = as_image(cast(ImageLike, fill))
    if value.shape != image.shape:
        raise SegxaiValueError(f"The fill image has shape {value.shape}, the photograph {image.shape}; they must be equal.")
    return value
