"""Fills: the pixels that replace regions that are switched off (also called baselines)."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from skimage import filters  # imports its functions when they are first called

from ..errors import SegxaiError, SegxaiValueError, listed, quoted, unknown_name
from ..files import as_path
from ..images import Bands, ImageLike, as_array, as_uint8, check_image_file, pixels_of

Fill: TypeAlias = str | Sequence[float] | ImageLike  # see `fill_image`
FILLS = ("mean", "grey", "black", "white", "blur", "noise")
GIVEN = "given"  # instead of a name, for a colour or an image
_COLOURS = {"grey": 127 / 255, "black": 0.0, "white": 1.0}  # shares of the range of values


def fill_name(fill: Fill) -> str:
    """Return the name of a fill, in one spelling, or GIVEN for a colour or an image.

    Parameters
    ----------
    fill : str, sequence or image

    Returns
    -------
    name : str

    Raises
    ------
    SegxaiError
        For a text that is neither a name nor the path of an image.

    Examples
    --------
    >>> fill_name("gray"), fill_name("blur"), fill_name((10, 20, 30))
    ('grey', 'blur', 'given')
    """
    if isinstance(fill, str):
        name = "grey" if fill == "gray" else fill
        if name in FILLS:
            return name
        # With an ending it is meant as a file, which may be missing.
        if not os.path.splitext(fill)[1] and not os.path.isfile(as_path(fill)):
            raise unknown_name("fill", fill, FILLS)
    if isinstance(fill, (str, os.PathLike)):
        try:
            check_image_file(fill)
        except SegxaiError as error:
            raise type(error)(f"The fill is not an image: {error}") from error
    return GIVEN


def distinct_fills(fills: Iterable[Fill]) -> list[Fill]:
    """Remove fills that were named before, and give names one spelling.

    Parameters
    ----------
    fills : iterable of fills

    Returns
    -------
    fills : list of fills

    Raises
    ------
    SegxaiError
        For no sequence, an empty one or an unknown fill.

    Examples
    --------
    >>> distinct_fills(["gray", "mean", "grey"])
    ['grey', 'mean']
    """
    single = isinstance(fills, (str, os.PathLike)) or not isinstance(fills, Iterable)
    if single or not (fills := listed(fills, "The fills")):
        raise SegxaiValueError(
            f"fills must be a sequence with at least one fill, e.g. ('mean', 'blur'); "
            f"got {quoted(fills)}."
        )
    found: dict[Any, Fill] = {}
    for place, fill in enumerate(fills):
        name = fill_name(fill)
        found.setdefault(place if name == GIVEN else name, fill if name == GIVEN else name)
    return list(found.values())


def fill_image(
    image: np.ndarray, labels: np.ndarray, fill: Fill = "mean", seed: int = 0
) -> np.ndarray:
    """Make the image whose pixels replace switched-off regions.

    Parameters
    ----------
    image : (H, W, C) array
        The photograph.
    labels : (H, W) array of int
        Its regions.
    fill : str, sequence or image
        "mean" (the mean colour of each region, as in lime), "grey" (127), "black", "white", "blur"
        (Gaussian, sigma 1/20 of the longer side), "noise" (uniform, from `seed`), a colour (a
        number for each channel, for RGB 0..255, or floats of 0..1), or an image of the same shape,
        or its path. For images that are not uint8, black and white are the lowest and the highest
        value of each channel; grey and noise lie between them.
    seed : int
        Of the noise.

    Returns
    -------
    filled : (H, W, C) array
        Of the image's type.

    Raises
    ------
    SegxaiValueError
        For any other fill.
    """
    name, low, high = fill_name(fill), np.zeros(1), np.full(1, 255.0)
    if image.dtype != np.uint8:  # what its channels can hold is not known, only what they do hold
        low, high = image.min(axis=(0, 1)).astype(float), image.max(axis=(0, 1)).astype(float)
    if name in _COLOURS:
        pixels = np.broadcast_to(low + _COLOURS[name] * (high - low), image.shape)
    elif name == "mean":
        sums = [np.bincount(labels.ravel(), image[..., c].ravel()) for c in range(image.shape[-1])]
        pixels = (np.stack(sums, axis=1) / np.bincount(labels.ravel())[:, None])[labels]
    elif name == "blur":
        pixels = filters.gaussian(
            image.astype(np.float32), max(image.shape[:2]) / 20, mode="reflect", channel_axis=-1
        )
    elif name == "noise":
        rng = np.random.default_rng(seed)
        if image.dtype == np.uint8:
            return rng.integers(0, 256, image.shape, dtype=np.uint8)
        pixels = rng.uniform(low, high, image.shape)
    else:
        return _given(image, fill)
    return in_type_of(image, pixels)


def _given(image, fill) -> np.ndarray:
    """Return a colour as an image, or an image of the right shape."""
    if isinstance(fill, (str, os.PathLike)):
        fill = pixels_of(fill)
    value = as_array(fill, "The fill")
    if value.shape == image.shape and value.dtype == image.dtype:
        return value
    if value.ndim < 2 and not isinstance(fill, Bands):
        eight_bits = image.dtype == np.uint8
        if (
            value.shape != image.shape[2:]
            or not np.issubdtype(value.dtype, np.number)
            or not np.isfinite(value).all()
            or (eight_bits and not 0 <= value.min() <= value.max() <= 255)
        ):
            raise SegxaiValueError(
                f"A fill must be one of {', '.join(FILLS)}, an image, or a colour of "
                f"{image.shape[-1]} finite numbers{', from 0 to 255' if eight_bits else ''}; "
                f"got {quoted(fill)}."
            )
        if eight_bits and value.dtype.kind == "f":
            value = as_uint8(value)  # as in a picture, floats up to 1 are shares of white
        return np.broadcast_to(in_type_of(image, value), image.shape).copy()
    value = pixels_of(cast(ImageLike, fill))
    if value.shape != image.shape or value.dtype != image.dtype:
        raise SegxaiValueError(
            f"The fill image has shape {value.shape} ({value.dtype}), the photograph {image.shape} "
            f"({image.dtype}); they must be equal."
        )
    return value


def in_type_of(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values in the type of the image, rounded if it holds whole numbers."""
    return (values if image.dtype.kind == "f" else np.rint(values)).astype(image.dtype)
