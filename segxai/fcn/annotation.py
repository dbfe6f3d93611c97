"""Read and write annotations: the class id of each pixel of a photograph.

An annotation on disk is one file: a PNG whose values are the class ids, and whose text with the
keyword "Class names" has one name a line. Other formats in common use are read, too, among them the
polygons and run lengths of labelme, COCO and label-studio.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, TypeAlias

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..errors import SegxaiFileError, SegxaiValueError
from ..files import as_path, reading, replacing
from ..images import ImageLike, as_image, encoded
from ..masks import (
    IGNORE,
    NAMES,
    ClassMap,
    check_size,
    fit,
    read_ids,
    read_map,
    read_mask,
    refuse_soft_borders,
)
from ..names import NamesLike, distinct_names, read_names
from ..regions import Regions
from ..segmentation.compose import from_mask_list, regions_of_classes

# Whatever `read_annotation` accepts.
AnnotationLike: TypeAlias = Regions | np.ndarray | str | os.PathLike

# Okabe and Ito's colours, for viewers that show the PNG itself; those of the painter
# (widgets/shared/palette.js).
PALETTE = (
    (128, 128, 128), (230, 159, 0), (86, 180, 233), (0, 158, 115),
    (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
)  # fmt: skip
MOST_JSON = 10_000_000  # bytes of a file; Python's objects need up to 24 times as much
MOST_PIXELS = 250_000_000  # of all masks together, which are in memory at once
_WHAT = "The photograph of this file"
# What a reader yields: a label, (H, W) of its photograph, and the area in one of three forms, a
# list of polygons, the bytes of a brush or COCO's run lengths.
Found: TypeAlias = Iterator[tuple[str, tuple[int, int], Any]]


def read_annotation(
    annotation: AnnotationLike, shape: tuple[int, int], names: NamesLike | None = None
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
    annotation: AnnotationLike | bytes,
    shape: tuple[int, int],
    names: NamesLike | None = None,
    *,
    masks: bool = True,
    known: Collection[str] = (),
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read an annotation.

    Parameters
    ----------
    annotation : Regions, array, path or bytes
        `Regions`; class ids 0..C-1 (255 is ignored) as an array or a palette or grey PNG; a
        black and white mask (0 and 255, or bool) of background and object, grey or RGB; or a JSON
        file, see `load_regions`. The bytes of a PNG are checked as `read_map` does.
    shape : tuple of int
        (H, W) of the photograph.
    names : sequence of str, {id: name} or {name: id}, optional
        Used instead of those that come with the annotation.
    masks : bool
        Whether the values 0 and 255 alone are a mask; if False, 255 means ignored, as it always
        does in palette files.
    known : collection of str
        Names to use where none come with it; further classes are called "class 3" and so on.

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
    if isinstance(annotation, (str, os.PathLike)) and as_path(annotation).suffix.lower() == ".json":
        annotation = _read_polygons(as_path(annotation), shape)
    found = (
        ClassMap(annotation.labels, True, list(annotation.names))
        if isinstance(annotation, Regions)
        else read_map(annotation, "The annotation", shape)
    )
    labels = fit(read_ids(found.values, "The annotation"), shape, "The annotation")
    masks = masks and not found.palette
    return _named(labels, found.names if names is None else names, masks, known)


def load_regions(path: str | os.PathLike, image: ImageLike) -> Regions:
    """Read the regions of a photograph from a file of an annotation tool.

    Parameters
    ----------
    path : str or path
        A JSON file of labelme, COCO or label-studio with polygons, rectangles or run lengths, or
        whatever else `finetune` reads as an annotation: PNGs of class ids, masks.
    image : array, PIL image, path or Bands
        The photograph. If the file has several, the one with this path's name is taken.

    Returns
    -------
    regions : Regions
        One for each label, whose parts are its polygons. Where they overlap, the smaller one wins;
        what none covers is "rest".

    Raises
    ------
    SegxaiError
        If the file is none of these, or belongs to a photograph of another size.

    Examples
    --------
    >>> regions = segxai.load_regions("photo.json", "photo.jpg")        # doctest: +SKIP
    >>> segxai.explain("photo.jpg", regions).plot()                     # doctest: +SKIP
    """
    shape, path = as_image(image).shape[:2], as_path(path)
    if path.suffix.lower() == ".json":
        name = as_path(image).name if isinstance(image, (str, os.PathLike)) else ""
        return _read_polygons(path, shape, name)
    labels, names = load_annotation(path, shape)
    return regions_of_classes(labels, {**dict(enumerate(names)), IGNORE: "void"}, "loaded")


def class_png(classes: np.ndarray, names: Iterable[str] | None = None) -> bytes:
    """Encode class ids as a PNG with these values.

    Parameters
    ----------
    classes : (H, W) ndarray of uint8
    names : iterable of str, optional
        Of the classes. With them, the PNG has `PALETTE`; otherwise it is grey.

    Returns
    -------
    png : bytes
    """
    picture = Image.fromarray(classes)
    if names is None:
        return encoded(picture, "PNG", optimize=True)
    picture.putpalette([part for k in range(255) for part in PALETTE[k % len(PALETTE)]] + [0, 0, 0])
    text = PngInfo()
    text.add_itxt(NAMES, "\n".join(names))
    # With fewer bits the ids would come out of a grey PNG stretched to 0..255.
    return encoded(picture, "PNG", optimize=True, pnginfo=text, bits=8)


def save_annotation(path: str | os.PathLike, classes: np.ndarray, names: Iterable[str]) -> None:
    """Write a palette PNG of class ids with their names.

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
    path = as_path(path)
    if path.suffix.lower() != ".png":
        raise SegxaiValueError(
            "Class ids survive only in a lossless file: "
            f"choose a name that ends in .png, not {path.name!r}."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(class_png(classes, names))


def clean_names(names: Any) -> tuple[str, ...]:
    """Make names non-empty, distinct and of one line each, for class ids from 0 on.

    Raises
    ------
    SegxaiValueError
        For anything but 1 to 255 strings, in one of the forms that `read_names` takes.
    """
    found = read_names(names, "The class names")
    found.pop(IGNORE, None)
    if not found or not 0 <= min(found) <= max(found) < IGNORE:
        raise SegxaiValueError(
            f"There must be 1 to 255 class names, for ids from 0 to 254; got {len(found)}."
        )
    return tuple(
        distinct_names(
            [" ".join(found.get(k, "").split()) or f"class {k}" for k in range(max(found) + 1)]
        )
    )


def _named(labels, names, masks, known) -> tuple[np.ndarray, tuple[str, ...]]:
    """Check class ids and complete their names.

    masks: whether 0 and 255 alone are background and object.
    """
    values, counts = np.unique(labels, return_counts=True)
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
        refuse_soft_borders(values, counts, "The annotation")
        classes = values[values != IGNORE]
        number = int(classes[-1]) + 1 if classes.size else 0
        # With such large gaps they are probably grey levels, unless there is a palette.
        if masks and len(classes) > 1 and number > 2 * len(classes) + 2:
            raise SegxaiValueError(
                f"The annotation's class ids {', '.join(map(str, classes[:8]))} look like grey "
                'levels. Number the classes 0, 1, 2 ..., or give names={12: "dog"} and so on.'
            )
        first = tuple(known) or (("background", "object") if number <= 2 else ())
        names = clean_names((*first, *(f"class {k}" for k in range(len(first), number))))
    most = int(labels.max(initial=0, where=labels != IGNORE))
    if most >= len(names):
        raise SegxaiValueError(
            f"The annotation uses class {most}, but only {len(names)} names were given."
        )
    return labels, names


def _read_polygons(path, shape, photograph="") -> Regions:
    """Read the regions of a photograph, each with its polygons as parts, from a JSON file.

    photograph: the name of its file; needed where there are several.
    """
    with reading(path, "JSON of labelme, COCO or label-studio") as path:
        if path.stat().st_size > MOST_JSON:
            raise ValueError(f"more than {MOST_JSON:,} bytes; extract what you need")
        data = json.loads(path.read_bytes())
        read = _labelme if "shapes" in data else _coco if "images" in data else _label_studio
        most = max(1, MOST_PIXELS // (shape[0] * shape[1]))
        found = list(islice(read(data, photograph), most + 1))
        if len(found) > most:
            raise ValueError(f"more than {most} areas in a photograph of this size; reduce both")
        for _, size, _ in found:
            check_size(size, shape, _WHAT)  # before any memory is taken
        areas = [
            {"segmentation": _mask(area, size, shape), "name": label} for label, size, area in found
        ]
    return from_mask_list(areas, shape, "loaded").by_noun()


def _labelme(data, _) -> Found:
    for each in data["shapes"]:
        if each.get("shape_type", "polygon") not in ("polygon", "rectangle"):
            raise ValueError(f"{each['shape_type']!r} is neither a polygon nor a rectangle")
        yield each["label"], (data["imageHeight"], data["imageWidth"]), [each["points"]]


def _coco(data, photograph) -> Found:
    image = _chosen(data["images"], [each["file_name"] for each in data["images"]], photograph)
    labels = {each["id"]: each["name"] for each in data["categories"]}
    for each in data["annotations"]:
        if each["image_id"] == image["id"]:
            area, size = each["segmentation"], (image["height"], image["width"])
            if isinstance(area, list):
                area = [np.reshape(flat, (-1, 2)) for flat in area]
            else:
                size = area["size"]
            yield labels[each["category_id"]], size, area


def _label_studio(data, photograph) -> Found:
    tasks = data if isinstance(data, list) else [data]
    names = [str(each["data"]["image"]).partition("?")[0] for each in tasks]
    task = _chosen(tasks, names, photograph)
    for each in task.get("annotations", task.get("completions"))[0]["result"]:
        value, size = each["value"], (each["original_height"], each["original_width"])
        label = next(value[key][0] for key in value if key.endswith("labels"))
        if value.get("rotation"):
            raise ValueError("a rectangle is rotated; draw it as a polygon")
        if "rle" in value:
            yield label, size, bytes(value["rle"])
        else:
            points = value.get("points") or np.add.accumulate(
                [[value["x"], value["y"]], [value["width"], value["height"]]]
            )
            yield label, size, [np.multiply(points, size[::-1]) / 100]


def _chosen(entries, names, photograph):
    """Return the only entry, or that of a photograph."""
    if len(entries) == 1:
        return entries[0]
    # label-studio puts a number before the names of uploaded files.
    names = ["-" + PurePosixPath(name.replace("\\", "/")).name for name in names]
    found = [i for i, name in enumerate(names) if photograph and name.endswith("-" + photograph)]
    if len(found) != 1:
        raise SegxaiFileError(
            f"Of {len(entries)} photographs in the file, {len(found)} are called {photograph!r}: "
            f"{', '.join(name[1:] for name in names[:5])} ... Use segxai.load_regions(path, "
            "photograph), with the path of the photograph."
        )
    return entries[found[0]]


def _mask(area, size, shape) -> np.ndarray:
    """Return the pixels of an area that was drawn on a photograph of this size."""
    from skimage.draw import polygon2mask

    if isinstance(area, Mapping):
        return fit(read_mask(area, "A segmentation"), shape, _WHAT)
    if isinstance(area, bytes):
        return fit(_brushed(area, size), shape, _WHAT)
    mask = np.zeros(shape, bool)
    for polygon in area:  # of (x, y) from the corner of the first pixel
        x, y = np.transpose(polygon)
        if not np.isfinite(polygon).all():
            raise ValueError("a polygon has infinite coordinates or NaN")
        if len(x) == 2:  # of a rectangle
            x, y = x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]
        mask |= polygon2mask(shape, np.stack([y, x], axis=1) * np.divide(shape, size) - 0.5)
    return mask


def _brushed(code, size) -> np.ndarray:
    """Decode label-studio's brush: the RGBA pixels, packed as by thi.ng's rle-pack.

    References
    ----------
    https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
    """
    bits = iter("".join(f"{byte:08b}" for byte in code))

    def read(number):
        return int("".join(islice(bits, number)), 2)

    total, word, lengths = read(32), read(5) + 1, [read(4) + 1 for _ in range(4)]
    if total != 4 * size[0] * size[1]:
        raise ValueError(f"a brush of {total} values for {size[1]} x {size[0]} pixels")
    values: list[int] = []
    while len(values) < total:
        repeated, count = read(1), 1 + read(lengths[read(2)])
        values += [read(word)] * count if repeated else [read(word) for _ in range(count)]
    return np.reshape(values, (*size, 4))[..., 3] > 127
