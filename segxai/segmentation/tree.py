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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..images import resize, resize_labels
from ..regions import COLOUR_AND_PLACE, Part, Regions, coarsest
from .contours import contours
from .names import describe
from .nouns import Nouns
from .segmenter import COUNT_OR_AUTO, Segmenter, Slider

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
NAMED = 14  # nouns are looked for in regions of cuts up to this number; smaller ones hardly ever have one
LEAVES = 48  # the largest number of regions, by `n_regions` or repeated `expand`
SMOOTHING = 1.0  # sigma, in pixels, of the Gaussian that closes gaps in contours
SHALLOWEST = 0.02  # shallower basins, in contour strength, are not separated
SMALLEST = 0.001  # share of the image; smaller regions are merged first
MOST_BASINS = 1000  # limits time and memory on noisy images; photographs have 150 to 400
FEWEST, MOST = 3, 9  # limits of the automatic number of regions; 2**9 coalitions are evaluated in seconds
KEPT = 8  # number of trees in the cache, 1 MB each

_trees: OrderedDict[tuple[str, bytes], tuple[np.ndarray, Part, Nouns]] = OrderedDict()
_lock = threading.Lock()


class Merging(NamedTuple):
    """The cost of merging two neighbours:

    (floor + mean contour on their border) ** contour * apart * (a b / (a + b)) ** (2 size)

    a and b are their shares of the image's area, and `apart` is the squared distance of their mean features (1 without features).
    With contour = 0 and size = 1/2 this is Ward's criterion. A larger `size` merges small regions earlier and large ones later.
    worth: the automatic number of regions undoes merges that cost at least this.
    """

    floor: float
    contour: float
    size: float
    worth: float


BY_CONTOUR = Merging(floor=0.0, contour=1.0, size=0.08, worth=0.35)


class Join(NamedTuple):
    """A merge of two nodes. Basins are the nodes 0..B-1; the k-th merge creates node B + k."""

    a: int
    b: int
    cost: float


def contour_regions(image: np.ndarray, n_regions: int | str = "auto", names: str = "place") -> Regions:
    """Regions by contours alone. Unlike those of "deep", they do not depend on a classifier's network.

    n_regions, names: as for "deep". By default the names do not depend on such a network either; names="auto" changes only them.
    """
    return tree_regions(image, "contours", n_regions, BY_CONTOUR, names=names)


def tree_regions(
    image: np.ndarray,
    method: str,
    n_regions: int | str,
    merging: Merging,
    features: Callable | None = None,
    names: str = "place",
) -> Regions:
    """The photograph's region tree cut at n_regions: 1 to LEAVES, or "auto".

    image: (H, W, 3) uint8. features: a function (image, basins (h, w)) -> (B, D), or None. names: "place", or "auto" for nouns, which
    are looked for once, in all regions of cuts into NAMED or fewer, so that another number of regions needs no network. The trees of
    the last KEPT pairs of photograph and method are cached, with the nouns. Raises SegxaiValueError for any other n_regions or names.
    """
    if n_regions != "auto" and (
        isinstance(n_regions, bool) or not isinstance(n_regions, (int, np.integer)) or not 1 <= n_regions <= LEAVES
    ):
        raise SegxaiValueError(f"n_regions must be 'auto' or a whole number from 1 to {LEAVES}; got {n_regions!r}.")
    if names not in ("auto", "place"):
        raise SegxaiValueError(f"names must be 'auto' or 'place'; got {names!r}.")
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    key = method, digest.digest()
    with _lock:
        kept = _trees.get(key)
    atoms, root, nouns = kept or _grow(image, merging, features)
    with _lock:
        _trees[key] = atoms, root, nouns
        _trees.move_to_end(key)
        while len(_trees) > KEPT:
            _trees.popitem(last=False)
    namer = nouns if names == "auto" else None
    if n_regions == "auto":
        parts = automatic_cut(root, merging.worth, namer.surest() if namer else ())
    else:
        parts = coarsest(root, int(n_regions))
    return Regions(resize_labels(atoms, image.shape[:2]), parts, method, root, namer)


def automatic_cut(root: Part, worth: float, things: Sequence[Part] = ()) -> list[Part]:
    """The tree cut at `automatic_number`, where things are regions of their own as far as MOST regions allow, the first ones first.

    things: nodes of the tree. Of a thing and its parts the earlier in the list is a region.
    """
    apart: set[tuple[int, ...]] = set()  # nodes that have to be taken apart
    kept: set[tuple[int, ...]] = set()
    for thing in things:
        above = [node.atoms for node in _above(root, thing)]
        if thing.atoms not in apart and kept.isdisjoint(above) and len(apart.union(above)) < MOST:
            apart.update(above)
            kept.add(thing.atoms)
    return coarsest(root, max(automatic_number(root, worth), len(apart) + 1), apart)


def _above(root: Part, node: Part) -> Iterator[Part]:
    """The nodes on the way from the root down to a node, without it."""
    atom = node.atoms[0]
    while root.atoms != node.atoms:
        yield root
        root = next(child for child in root.children if atom in child.atoms)


def automatic_number(root: Part, worth: float) -> int:
    """The number of regions after undoing all merges that cost at least `worth`, limited to FEWEST to MOST."""

    def count(part):
        return sum(count(child) for child in part.children) if part.children and part.cost >= worth else 1

    return int(np.clip(count(root), FEWEST, MOST))


def upper(root: Part, n_regions: int) -> list[Part]:
    """The nodes that are regions in some cut of a tree into 2 to n_regions."""
    lowest = {part.atoms for part in coarsest(root, n_regions)}
    found: list[Part] = []
    above = [root]
    while above:
        children = above.pop().children
        found += children
        above += [child for child in children if child.atoms not in lowest]
    return found


def _grow(image, merging, features) -> tuple[np.ndarray, Part, Nouns]:
    """The tree's leaves, (h, w) integers at the working size, its root, named by colour and place, and its nouns."""
    # Never larger than the photograph: regions stay connected when a label map is enlarged, but not when it is reduced.
    scale = min(1, WORKING_SIDE / max(image.shape[:2]))
    copy = np.rint(resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]))).astype(np.uint8)
    strength = contours(copy)
    labels = basins(strength)
    area = np.bincount(labels.ravel()) / labels.size
    joins = merge(area, borders(labels, strength), merging, None if features is None else features(image, labels))
    atoms, groups = leaves(labels, joins)
    names = dict(zip(groups, describe(copy, atoms, list(groups.values())), strict=True))
    parts: dict[int, Part] = {}
    for node, group in groups.items():
        if len(group) == 1:
            parts[node] = Part(names[node], group, evidence=COLOUR_AND_PLACE)
        else:
            a, b, cost = joins[node - len(area)]
            parts[node] = Part(names[node], group, (parts[a], parts[b]), cost, COLOUR_AND_PLACE)
    return atoms, parts[node], Nouns(copy, atoms, upper(parts[node], NAMED))


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
) -> list[Join]:
    """Merge the cheapest pair of neighbours until one node is left: B - 1 merges of B basins.

    area: (B,) shares of the image. border: the result of `borders`, connected. features: (B, D), averaged by area when merged.
    Costs never decrease: a merge that became possible only by a more expensive one gets the cost of that one.
    """
    number = len(area)
    area = np.concatenate([area, np.zeros(number - 1)])
    if features is not None:
        features = np.concatenate([features, np.zeros((number - 1, features.shape[1]))])
    neighbours: list[Any] = [{} for _ in range(number)]  # {neighbour: border} for each node, None once it is merged
    for (a, b), value in border.items():
        neighbours[a][b] = neighbours[b][a] = value

    def cost(a, b, length, total):
        apart = 1.0 if features is None else ((features[a] - features[b]) ** 2).sum()
        size = area[a] * area[b] / (area[a] + area[b])
        price = float((merging.floor + total / length) ** merging.contour * apart * size ** (2 * merging.size))
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
        if features is not None:
            features[node] = (area[a] * features[a] + area[b] * features[b]) / area[node]
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
