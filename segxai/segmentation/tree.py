"""The region tree: a photograph's contours divide it into basins, which are merged and named.

References
----------
Beucher and Lantuejoul 1979, "Use of Watersheds in Contour Detection".
Arbelaez et al. 2011, "Contour Detection and Hierarchical Image Segmentation", section 4 (regions
from a trained contour detector).
Salembier and Garrido 2000, "Binary Partition Tree as an Efficient Representation for Image
Processing" (greedy merging of neighbours, kept as a tree).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..images import reduced, resize_labels
from ..regions import Part, Regions, coarsest
from .cut import SPARED, automatic_number, automatic_things, spared
from .merging import Merging, basins, borders, leaves, merge
from .names import name_tree
from .record import check_count
from .seen import Seen, seen
from .views import object_nouns

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
KEPT = 8  # number of trees in the cache, 1 MB each

_trees: OrderedDict[tuple[str, bytes], Grown] = OrderedDict()
_lock = threading.Lock()


class Recipe(NamedTuple):
    """How a photograph's tree is grown.

    Attributes
    ----------
    method : str
        The segmenter's name.
    contours : callable
        From a photograph (h, w, 3) to contour strength (h, w).
    merging : Merging
        The cost of a merge.
    features : callable, optional
        From (photograph, basins (h, w)) to (B, D) features.
    """

    method: str
    contours: Callable[[np.ndarray], np.ndarray]
    merging: Merging
    features: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


class Grown(NamedTuple):
    """A photograph's tree.

    Attributes
    ----------
    atoms : (h, w) array of int
        The leaves.
    root : Part
        With nouns at every node.
    things : Part
        The root of the same leaves' tree in which things that touch and have one noun are a node.
    automatic : list of Part
        The nodes of `things` that are regions by default.
    seen : Seen
        Of the leaves.
    """

    atoms: np.ndarray
    root: Part
    things: Part
    automatic: list[Part]
    seen: Seen


def tree_regions(image: np.ndarray, recipe: Recipe, n_regions: int | str) -> Regions:
    """Cut a photograph's region tree.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    recipe : Recipe
        How its tree is grown.
    n_regions : int or "auto"
        1 to LEAVES, or "auto" for the things of the photograph.

    Returns
    -------
    regions : Regions
        Nodes of the tree, whose names are nouns where there is evidence.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    check_count(n_regions)
    tree = grown(image, recipe)
    atoms = resize_labels(tree.atoms, image.shape[:2])
    if n_regions == "auto":
        return Regions(atoms, tree.automatic, recipe.method, tree.things)
    return Regions(atoms, coarsest(tree.root, int(n_regions)), recipe.method, tree.root)


def grown(image: np.ndarray, recipe: Recipe) -> Grown:
    """Grow a photograph's tree; those of the last KEPT pairs of photograph and method are cached.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    recipe : Recipe
        How its tree is grown.

    Returns
    -------
    tree : Grown
        The named tree and its automatic cut.
    """
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    key = recipe.method, digest.digest()
    with _lock:
        kept = _trees.get(key)
    tree = kept or _grow(image, recipe)
    with _lock:
        _trees[key] = tree
        _trees.move_to_end(key)
        while len(_trees) > KEPT:
            _trees.popitem(last=False)
    return tree


def _grow(image, recipe) -> Grown:
    # Never enlarged: regions stay connected when a label map is enlarged, but not when it is
    # reduced.
    copy = reduced(image, WORKING_SIDE)
    strength, merging = recipe.contours(copy), recipe.merging
    labels = basins(strength)
    of_basins = seen(image, labels)
    features = None if recipe.features is None else recipe.features(image, labels)
    border = borders(labels, strength)
    atoms, root = leaves(
        labels, merge(of_basins.areas, border, merging, features, of_basins.classes)
    )
    found = of_basins.over(labels, atoms)
    objects = object_nouns(copy, atoms, root, found)
    root = name_tree(atoms, root, found, objects)
    if not merging.nouns:
        number = automatic_number(root, merging.worth)
        return Grown(atoms, root, root, coarsest(root, number), found)
    root = spared(root, objects, SPARED)
    things, number = automatic_things(atoms, strength, root, found, objects, merging)
    return Grown(atoms, root, things, coarsest(things, number), found)
