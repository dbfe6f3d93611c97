"""Clusters of deep features: regions by what an ImageNet network sees, without contours.

The network's end points at strides 8, 16 and 32 are averaged over small SLIC superpixels, which are
merged bottom-up by Ward's criterion into one tree. Its borders are less exact than those of `deep`,
but with nine regions and the fill "mean" its explanations insert the evidence faster, because it
divides where the network responds strongly rather than where there are contours.

References
----------
Ward 1963, "Hierarchical Grouping to Optimize an Objective Function".
Achanta et al. 2012, "SLIC Superpixels".
Collins et al. 2018, "Deep Feature Factorization for Concept Discovery" (deep features that group
into objects).
"""

from __future__ import annotations

import numpy as np

from ..images import resize, resize_labels
from ..regions import PLACE, Part, Regions, coarsest, walk
from .cut import automatic_number
from .merging import borders, joined
from .places import places
from .pooling import pool
from .record import LEAVES, by_count, check_count

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
SUPERPIXELS = 400
STRIDE_WEIGHTS = {8: 0.6, 16: 1.0, 32: 1.0}
COLOUR_WEIGHT = 0.25
PLACE_WEIGHT = 0.5
SMALLEST_ISLAND = 0.005  # share of the image
# Automatic: a join is undone when it cost at least this share of the last join.
WORTH_SPLITTING = 0.3


def features(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Cluster EfficientNet-Lite0's features, on superpixels.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    n_regions : int or "auto"
        1 to 48, or "auto": between 3 and 9, where the tree's next joins get expensive. Regions with
        fewer n_regions are unions of those with more, so `Regions.expand` knows their parts.

    Returns
    -------
    regions : Regions
        Named by their places.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    check_count(n_regions)
    copy = _working_copy(image)
    superpixels = _superpixels(copy)
    points = _superpixel_features(copy, superpixels)
    root, leaf_of_superpixel = _ward_tree(points)
    # Islands are looked for at the photograph's own size: reducing a label map makes new ones.
    superpixels = resize_labels(superpixels, image.shape[:2])
    leaves = _merge_islands(leaf_of_superpixel[superpixels], superpixels, points)
    present, atoms = np.unique(leaves, return_inverse=True)
    atoms = atoms.reshape(leaves.shape)
    (root,) = _prune(root, {int(leaf): atom for atom, leaf in enumerate(present)})
    if n_regions == "auto":
        n_regions = automatic_number(root, WORTH_SPLITTING * root.cost)
    covered = [node.atoms for node in walk(root)]
    names = dict(zip(covered, places(atoms, covered), strict=True))
    parts = [_named(part, names) for part in coarsest(root, int(n_regions))]
    return Regions(atoms, parts, "features")


def _ward_tree(points) -> tuple[Part, np.ndarray]:
    """Ward's tree over the superpixels, cut off at LEAVES clusters; and each superpixel's leaf."""
    from scipy.cluster.hierarchy import fcluster, linkage

    joins = linkage(points, "ward")
    leaf = fcluster(joins, LEAVES, "maxclust") - 1
    nodes = [Part("", (int(k),)) for k in leaf]
    for a, b, cost, _ in joins:
        one, other = nodes[int(a)], nodes[int(b)]
        within = one.atoms == other.atoms  # still within one leaf
        nodes.append(one if within else joined(one, other, float(cost)))
    return nodes[-1], leaf


def _prune(part, atom_of_leaf) -> list[Part]:
    """Return the tree, if any, of the leaves still there (merged islands lose some)."""
    if not part.children:
        return [Part("", (atom_of_leaf[leaf],)) for leaf in part.atoms if leaf in atom_of_leaf]
    halves = [half for child in part.children for half in _prune(child, atom_of_leaf)]
    return [joined(halves[0], halves[1], part.cost)] if len(halves) == 2 else halves


def _named(part, names) -> Part:
    children = tuple(_named(child, names) for child in part.children)
    return Part(names[part.atoms], part.atoms, children, evidence=PLACE)


def _working_copy(image) -> np.ndarray:
    """Resize the longest side to WORKING_SIDE, with both sides at least 32, in uint8."""
    scale = WORKING_SIDE / max(image.shape[:2])
    size = tuple(max(32, round(side * scale)) for side in image.shape[:2])
    return np.rint(resize(image, size)).astype(np.uint8)


def _superpixels(copy) -> np.ndarray:
    """Small SLIC regions, numbered 0..S-1 without gaps."""
    from skimage.segmentation import slic

    labels = slic(copy, n_segments=SUPERPIXELS, compactness=10, start_label=0)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _superpixel_features(copy, superpixels) -> np.ndarray:
    """(S, D) what network, colour and place say of each superpixel, on one scale."""
    from skimage.color import rgb2lab

    from ..backbone import efficientnet_lite0

    maps = efficientnet_lite0().features(copy[None], [f"stride_{s}" for s in STRIDE_WEIGHTS])
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        features = maps[f"stride_{stride}"][0]
        # One scale for each stride, not one for each position: where the network responds strongly,
        # on objects, differences count more than in the background, and objects are divided more
        # finely.
        length = np.linalg.norm(features, axis=-1).mean()
        columns.append(weight * pool(features / max(length, 1e-6), superpixels))
    height, width = superpixels.shape
    place = np.moveaxis(np.mgrid[:height, :width], 0, -1) / max(height, width)
    columns.append(COLOUR_WEIGHT * pool(rgb2lab(copy) / 50, superpixels))
    columns.append(PLACE_WEIGHT * pool(place, superpixels))
    return np.concatenate(columns, axis=1)


def _merge_islands(leaves, superpixels, points) -> np.ndarray:
    """Join pieces smaller than SMALLEST_ISLAND to the most similar neighbour, smallest first."""
    from skimage.measure import label

    pieces = label(leaves, background=-1, connectivity=1)
    pieces = np.unique(pieces, return_inverse=True)[1].reshape(leaves.shape)
    areas = np.bincount(pieces.ravel()).astype(float)
    # Leaves consist of whole superpixels, so a piece's mean feature is one over their pixels.
    sums = np.zeros((len(areas), points.shape[1]))
    pairs, counts = np.unique(
        pieces.ravel() * len(points) + superpixels.ravel(), return_counts=True
    )
    np.add.at(sums, pairs // len(points), counts[:, None] * points[pairs % len(points)])
    neighbours: list[set[int]] = [set() for _ in areas]
    for a, b in borders(pieces, np.zeros(pieces.shape)):
        neighbours[a].add(b)
        neighbours[b].add(a)
    joined_to = np.arange(len(areas))
    small = areas < SMALLEST_ISLAND * leaves.size
    while small.any() and (areas > 0).sum() > 1:
        piece = int(np.argmin(np.where(small, areas, np.inf)))
        near = sorted(neighbours[piece])
        apart = ((sums[near] / areas[near, None] - sums[piece] / areas[piece]) ** 2).sum(axis=1)
        host = near[int(np.argmin(apart))]
        sums[host] += sums[piece]
        areas[host] += areas[piece]
        areas[piece] = 0
        joined_to[joined_to == piece] = host
        for other in neighbours[piece]:
            neighbours[other].discard(piece)
            if other != host:
                neighbours[other].add(host)
                neighbours[host].add(other)
        small = (areas > 0) & (areas < SMALLEST_ISLAND * leaves.size)
    leaf_of_piece = np.zeros(len(areas), int)
    leaf_of_piece[pieces.ravel()] = leaves.ravel()
    return leaf_of_piece[joined_to][pieces]


SEGMENTERS = (
    by_count("features", features, "features of EfficientNet-Lite0, clustered on superpixels"),
)
