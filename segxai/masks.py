"""Read masks and maps of class ids, and fit them to their photograph."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .errors import SegxaiValueError, is_number, quoted
from .images import MAX_SIDE, as_array, opened_image, reduced_size, resize_labels

IGNORE = 255  # pixels with this class id are left out of the loss, as in PASCAL VOC
NAMES = "Class names"  # the keyword of a PNG's text with one name a line
LOSSLESS = ("PNG", "BMP", "TIFF", "GIF")


class ClassMap(NamedTuple):
    """What `read_map` reads.

    Attributes
    ----------
    values : array
        Class ids, scores or colours, unchecked.
    palette : bool
        Whether it is a picture with a palette, whose values are certainly class ids.
    names : list of str or None
        That come with a picture.
    """

    values: np.ndarray
    palette: bool = False
    names: list[str] | None = None


def read_map(
    source: Any, what: str, shape: tuple[int, int] | None = None, rgb: bool = False
) -> ClassMap:
    """Read a map of classes from an array, a PIL image or a lossless file.

    Parameters
    ----------
    source : array, PIL image, path or bytes
        The bytes of a file come from a browser. They are not trusted: they must be class ids of 8
        bits, and no more of them than that takes.
    what : str
        Begins the messages, e.g. "The annotation".
    shape : tuple of int, optional
        (H, W) of the photograph: other pictures are refused before decoding.
    rgb : bool
        Whether a picture's colours are wanted rather than its values.

    Returns
    -------
    found : ClassMap

    Raises
    ------
    SegxaiError
        If a file does not exist, is not a picture, or is in a lossy format.
    """
    by_path, sent = isinstance(source, (str, os.PathLike)), isinstance(source, bytes)
    if not (by_path or sent or hasattr(source, "getbands")):
        return ClassMap(as_array(source, what))
    if sent and shape is not None and len(source) > 2 * shape[0] * shape[1] + 100_000:
        raise SegxaiValueError(
            f"{what} of {len(source):,} bytes is more than {shape[1]} x {shape[0]} class ids take."
        )
    with opened_image(source) as picture:
        if (by_path or sent) and picture.format not in LOSSLESS:
            raise SegxaiValueError(
                f"{quoted(os.path.basename(source)) if by_path else what} is a {picture.format} "
                "file, which alters class ids near borders; save the annotation as PNG."
            )
        if shape is not None:
            check_size((picture.height, picture.width), shape, what)
        if sent and picture.mode not in ("L", "P", "1"):
            raise SegxaiValueError(
                f"{what} is a colour or 16-bit picture ({picture.mode}); class ids were expected. "
                "Save it as a palette or grey PNG with the values 0, 1, 2 ..."
            )
        names = picture.info.get(NAMES)
        return ClassMap(
            np.asarray(picture.convert("RGB") if rgb else picture),
            picture.mode == "P",
            names and str(names).split("\n"),
        )


def read_mask(mask: Any, what: str = "The mask", threshold: float | None = None) -> np.ndarray:
    """Read a mask in any common form.

    Parameters
    ----------
    mask : array, PIL image or mapping
        (H, W), or black and white with three or four channels; or COCO's run lengths, compressed
        or not, {"size": (H, W), "counts": ...}.
    what : str
        Begins the messages, e.g. "Mask 3".
    threshold : float, optional
        Larger values are inside. Needed where there are other values than 0 and 1, or 0 and 255.

    Returns
    -------
    mask : (H, W) array of bool

    Raises
    ------
    SegxaiValueError
        For anything else, and for NaN.
    """
    if isinstance(mask, Mapping):
        return _decoded(mask, what)
    array = _one_channel(mask, what)
    if threshold is not None:
        if not is_number(threshold) or np.isnan(threshold):
            raise SegxaiValueError(f"threshold must be a number; got {threshold!r}.")
        return array > threshold
    if not np.isin(array, (0, 1)).all() and not np.isin(array, (0, 255)).all():
        raise SegxaiValueError(
            f"{what} has values from {array.min():g} to {array.max():g}; a mask is 0 outside and "
            "1 (or 255) inside. Give threshold=0.5 for probabilities, 0 for logits, 127 for a JPEG "
            "or soft borders: larger values are inside."
        )
    return array != 0


def read_ids(labels: Any, what: str) -> np.ndarray:
    """Read a map of whole numbers.

    Parameters
    ----------
    labels : array or PIL image
        (H, W), or grey with three or four channels; floats are whole numbers.
    what : str
        Begins the messages, e.g. "The label map".

    Returns
    -------
    labels : (H, W) array of int or bool

    Raises
    ------
    SegxaiValueError
        For anything else.
    """
    array = _one_channel(labels, what)
    if array.dtype.kind != "f":
        return array
    wide = array.astype(np.float64)  # 2**53 is more than half precision has
    if (np.abs(wide) >= 2**53).any() or (wide != np.floor(wide)).any():
        raise SegxaiValueError(
            f"{what} must contain whole numbers, one for each region or class; "
            f"got {array.dtype} values."
        )
    return wide.astype(np.int64)


def refuse_soft_borders(values: np.ndarray, counts: np.ndarray, what: str) -> None:
    """Raise SegxaiValueError for what was a mask until JPEG or antialiasing made its borders grey.

    Parameters
    ----------
    values, counts : (N,) array of int
        The distinct values in increasing order, and how often each is found.
    what : str
        Begins the message.
    """
    soft = (values > 0) & (values < 255)
    # Some classes may be small, too, but hardly so many and with numbers up to the white.
    if (
        np.array_equal(values[~soft], (0, 255))
        and soft.sum() > 8
        and 4 * (values[soft] > 127).sum() > soft.sum()
        and 10 * counts[soft].mean() < counts[~soft].min()
    ):
        raise SegxaiValueError(
            f"{what} is a mask with soft borders (black, white and {soft.sum()} grey levels), as "
            "JPEG or antialiasing makes them. Give labels > 127, and save masks as PNG."
        )


def fit(labels: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Reduce a map as its photograph was reduced on reading, by nearest neighbour.

    Parameters
    ----------
    labels : (H, W) array
    shape : tuple of int
        Of the photograph.
    what : str
        Begins the message.

    Returns
    -------
    labels : (H', W') array
        The same where nothing was reduced.

    Raises
    ------
    SegxaiValueError
        If the map has another size than the photograph has, or had.
    """
    check_size(labels.shape, shape, what)
    return labels if labels.shape == tuple(shape) else resize_labels(labels, (shape[0], shape[1]))


def check_size(found: tuple[int, ...], shape: tuple[int, ...], what: str) -> None:
    """Raise SegxaiValueError unless a map has the size of its photograph, before or after reading.

    Parameters
    ----------
    found : tuple of int
        (H, W) of the map.
    shape : tuple of int
        (H, W) of the photograph as it was read.
    what : str
        Begins the message.
    """
    if _alike(found, shape):
        return
    hint = (
        " It was drawn on pixels that are not rotated, and the photograph is upright, as its EXIF "
        "data say: rotate it by numpy.rot90(labels, -1), or 1."
        if _alike(found[::-1], shape)
        else f" Photographs are reduced to {MAX_SIDE} pixels on reading; reduce both beforehand."
        if max(found) > MAX_SIDE
        else ""
    )
    raise SegxaiValueError(
        f"{what} has {found[0]} x {found[1]} pixels; the image has {shape[0]} x {shape[1]}.{hint}"
    )


def _alike(found, shape) -> bool:
    """Whether a photograph of one shape has the other after reading."""
    return tuple(shape) in (tuple(found), reduced_size((found[0], found[1])))


def _decoded(runs, what) -> np.ndarray:
    """Decode COCO's run lengths of pixels outside, inside, outside ..., column by column.

    References
    ----------
    Lin et al. 2014, "Microsoft COCO"; the strings as in its cocoapi, ``common/maskApi.c``.
    """
    try:
        (height, width), counts = runs["size"], runs["counts"]
        if isinstance(counts, (str, bytes)):
            counts = _unpacked(counts.encode() if isinstance(counts, str) else counts)
        if min(counts) < 0 or sum(counts) != height * width:  # before any memory is taken
            raise ValueError(f"{sum(counts)} pixels for a picture of {height} x {width}")
        return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T
    except Exception as error:
        raise SegxaiValueError(
            f"{what} is not a run-length code of COCO ({type(error).__name__}: {quoted(error)})."
        ) from error


def _unpacked(text: bytes) -> list[int]:
    """Read five bits a character; from the fourth number on, differences to the last but one."""
    words = re.findall(rb"[P-o]{0,11}[0-O]", text)  # each ends with the first character below "P"
    if b"".join(words) != text:
        raise ValueError("a number is cut off, too long or of other characters")
    counts: list[int] = []
    for word in words:
        value = sum(((code - 48) & 31) << (5 * place) for place, code in enumerate(word))
        value -= ((word[-1] - 48) & 16) << (5 * len(word) - 4)  # the sign
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def _one_channel(array, what) -> np.ndarray:
    array = as_array(array, what)
    if array.ndim == 3 and array.shape[-1] in (1, 3, 4):
        if (array[..., :3] != array[..., :1]).any():
            raise SegxaiValueError(
                f"{what} is a colour picture. Read it with "
                'segxai.from_class_map(picture, colours={"cat": (64, 0, 0)}), with its own colours.'
            )
        array = array[..., 0]  # grey, with or without transparency
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise SegxaiValueError(
            f"{what} must be a (height, width) array of numbers; got shape {array.shape} of "
            f"{array.dtype}."
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise SegxaiValueError(
            f"{what} contains NaN. Decide what these pixels are, e.g. with numpy.nan_to_num."
        )
    return array
