"""The region tree, and the segmenters that cut it: "deep", "contours" and "semantic".

A photograph's contours divide it into basins, which are merged and named. "contours" merges across
weak contours. "deep" describes the basins by the network's end points, too: similar basins are
merged across weak contours, and different ones stay separate even where the contour between them
has gaps.

References
----------
Beucher and Lantuejoul 1979, "Use of Watersheds in Contour Detection".
Arbelaez et al. 2011, "Contour Detection and Hierarchical Image Segmentation", section 4 (regions
from a trained contour detector).
Salembier and Garrido 2000, "Binary Partition Tree as an Efficient Representation for Image
Processing" (greedy merging of neighbours, kept as a tree).
Collins et al. 2018, "Deep Feature Factorization for Concept Discovery" (deep features that group
into objects).
"""

import threading
from typing import NamedTuple

import numpy as np

from ..images import reduced, resize_labels
from ..regions import Part, Regions, coarsest
from ..weights.loaded import recent
from ..weights.semantic import semantic_head
from .compose import numbered_part
from .contours import content_key, contours
from .cut import automatic_number, automatic_things, spared
from .merging import Merging, basins, borders, leaves, merge
from .nouns import evidence, name_tree
from .record import Segmenter, by_count, check_count
from .seen import Seen, for_network, pool, seen
from .views import object_nouns

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
NETWORK_SIDE = 1024  # pixels, the longest side of the network's input for `deep_features`
STRIDE_WEIGHTS = {8: 1.0, 16: 1.0, 32: 0.75}
KEPT = 8  # number of trees in the cache, 1 MB each
# How the basins of each segmenter are merged.
MERGING = {
    "contours": Merging(floor=0.0, contour=1.0, size=0.08, worth=0.35),
    "deep": Merging(floor=0.05, contour=3.0, size=0.4, worth=0.045, nouns=0.7),
}


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


_trees: dict[tuple[str, bytes], Grown] = {}  # the most recently used one last
_one_at_a_time = threading.Lock()  # who asks for the same tree meanwhile gets it, too


def deep(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Divide a photograph into things and their parts, without annotation.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    n_regions : int or "auto"
        1 to 48, or "auto" for 3 to 9: as many as the photograph has things. The regions for a small
        number are unions of those for a larger one, so `Regions.expand` knows the parts of each.

    Returns
    -------
    regions : Regions
        Regions by contours, EfficientNet-Lite0's features and nouns.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    return tree_regions(image, "deep", n_regions)


def contour_regions(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Divide a photograph by contours alone.

    Unlike those of "deep", the regions do not depend on a classifier's network; their names do.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    n_regions : int or "auto"
        As for "deep".

    Returns
    -------
    regions : Regions
        Nodes of the region tree.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    return tree_regions(image, "contours", n_regions)


def semantic(image: np.ndarray) -> Regions:
    """Name every part of a photograph by one of the classes of the project's own FCN.

    The class probabilities of the FCN-8s `FCN("efficientnet_lite0", weights="semantic", stride=8)`
    are averaged over the leaves of the region tree of "deep", which have sharper outlines than a
    map of stride 8. Each leaf gets its most probable class.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.

    Returns
    -------
    regions : Regions
        One region for each class, whose parts are the leaves; "object" is what has no class.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation".
    """
    tree = grown(image, "deep")
    names, areas = semantic_head().names, tree.seen.areas
    best = tree.seen.classes.argmax(axis=1)
    parts = []
    for k in np.unique(best):
        inside = np.flatnonzero(best == k)
        p = np.average(tree.seen.classes[inside, k], weights=areas[inside])
        parts.append(numbered_part(names[k], inside, evidence("semantic", p)))
    return Regions(resize_labels(tree.atoms, image.shape[:2]), parts, "semantic")


def tree_regions(image: np.ndarray, method: str, n_regions: int | str) -> Regions:
    """Cut a photograph's region tree.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    method : "deep" or "contours"
        How its basins are merged.
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
    tree = grown(image, method)
    atoms = resize_labels(tree.atoms, image.shape[:2])
    if n_regions == "auto":
        return Regions(atoms, tree.automatic, method, tree.things)
    return Regions(atoms, coarsest(tree.root, int(n_regions)), method, tree.root)


def grown(image: np.ndarray, method: str) -> Grown:
    """Grow a photograph's tree; those of the last KEPT pairs of photograph and method are cached.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    method : "deep" or "contours"
        How its basins are merged.

    Returns
    -------
    tree : Grown
        The named tree and its automatic cut.
    """
    with _one_at_a_time:
        return recent(_trees, (method, content_key(image)), KEPT, lambda: _grow(image, method))


def _grow(image, method) -> Grown:
    # Never enlarged: regions stay connected when a label map is enlarged, but not when it is
    # reduced.
    copy = reduced(image, WORKING_SIDE)
    strength, merging = contours(copy), MERGING[method]
    labels = basins(strength)
    of_basins = seen(image, labels)
    features = deep_features(image, labels) if method == "deep" else None
    border = borders(labels, strength)
    leaf, root = leaves(merge(of_basins.areas, border, merging, features, of_basins.classes))
    atoms, found = leaf[labels], of_basins.over(leaf)
    objects = object_nouns(copy, atoms, root, found)
    root = name_tree(atoms, root, found, objects)
    if not merging.nouns:
        number = automatic_number(root, merging.worth)
        return Grown(atoms, root, root, coarsest(root, number), found)
    root = spared(root, objects)
    things, number = automatic_things(atoms, strength, root, found, objects, merging)
    return Grown(atoms, root, things, coarsest(things, number), found)


def deep_features(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Describe regions by the network's features, pooled at each stride.

    The features of each stride are scaled so that their variances over the photograph add up to the
    square of the stride's weight. The scale is common to all channels, so differences count more
    where the network responds strongly.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    labels : (h, w) array of int
        A label map of any size, values 0..B-1.

    Returns
    -------
    features : (B, D) array
        Of each label.
    """
    from ..backbone import efficientnet_lite0

    copy = for_network(image, NETWORK_SIDE)
    maps = efficientnet_lite0().features(copy[None], [f"stride_{s}" for s in STRIDE_WEIGHTS])
    share = np.bincount(labels.ravel()) / labels.size
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        pooled = pool(maps[f"stride_{stride}"][0], labels)
        variance = (share @ (pooled - share @ pooled) ** 2).sum()
        columns.append(weight * pooled / np.sqrt(max(variance, 1e-12)))
    return np.concatenate(columns, axis=1)


SEGMENTERS = (
    by_count("deep", deep, "contours, features of EfficientNet-Lite0, and nouns"),
    by_count("contours", contour_regions, "contours alone, found by HED on VGG16"),
    Segmenter("semantic", semantic, "the 50 classes of the project's own FCN-8s, at contours"),
)
