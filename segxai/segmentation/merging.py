"""Basins of a contour map, merged two neighbours at a time, the cheapest pair first.

References
----------
Beucher and Lantuejoul 1979, "Use of Watersheds in Contour Detection".
Salembier and Garrido 2000, "Binary Partition Tree as an Efficient Representation for Image
Processing" (greedy merging of neighbours, kept as a tree).
"""

import heapq
from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy
from skimage import measure, segmentation

from ..regions import Part, labels_of, united
from .record import LEAVES
from .seen import areas_of, pooled

SMOOTHING = 1.0  # sigma, in pixels, of the Gaussian that closes gaps in contours
SHALLOWEST = 0.02  # shallower basins, in contour strength, are not separated
SMALLEST = 0.001  # share of the image; smaller regions are merged first
MOST_BASINS = 1000  # limits time and memory on noisy images; photographs have 150 to 400

# {(a, b): (length, sum of contour strengths)} of adjacent regions a < b
Borders: TypeAlias = dict[tuple[int, int], tuple[int, float]]


class Merging(NamedTuple):
    """The cost of merging two neighbours a and b.

    It is::

        (floor + mean contour on their border) ** contour
        * apart * (A * B / (A + B)) ** (2 * size) * exp(nouns * d)

    where A and B are their shares of the image's area, ``apart`` is the squared distance of their
    mean features (1 without features), and d is the total variation distance of their class
    probabilities, from 0 to 1. With contour = 0 and size = 1/2 this is Ward's criterion.

    Attributes
    ----------
    floor : float
        What a border without any contour costs.
    contour : float
        How much the contour counts.
    size : float
        The larger, the earlier small regions are merged and the later large ones.
    worth : float
        The automatic number of regions undoes merges that cost at least this.
    nouns : float
        How much different classes count.
    """

    floor: float
    contour: float
    size: float
    worth: float
    nouns: float = 0.0


class Join(NamedTuple):
    """A merge of two nodes: basins are the nodes 0..B-1, and the k-th merge makes node B + k.

    Attributes
    ----------
    a, b : int
        The nodes that are merged.
    cost : float
        At least that of every merge before.
    """

    a: int
    b: int
    cost: float


def basins(strength: np.ndarray) -> np.ndarray:
    """Divide a contour map into basins, by its watershed.

    If there are few contours, evenly spaced seeds divide large basins, so that features can decide
    how to merge them.

    Parameters
    ----------
    strength : (h, w) array of float
        Contour strength, 0 to 1.

    Returns
    -------
    labels : (h, w) array of int
        Values 0..B-1, each connected (4-neighbours), with borders on the contours.
    """
    from skimage.morphology import h_minima  # unlike the others, it is slow to import

    smooth = scipy.ndimage.gaussian_filter(strength, SMOOTHING)
    depth = SHALLOWEST
    while (seeds := measure.label(h_minima(smooth, depth), connectivity=1)).max() > MOST_BASINS:
        depth *= 2
    if seeds.max() < LEAVES:
        step = max(1, round((strength.size / (4 * LEAVES)) ** 0.5))
        even = np.zeros(strength.shape, bool)
        even[step // 2 :: step, step // 2 :: step] = True
        even &= seeds == 0
        seeds[even] = seeds.max() + 1 + np.arange(even.sum())
    return segmentation.watershed(smooth, seeds) - 1


def borders(labels: np.ndarray, strength: np.ndarray) -> Borders:
    """Measure the borders of adjacent regions, over pairs of pixels.

    Parameters
    ----------
    labels : (h, w) array of int
        A label map; pixels below 0 belong to no region.
    strength : (h, w) array of float
        Contour strength.

    Returns
    -------
    borders : dict of (a, b) to (length, total)
        For regions a < b that touch, the length of their border in pixels and the sum of the
        contour strengths on it.
    """
    number = int(labels.max()) + 1
    key, value = [], []
    for one, other in (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:]):
        a, b = labels[one], labels[other]
        apart = (a != b) & (np.minimum(a, b) >= 0)
        key.append((np.minimum(a, b) * number + np.maximum(a, b))[apart])
        # A contour's crest is one pixel wide and can lie on either side of the border.
        value.append(np.maximum(strength[one], strength[other])[apart])
    pairs, index, length = np.unique(np.concatenate(key), return_inverse=True, return_counts=True)
    total = np.bincount(index, np.concatenate(value), minlength=len(pairs))
    return {
        (int(pair // number), int(pair % number)): (int(count), float(value))
        for pair, count, value in zip(pairs, length, total, strict=True)
    }


def components(number: int, pairs: Collection[tuple[int, int]]) -> np.ndarray:
    """Find the connected components of a graph.

    Parameters
    ----------
    number : int
        N, of nodes.
    pairs : collection of (int, int)
        Its edges.

    Returns
    -------
    component : (N,) array of int
        Numbered from 0 in the order of their first nodes.
    """
    edges = np.array(list(pairs), int).reshape(-1, 2)
    graph = scipy.sparse.coo_array((np.ones(len(edges)), tuple(edges.T)), shape=(number, number))
    return scipy.sparse.csgraph.connected_components(graph, directed=False)[1]


def merge(
    area: np.ndarray,
    border: Borders,
    merging: Merging,
    features: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> list[Join]:
    """Merge the cheapest pair of neighbours until one node is left.

    Parameters
    ----------
    area : (B,) array
        The basins' shares of the image.
    border : Borders
        The result of `borders`, connected.
    merging : Merging
        The cost of a merge.
    features : (B, D) array, optional
        Averaged by area when merged.
    classes : (B, C) array, optional
        Probabilities, averaged by area when merged.

    Returns
    -------
    joins : list of Join
        B - 1 merges, whose costs never decrease: one that became possible only by a more expensive
        one gets the cost of that one.
    """
    number = len(area)
    area = np.pad(area, (0, number - 1))  # room for what is merged
    features, classes = (
        np.pad(np.zeros((number, 0)) if values is None else values, ((0, number - 1), (0, 0)))
        for values in (features, classes)
    )
    # {neighbour: border} for each node that is not merged yet; the neighbours may be merged since
    neighbours: dict[int, dict[int, tuple[int, float]]] = {node: {} for node in range(number)}
    for (a, b), value in border.items():
        neighbours[a][b] = neighbours[b][a] = value

    def cost(a, b, length, total):
        apart = ((features[a] - features[b]) ** 2).sum() if features.size else 1.0
        size = area[a] * area[b] / (area[a] + area[b])
        price = (merging.floor + total / length) ** merging.contour * apart
        price *= size ** (2 * merging.size)
        price *= np.exp(merging.nouns * np.abs(classes[a] - classes[b]).sum() / 2)
        return float(price * 1e-9 if min(area[a], area[b]) < SMALLEST else price)

    queue = [(cost(a, b, *value), a, b) for (a, b), value in border.items()]
    heapq.heapify(queue)
    joins: list[Join] = []
    while len(joins) < number - 1:
        found, a, b = heapq.heappop(queue)
        if a not in neighbours or b not in neighbours:
            continue
        node = number + len(joins)
        joins.append(Join(a, b, max(found, joins[-1].cost if joins else 0.0)))
        area[node] = area[a] + area[b]
        for values in (features, classes):
            values[node] = (area[a] * values[a] + area[b] * values[b]) / area[node]
        around: dict[int, tuple[int, float]] = {}
        for other, (length, total) in [*neighbours.pop(a).items(), *neighbours.pop(b).items()]:
            if other in neighbours:
                before = around.get(other, (0, 0.0))
                around[other] = before[0] + length, before[1] + total
        neighbours[node] = around
        for other, value in around.items():
            neighbours[other][node] = value
            heapq.heappush(queue, (cost(other, node, *value), other, node))
    return joins


def merge_parts(
    parts: Sequence[Part],
    atoms: np.ndarray,
    strength: np.ndarray,
    area: np.ndarray,
    merging: Merging,
    features: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> list[Part]:
    """Merge parts as `merge` does, at costs above those within them; if not connected, any pairs.

    Parameters
    ----------
    parts : sequence of Part
        K parts that do not overlap.
    atoms, strength : (h, w) arrays
        The finest label map, and contour strength.
    area, merging, features, classes
        Of the atoms, as for `merge`.

    Returns
    -------
    nodes : list of Part
        The parts, and what they are merged to, without names; the root comes last.
    """
    border = borders(labels_of(parts, atoms), strength)
    if components(len(parts), border).any():
        border = dict.fromkeys(combinations(range(len(parts)), 2), (1, 0.0))
    below = max(part.cost for part in parts)
    features, classes = (
        None if values is None else pooled(parts, area, values) for values in (features, classes)
    )
    nodes = list(parts)
    for a, b, cost in merge(areas_of(parts, area), border, merging, features, classes):
        nodes.append(united((nodes[a], nodes[b]), cost=below + cost))
    return nodes


def leaves(joins: Sequence[Join]) -> tuple[np.ndarray, Part]:
    """Make a tree of the last merges.

    Parameters
    ----------
    joins : sequence of Join
        B - 1 merges of basins.

    Returns
    -------
    leaf : (B,) array of int32
        For each basin that of the LEAVES regions before the last merges to which it belongs.
    root : Part
        A binary tree over these regions, without names.
    """
    number = len(joins) + 1
    below = max(0, number - LEAVES)  # the number of merges within leaves
    top = np.arange(number + below)
    for k in reversed(range(below)):
        top[[joins[k].a, joins[k].b]] = top[number + k]
    nodes, leaf = np.unique(top[:number], return_inverse=True)
    parts = {int(node): Part("", (i,)) for i, node in enumerate(nodes)}
    for k, (a, b, cost) in enumerate(joins[below:], start=number + below):
        parts[k] = united((parts[a], parts[b]), cost=cost)
    return leaf.astype(np.int32), list(parts.values())[-1]
