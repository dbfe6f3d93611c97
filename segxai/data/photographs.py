"""The bundled photographs and their annotations.

The photographs come with scikit-image; the annotations were drawn for segxai (see data/SOURCES.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import skimage.data
from PIL import Image

from ..errors import unknown_name
from ..files import data_file
from ..regions import Regions

_PHOTOGRAPHS = {
    "astronaut": ("astronaut", "Eileen Collins, astronaut", "NASA, public domain"),
    "cat": ("chelsea", "Chelsea the cat", "Stefan van der Walt, CC0"),
    "coffee": (
        "coffee",
        "A cup of coffee",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0",
    ),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """A photograph, (H, W, 3) uint8, with its annotation as named `Regions`, its title and its credit line."""

    image: np.ndarray
    annotation: Regions
    title: str
    credit: str


def names() -> tuple[str, ...]:
    """The names of the bundled photographs, as `load` accepts them."""
    return tuple(_PHOTOGRAPHS)


def photograph(name: str) -> np.ndarray:
    """A bundled photograph, (H, W, 3) uint8. Raises SegxaiValueError for an unknown name."""
    if name not in _PHOTOGRAPHS:
        raise unknown_name("photograph", name, _PHOTOGRAPHS)
    return getattr(skimage.data, _PHOTOGRAPHS[name][0])()


def load(name: str) -> Sample:
    """A bundled photograph with its annotation: "astronaut", "cat" or "coffee". Raises SegxaiValueError for another name."""
    image = photograph(name)
    _, title, credit = _PHOTOGRAPHS[name]
    return Sample(image, _annotation(name), title, credit)


def _annotation(name) -> Regions:
    path = data_file(f"annotations/{name}.png")
    labels = np.asarray(Image.open(path))
    classes = path.with_suffix(".names.txt").read_text(encoding="utf-8").splitlines()
    return Regions.from_labels(labels, dict(enumerate(classes)), "annotation")
