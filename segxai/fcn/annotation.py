"""Read and write annotations: the class id of each pixel of a photograph.

An annotation on disk is a PNG whose values are the class ids, and beside it, in <name>.names.txt,
one name a line. Other formats in common use are read, too.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ..errors import SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..files import replacing
from ..images import MAX_SIDE, as_array, opened_image
from ..names import distinct_names
from ..regions import Regions

# Whatever `read_annotation` accepts.
AnnotationLike: TypeAlias = Regions | np.ndarray | str | os.PathLike
IGNORE = 255  # pixels with this class id are left out of the loss, as in PASCAL VOC

# Okabe and Ito's colours, for viewers that show the PNG itself; those of the painter
# (widgets/shared/palette.js).
PALETTE = (
    (128, 128, 128), (230, 159, 0), (86, 180, 233), (0, 158, 115),
    (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
)  # fmt: skip


def read_annotation(
    annotation: AnnotationLike, shape: tuple[int, int], names: Collection[str] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read an annotation for training, as `load_annotation` does.

    Raises
    ------
    SegxaiValueError
        In addition, if it has fewer than two classes.
    """
    labels, names = load_annotation(annotation, shape, names)
    classes = np.setdiff1d(labels, [IGNORE])
    if classes.size == 0:
        raise SegxaiValueError("The annotation is empty: every pixel is 255 (ignored).")
    if classes.size == 1:
        raise SegxaiValueError(
            f"The annotation has only one class ({classes[0]}); at least two are needed."
        )
    return labels, names


def load_annotation(
    annotation: AnnotationLike,
    shape: tuple[int, int],
    names: Collection[str] | None = None,
    *,
    masks: bool = True,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read an annotation.

    Parameters
    ----------
    annotation : Regions, array or path
        `Regions`; class ids 0..C-1 (255 is ignored) as an array or a palette or grey PNG; or a
        black and white mask (0 and 255, or bool) of background and object, grey or RGB.
    shape : tuple of int
        (H, W) of the photograph.
    names : collection of str, optional
        Used instead of those that come with the annotation.
    masks : bool
        Whether an array with the values 0 and 255 is a mask; if False, 255 means ignored, as in
        palette files.

    Returns
    -------
    labels : (H, W) ndarray of uint8
        Class ids 0..C-1, and 255 for ignored pixels.
    names : tuple of str
        Of the C classes.

    Raises
    ------
    SegxaiError
        For anything else, for a size other than `shape`, and for class ids without a name.
    """
    own: Collection[str] | None = None
    if isinstance(annotation, Regions):
        labels, own, masks = annotation.labels, annotation.names, False
    elif isinstance(annotation, (str, os.PathLike)):
        labels, own, masks = _read_file(Path(annotation))
    else:
        labels = as_array(annotation, "The annotation")
    return _named(_checked(labels, shape), own if names is None else names, masks)


def class_png(classes: np.ndarray, palette: bool = False) -> bytes:
    """Encode class ids as a PNG with these values.

    Parameters
    ----------
    classes : (H, W) ndarray of uint8
    palette : bool
        Whether the PNG has `PALETTE` as its palette; otherwise it is grey.

    Returns
    -------
    png : bytes
    """
    picture = Image.fromarray(classes)
    if palette:
        picture.putpalette(
            [part for k in range(255) for part in PALETTE[k % len(PALETTE)]] + [0, 0, 0]
        )
    data = io.BytesIO()
    # With fewer bits the ids would come out of a grey PNG stretched to 0..255.
    picture.save(data, "PNG", optimize=True, **({"bits": 8} if palette else {}))
    return data.getvalue()


def read_class_png(data: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, str]:
    """Decode a palette or grey PNG of known size.

    The bytes are not trusted: their number and the image's size are checked before decoding.

    Parameters
    ----------
    data : bytes
    shape : tuple of int
        (H, W) of the photograph.

    Returns
    -------
    classes : (H, W) ndarray of uint8
    mode : str
        Of the picture: "L", "P" or "1".

    Raises
    ------
    SegxaiValueError
        For another size or kind of image, or damaged bytes.
    """
    height, width = shape
    if len(data) > 2 * height * width + 100_000:
        raise SegxaiValueError(
            f"A PNG of {len(data):,} bytes is more than {width} x {height} class ids can take."
        )
    try:
        with warnings.catch_warnings():
            # Pillow's warning about large pictures; any other size is refused below.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                if picture.size != (width, height):
                    raise SegxaiValueError(_size_message((picture.height, picture.width), shape))
                if picture.mode not in ("L", "P", "1"):
                    raise SegxaiValueError(
                        f"The annotation is a colour or 16-bit picture ({picture.mode}); "
                        "class ids were expected. "
                        "Save it as a palette or grey PNG with the values 0, 1, 2 ..."
                    )
                pixels = picture.convert("L") if picture.mode == "1" else picture
                return np.asarray(pixels, np.uint8), picture.mode
    except SegxaiValueError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise SegxaiValueError(f"This is not an intact PNG ({error}).") from error


def import_class_png(
    data: bytes,
    shape: tuple[int, int],
    names: Collection[str] | None = None,
    known: Collection[str] = (),
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a PNG of class ids that a user provides.

    Parameters
    ----------
    data : bytes
    shape : tuple of int
        (H, W) of the photograph.
    names : collection of str, optional
        Those that came with it.
    known : collection of str
        Names to use where none came; further classes are called "class 3" and so on.

    Returns
    -------
    classes : (H, W) ndarray of uint8
    names : tuple of str
    """
    classes, mode = read_class_png(data, shape)
    return _named(classes, names, mode != "P", known)


def save_annotation(path: str | os.PathLike, classes: np.ndarray, names: Iterable[str]) -> None:
    """Write a palette PNG of class ids, and their names, one a line, in <name>.names.txt beside it.

    Parameters
    ----------
    path : str or path
        Ends in ``.png``.
    classes : (H, W) ndarray of uint8
    names : iterable of str

    Raises
    ------
    SegxaiError
        If the path has another ending or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise SegxaiValueError(
            "Class ids survive only in a lossless file: "
            f"choose a name that ends in .png, not {path.name!r}."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(class_png(classes, palette=True))
    with replacing(path.with_suffix(".names.txt")) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def clean_names(names: Any) -> tuple[str, ...]:
    """Make names non-empty, distinct and of one line each.

    Raises
    ------
    SegxaiValueError
        For anything but 1 to 255 strings.
    """
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise SegxaiValueError(f"The class names must be a list of strings; got {names!r}.")
    names = list(names)
    if not 1 <= len(names) <= IGNORE or not all(isinstance(name, str) for name in names):
        raise SegxaiValueError(
            f"There must be 1 to 255 class names, each a string; got {len(names)}."
        )
    # Half a surrogate pair, which a browser may send, cannot be written to a file.
    lines = [" ".join(name.encode("utf-8", "replace").decode().split()) for name in names]
    return tuple(distinct_names([line or f"class {k}" for k, line in enumerate(lines)]))


def check_ids(classes: np.ndarray, names: Collection[str]) -> None:
    """Raise SegxaiValueError unless every class id has a name or is 255."""
    most = int(classes.max(initial=0, where=classes != IGNORE))
    if most >= len(names):
        raise SegxaiValueError(
            f"The annotation uses class {most}, but only {len(names)} names were given."
        )


def _named(labels, names, masks, known=()) -> tuple[np.ndarray, tuple[str, ...]]:
    """Check class ids and complete their names.

    masks: whether 0 and 255 alone are background and object.
    """
    values = np.unique(labels)
    if names is not None:
        names = clean_names(names)
    if masks and set(values) == {0, IGNORE} and (names is None or len(names) == 2):
        labels, values = labels == IGNORE, np.array([0, 1])
        known = known if len(known) == 2 else ()
    if values.min() < 0 or values.max() > IGNORE:
        raise SegxaiValueError(
            "Class ids must be 0 to 254 (255 is ignored); "
            f"the annotation has {values.min()} to {values.max()}."
        )
    labels = labels.astype(np.uint8)
    if names is None:
        classes = values[values != IGNORE]
        number = int(classes[-1]) + 1 if classes.size else 0
        # With such large gaps they are probably grey levels.
        if len(classes) > 1 and number > 2 * len(classes) + 2:
            raise SegxaiValueError(
                f"The annotation's class ids {', '.join(map(str, classes[:8]))} look like grey "
                "levels. Number the classes 0, 1, 2 ..."
            )
        first = tuple(known) or (("background", "object") if number <= 2 else ())
        names = clean_names((*first, *(f"class {k}" for k in range(len(first), number))))
    check_ids(labels, names)
    return labels, names


def _read_file(path) -> tuple[np.ndarray, list[str] | None, bool]:
    """Read a lossless picture, the names beside it, and whether 0 and 255 may be a mask."""
    if not os.path.isfile(path):  # unlike Path.is_file, does not raise for impossible file names
        raise SegxaiFileNotFoundError(
            f"There is no annotation file {str(path)!r}. Check the spelling and the folder."
        )
    with opened_image(path) as picture:
        if picture.format not in ("PNG", "BMP", "TIFF", "GIF"):
            # JPEG compression changes class ids near borders.
            raise SegxaiValueError(
                f"{path.name!r} is a {picture.format} file, which alters class ids; "
                "save the annotation as PNG."
            )
        labels, masks = np.asarray(picture), picture.mode != "P"
    beside = path.with_suffix(".names.txt")
    if not beside.is_file():
        return labels, None, masks
    try:
        return labels, beside.read_text(encoding="utf-8").splitlines(), masks
    except (OSError, UnicodeDecodeError) as error:
        raise SegxaiFileError(f"The names in {str(beside)!r} cannot be read: {error}.") from error


def _checked(labels, shape) -> np.ndarray:
    """Return one channel of whole numbers, of the photograph's size."""
    labels = _single_channel(labels)
    if labels.shape != tuple(shape):
        raise SegxaiValueError(_size_message(labels.shape, shape))
    if labels.size == 0:
        raise SegxaiValueError("The annotation has no pixels.")
    return labels


def _size_message(found, wanted) -> str:
    hint = f" Photographs are reduced to {MAX_SIDE} pixels on reading; reduce both beforehand."
    return (
        f"The annotation has {found[0]} x {found[1]} pixels, "
        f"the photograph {wanted[0]} x {wanted[1]}.{hint if max(found) > MAX_SIDE else ''}"
    )


def _single_channel(labels) -> np.ndarray:
    if labels.dtype.kind not in "biuf":
        raise SegxaiValueError(f"An annotation is an array of class ids; got {labels.dtype}.")
    if labels.ndim == 3 and labels.shape[-1] in (3, 4):
        # Black and white is an unambiguous mask; other colours do not identify a class.
        grey = (labels[..., :3] == labels[..., :1]).all()
        if not grey or not np.isin(labels[..., 0], [0, IGNORE]).all():
            raise SegxaiValueError(
                "The annotation is a colour picture; class ids were expected. "
                "Save it in palette mode, or map its colours to 0, 1, 2 ..."
            )
        return labels[..., 0]
    if labels.ndim == 3 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise SegxaiValueError(
            "An annotation is a (height, width) array of class ids; "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    return labels
