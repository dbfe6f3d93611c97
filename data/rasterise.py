"""Rasterise the polygon annotations to label images.

Reads every data/annotations/<name>.json and writes next to it

    <name>.png    the class id of each pixel, one byte each; read it with
                  numpy.asarray(PIL.Image.open(...)), which returns the ids and
                  ignores the palette. Its text "Class names" lists the names,
                  one per line; the line number, counted from 0, is the id

Run it after editing a JSON file:

    python data/rasterise.py           write the files
    python data/rasterise.py --check   write nothing; exit with 1 if a PNG
                                       differs from its JSON

In the JSON, a point is [x, y] with x to the right and y down, and integers are
the centres of pixels. Later polygons cover earlier ones.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from skimage.draw import polygon

NAMES = "Class names"
ANNOTATIONS = Path(__file__).resolve().parent / "annotations"

# Okabe and Ito's eight colours and a light grey, which people with the common
# kinds of colour blindness can distinguish. Black comes first because id 0 is
# the background.
PALETTE = (
    (0, 0, 0),
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (221, 221, 221),
)


def labels_of(annotation):
    """The class ids as an (H, W) uint8 array of the photograph's size."""
    names = annotation["classes"]
    if len(set(names)) != len(names):
        raise ValueError("a class is listed twice")
    if len(names) > len(PALETTE):
        raise ValueError(f"{len(names)} classes, but only {len(PALETTE)} colours")
    labels = np.zeros(annotation["size"], dtype=np.uint8)
    for shape in annotation["polygons"]:
        if shape["class"] not in names:
            raise ValueError(f"a polygon is of the unlisted class {shape['class']!r}")
        x, y = np.array(shape["points"], dtype=float).T
        # skimage handles fractions of a pixel; ImageDraw would round them and add
        # the outline, which enlarges the polygon by half a pixel on all sides.
        labels[polygon(y, x, labels.shape)] = names.index(shape["class"])
    return labels


def shares_text(labels, annotation):
    listed = enumerate(annotation["classes"])
    return ", ".join(f"{name} {np.mean(labels == i):.1%}" for i, name in listed)


def replace(path, write):
    """Write a file by write(temporary), then rename it to `path`."""
    # Other processes never see an incomplete file.
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_png(labels, names, path):
    image = Image.fromarray(labels)
    # A palette of 256 entries, because with fewer than 17 colours Pillow packs
    # two pixels into a byte, which some PNG readers do not unpack.
    colours = PALETTE + ((0, 0, 0),) * (256 - len(PALETTE))
    image.putpalette([value for colour in colours for value in colour])
    text = PngInfo()
    text.add_itxt(NAMES, "\n".join(names))
    # Explicit format, because the temporary name ends in .tmp.
    image.save(path, format="PNG", optimize=True, pnginfo=text)


def differences(labels, names, png):
    """Describe each difference between the file on disk and the JSON."""
    if not png.exists():
        yield f"{png.name} is missing"
        return
    with Image.open(png) as picture:
        if picture.mode != "P":
            yield f"{png.name} has mode {picture.mode}, not P"
        elif not np.array_equal(np.asarray(picture), labels):
            yield f"{png.name} does not show the polygons of its JSON"
        if picture.info.get(NAMES) != "\n".join(names):
            yield f"{png.name} does not list the classes of its JSON"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print("usage: python data/rasterise.py [--check]", file=sys.stderr)
        return 2
    sources = sorted(ANNOTATIONS.glob("*.json"))
    if not sources:
        print(f"no JSON file in {ANNOTATIONS}", file=sys.stderr)
        return 1
    failed = False
    for source in sources:
        png = source.with_suffix(".png")
        try:
            annotation = json.loads(source.read_text(encoding="utf-8"))
            labels, names = labels_of(annotation), annotation["classes"]
        except (ValueError, KeyError) as error:
            print(f"{source.name}: {error}", file=sys.stderr)
            failed = True
            continue
        if arguments:
            for difference in differences(labels, names, png):
                print(difference, file=sys.stderr)
                failed = True
        else:
            replace(png, partial(save_png, labels, names))
            print(f"{png.name}: {shares_text(labels, annotation)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
