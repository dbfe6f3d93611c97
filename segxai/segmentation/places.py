"""Names of regions by their position in the photograph, e.g. "top left"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_ROWS = ("top", "", "bottom")
_COLUMNS = ("left", "", "right")


def places(atoms: np.ndarray, groups: Iterable[Iterable[int]]) -> list[str]:
    """Name groups of atoms by the position of their centre in a 3 x 3 grid.

    Parameters
    ----------
    atoms : (H, W) array of int
        The finest label map, with values 0..A-1.
    groups : iterable of iterables of int
        The atoms of each region.

    Returns
    -------
    names : list of str
        "top left" ... "centre" ... "bottom right", or "all round" for a region that touches all
        four edges. Names may repeat; `Regions` numbers repeated ones.
    """
    height, width = atoms.shape
    flat = atoms.ravel()
    number = int(flat.max()) + 1
    count = np.bincount(flat, minlength=number)
    row, column = np.divmod(np.arange(flat.size), width)
    # Of the middle of each pixel, so that a mirrored photograph has mirrored places.
    rows = np.bincount(flat, (row + 0.5) / height)
    columns = np.bincount(flat, (column + 0.5) / width)
    edges = np.zeros((number, 4), bool)  # which edges of the photograph each atom touches
    for side, line in enumerate((atoms[0], atoms[-1], atoms[:, 0], atoms[:, -1])):
        edges[np.unique(line), side] = True
    names = []
    for group in map(list, groups):
        area = count[group].sum()
        if edges[group].any(axis=0).all() and area < 0.98 * flat.size:
            names.append("all round")
        else:
            words = (
                _ROWS[min(int(3 * rows[group].sum() / area), 2)],
                _COLUMNS[min(int(3 * columns[group].sum() / area), 2)],
            )
            names.append(" ".join(filter(None, words)) or "centre")
    return names
