"""Clusters of deep features: regions by what an ImageNet network sees, without contours.

The network's end points at strides 8, 16 and 32 are averaged over small SLIC superpixels, which are merged bottom-up by Ward's
criterion into one tree. Its borders are less exact than those of `deep`, but with nine regions and the fill "mean" its explanations
insert the evidence faster, because it divides where the network responds strongly rather than where there are contours.

Sources: Ward 1963, "Hierarchical Grouping to Optimize an Objective Function"; Achanta et al. 2012, "SLIC Superpixels"; for deep
features that group into objects Collins et al. 2018, "Deep Feature Factorization for Concept Discovery".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..images import resize, resize_labels
from ..regions import PLACE, Part, Regions
from .names import places
from .pooling import pool
from .segmenter import COUNT_OR_AUTO, Segmenter, Slider

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
SUPERPIXELS = 400
LEAVES = 48  # the finest regions that `n_regions` or `expand` can reach
STRIDE_WEIGHTS = {8: 0.6, 16: 1.0, 32: 1.0}
COLOUR_WEIGHT = 0.25
PLACE_WEIGHT = 0.5
SMALLEST_ISLAND = 0.005  # share of the image
FEWEST, MOST = 3, 9  # automatic numbers of regions; 2**9 coalitions are evaluated in seconds
WORTH_SPLITTING = (
    0.3  # automatic: a join is undone when it cost at least this share of the last join
)


def features(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Clusters of EfficientNet-Lite0's features, on superpixels.

    n_regions: 1 to 48, or "auto": between 3 and 9, where the tree's next joins get expensive. Regions
    with fewer n_regions are unions of those with more, so `Regions.expand` knows each region's parts.
    """
    if n_regions != "auto" and (
        isinstance(n_regions, bool)
        or not isinstance(n_regions, (int, np.integer))
        or not 1 <= n_regions <= LEAVES
    ):
        raise SegxaiValueError(
            f"n_regions must be 'auto' or a whole number from 1 to {LEAVES}; got {n_regions!r}."
        )
    copy = _working_copy(image)
    superpixels = _superpixels(copy)
    points = _superpixel_features(copy, superpixels)
    root, leaf_of_superpixel = _ward_tree(points)
    # Islands are looked for at the photograph's own size: reducing a label map makes new ones.
    superpixels = resize_labels(superpixels, image.shape[:2])
    leaves = _merge_islands(leaf_of_superpixel[superpixels], superpixels, points)
    present, atoms = np.unique(leaves, return_inverse=True)
    atoms = atoms.reshape(leaves.shape)
    root = _prune(root, {int(leaf): atom for atom, leaf in enumerate(present)})
    nodes = _cut(root, n_regions)
    groups = [node.atoms for node in _walk(nodes)]
    names = dict(zip(groups, places(atoms, groups), strict=True))
    return Regions(atoms, [_part(node, names) for node in nodes], "features")


class _Node(NamedTuple):
    """A cluster in the tree: the cost of joining its two halves (0 for a leaf), and its atoms."""

    cost: float
    atoms: tuple[int, ...]
    halves: tuple = ()


def _ward_tree(points) -> tuple[_Node, np.ndarray]:
    """Ward's tree over the superpixels, cut off at LEAVES clusters; and each superpixel's leaf."""
    from scipy.cluster.hierarchy import fcluster, linkage

    joins = linkage(points, "ward")
    leaf = fcluster(joins, LEAVES, "maxclust") - 1
    nodes: dict[int, _Node | int] = {i: int(leaf[i]) for i in range(len(points))}
    for step, (a, b, cost, _) in enumerate(joins):
        a, b = nodes.pop(int(a)), nodes.pop(int(b))
        if isinstance(a, int) and a == b:  # still within one leaf
            nodes[len(points) + step] = a
        else:
            halves = tuple(
                _Node(0.0, (half,)) if isinstance(half, int) else half for half in (a, b)
            )
            nodes[len(points) + step] = _Node(
                float(cost), halves[0].atoms + halves[1].atoms, halves
            )
    (root,) = nodes.values()
    return (_Node(0.0, (root,)) if isinstance(root, int) else root), leaf


def _prune(node, atom_of_leaf):
    """The tree over the leaves that are still there (merged islands and small images lose some)."""
    if not node.halves:
        return _Node(0.0, (atom_of_leaf[node.atoms[0]],)) if node.atoms[0] in atom_of_leaf else None
    halves = [half for half in (_prune(h, atom_of_leaf) for h in node.halves) if half is not None]
    if len(halves) < 2:
        return halves[0] if halves else None
    return _Node(node.cost, halves[0].atoms + halves[1].atoms, tuple(halves))


def _cut(root, n_regions) -> list[_Node]:
    """Split the costliest join, again and again, until there are n_regions clusters."""
    nodes = [root]
    while True:
        worst = max(range(len(nodes)), key=lambda i: nodes[i].cost)
        cost = nodes[worst].cost
        if n_regions == "auto":
            enough = len(nodes) >= MOST or (
                len(nodes) >= FEWEST and cost < WORTH_SPLITTING * root.cost
            )
        else:
            enough = len(nodes) >= n_regions
        if enough or cost == 0:
            return nodes
        nodes[worst : worst + 1] = nodes[worst].halves


def _walk(nodes):
    for node in nodes:
        yield node
        yield from _walk(node.halves)


def _part(node, names) -> Part:
    children = tuple(_part(half, names) for half in node.halves)
    return Part(names[node.atoms], node.atoms, children, evidence=PLACE)


def _working_copy(image) -> np.ndarray:
    """The photograph with its longest side at WORKING_SIDE, (h, w, 3) uint8, both sides at least 32."""
    scale = WORKING_SIDE / max(image.shape[:2])
    height, width = (max(32, round(side * scale)) for side in image.shape[:2])
    return np.rint(resize(image, (height, width))).astype(np.uint8)


def _superpixels(copy) -> np.ndarray:
    """Small SLIC regions, numbered 0..S-1 without gaps."""
    from skimage.segmentation import slic

    labels = slic(copy, n_segments=SUPERPIXELS, compactness=10, start_label=0)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _superpixel_features(copy, superpixels) -> np.ndarray:
    """(S, D): what the network, the colour and the place say of each superpixel, on one scale."""
    from skimage.color import rgb2lab

    end_points = _end_points(copy)
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        features = end_points[f"stride_{stride}"]
        # One scale for each stride, not one for each position: where the network responds strongly, on
        # objects, differences count more than in the background, and objects are divided more finely.
        length = np.linalg.norm(features, axis=-1).mean()
        columns.append(weight * pool(features / max(length, 1e-6), superpixels))
    height, width = superpixels.shape
    place = np.moveaxis(np.mgrid[:height, :width], 0, -1) / max(height, width)
    columns.append(COLOUR_WEIGHT * _means(superpixels, rgb2lab(copy) / 50))
    columns.append(PLACE_WEIGHT * _means(superpixels, place))
    return np.concatenate(columns, axis=1)


def _end_points(copy) -> dict[str, np.ndarray]:
    from ..backbone import efficientnet_lite0

    names = [f"stride_{stride}" for stride in STRIDE_WEIGHTS]
    found = efficientnet_lite0().features(copy[None], names)
    return {name: value[0] for name, value in found.items()}


def _means(labels, values) -> np.ndarray:
    """The mean of (h, w, D) values over each label: (L, D)."""
    count = np.bincount(labels.ravel())
    return np.stack(
        [np.bincount(labels.ravel(), v.ravel()) / count for v in np.moveaxis(values, -1, 0)], axis=1
    )


def _merge_islands(leaves, superpixels, points) -> np.ndarray:
    """Connected pieces smaller than SMALLEST_ISLAND join the most similar neighbouring piece, smallest first."""
    from skimage.measure import label

    pieces = label(leaves, background=-1, connectivity=1)
    pieces = np.unique(pieces, return_inverse=True)[1].reshape(leaves.shape)
    areas = np.bincount(pieces.ravel()).astype(float)
    # Leaves consist of whole superpixels, so a piece's mean feature is a mean over its superpixels' pixels.
    sums = np.zeros((len(areas), points.shape[1]))
    pairs, counts = np.unique(
        pieces.ravel() * len(points) + superpixels.ravel(), return_counts=True
    )
    np.add.at(sums, pairs // len(points), counts[:, None] * points[pairs % len(points)])
    neighbours = _neighbours(pieces, len(areas))
    joined_to = np.arange(len(areas))
    small = areas < SMALLEST_ISLAND * leaves.size
    while small.any() and (areas > 0).sum() > 1:
        piece = int(np.argmin(np.where(small, areas, np.inf)))
        near = sorted(neighbours[piece])
        distance = ((sums[near] / areas[near, None] - sums[piece] / areas[piece]) ** 2).sum(axis=1)
        host = near[int(np.argmin(distance))]
        sums[host] += sums[piece]
        areas[host] += areas[piece]
        areas[piece] = 0
        joined_to[joined_to == piece] = host
        for other in neighbours.pop(piece):
            neighbours[other].discard(piece)
            if other != host:
                neighbours[other].add(host)
                neighbours[host].add(other)
        small = (areas > 0) & (areas < SMALLEST_ISLAND * leaves.size)
    leaf_of_piece = np.zeros(len(areas), int)
    leaf_of_piece[pieces.ravel()] = leaves.ravel()
    return leaf_of_piece[joined_to][pieces]


def _neighbours(pieces, number) -> dict[int, set[int]]:
    touching = np.concatenate(
        [
            np.stack([pieces[:, :-1].ravel(), pieces[:, 1:].ravel()], axis=1),
            np.stack([pieces[:-1].ravel(), pieces[1:].ravel()], axis=1),
        ]
    )
    near: dict[int, set[int]] = {piece: set() for piece in range(number)}
    for a, b in np.unique(touching[touching[:, 0] != touching[:, 1]], axis=0):
        near[int(a)].add(int(b))
        near[int(b)].add(int(a))
    return near


SEGMENTERS = (
    Segmenter(
        "features", features, "features of EfficientNet-Lite0, clustered on superpixels",
        (Slider("n_regions", "Regions", 0, 12, 0, zero="auto", hint=COUNT_OR_AUTO),), lambda n, shape: [{"n_regions": min(n, LEAVES)}],
    ),
)  # fmt: skip
