"""Fills: the pixels that replace regions that are switched off (also called baselines)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np
from skimage import filters  # imports its functions when they are first called

from ..errors import SegxaiValueError, unknown_name, whole_number
from ..images import Bands, ImageLike, pixels_of

Fill: TypeAlias = str | Sequence[float] | ImageLike  # see `fill_image`
FILLS = ("mean", "grey", "black", "white", "blur", "noise")
_COLOURS = {"grey": 127 / 255, "black": 0.0, "white": 1.0}  # shares of the range of values


def fill_image(image: np.ndarray, labels: np.ndarray, fill: Fill = "mean", seed: int = 0) -> np.ndarray:
    """The image, of the shape (H, W, C) and the type of `image`, whose pixels replace switched-off regions.

    fill: "mean" (the mean colour of each region, as in lime), "grey" (127), "black", "white", "blur" (Gaussian, sigma 1/20
    of the longer side), "noise" (uniform, from `seed`), a colour (a number for each channel, for RGB 0..255), or an image of the
    same shape. For images that are not uint8, black and white are the lowest and the highest value of each channel; grey and noise lie
    between them. Raises SegxaiValueError for anything else.
    """
    low, high = value_range(image)
    if isinstance(fill, str):
        if fill == "gray":
            fill = "grey"
        if fill in _COLOURS:
            return np.broadcast_to(in_type_of(image, low + _COLOURS[fill] * (high - low)), image.shape).copy()
        if fill == "mean":
            sums = [np.bincount(labels.ravel(), image[..., c].ravel()) for c in range(image.shape[-1])]
            return in_type_of(image, (np.stack(sums, axis=1) / np.bincount(labels.ravel())[:, None])[labels])
        if fill == "blur":
            smooth = filters.gaussian(image.astype(np.float32), max(image.shape[:2]) / 20, mode="reflect", channel_axis=-1)
            return in_type_of(image, smooth)
        if fill == "noise":
            rng = np.random.default_rng(whole_number("seed", seed))
            if image.dtype == np.uint8:
                return rng.integers(0, 256, image.shape, dtype=np.uint8)
            return in_type_of(image, rng.uniform(low, high, image.shape))
        raise unknown_name("fill", fill, FILLS)
    try:
        value = np.asarray(fill)
    except ValueError:  # rows of different lengths
        value = np.zeros(())
    if value.shape == image.shape[2:] and np.issubdtype(value.dtype, np.number):
        if not np.isfinite(value).all() or (image.dtype == np.uint8 and not (value.min() >= 0 and value.max() <= 255)):
            raise SegxaiValueError(
                f"A fill colour must have finite numbers, from 0 to 255 for 8-bit channels, {image.shape[-1]} of them; got {fill!r}."
            )
        return np.broadcast_to(in_type_of(image, value), image.shape).copy()
    if value.ndim < 2 and not isinstance(fill, Bands):
        raise SegxaiValueError(
            f"A fill must be one of {', '.join(FILLS)}, a colour of {image.shape[-1]} numbers, or an image; got {fill!r}."
        )
    if value.shape == image.shape and value.dtype == image.dtype:
        return value
    value = pixels_of(cast(ImageLike, fill))
    if value.shape != image.shape or value.dtype != image.dtype:
        raise SegxaiValueError(
            f"The fill image has shape {value.shape} ({value.dtype}), the photograph {image.shape} ({image.dtype}); they must be equal."
        )
    return value


def value_range(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(C,) the lowest and the highest value that a channel can have, for uint8, or has, for any other type."""
    if image.dtype == np.uint8:
        return np.zeros(image.shape[-1]), np.full(image.shape[-1], 255.0)
    return image.min(axis=(0, 1)).astype(float), image.max(axis=(0, 1)).astype(float)


def in_type_of(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values in the type of the image, rounded if it holds whole numbers."""
    return (values if image.dtype.kind == "f" else np.rint(values)).astype(image.dtype)
