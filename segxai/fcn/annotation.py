"""Read annotations, the class id of each pixel of a photograph, from the formats in common use."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ..errors import SegxaiFileNotFoundError, SegxaiValueError
from ..images import MAX_SIDE, as_array, opened_image
from ..regions import Regions

# Whatever `read_annotation` accepts.
AnnotationLike: TypeAlias = Regions | np.ndarray | str | os.PathLike
IGNORE = 255  # pixels with this class id are left out of the loss, as in PASCAL VOC


def read_annotation(
    annotation: AnnotationLike, shape: tuple[int, int], names: Collection[str] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read an annotation as (labels, names): (H, W) uint8 class ids 0..C-1 with 255 for ignored pixels, and C names.

    annotation: `Regions`; class ids 0..C-1 (255 is ignored) as an array or a palette or grey PNG; or a black and white
    mask (0 and 255, or bool) of background and object, grey or RGB. shape: (H, W) of the photograph. Raises SegxaiError for
    anything else, a different size, fewer than two classes, or an empty annotation.
    """
    if names is not None and (isinstance(names, str) or not isinstance(names, Collection)):
        raise SegxaiValueError(f"The class names must be a list of strings; got {names!r}.")
    if isinstance(annotation, Regions):
        labels, names = annotation.labels, annotation.names if names is None else names
    else:
        labels = _read_png(annotation) if isinstance(annotation, (str, os.PathLike)) else as_array(annotation, "The annotation")
        labels = _single_channel(labels)
    if labels.shape != tuple(shape):
        hint = (
            f" Photographs are reduced to {MAX_SIDE} pixels on reading; reduce both beforehand."
            if max(labels.shape) > MAX_SIDE
            else ""
        )
        raise SegxaiValueError(
            f"The annotation has {labels.shape[0]} x {labels.shape[1]} pixels, the photograph {shape[0]} x {shape[1]}.{hint}"
        )
    values = np.unique(labels)
    if set(values) == {0, IGNORE} and (names is None or len(names) == 2):
        labels, names = (labels == IGNORE).astype(np.uint8), ("background", "object") if names is None else names
        values = np.unique(labels)
    classes = values[values != IGNORE]
    if classes.size == 0:
        raise SegxaiValueError("The annotation is empty: every pixel is 255 (ignored).")
    if classes.size == 1:
        raise SegxaiValueError(f"The annotation has only one class ({classes[0]}); at least two are needed.")
    if classes.min() < 0 or classes.max() > 254:
        raise SegxaiValueError(
            f"Class ids must be 0 to 254 (255 is ignored); the annotation has {classes.min()} to {classes.max()}."
        )
    number = int(classes.max()) + 1 if names is None else len(names)
    if number <= classes.max():
        raise SegxaiValueError(f"The annotation uses class {classes.max()}, but only {number} names were given.")
    if names is None:
        check_gaps(classes)
        names = ("background", "object") if number == 2 else tuple(f"class {i}" for i in range(number))
    return labels.astype(np.uint8), tuple(str(n) for n in names)


def check_gaps(classes: np.ndarray) -> None:
    """Raise SegxaiValueError if the class ids (without 255) have such large gaps that they are probably grey levels."""
    if len(classes) and classes.max() + 1 > 2 * len(classes) + 2:
        raise SegxaiValueError(
            f"The annotation's class ids {', '.join(map(str, classes[:8]))} look like grey levels. Number the classes 0, 1, 2 ..."
        )


def _read_png(path) -> np.ndarray:
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, does not raise for impossible file names
        raise SegxaiFileNotFoundError(f"There is no annotation file {str(path)!r}. Check the spelling and the folder.")
    with opened_image(path) as picture:
        if picture.format not in ("PNG", "BMP", "TIFF", "GIF"):
            # JPEG compression changes class ids near borders.
            raise SegxaiValueError(f"{path.name!r} is a {picture.format} file, which alters class ids; save the annotation as PNG.")
        return np.asarray(picture)


def _single_channel(labels) -> np.ndarray:
    if labels.ndim == 3 and labels.shape[-1] in (3, 4):
        # Black and white is an unambiguous mask; other colours do not identify a class.
        if (labels[..., :3] == labels[..., :1]).all() and set(np.unique(labels[..., 0])) <= {0, IGNORE}:
            return labels[..., 0]
        raise SegxaiValueError(
            "The annotation is a colour image; class ids were expected. Save it in palette mode, or map its colours to 0, 1, 2 ..."
        )
    if labels.ndim == 3 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise SegxaiValueError(
            f"An annotation must be a (height, width) array of class ids; got {labels.dtype} of shape {labels.shape}."
        )
    return labels
