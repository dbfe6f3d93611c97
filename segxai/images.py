"""Read images and convert them to one common form.

Everywhere else in segxai an image is a (height, width, 3) uint8 RGB array.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from .errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    whole_number,
)

# Larger photographs are reduced on reading: no network here takes an input of more than 600 pixels
# a side, and the memory that segmenters need grows with the area.
MAX_SIDE = 2048
# A file whose header states more pixels than this is refused before decoding (decompression bombs).
MAX_PIXELS = 150_000_000
# Transparency is nearly always all or nothing: with a smaller share of such pixels, a fourth
# channel may be something else.
LEAST_ALL_OR_NOTHING = 0.001
_PACKAGE = os.path.join(os.path.dirname(__file__), "")


@dataclass(frozen=True, eq=False)
class Bands:
    """A picture with any number of channels.

    Three of them are shown and segmented, all of them are perturbed and classified.

    Attributes
    ----------
    pixels : (H, W, C) array
        Finite numbers of any range; the classifier receives (N, H, W, C) arrays of the same type.
    rgb : tuple of three int
        The numbers of the channels that are shown as red, green and blue. uint8 channels are shown
        as they are, others from their 2nd to their 98th percentile.

    Raises
    ------
    SegxaiValueError
        For any other shape, type or channel.

    Examples
    --------
    >>> bands = Bands(np.zeros((4, 6, 5), np.uint16), rgb=(3, 2, 1))
    >>> bands
    <Bands: 4 x 6, 5 channels, of which 3, 2, 1 are shown as red, green, blue>
    >>> as_image(bands).shape
    (4, 6, 3)
    """

    pixels: np.ndarray
    rgb: tuple[int, int, int] = (0, 1, 2)
    _limits: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        pixels = as_array(self.pixels, "The picture")
        if pixels.ndim != 3 or 0 in pixels.shape or pixels.dtype.kind not in "iuf":
            raise SegxaiValueError(
                "Bands have shape (height, width, channels) and contain numbers; "
                f"got shape {pixels.shape} of {pixels.dtype}."
            )
        if not np.isfinite(pixels).all():
            raise SegxaiValueError(
                "The picture contains NaN or infinite values. "
                "Replace them first, e.g. numpy.nan_to_num(image)."
            )
        if not isinstance(self.rgb, (tuple, list)) or len(self.rgb) != 3:
            raise SegxaiValueError(
                "rgb must be the numbers of three channels, for red, green and blue; "
                f"got {self.rgb!r}."
            )
        rgb = tuple(whole_number("A channel of rgb", channel) for channel in self.rgb)
        if max(rgb) >= pixels.shape[-1]:
            raise SegxaiValueError(
                f"rgb={rgb}: the channels of this picture are 0 to {pixels.shape[-1] - 1}."
            )
        shown = pixels[..., list(rgb)]
        limits = (
            np.percentile(shown, (2, 98), axis=(0, 1))
            if pixels.dtype != np.uint8
            else np.repeat([[0.0], [255.0]], 3, axis=1)
        )
        for name, value in (("pixels", pixels), ("rgb", rgb), ("_limits", limits)):
            object.__setattr__(self, name, value)

    def __repr__(self):
        height, width, channels = self.pixels.shape
        shown = ", ".join(map(str, self.rgb))
        return (
            f"<Bands: {height} x {width}, {channels} channels, "
            f"of which {shown} are shown as red, green, blue>"
        )

    def view(self, pixels: np.ndarray | None = None) -> np.ndarray:
        """Return what is shown of some pixels, on the picture's own scale.

        Parameters
        ----------
        pixels : (H, W, C) array, optional
            By default the picture's own.

        Returns
        -------
        image : (H, W, 3) array of uint8
        """
        shown = (self.pixels if pixels is None else pixels)[..., list(self.rgb)].astype(np.float64)
        low, high = self._limits
        return np.rint(
            255 * np.clip((shown - low) / np.where(high > low, high - low, 1), 0, 1)
        ).astype(np.uint8)


# Whatever `as_image` accepts.
ImageLike: TypeAlias = np.ndarray | Image.Image | str | os.PathLike | Bands


def as_image(image: ImageLike) -> np.ndarray:
    """Convert an array, a PIL image or a path to one common form.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        Arrays have shape (H, W), (H, W, 1), (H, W, 3), or (H, W, 4) for RGBA; four bands are
        `Bands`, of which the three channels are taken that are shown. uint8 values are kept; uint16
        values are read as 0..65535, booleans as black and white, floats as 0..1 or, if any value
        exceeds 1, as 0..255. Transparent pixels are composited over white.

    Returns
    -------
    image : (H, W, 3) array of uint8
        RGB.

    Raises
    ------
    SegxaiValueError
        For any other shape or type, and for NaN or infinite values.
    """
    if isinstance(image, Bands):
        return image.view()
    if isinstance(image, (str, os.PathLike)):
        return load_image(image)
    if hasattr(image, "convert") and hasattr(image, "getbands"):  # a PIL image
        try:
            image = _array_of(image)
        except OSError as error:  # PIL decodes lazily, so damage shows only here
            raise _unreadable(getattr(image, "filename", "") or "the image", error) from error
    array = as_array(image, "The image")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise SegxaiValueError(
            f"An image of shape {np.shape(image)} is not supported. Expected (height, width), "
            "(height, width, 3) for RGB or (height, width, 4) for RGBA. A picture with other "
            "channels is given as segxai.Bands(image, rgb=(0, 1, 2)), with the numbers of the "
            "channels to show as red, green and blue."
        )
    array = _as_uint8(array)
    if array.shape[-1] == 4:
        alpha = array[..., 3:].astype(np.float32) / 255
        array = (array[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    if array.shape[-1] == 1:
        array = np.repeat(array, 3, axis=-1)
    return np.ascontiguousarray(array)


def as_picture(image: ImageLike) -> np.ndarray | Bands:
    """Return what is perturbed: `Bands` as they are, everything else as `as_image` reads it.

    It warns if the fourth channel of an (H, W, 4) array, which is read as transparency, hardly
    looks like it.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        As for `as_image`.

    Returns
    -------
    picture : (H, W, 3) array of uint8, or Bands
    """
    if isinstance(image, Bands):
        return image
    photograph = as_image(image)
    if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[-1] == 4:
        alpha = _as_uint8(image)[..., 3]
        if np.isin(alpha, (0, 255)).mean() < LEAST_ALL_OR_NOTHING:
            _warn_caller(
                "This (height, width, 4) array was read as RGBA and laid on white, although next "
                "to no pixel is opaque or transparent. If its channels are four bands, pass "
                "segxai.Bands(image, rgb=(0, 1, 2)); if not, image[..., :3]."
            )
    return photograph


def pixels_of(image: ImageLike) -> np.ndarray:
    """Return what a classifier is evaluated on.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        As for `as_image`.

    Returns
    -------
    pixels : (H, W, C) array
        All channels of `Bands`; of everything else the (H, W, 3) uint8 photograph.
    """
    return image.pixels if isinstance(image, Bands) else as_image(image)


def _as_uint8(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise SegxaiValueError(
            f"An image of type {array.dtype} is not supported. "
            "Expected numbers (uint8, uint16, float)."
        )
    if not np.isfinite(array).all():
        raise SegxaiValueError(
            "The image contains NaN or infinite values. "
            "Replace them first, e.g. numpy.nan_to_num(image)."
        )
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255:
        raise SegxaiValueError(
            f"Image values from {low:g} to {high:g} are not supported. "
            "Expected 0..1 (float) or 0..255."
        )
    scale = 255.0 if np.issubdtype(array.dtype, np.floating) and high <= 1 else 1.0
    return np.rint(array * scale).astype(np.uint8)


def _existing(path) -> Path:
    path = Path(path)
    if not os.path.exists(path):  # Path.exists raises for impossible file names
        windows = (
            " On this system, folders are separated by '/'."
            if os.sep == "/" and "\\" in str(path)
            else ""
        )
        raise SegxaiFileNotFoundError(
            f"There is no file {str(path)!r}. Check the spelling and the folder.{windows}"
        )
    if path.is_dir():
        raise SegxaiFileError(
            f"{str(path)!r} is a folder; an image file (PNG, JPEG, ...) was expected."
        )
    if path.stat().st_size == 0:
        raise SegxaiFileError(f"{str(path)!r} is empty (0 bytes); copy or download it again.")
    return path


def _unreadable(path, error) -> SegxaiFileError:
    return SegxaiFileError(
        f"{str(path)!r} cannot be read as an image ({error}). "
        "It may be truncated or not an image; open it in a viewer, or save it again as PNG or JPEG."
    )


def check_image_file(path: str | os.PathLike) -> None:
    """Raise SegxaiFileError unless a file exists and has an image header.

    Parameters
    ----------
    path : str or path
        The image is not decoded, so this is fast.
    """
    path = _existing(path)
    with opened_image(path):
        pass


def as_array(value: Any, what: str) -> np.ndarray:
    """Convert to an array, or raise SegxaiValueError, e.g. for rows of different lengths."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise SegxaiValueError(f"{what} is not an array of numbers: {error}.") from error


@contextmanager
def opened_image(path: str | os.PathLike) -> Iterator[Image.Image]:
    """Open an image file as a PIL image without decoding it.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    opened : PIL image

    Raises
    ------
    SegxaiError
        If the file is not an image or is too large, including for errors raised inside the block.
    """
    try:
        with warnings.catch_warnings():
            # Of Pillow's own size warning; MAX_PIXELS is checked instead.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                yield opened
    except SegxaiError:
        raise
    except Image.DecompressionBombError as error:
        raise SegxaiValueError(
            f"{str(path)!r} has more than {MAX_PIXELS:,} pixels, the most that segxai opens. "
            "Reduce it first."
        ) from error
    except Exception as error:  # Pillow raises many types of error for damaged or hostile files
        raise _unreadable(path, error) from error


def load_image(path: str | os.PathLike) -> np.ndarray:
    """Read a photograph, rotated upright according to its EXIF data.

    Parameters
    ----------
    path : str or path
        A photograph with a side longer than MAX_SIDE is reduced, and a warning reports it.

    Returns
    -------
    image : (H, W, 3) array of uint8
        RGB.

    Raises
    ------
    SegxaiFileError
        If the file does not exist or is not a readable image.
    """
    path = _existing(path)
    with opened_image(path) as opened:
        longest = max(opened.size)
        # First, so that at most one full-size copy is held; a JPEG is even decoded at reduced size.
        if longest > MAX_SIDE:
            # Palette indices and 16-bit modes cannot be interpolated.
            smooth = opened.mode in ("L", "RGB", "RGBA", "CMYK", "YCbCr", "F")
            opened.thumbnail(
                (MAX_SIDE, MAX_SIDE),
                Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST,
            )
        ImageOps.exif_transpose(opened, in_place=True)
        array = as_image(_array_of(opened))
    if longest > MAX_SIDE:
        _warn_caller(
            f"{path.name} was reduced from a longest side of {longest} "
            f"to {max(array.shape[:2])} pixels."
        )
    return array


def _warn_caller(message: str) -> None:
    """Warn at the line that called into the package, however deep the call is.

    `skip_file_prefixes` would do so from Python 3.12 on.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def _array_of(picture) -> np.ndarray:
    """Convert a PIL image of any mode to an array that `as_image` accepts."""
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("I", "F"):
        return _stretch(np.asarray(picture))
    if picture.mode in ("P", "LA", "PA", "La", "RGBa"):
        return np.asarray(picture.convert("RGBA"))
    return np.asarray(
        picture if picture.mode in ("L", "RGB", "RGBA", "1") else picture.convert("RGB")
    )


def _stretch(array: np.ndarray) -> np.ndarray:
    """Rescale values without a fixed range (32-bit files, as in medicine) to 0..1."""
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise SegxaiValueError("The image contains NaN or infinite values.")
    low, high = array.min(), array.max()
    return (array - low) / (high - low) if high > low else np.zeros_like(array)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image without cropping.

    Bilinear and antialiased: the filter's support grows with the reduction factor (Pillow's
    resampling).

    Parameters
    ----------
    image : (H, W, C) array
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    resized : (height, width, C) array of float32
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image.astype(np.float32)
    if image.dtype == np.uint8 and image.shape[2:] in ((), (3,)):
        return np.asarray(
            Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR),
            dtype=np.float32,
        )
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(image[..., c], dtype=np.float32)).resize(
                (width, height), Image.Resampling.BILINEAR
            )
        )
        for c in range(image.shape[-1])
    ]
    return np.stack(planes, axis=-1)


def reduced(image: np.ndarray, longest: int) -> np.ndarray:
    """Reduce an image so that neither side exceeds a limit.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    longest : int
        In pixels.

    Returns
    -------
    image : (H', W', 3) array of uint8
        The same image, if it is small enough already.
    """
    height, width = image.shape[:2]
    if max(height, width) <= longest:
        return image
    scale = longest / max(height, width)
    return np.rint(
        resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))
    ).astype(np.uint8)


def resize_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a label map by nearest neighbour: each pixel takes the label at its centre.

    Parameters
    ----------
    labels : (H, W) array of int
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    labels : (height, width) array of int
    """
    height, width = size
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(int)
    return labels[rows[:, None], columns[None, :]]
