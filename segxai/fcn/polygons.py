"""Read the polygons and run lengths of annotation tools: labelme, COCO and label-studio."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..errors import SegxaiFileError
from ..files import reading
from ..masks import check_size, fit, read_mask
from ..regions import Regions
from ..segmentation.compose import from_mask_list

MOST_BYTES = 10_000_000  # of a file; Python's objects need up to 24 times as much
MOST_PIXELS = 250_000_000  # of all masks together, which are in memory at once
WHAT = "The photograph of this file"
# What a reader yields: a label, (H, W) of its photograph, and the area in one of three forms, a
# list of polygons, the bytes of a brush or COCO's run lengths.
Found = Iterator[tuple[str, tuple[int, int], Any]]


def read_polygons(path: Path, shape: tuple[int, int], photograph: str = "") -> Regions:
    """Read the regions of a photograph from a JSON file.

    Parameters
    ----------
    path : Path
        Of labelme, COCO or label-studio.
    shape : tuple of int
        (H, W) of the photograph as it was read.
    photograph : str
        The name of its file; needed where there are several.

    Returns
    -------
    regions : Regions
        One for each label, whose parts are its polygons; where none is, "rest".

    Raises
    ------
    SegxaiError
        If the file is none of these, or belongs to a photograph of another size.
    """
    with reading(path, "JSON of labelme, COCO or label-studio") as path:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes; extract what you need")
        data = json.loads(path.read_bytes())
        read = _labelme if "shapes" in data else _coco if "images" in data else _label_studio
        most = max(1, MOST_PIXELS // (shape[0] * shape[1]))
        found = list(islice(read(data, photograph), most + 1))
        if len(found) > most:
            raise ValueError(f"more than {most} areas in a photograph of this size; reduce both")
        for _, size, _ in found:
            check_size(size, shape, WHAT)  # before any memory is taken
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
        if "rle" in value:
            yield label, size, bytes(value["rle"])
            continue
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
        return fit(read_mask(area, "A segmentation"), shape, WHAT)
    if isinstance(area, bytes):
        return fit(_brushed(area, size), shape, WHAT)
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
    bits, place = "".join(f"{byte:08b}" for byte in code), 0

    def read(number):
        nonlocal place
        place += number
        return int(bits[place - number : place], 2)

    total, word, lengths = read(32), read(5) + 1, [read(4) + 1 for _ in range(4)]
    if total != 4 * size[0] * size[1]:
        raise ValueError(f"a brush of {total} values for {size[1]} x {size[0]} pixels")
    values: list[int] = []
    while len(values) < total:
        repeated, count = read(1), 1 + read(lengths[read(2)])
        values += [read(word)] * count if repeated else [read(word) for _ in range(count)]
    return np.reshape(values, (*size, 4))[..., 3] > 127
