"""What is shown in place of a region that is switched off."""

from __future__ import annotations

import numpy as np

from ..errors import SegxaiValueError, unknown_name, whole_number
from ..images import as_image

FILLS = ("mean", "grey", "black", "white", "blur", "noise")
_COLOURS = {"grey": 127, "black": 0, "white": 255}


def fill_image(image: np.ndarray, labels: np.ndarray, fill="mean", seed: int = 0) -> np.ndarray:
    """The (H, W, 3) uint8 image from which switched-off regions are taken.

    fill: "mean" (each region's own mean colour, as lime does), "grey" (127), "black", "white", "blur"
    (Gaussian, sigma 1/20 of the longer side), "noise" (uniform, from `seed`), an RGB colour (three
    numbers 0..255), or an image of the same height and width.
    """
    if isinstance(fill, str):
        if fill == "gray":
            fill = "grey"
        if fill in _COLOURS:
            return np.full_like(image, _COLOURS[fill])
        if fill == "mean":
            return _region_means(image, labels)
        if fill == "blur":
            return _blur(image)
        if fill == "noise":
            return np.random.default_rng(whole_number("seed", seed)).integers(0, 256, image.shape, dtype=np.uint8)
        raise unknown_name("fill", fill, FILLS)
    try:
        value = np.asarray(fill)
    except ValueError:  # rows of different lengths
        value = np.zeros(())
    if value.shape == (3,) and np.issubdtype(value.dtype, np.number):
        if not (np.isfinite(value).all() and value.min() >= 0 and value.max() <= 255):
            raise SegxaiValueError(f"A fill colour is three numbers from 0 to 255 (red, green, blue); got {fill!r}.")
        return np.broadcast_to(np.rint(value).astype(np.uint8), image.shape).copy()
    if value.ndim < 2:
        raise SegxaiValueError(f"A fill is one of {', '.join(FILLS)}, a colour (r, g, b), or an image; got {fill!r}.")
    value = as_image(fill)
    if value.shape != image.shape:
        raise SegxaiValueError(f"The fill image has shape {value.shape}, the photograph {image.shape}; they must be equal.")
    return value


def _region_means(image, labels):
    count = np.bincount(labels.ravel())
    means = np.stack([np.bincount(labels.ravel(), image[..., c].ravel()) / count for c in range(3)], axis=1)
    return np.rint(means).astype(np.uint8)[labels]


def _blur(image):
    from scipy.ndimage import gaussian_filter

    sigma = max(image.shape[:2]) / 20
    planes = [gaussian_filter(image[..., c].astype(np.float32), sigma) for c in range(3)]
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)
