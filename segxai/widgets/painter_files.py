"""What is painted, as files: PNG of class ids from anywhere, and the pair of PNG and names that data/annotations uses."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np

from ..errors import SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..fcn.annotation import IGNORE, check_gaps
from ..files import replacing
from ..regions import Regions, distinct_names

# The colours of painter_tools.js, for viewers that show the PNG itself.
_COLOURS = (
    (128, 128, 128),
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


def class_png(classes: np.ndarray, palette: bool = False) -> bytes:
    """(H, W) uint8 class ids as a PNG whose values are the ids: grey, or with the classes' colours as its palette."""
    from PIL import Image

    picture = Image.fromarray(classes)
    if palette:
        picture.putpalette([part for k in range(255) for part in _COLOURS[k % len(_COLOURS)]] + [0, 0, 0])
    data = io.BytesIO()
    # With fewer bits the ids would come out of a grey PNG stretched to 0..255.
    picture.save(data, "PNG", optimize=True, **({"bits": 8} if palette else {}))
    return data.getvalue()


def read_class_png(data: bytes, shape) -> tuple[np.ndarray, str]:
    """The (H, W) uint8 class ids in a palette or grey PNG of a size that is known, and its mode ("L", "P" or "1").

    The bytes may come from anybody: their number and the picture's size are checked before anything is decoded.
    Raises SegxaiValueError for another size, another kind of picture, or damaged bytes.
    """
    from PIL import Image

    height, width = shape
    if len(data) > 2 * height * width + 100_000:
        raise SegxaiValueError(f"A PNG of {len(data):,} bytes is more than {width} x {height} class ids can take.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning about large pictures; any other size is refused below
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                if picture.size != (width, height):
                    raise SegxaiValueError(
                        f"The annotation is {picture.height} x {picture.width}, the photograph {height} x {width}; they must agree."
                    )
                if picture.mode not in ("L", "P", "1"):
                    raise SegxaiValueError(
                        f"The annotation is a colour or 16-bit picture ({picture.mode}); class ids were expected. "
                        "Save it as a palette or grey PNG with the values 0, 1, 2 ..."
                    )
                mode = picture.mode
                return np.asarray(picture.convert("L") if mode == "1" else picture, np.uint8), mode
    except SegxaiValueError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise SegxaiValueError(f"This is no whole PNG ({error}).") from error


def import_png(data: bytes, shape, names=None, known=()) -> tuple[np.ndarray, tuple[str, ...]]:
    """A PNG of class ids as somebody brings it: (classes, names).

    names: those that came with it. known: names to use where none came; further classes are called "class 3" and so on.
    A black and white picture without names is a mask: background and object.
    """
    classes, mode = read_class_png(data, shape)
    if names is None:
        names = tuple(known)
        if mode != "P" and set(np.unique(classes)) == {0, IGNORE}:
            classes, names = (classes == IGNORE).astype(np.uint8), names if len(names) == 2 else ("background", "object")
        check_gaps(np.setdiff1d(classes, [IGNORE]))
        names += tuple(f"class {k}" for k in range(len(names), _most(classes) + 1))
    names = clean_names(names)
    check_ids(classes, names)
    return classes, names


def load_painting(annotation, shape, names=None) -> tuple[np.ndarray, tuple[str, ...]]:
    """An existing annotation as (classes, names): (H, W) uint8 with 255 where not painted, and the classes' names.

    annotation: `Regions`; (H, W) class ids or booleans; or the path of a palette or grey PNG, beside which a file of names
    may be. names: used instead of its own. Raises SegxaiError when it does not fit the photograph, or the names the ids.
    """
    if isinstance(annotation, (str, os.PathLike)):
        path = Path(annotation)
        if not os.path.isfile(path):  # Path.is_file would raise for a name that no file can have
            raise SegxaiFileNotFoundError(f"There is no annotation {str(path)!r}.")
        beside = path.with_suffix(".names.txt")
        try:
            data = path.read_bytes()
            own = beside.read_text(encoding="utf-8").splitlines() if beside.is_file() else None
        except (OSError, UnicodeDecodeError) as error:
            raise SegxaiFileError(f"{str(path)!r} or its names cannot be read: {error}.") from error
        return import_png(data, shape, own if names is None else names)
    if isinstance(annotation, Regions):
        classes, names = annotation.labels, annotation.names if names is None else names
    else:
        classes = np.asarray(annotation)
        if classes.ndim != 2 or not (classes.dtype == bool or np.issubdtype(classes.dtype, np.integer)):
            raise SegxaiValueError(
                f"An annotation is a (height, width) array of class ids; got {classes.dtype} of shape {classes.shape}."
            )
    if classes.shape != tuple(shape):
        size = " x ".join(map(str, classes.shape))
        raise SegxaiValueError(f"The annotation is {size}, the photograph {shape[0]} x {shape[1]}; they must agree.")
    if int(classes.min()) < 0 or int(classes.max()) > IGNORE:
        raise SegxaiValueError(f"Class ids are 0 to 254, or 255 where not painted; got {classes.min()} to {classes.max()}.")
    classes = classes.astype(np.uint8)
    names = clean_names(("background", "object", *(f"class {k}" for k in range(2, _most(classes) + 1))) if names is None else names)
    check_ids(classes, names)
    return classes, names


def save_painting(path, classes: np.ndarray, names) -> None:
    """Write <path>.png, a palette PNG of the class ids, and <path>.names.txt, one name a line."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise SegxaiValueError(f"Class ids survive only in a lossless file: choose a name that ends in .png, not {path.name!r}.")
    with replacing(path) as temporary:
        temporary.write_bytes(class_png(classes, palette=True))
    with replacing(path.with_suffix(".names.txt")) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def clean_names(names) -> tuple[str, ...]:
    """Names as one line each, not empty, and different. Raises SegxaiValueError for what are no 1 to 255 texts."""
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise SegxaiValueError(f"The classes' names come as a list of texts; got {names!r}.")
    names = list(names)
    if not 1 <= len(names) <= IGNORE or not all(isinstance(name, str) for name in names):
        raise SegxaiValueError(f"There are 1 to 255 classes, each with a text as its name; got {len(names)} names.")
    # Half a surrogate pair, which a browser may send, cannot be written to a file.
    lines = [" ".join(name.encode("utf-8", "replace").decode().split()) for name in names]
    return tuple(distinct_names([line or f"class {k}" for k, line in enumerate(lines)]))


def check_ids(classes: np.ndarray, names) -> None:
    """Raise SegxaiValueError unless every class id has a name or is 255."""
    if _most(classes) >= len(names):
        raise SegxaiValueError(f"The annotation uses class {_most(classes)}, but there are {len(names)} names.")


def _most(classes) -> int:
    """The largest class id, -1 when nothing is painted."""
    painted = classes[classes != IGNORE]
    return int(painted.max()) if painted.size else -1
