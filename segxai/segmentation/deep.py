"""Semantic regions without annotation: clusters of the deep features of an ImageNet network.

The network's end points at strides 8, 16 and 32 are averaged over small SLIC superpixels, which are then merged bottom-up
by Ward's criterion. The result is one tree: the regions obtained by cutting it at different levels are nested, so the parts
of each region are known.

Sources: Ward 1963, "Hierarchical Grouping to Optimize an Objective Function"; Achanta et al. 2012, "SLIC Superpixels"; for
deep features that group into objects Collins et al. 2018, "Deep Feature Factorization for Concept Discovery".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..images import resize, resize_labels
from ..regions import Part, Regions
from ..weights import assign_weights
from ..weights.loaded import loaded
from .names import describe
from .segmenter import Segmenter, Slider

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
SUPERPIXELS = 400
LEAVES = 48  # the largest number of regions, by `n_regions` or repeated `expand`
STRIDE_WEIGHTS = {8: 0.6, 16: 1.0, 32: 1.0}
COLOUR_WEIGHT = 0.25
PLACE_WEIGHT = 0.5
SMALLEST_ISLAND = 0.005  # share of the image
FEWEST, MOST = 3, 9  # limits of the automatic number of regions; 2**9 coalitions are evaluated in seconds
WORTH_SPLITTING = 0.3  # automatic number of regions: undo merges that cost at least this share of the last merge


def deep(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Clusters of EfficientNet-Lite0's features: semantic regions without annotation, download or training.

    n_regions: 1 to 48, or "auto" for 3 to 9, chosen where the cost of further merges rises. The regions for a small n_regions
    are unions of those for a larger one, so `Regions.expand` knows the parts of each region. Raises SegxaiValueError for any
    other n_regions.
    """
    if n_regions != "auto" and (
        isinstance(n_regions, bool) or not isinstance(n_regions, (int, np.integer)) or not 1 <= n_regions <= LEAVES
    ):
        raise SegxaiValueError(f"n_regions must be 'auto' or a whole number from 1 to {LEAVES}; got {n_regions!r}.")
    copy = _working_copy(image)
    superpixels = _superpixels(copy)
    points = _superpixel_features(copy, superpixels)
    root, leaf_of_superpixel = _ward_tree(points)
    # Islands are merged at full size, because resizing a label map creates new ones.
    superpixels = resize_labels(superpixels, image.shape[:2])
    leaves = _merge_islands(leaf_of_superpixel[superpixels], superpixels, points)
    present, atoms = np.unique(leaves, return_inverse=True)
    atoms = atoms.reshape(leaves.shape)
    root = _prune(root, {int(leaf): atom for atom, leaf in enumerate(present)})
    nodes = _cut(root, n_regions)
    groups = [node.atoms for node in _walk(nodes)]
    names = dict(zip(groups, describe(image, atoms, groups), strict=True))
    return Regions(atoms, [_part(node, names) for node in nodes], "deep")


class _Node(NamedTuple):
    """A cluster in the tree: the cost of merging its two halves (0 for a leaf), and its atoms."""

    cost: float
    atoms: tuple[int, ...]
    halves: tuple = ()


def _ward_tree(points) -> tuple[_Node, np.ndarray]:
    """Ward's tree over the superpixels, cut at LEAVES clusters, and the leaf of each superpixel."""
    from scipy.cluster.hierarchy import fcluster, linkage

    joins = linkage(points, "ward")
    leaf = fcluster(joins, LEAVES, "maxclust") - 1
    nodes: dict[int, _Node | int] = {i: int(leaf[i]) for i in range(len(points))}
    for step, (a, b, cost, _) in enumerate(joins):
        a, b = nodes.pop(int(a)), nodes.pop(int(b))
        if isinstance(a, int) and a == b:  # still within one leaf
            nodes[len(points) + step] = a
        else:
            halves = tuple(_Node(0.0, (half,)) if isinstance(half, int) else half for half in (a, b))
            nodes[len(points) + step] = _Node(float(cost), halves[0].atoms + halves[1].atoms, halves)
    (root,) = nodes.values()
    return (_Node(0.0, (root,)) if isinstance(root, int) else root), leaf


def _prune(node, atom_of_leaf):
    """The tree restricted to the remaining leaves (merging islands or a small image can remove some)."""
    if not node.halves:
        return _Node(0.0, (atom_of_leaf[node.atoms[0]],)) if node.atoms[0] in atom_of_leaf else None
    halves = [half for half in (_prune(h, atom_of_leaf) for h in node.halves) if half is not None]
    if len(halves) < 2:
        return halves[0] if halves else None
    return _Node(node.cost, halves[0].atoms + halves[1].atoms, tuple(halves))


def _cut(root, n_regions) -> list[_Node]:
    """Undo the most expensive merges until there are n_regions clusters."""
    nodes = [root]
    while True:
        worst = max(range(len(nodes)), key=lambda i: nodes[i].cost)
        cost = nodes[worst].cost
        if n_regions == "auto":
            enough = len(nodes) >= MOST or (len(nodes) >= FEWEST and cost < WORTH_SPLITTING * root.cost)
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
    return Part(names[node.atoms], node.atoms, children)


def _working_copy(image) -> np.ndarray:
    """The photograph resized to a longest side of WORKING_SIDE, (h, w, 3) uint8, both sides at least 32."""
    scale = WORKING_SIDE / max(image.shape[:2])
    height, width = (max(32, round(side * scale)) for side in image.shape[:2])
    return np.rint(resize(image, (height, width))).astype(np.uint8)


def _superpixels(copy) -> np.ndarray:
    """Small SLIC regions, numbered 0..S-1 without gaps."""
    from skimage.segmentation import slic

    labels = slic(copy, n_segments=SUPERPIXELS, compactness=10, start_label=0)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _superpixel_features(copy, superpixels) -> np.ndarray:
    """(S, D) features of each superpixel: the network's features, its colour and its position, on a common scale."""
    from skimage.color import rgb2lab

    end_points = _end_points(copy)
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        features = end_points[f"stride_{stride}"]
        # Normalised for each stride, not at each position: the network responds more strongly to objects than to the
        # background, so differences on objects count more and objects are divided more finely.
        length = np.linalg.norm(features, axis=-1).mean()
        columns.append(weight * _pool(features / max(length, 1e-6), superpixels))
    height, width = superpixels.shape
    place = np.moveaxis(np.mgrid[:height, :width], 0, -1) / max(height, width)
    columns.append(COLOUR_WEIGHT * _means(superpixels, rgb2lab(copy) / 50))
    columns.append(PLACE_WEIGHT * _means(superpixels, place))
    return np.concatenate(columns, axis=1)


def _end_points(copy) -> dict[str, np.ndarray]:
    encoder = loaded("efficientnet_lite0 encoder", _Encoder)
    return {name: value[0] for name, value in encoder.net.run(encoder.end_points, {encoder.images: copy[None]}).items()}


class _Encoder:
    """EfficientNet-Lite0 without its classifier, for images of any size."""

    def __init__(self):
        from ..nets import efficientnet_lite
        from ..nets.graph import GraphSession, tf
        from ..weights.efficientnet_lite import efficientnet_lite0_weights

        self.net = GraphSession()
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (None, None, None, 3), "images")
            _, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(self.images), num_classes=None)
        self.end_points = {f"stride_{stride}": ends[f"stride_{stride}"] for stride in STRIDE_WEIGHTS}
        assign_weights(self.net, efficientnet_lite0_weights())

    @property
    def nbytes(self) -> int:
        return self.net.nbytes

    @property
    def closed(self) -> bool:
        return self.net.closed

    def close(self) -> None:
        self.net.close()


def _pool(features, superpixels) -> np.ndarray:
    """(S, D) the mean over each superpixel of a bilinearly upsampled feature map (h, w, D).

    The upsampled map, with hundreds of channels at full size, is never computed. Both averaging and interpolation are linear,
    so their weights are first summed for each superpixel and position of the map.
    """
    (rows, row_weight), (columns, column_weight) = (
        _bilinear(full, small) for full, small in zip(superpixels.shape, features.shape[:2], strict=True)
    )
    positions = features.shape[0] * features.shape[1]
    number = superpixels.max() + 1
    total = np.zeros(number * positions)
    for i in range(2):
        for j in range(2):
            position = rows[i][:, None] * features.shape[1] + columns[j][None, :]
            weight = row_weight[i][:, None] * column_weight[j][None, :]
            total += np.bincount((superpixels * positions + position).ravel(), weight.ravel(), minlength=total.size)
    total = total.reshape(number, positions)
    return (total / total.sum(axis=1, keepdims=True)) @ features.reshape(positions, -1)


def _bilinear(full: int, small: int):
    """For each of `full` pixels along an axis: the two nearest of `small` positions, and their interpolation weights."""
    at = np.clip((np.arange(full) + 0.5) * small / full - 0.5, 0, small - 1)
    low = at.astype(int)
    return (low, np.minimum(low + 1, small - 1)), (1 - (at - low), at - low)


def _means(labels, values) -> np.ndarray:
    """(L, D) the mean of values (h, w, D) over each label."""
    count = np.bincount(labels.ravel())
    return np.stack([np.bincount(labels.ravel(), v.ravel()) / count for v in np.moveaxis(values, -1, 0)], axis=1)


def _merge_islands(leaves, superpixels, points) -> np.ndarray:
    """Merge connected pieces smaller than SMALLEST_ISLAND with their most similar neighbour, the smallest first."""
    from skimage.measure import label

    pieces = label(leaves, background=-1, connectivity=1)
    pieces = np.unique(pieces, return_inverse=True)[1].reshape(leaves.shape)
    areas = np.bincount(pieces.ravel()).astype(float)
    # Features are constant within a superpixel, so a piece's mean follows from its pixel counts in each superpixel.
    sums = np.zeros((len(areas), points.shape[1]))
    pairs, counts = np.unique(pieces.ravel() * len(points) + superpixels.ravel(), return_counts=True)
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
        "deep", deep, "features of EfficientNet-Lite0, by Ward's clustering",
        (Slider("n_regions", "regions", 0, 12, 0, zero="auto"),), lambda n, shape: [{"n_regions": min(n, LEAVES)}],
    ),
)  # fmt: skip
