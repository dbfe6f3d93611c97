"""Photographs in: the one place where images are read and brought to a common form.

Everywhere else in segxai an image is a (height, width, 3) uint8 RGB array.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError

# Larger photographs are reduced on reading: no classifier here looks at more than 600 pixels a side,
# and the segmenters' memory grows with the area.
MAX_SIDE = 2048
# A file that claims more pixels than this is refused before it is decoded (decompression bombs).
MAX_PIXELS = 150_000_000


def as_image(image) -> np.ndarray:
    """An array, PIL image or path as a (H, W, 3) uint8 RGB array.

    Accepts (H, W), (H, W, 1), (H, W, 3) and (H, W, 4) arrays. uint8 is taken as is; uint16 as 0..65535;
    bool as black and white; floats as 0..1, or as 0..255 where a value exceeds 1. Transparent pixels are
    laid over white. Raises SegxaiValueError for any other shape or type, or for NaN and infinite values.
    """
    if isinstance(image, (str, os.PathLike)):
        return load_image(image)
    if hasattr(image, "convert") and hasattr(image, "getbands"):  # a PIL image
        try:
            image = _array_of(image)
        except OSError as error:  # it is decoded only now
            raise _unreadable(getattr(image, "filename", "") or "the image", error) from error
    array = as_array(image, "The image")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise SegxaiValueError(
            f"An image of shape {np.shape(image)} is not understood. Expected (height, width), "
            "(height, width, 3) for RGB or (height, width, 4) for RGBA."
        )
    array = _as_uint8(array)
    if array.shape[-1] == 4:
        alpha = array[..., 3:].astype(np.float32) / 255
        array = (array[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    if array.shape[-1] == 1:
        array = np.repeat(array, 3, axis=-1)
    return np.ascontiguousarray(array)


def _as_uint8(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise SegxaiValueError(f"An image of type {array.dtype} is not understood. Expected numbers (uint8, uint16, float).")
    if not np.isfinite(array).all():
        raise SegxaiValueError("The image holds NaN or infinite values. Replace them first, e.g. numpy.nan_to_num(image).")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255:
        raise SegxaiValueError(f"Image values from {low:g} to {high:g} are not understood. Expected 0..1 (float) or 0..255.")
    scale = 255.0 if np.issubdtype(array.dtype, np.floating) and high <= 1 else 1.0
    return np.rint(array * scale).astype(np.uint8)


def _existing(path) -> Path:
    path = Path(path)
    if not os.path.exists(path):  # Path.exists would raise for a name that no file can have
        windows = " On this system folders are separated by '/'." if os.sep == "/" and "\\" in str(path) else ""
        raise SegxaiFileNotFoundError(f"There is no file {str(path)!r}. Check the spelling and the folder.{windows}")
    if path.is_dir():
        raise SegxaiFileError(f"{str(path)!r} is a folder; an image file (PNG, JPEG, ...) was expected.")
    if path.stat().st_size == 0:
        raise SegxaiFileError(f"{str(path)!r} is empty (0 bytes); copy or download it again.")
    return path


def _unreadable(path, error) -> SegxaiFileError:
    return SegxaiFileError(
        f"{str(path)!r} cannot be read as an image ({error}). It may be cut short or not be an image; "
        "open it in a viewer, or save it again as PNG or JPEG."
    )


def check_image_file(path) -> None:
    """Raise SegxaiFileError unless there is a file that begins like an image. Quick: the picture is not decoded."""
    path = _existing(path)
    with opened_image(path):
        pass


def as_array(value, what: str) -> np.ndarray:
    """`numpy.asarray`, with a SegxaiValueError for what is no array, e.g. rows of different lengths."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise SegxaiValueError(f"{what} is no array of numbers: {error}.") from error


@contextmanager
def opened_image(path):
    """An image file as a PIL image that is not decoded yet. Raises SegxaiError for what is none, or too large, also from the block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning; the limit is ours
            with Image.open(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                yield opened
    except SegxaiError:
        raise
    except Image.DecompressionBombError as error:
        raise SegxaiValueError(
            f"{str(path)!r} claims more than {MAX_PIXELS:,} pixels, the most that segxai opens. Reduce it first."
        ) from error
    except Exception as error:  # whatever a damaged or hostile file provokes in Pillow: it is the file's fault
        raise _unreadable(path, error) from error


def load_image(path) -> np.ndarray:
    """Read a photograph from a file, upright, as a (H, W, 3) uint8 RGB array.

    A photograph with a side longer than MAX_SIDE is reduced, with a notice on the warnings channel.
    Raises SegxaiFileError when there is no such file or it is no readable image.
    """
    path = _existing(path)
    with opened_image(path) as opened:
        longest = max(opened.size)
        if longest > MAX_SIDE:  # before anything else, so that the full picture is held at most once; a JPEG is decoded smaller
            # Palettes and 16-bit modes cannot be interpolated.
            smooth = opened.mode in ("L", "RGB", "RGBA", "CMYK", "YCbCr", "F")
            opened.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST)
        ImageOps.exif_transpose(opened, in_place=True)
        array = as_image(_array_of(opened))
    if longest > MAX_SIDE:
        warnings.warn(f"{path.name} was reduced from a longest side of {longest} to {max(array.shape[:2])} pixels.", stacklevel=2)
    return array


def _array_of(picture) -> np.ndarray:
    """A PIL image of any mode as an array that `as_image` understands."""
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("I", "F"):
        return _stretch(np.asarray(picture))
    if picture.mode in ("P", "LA", "PA", "La", "RGBa"):
        return np.asarray(picture.convert("RGBA"))
    return np.asarray(picture if picture.mode in ("L", "RGB", "RGBA", "1") else picture.convert("RGB"))


def _stretch(array: np.ndarray) -> np.ndarray:
    """Whole-number or float files without a fixed range (medical, scientific): their own range becomes 0..1."""
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise SegxaiValueError("The image holds NaN or infinite values.")
    low, high = array.min(), array.max()
    return (array - low) / (high - low) if high > low else np.zeros_like(array)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image of any height and width as (size[0], size[1], 3) float32, 0..255, antialiased, nothing cropped.

    Bilinear with a support that grows with the reduction (Pillow's reducing filter).
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image.astype(np.float32)
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
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
    """The image (H, W, 3) uint8, or a copy whose longer side has `longest` pixels where it is longer."""
    height, width = image.shape[:2]
    if max(height, width) <= longest:
        return image
    scale = longest / max(height, width)
    return np.rint(resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))).astype(np.uint8)


def resize_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A label map at another size: each pixel takes the label at its own centre (nearest neighbour)."""
    height, width = size
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(int)
    return labels[rows[:, None], columns[None, :]]
