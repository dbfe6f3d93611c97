"""The region tree: contours divide a photograph into basins, and adjacent basins are merged, the cheapest pair first.

Sources: Beucher and Lantuejoul 1979, "Use of Watersheds in Contour Detection"; Arbelaez et al. 2011, "Contour Detection and
Hierarchical Image Segmentation", section 4 (regions from a trained contour detector); Salembier and Garrido 2000, "Binary
Partition Tree as an Efficient Representation for Image Processing" (greedy merging of neighbours, kept as a tree).
"""

from __future__ import annotations

import hashlib
import heapq
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..images import resize, resize_labels
from ..regions import Part, Regions, coarsest
from .contours import contours
from .cut import FEWEST, MOST, best_cut, raised, spared
from .nouns import LEAST, Seen, kinds, name_tree, object_nouns, pooled, seen, walk
from .segmenter import COUNT_OR_AUTO, Segmenter, Slider

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
LEAVES = 48  # the largest number of regions, by `n_regions` or repeated `expand`
SMOOTHING = 1.0  # sigma, in pixels, of the Gaussian that closes gaps in contours
SHALLOWEST = 0.02  # shallower basins, in contour strength, are not separated
SMALLEST = 0.001  # share of the image; smaller regions are merged first
MOST_BASINS = 1000  # limits time and memory on noisy images; photographs have 150 to 400
# The automatic number of regions, see `automatic_cut`.
PRICE = 0.01
THING = 0.1
SPARED = 0.3  # the joins within a thing that the classifier named count so much less
KEPT = 8  # number of trees in the cache, 1 MB each

_trees: OrderedDict[tuple[str, bytes], Grown] = OrderedDict()
_lock = threading.Lock()


class Merging(NamedTuple):
    """The cost of merging two neighbours:

    (floor + mean contour on their border) ** contour * apart * (a b / (a + b)) ** (2 size) * exp(nouns * d)

    d is the total variation distance of their class probabilities (`nouns`), from 0 to 1. a and b are their shares of the image's area, and `apart` is the squared distance of their mean features (1 without features).
    With contour = 0 and size = 1/2 this is Ward's criterion. A larger `size` merges small regions earlier and large ones later.
    worth: the automatic number of regions undoes merges that cost at least this.
    """

    floor: float
    contour: float
    size: float
    worth: float
    nouns: float = 0.0


BY_CONTOUR = Merging(floor=0.0, contour=1.0, size=0.08, worth=0.35)


class Join(NamedTuple):
    """A merge of two nodes. Basins are the nodes 0..B-1; the k-th merge creates node B + k."""

    a: int
    b: int
    cost: float


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


def contour_regions(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Divide a photograph by contours alone.

    Unlike those of "deep", the regions do not depend on a classifier's network; their names do.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    n_regions : int or "auto"
        As for "deep".
    """
    return tree_regions(image, "contours", n_regions, BY_CONTOUR)


def tree_regions(
    image: np.ndarray,
    method: str,
    n_regions: int | str,
    merging: Merging,
    features: Callable | None = None,
) -> Regions:
    """Cut a photograph's region tree.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    method : str
        The segmenter's name.
    n_regions : int or "auto"
        1 to LEAVES, or "auto" for `automatic_cut`.
    merging : Merging
    features : callable, optional
        From (image, basins (h, w)) to (B, D) features. With them nouns count in merging, too.

    Returns
    -------
    regions : Regions
        Nodes of the tree, whose names are nouns where there is evidence.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    if n_regions != "auto" and (
        isinstance(n_regions, bool)
        or not isinstance(n_regions, (int, np.integer))
        or not 1 <= n_regions <= LEAVES
    ):
        raise SegxaiValueError(
            f"n_regions must be 'auto' or a whole number from 1 to {LEAVES}; got {n_regions!r}."
        )
    tree = grown(image, method, merging, features)
    atoms = resize_labels(tree.atoms, image.shape[:2])
    if n_regions == "auto":
        return Regions(atoms, tree.automatic, method, tree.things)
    return Regions(atoms, coarsest(tree.root, int(n_regions)), method, tree.root)


def grown(image: np.ndarray, method: str, merging: Merging, features: Callable | None) -> Grown:
    """The photograph's tree; those of the last KEPT pairs of photograph and method are cached."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    key = method, digest.digest()
    with _lock:
        kept = _trees.get(key)
    tree = kept or _grow(image, merging, features)
    with _lock:
        _trees[key] = tree
        _trees.move_to_end(key)
        while len(_trees) > KEPT:
            _trees.popitem(last=False)
    return tree


def automatic_cut(
    root: Part, found: Seen, objects: Collection[tuple[int, ...]], worth: float
) -> list[Part]:
    """Cut a tree with nouns so that each thing is one region, and no region holds two nouns.

    A cut gains each region's area times the probability of its class, and THING for a thing that the
    classifier named. Each region costs PRICE; undoing a merge that cost `worth` or more and was not
    within a thing gains one and a half times as much.

    Parameters
    ----------
    root : Part
        A binary tree with nouns.
    found : Seen
        Of its leaves.
    objects : collection of atoms
        The nodes that the classifier named.
    worth : float
        Of merges, in the measure of their cost.
    """
    nodes = list(walk(root))
    kept, divided = {}, {}
    for node, row in zip(nodes, pooled(nodes, found.areas, kinds(found.classes)), strict=True):
        named = node.atoms in objects
        kept[node.atoms] = (
            found.areas[list(node.atoms)].sum() * (1 if named else row.max()) + THING * named
        )
        whole = named or row[:-1].max() >= LEAST
        divided[node.atoms] = PRICE * ((0 if whole else 1.5 * min(node.cost / worth, 1)) - 1)
    return best_cut(root, kept, divided)


def _grow(image, merging, features) -> Grown:
    # Never larger than the photograph: regions stay connected when a label map is enlarged, but not when it is reduced.
    scale = min(1, WORKING_SIDE / max(image.shape[:2]))
    copy = np.rint(
        resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]))
    ).astype(np.uint8)
    strength = contours(copy)
    labels = basins(strength)
    of_basins = seen(image, labels)
    described = None if features is None else features(image, labels)
    border = borders(labels, strength)
    joins = merge(of_basins.areas, border, merging, described, of_basins.classes)
    atoms, groups = leaves(labels, joins)
    parts: dict[int, Part] = {}
    for node, group in groups.items():
        if len(group) == 1:
            parts[node] = Part("", group)
        else:
            a, b, cost = joins[node - len(of_basins.areas)]
            parts[node] = Part("", group, (parts[a], parts[b]), cost)
    found, root = of_basins.over(labels, atoms), parts[node]
    objects = object_nouns(copy, atoms, root, found)
    root = name_tree(atoms, root, found, objects)
    if not merging.nouns:
        return Grown(
            atoms, root, root, coarsest(root, automatic_number(root, merging.worth)), found
        )
    root = spared(root, objects, SPARED)
    automatic = automatic_cut(root, found, objects, merging.worth)
    touching = borders(atoms, strength)
    alike = same_nouns(automatic, touching)
    united = {frozenset(atom for part in group for atom in part.atoms): group for group in alike}
    things = root
    if len(alike) < len(automatic):
        things = regrouped(alike, touching, found, merging)
        for whole in walk(things):  # things of one noun that touch have it together, too
            nouns = [
                objects[part.atoms]
                for part in united.get(frozenset(whole.atoms), ())
                if part.atoms in objects
            ]
            if nouns:
                objects[whole.atoms] = max(nouns, key=lambda noun: noun.evidence.probability or 0)
        things = name_tree(atoms, things, found, objects)
    things = raised(things, united)
    # One thing may fill the photograph; then it is divided into its parts.
    return Grown(atoms, root, things, coarsest(things, max(len(united), FEWEST)), found)


def same_nouns(parts: list[Part], touching: Iterable[tuple[int, int]]) -> list[list[Part]]:
    """Group parts that touch and have the same noun; touching: pairs of atoms."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    region = {atom: k for k, part in enumerate(parts) for atom in part.atoms}
    pairs = np.array([
        (region[a], region[b]) for a, b in touching if parts[region[a]].noun and parts[region[a]].noun == parts[region[b]].noun
    ]).reshape(-1, 2)  # fmt: skip
    graph = coo_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(parts), len(parts))
    )
    number, group = connected_components(graph, directed=False)
    return [[part for part, g in zip(parts, group, strict=True) if g == k] for k in range(number)]


def regrouped(
    groups: list[list[Part]],
    touching: dict[tuple[int, int], tuple[int, float]],
    found: Seen,
    merging: Merging,
) -> Part:
    """Merge nodes within their groups first, then the groups: the root of a tree in which each group is a node."""

    def merged(parts: list[Part]) -> Part:
        if len(parts) == 1:
            return parts[0]
        region = {atom: k for k, part in enumerate(parts) for atom in part.atoms}
        border: dict[tuple[int, int], tuple[int, float]] = {}
        for (a, b), (length, total) in touching.items():
            low, high = sorted((region.get(a, -1), region.get(b, -1)))
            if low >= 0 and low != high:
                before = border.get((low, high), (0, 0.0))
                border[low, high] = before[0] + length, before[1] + total
        areas = np.array([found.areas[list(part.atoms)].sum() for part in parts])
        nodes, below = list(parts), max(part.cost for part in parts)
        for a, b, cost in merge(
            areas, border, merging, None, pooled(parts, found.areas, found.classes)
        ):
            halves = nodes[a], nodes[b]
            nodes.append(Part("", halves[0].atoms + halves[1].atoms, halves, below + cost))
        return nodes[-1]

    return merged([merged(group) for group in groups])


def automatic_number(root: Part, worth: float) -> int:
    """The number of regions after undoing all merges that cost at least `worth`, limited to FEWEST to MOST."""

    def count(part):
        return (
            sum(count(child) for child in part.children)
            if part.children and part.cost >= worth
            else 1
        )

    return int(np.clip(count(root), FEWEST, MOST))


def leaves(labels: np.ndarray, joins: list[Join]) -> tuple[np.ndarray, dict[int, tuple[int, ...]]]:
    """The map (h, w) of the LEAVES regions before the last merges, and the leaves that each node covers, the root last."""
    number = len(joins) + 1
    below = max(0, number - LEAVES)  # the number of merges within leaves
    top = np.arange(number + below)
    for k in reversed(range(below)):
        top[[joins[k].a, joins[k].b]] = top[number + k]
    nodes, leaf = np.unique(top[:number], return_inverse=True)
    groups: dict[int, tuple[int, ...]] = {int(node): (i,) for i, node in enumerate(nodes)}
    for k in range(below, len(joins)):
        groups[number + k] = groups[joins[k].a] + groups[joins[k].b]
    return leaf.astype(np.int32)[labels], groups


def basins(strength: np.ndarray) -> np.ndarray:
    """The watershed of a contour map (h, w): labels 0..B-1, each connected (4-neighbours), with borders on the contours.

    If there are few contours, evenly spaced seeds divide large basins, so that features can decide how to merge them.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import label
    from skimage.morphology import h_minima
    from skimage.segmentation import watershed

    smooth = gaussian_filter(strength, SMOOTHING)
    depth = SHALLOWEST
    seeds = label(h_minima(smooth, depth), connectivity=1)
    while seeds.max() > MOST_BASINS:
        depth *= 2
        seeds = label(h_minima(smooth, depth), connectivity=1)
    if seeds.max() < LEAVES:
        height, width = strength.shape
        step = max(1, round((height * width / (4 * LEAVES)) ** 0.5))
        even = np.zeros(strength.shape, bool)
        even[step // 2 :: step, step // 2 :: step] = True
        even &= seeds == 0
        seeds[even] = seeds.max() + 1 + np.arange(even.sum())
    return watershed(smooth, seeds) - 1


def borders(labels: np.ndarray, strength: np.ndarray) -> dict[tuple[int, int], tuple[int, float]]:
    """{(a, b): (length, sum of contour strengths)} of the borders of adjacent basins a < b, over pairs of pixels."""
    number = int(labels.max()) + 1
    key, value = [], []
    for one, other in (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:]):
        a, b = labels[one], labels[other]
        apart = a != b
        key.append((np.minimum(a, b) * number + np.maximum(a, b))[apart])
        # A contour's crest is one pixel wide and can lie on either side of the border.
        value.append(np.maximum(strength[one], strength[other])[apart])
    pairs, index, length = np.unique(np.concatenate(key), return_inverse=True, return_counts=True)
    total = np.bincount(index, np.concatenate(value), minlength=len(pairs))
    return {
        (int(pair // number), int(pair % number)): (int(count), float(value))
        for pair, count, value in zip(pairs, length, total, strict=True)
    }


def merge(
    area: np.ndarray,
    border: dict[tuple[int, int], tuple[int, float]],
    merging: Merging,
    features: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> list[Join]:
    """Merge the cheapest pair of neighbours until one node is left: B - 1 merges of B basins.

    area: (B,) shares of the image. border: the result of `borders`, connected. features: (B, D) and classes: (B, C), averaged by area when merged.
    Costs never decrease: a merge that became possible only by a more expensive one gets the cost of that one.
    """
    number = len(area)
    area = np.concatenate([area, np.zeros(number - 1)])
    means = [
        None
        if values is None
        else np.concatenate([values, np.zeros((number - 1, values.shape[1]))])
        for values in (features, classes if merging.nouns else None)
    ]
    features, classes = means
    neighbours: list[Any] = [
        {} for _ in range(number)
    ]  # {neighbour: border} for each node, None once it is merged
    for (a, b), value in border.items():
        neighbours[a][b] = neighbours[b][a] = value

    def cost(a, b, length, total):
        apart = 1.0 if features is None else ((features[a] - features[b]) ** 2).sum()
        size = area[a] * area[b] / (area[a] + area[b])
        price = float(
            (merging.floor + total / length) ** merging.contour * apart * size ** (2 * merging.size)
        )
        if classes is not None:
            price *= np.exp(merging.nouns * np.abs(classes[a] - classes[b]).sum() / 2)
        return price * 1e-9 if min(area[a], area[b]) < SMALLEST else price

    queue = [(cost(a, b, *value), a, b) for (a, b), value in border.items()]
    heapq.heapify(queue)
    joins: list[Join] = []
    while len(joins) < number - 1:
        found, a, b = heapq.heappop(queue)
        if neighbours[a] is None or neighbours[b] is None:  # one of them is already merged
            continue
        node = number + len(joins)
        joins.append(Join(a, b, max(found, joins[-1].cost if joins else 0.0)))
        area[node] = area[a] + area[b]
        for values in means:
            if values is not None:
                values[node] = (area[a] * values[a] + area[b] * values[b]) / area[node]
        around: dict[int, tuple[int, float]] = {}
        for half in (a, b):
            for other, (length, total) in neighbours[half].items():
                if other not in (a, b):
                    before = around.get(other, (0, 0.0))
                    around[other] = before[0] + length, before[1] + total
                    del neighbours[other][half]
            neighbours[half] = None
        neighbours.append(around)
        for other, value in around.items():
            neighbours[other][node] = value
            heapq.heappush(queue, (cost(other, node, *value), other, node))
    return joins


SEGMENTERS = (
    Segmenter(
        "contours", contour_regions, "contours alone, found by HED on VGG16",
        (Slider("n_regions", "Regions", 0, 12, 0, zero="auto", hint=COUNT_OR_AUTO),), lambda n, shape: [{"n_regions": min(n, LEAVES)}],
    ),
)  # fmt: skip
