"""Default names of regions by colour and position, e.g. "orange, centre"."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

# CIE Lab values (D65) of Berlin and Kay's eleven basic colour terms, with lighter and darker shades that are common in
# photographs.
_COLOURS = {
    "black": (12, 0, 0),
    "dark grey": (32, 0, 0),
    "grey": (55, 0, 0),
    "light grey": (77, 0, 0),
    "white": (95, 0, 0),
    "red": (48, 62, 42),
    "dark red": (28, 40, 24),
    "orange": (65, 38, 58),
    "brown": (38, 16, 26),
    "dark brown": (20, 8, 12),
    "light brown": (58, 12, 26),
    "beige": (80, 4, 18),
    "yellow": (86, -2, 66),
    "olive": (50, -8, 36),
    "green": (52, -42, 34),
    "dark green": (28, -18, 18),
    "turquoise": (66, -34, -8),
    "blue": (45, 8, -46),
    "dark blue": (24, 8, -28),
    "light blue": (72, -8, -24),
    "purple": (38, 38, -36),
    "pink": (72, 36, 6),
    "rose brown": (62, 18, 16),
}
_ROWS = ("top", "", "bottom")
_COLUMNS = ("left", "", "right")


def describe(image: np.ndarray, atoms: np.ndarray, groups: Iterable[Iterable[int]]) -> list[str]:
    """Name each group of atoms by the most frequent colour of its pixels and the position of its centre.

    image: (H, W, 3) uint8. atoms: (H, W) integers 0..A-1. groups: tuples of atoms. Names may repeat; `Regions` numbers
    repeated ones.
    """
    height, width = atoms.shape
    flat = atoms.ravel()
    number = int(flat.max()) + 1
    count = np.bincount(flat, minlength=number)
    terms = list(_COLOURS)
    term = _nearest_term()[tuple(np.moveaxis(image >> 4, -1, 0))].ravel()
    votes = np.bincount(flat * len(terms) + term, minlength=number * len(terms)).reshape(number, -1)
    row, column = np.divmod(np.arange(flat.size), width)
    rows, columns = np.bincount(flat, row / height), np.bincount(flat, column / width)
    edges = _touched_edges(atoms, number)

    names = []
    for group in groups:
        group = list(group)
        area = count[group].sum()
        colour = terms[int(votes[group].sum(0).argmax())]
        if edges[group].any(0).all() and area < 0.98 * flat.size:
            place = "all round"
        else:
            place = _place(rows[group].sum() / area, columns[group].sum() / area)
        names.append(f"{colour}, {place}")
    return names


@lru_cache(maxsize=1)
def _nearest_term() -> np.ndarray:
    """(16, 16, 16) the nearest colour term in CIE Lab for each RGB colour with 4 bits per channel."""
    from skimage.color import rgb2lab

    levels = (np.arange(16) * 16 + 8) / 255
    lab = rgb2lab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1))
    palette = np.array(list(_COLOURS.values()), float)
    return ((lab[..., None, :] - palette) ** 2).sum(-1).argmin(-1)


def _touched_edges(atoms, number) -> np.ndarray:
    """(number, 4) bool: which edges of the image each atom touches."""
    edges = np.zeros((number, 4), bool)
    for side, line in enumerate((atoms[0], atoms[-1], atoms[:, 0], atoms[:, -1])):
        edges[np.unique(line), side] = True
    return edges


def _place(row: float, column: float) -> str:
    """The position of a centre (shares of height and width) in a 3 x 3 grid, in words."""
    words = (_ROWS[min(int(row * 3), 2)], _COLUMNS[min(int(column * 3), 2)])
    return " ".join(word for word in words if word) or "centre"
