"""Regions of a map of class ids, named by class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..regions import GIVEN, Evidence, Part, Regions

SMALLEST_PART = 0.002  # share of the image; smaller connected pieces of a class do not become parts


def regions_of_classes(
    classes: np.ndarray,
    names: Sequence[str] | Mapping[int, str],
    method: str,
    evidence: Evidence = GIVEN,
) -> Regions:
    """Convert a map of class ids to regions.

    Parameters
    ----------
    classes : (H, W) array of int
        The class of each pixel.
    names : sequence of str, or mapping of int to str
        Of the class ids.
    method : str
        The segmenter's name.
    evidence : Evidence
        For the names.

    Returns
    -------
    regions : Regions
        One for each class; its parts are its connected pieces, the largest first.
    """
    from skimage.measure import label

    atoms = np.zeros(classes.shape, np.int32)
    parts, number = [], 0
    for value in np.unique(classes):
        mask = classes == value
        pieces, count = label(mask, return_num=True, connectivity=2)
        areas = np.bincount(pieces[mask], minlength=count + 1)
        order = np.argsort(-areas, kind="stable")
        order = order[areas[order] >= max(1, SMALLEST_PART * classes.size)]
        # Small pieces join the largest one, so that every pixel of the class belongs to a part.
        place = np.zeros(count + 1, np.int32)
        place[order] = np.arange(len(order))
        atoms[mask] = number + place[pieces[mask]]
        last = number + max(1, len(order))
        parts.append(numbered_part(names[value], range(number, last), evidence))
        number = last
    return Regions(atoms, parts, method)


def numbered_part(name: str, atoms: Iterable[int], evidence: Evidence) -> Part:
    """Make a part of atoms that are its numbered parts, e.g. "person 1" and "person 2".

    Parameters
    ----------
    name : str
        What each of them is.
    atoms : iterable of int
        What it covers.
    evidence : Evidence
        For the name.

    Returns
    -------
    part : Part
        Without further parts if it covers a single atom.
    """
    atoms = tuple(map(int, atoms))
    children = tuple(
        Part(f"{name} {i}", (atom,), evidence=evidence, noun=name)
        for i, atom in enumerate(atoms, start=1)
    )
    return Part(name, atoms, children if len(atoms) > 1 else (), evidence=evidence)
