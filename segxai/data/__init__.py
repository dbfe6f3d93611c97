"""Data to try explanations on: annotated photographs, and a classifier with a planted shortcut.

The photographs come with scikit-image; the annotations were drawn for segxai (see data/SOURCES.md).
"""

from dataclasses import dataclass

import numpy as np

from ..errors import one_of
from ..fcn.annotation import load_annotation
from ..files import data_file
from ..images import BUNDLED, bundled
from ..regions import Regions
from .shortcut import Planted, planted

__all__ = ["Planted", "Sample", "load", "names", "photograph", "planted"]

_CREDITS = {
    "astronaut": ("Eileen Collins, astronaut", "NASA, public domain"),
    "cat": ("Chelsea the cat", "Stefan van der Walt, CC0"),
    "coffee": ("A cup of coffee", "Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0"),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """A photograph with its annotation.

    Attributes
    ----------
    image : (H, W, 3) array of uint8
    annotation : Regions
        Drawn by hand, with names.
    title, credit : str
        The credit line names the source and the licence.
    """

    image: np.ndarray
    annotation: Regions
    title: str
    credit: str


def names() -> tuple[str, ...]:
    """Return the names of the bundled photographs, as `load` accepts them."""
    return tuple(BUNDLED)


def photograph(name: str) -> np.ndarray:
    """Return a bundled photograph.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    image : (H, W, 3) array of uint8

    Raises
    ------
    SegxaiValueError
        For an unknown name.
    """
    return bundled(one_of("photograph", name, BUNDLED))


def load(name: str) -> Sample:
    """Return a bundled photograph with its annotation.

    Parameters
    ----------
    name : str
        "astronaut", "cat" or "coffee".

    Returns
    -------
    sample : Sample

    Raises
    ------
    SegxaiValueError
        For an unknown name.

    Examples
    --------
    >>> load("cat").title
    'Chelsea the cat'
    """
    image = photograph(name)
    labels, names = load_annotation(data_file(f"annotations/{name}.png"), image.shape[:2])
    return Sample(image, Regions.from_labels(labels, names, "annotation"), *_CREDITS[name])
