"""Annotations: class ids for every pixel of a photograph, from the forms in which people have them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import numpy as np

from ..errors import SegxaiFileNotFoundError, SegxaiValueError
from ..images import MAX_SIDE, as_array, opened_image
from ..regions import Regions

IGNORE = 255  # pixels with this class id count in no loss, as on PASCAL VOC


def read_annotation(annotation, shape, names=None) -> tuple[np.ndarray, tuple[str, ...]]:
    """An annotation as (labels, names): (H, W) uint8 class ids 0..C-1 with 255 for ignored pixels, and C names.

    Understood: `Regions`; integer class ids 0..C-1 (255 ignored) as array or palette / grey PNG; a black and white
    mask (0 and 255, or bool), as background and object, grey or RGB. Raises SegxaiError for anything else, another size
    than `shape`, fewer than two classes, or an empty annotation.
    """
    if names is not None and (isinstance(names, str) or not isinstance(names, Collection)):
        raise SegxaiValueError(f"The classes' names come as a list of texts; got {names!r}.")
    if isinstance(annotation, Regions):
        labels, names = annotation.labels, annotation.names if names is None else names
    else:
        labels = _read_png(annotation) if isinstance(annotation, (str, os.PathLike)) else as_array(annotation, "The annotation")
        labels = _single_channel(labels)
    if labels.shape != tuple(shape):
        hint = (
            f" Photographs are reduced to {MAX_SIDE} pixels on reading; reduce both first." if max(labels.shape) > MAX_SIDE else ""
        )
        raise SegxaiValueError(
            f"The annotation is {labels.shape[0]} x {labels.shape[1]}, the photograph {shape[0]} x {shape[1]}.{hint}"
        )
    values = np.unique(labels)
    if set(values) == {0, IGNORE} and (names is None or len(names) == 2):
        labels, names = (labels == IGNORE).astype(np.uint8), ("background", "object") if names is None else names
        values = np.unique(labels)
    classes = values[values != IGNORE]
    if classes.size == 0:
        raise SegxaiValueError("The annotation is empty: every pixel is 255 (ignored).")
    if classes.size == 1:
        raise SegxaiValueError(f"The annotation holds one class only ({classes[0]}); at least two are needed to tell apart.")
    if classes.min() < 0 or classes.max() > 254:
        raise SegxaiValueError(f"Class ids are 0 to 254 (255 is ignored); the annotation holds {classes.min()} to {classes.max()}.")
    number = int(classes.max()) + 1 if names is None else len(names)
    if number <= classes.max():
        raise SegxaiValueError(f"The annotation uses class {classes.max()}, but only {number} names were given.")
    if names is None:
        check_gaps(classes)
        names = ("background", "object") if number == 2 else tuple(f"class {i}" for i in range(number))
    return labels.astype(np.uint8), tuple(str(n) for n in names)


def check_gaps(classes) -> None:
    """Raise SegxaiValueError where the class ids that occur (255 left out) have such gaps that a grey picture must be meant."""
    if len(classes) and classes.max() + 1 > 2 * len(classes) + 2:
        raise SegxaiValueError(
            f"The annotation's class ids are {', '.join(map(str, classes[:8]))}: is it a grey picture? Number the classes 0, 1, 2 ..."
        )


def _read_png(path) -> np.ndarray:
    path = Path(path)
    if not os.path.isfile(path):  # which bears names that no file can have
        raise SegxaiFileNotFoundError(f"There is no annotation {str(path)!r}.")
    with opened_image(path) as picture:
        if picture.format not in ("PNG", "BMP", "TIFF", "GIF"):
            # JPEG blurs class ids into their neighbours.
            raise SegxaiValueError(f"{path.name!r} is {picture.format}; class ids survive only in a lossless file, e.g. PNG.")
        return np.asarray(picture)


def _single_channel(labels) -> np.ndarray:
    if labels.ndim == 3 and labels.shape[-1] in (3, 4):
        # Only a black and white mask can be meant; other colours do not say which class they are.
        if (labels[..., :3] == labels[..., :1]).all() and set(np.unique(labels[..., 0])) <= {0, IGNORE}:
            return labels[..., 0]
        raise SegxaiValueError(
            "The annotation is a colour picture; class ids were expected. Save it in palette mode, or map its colours to 0, 1, 2 ..."
        )
    if labels.ndim == 3 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise SegxaiValueError(
            f"An annotation is a (height, width) array of class ids; got {labels.dtype} of shape {labels.shape}."
        )
    return labels
