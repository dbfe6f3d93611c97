"""Arrays in a published file, which is opened only with its published hash."""

from math import prod

import numpy as np

from ..files import data_file
from .downloads import obtain


def published_arrays(name: str) -> dict[str, np.ndarray]:
    """Read the arrays of a file that never changes where its index says they are.

    Nothing of the file's format is read, so nothing in it can mislead: data/index_weights.py
    found the places.

    Parameters
    ----------
    name : str
        A download that has an index, data/NAME_index.txt.

    Returns
    -------
    arrays : dict of str to ndarray of float32
        By the names in the index.

    Raises
    ------
    SegxaiError
        If the file cannot be downloaded, or if the cached one is damaged.
    """
    arrays = {}
    with obtain(name).open("rb") as file:
        for line in data_file(f"{name}_index.txt").read_text(encoding="utf-8").splitlines():
            array, place, *sides = line.split()
            shape = tuple(map(int, sides))
            file.seek(int(place))
            arrays[array] = np.fromfile(file, "<f4", prod(shape)).reshape(shape)
    return arrays
