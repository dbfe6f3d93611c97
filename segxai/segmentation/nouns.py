"""Nouns for the nodes of a region tree, each with the probability that it is right.

Two networks name a region. The project's own FCN-8s (`weights.semantic`) gives class probabilities,
pooled over the region: sky, hair, road, "object". What it calls an object or an animal, the
classifier can name, which knows 427 everyday nouns and has been trained on whole photographs only.
It is believed where several views of the region agree: cut out, with dimmed surroundings, cropped,
and by the features inside it against those outside.

References
----------
Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation", section 4.2 (score heads).
Deng et al. 2012, "Hedging Your Bets" (the most specific noun that is sure enough).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..images import resize
from ..regions import PLACE, Evidence, Part, coarsest
from ..weights.imagenet import everyday_nouns
from ..weights.semantic import SIDE, semantic_head
from .names import places
from .pooling import pool

STRIDES = (8, 16, 32)
# Nouns that cover several classes of the head, for regions where no single class is sure enough.
GROUPS = {
    "head": ("face", "hair", "hat", "glasses"),
    "person": ("face", "hair", "skin", "clothes", "shoes", "bag", "hat", "glasses"),
    "animal": ("cow", "horse", "sheep", "bird", "cat", "dog", "animal"),
    "vehicle": ("car", "truck", "bus", "bicycle", "motorbike", "boat", "aeroplane", "train"),
    "plants": ("tree", "grass", "plant", "flower"),
}
LEAST = 0.55  # of the probabilities of classes pooled over a region; below it has no noun
SURE_CLASS = (
    0.8  # a class that is so probable is not overruled by the classifier's noun of another class
)
SMALLEST, LARGEST = (
    0.005,
    0.8,
)  # shares of the photograph: too few pixels to classify, too few around them
VIEW = 224  # pixels
GREY = 127
# Contrast of the surroundings, and margin as a share of the longer side, of the three views.
VIEWS = {"grey": (0.0, 0.1), "dimmed": (0.35, 0.1), "crop": (1.0, 0.05)}
BATCH = 16
MAIN = 0.7  # a class with this share of its group's probability is named instead of the group
PART = (
    0.3  # a part without a noun is called after its thing if it has at least this probability of it
)
LOOKED_AT = 14  # the classifier looks at regions of cuts up to this number; smaller ones hardly ever have a noun
# What a noun of the classifier needs, chosen on 99 photographs of ImageNet (benchmarks/nouns.py): the
# least probability in the mean of the views "grey" and "dimmed", in "dimmed" and in "crop"; the least
# logarithm of its probability by the features inside over that outside; and, unless the whole
# photograph supports it, the least mean of the three views and the features.
MEAN, DIMMED, CROP, RATIO = 0.4, 0.3, 0.3, 0.5
INSIDE = 0.1  # by the features; views of regions without any such noun are not worth their time
SUPPORT, UNSUPPORTED = 0.1, 0.6
# The noun of the whole photograph, if so probable, names the node that it fits best, if its crop agrees.
WHOLE, WHOLE_CROP = 0.4, 0.2

# The share of names that are right where a source gives them a probability (benchmarks/nouns.py).
CURVES = {
    "semantic": ((0.0, 0.55, 0.7, 0.85, 0.93, 0.97, 1.0), (0.4, 0.65, 0.75, 0.84, 0.9, 0.95, 0.98)),
    "classifier": ((0.0, 0.5, 0.7, 0.85, 1.0), (0.7, 0.8, 0.9, 0.96, 0.98)),
}


class Seen(NamedTuple):
    """What the networks see of each leaf of a tree.

    Attributes
    ----------
    areas : (L,) array
        Shares of the photograph.
    classes : (L, C) array
        Probabilities of the head's classes.
    features : (L, 1280) array
        The classifier's last features, before its linear layer.
    """

    areas: np.ndarray
    classes: np.ndarray
    features: np.ndarray

    def over(self, labels: np.ndarray, coarser: np.ndarray) -> Seen:
        """The same of coarser regions: both label maps have the same shape, and each label lies in one region."""
        region = np.zeros(len(self.areas), int)
        region[labels.ravel()] = coarser.ravel()
        areas = np.bincount(region, self.areas)
        of_label = np.zeros((len(areas), len(region)))
        of_label[region, np.arange(len(region))] = self.areas / areas[region]
        return Seen(areas, of_label @ self.classes, of_label @ self.features)


def seen(image: np.ndarray, atoms: np.ndarray) -> Seen:
    """Pool both networks' outputs over the leaves of a tree.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    atoms : (h, w) array of int
        The leaves, values 0..L-1, at any size.
    """
    maps = end_points(image, SIDE)
    scores = semantic_head().biases + sum(
        pool(maps[f"stride_{stride}"] @ kernel, atoms)
        for stride, kernel in semantic_head().kernels.items()
    )
    areas = np.bincount(atoms.ravel()) / atoms.size
    return Seen(areas, _softmax(scores), pool(maps["head"], atoms))


def end_points(image: np.ndarray, longest: int) -> dict[str, np.ndarray]:
    """The network's end points {name: (h, w, D)} with the photograph's longest side at `longest` pixels.

    They are averaged with those of the mirrored photograph, so that both have the same nouns. Those at
    strides 8, 16 and 32 are divided by their root mean square, as `nets.fcn.scale` does.
    """
    from ..backbone import efficientnet_lite0

    scale = longest / max(image.shape[:2])
    copy = resize(image, tuple(max(32, 32 * round(side * scale / 32)) for side in image.shape[:2]))
    names = [*(f"stride_{stride}" for stride in STRIDES), "head"]
    both = efficientnet_lite0().features(np.stack([copy, copy[:, ::-1]]), names)
    found = {}
    for name, value in both.items():
        if name != "head":
            value = value / np.sqrt(np.square(value).mean(axis=(1, 2, 3), keepdims=True) + 1e-6)
        found[name] = (value[0] + value[1, :, ::-1]) / 2
    return found


def object_nouns(
    image: np.ndarray, atoms: np.ndarray, root: Part, found: Seen
) -> dict[tuple[int, ...], Noun]:
    """Find the nodes of a tree that the classifier can name.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    atoms : (H, W) array of int
        The leaves of the tree.
    root : Part
        A binary tree over the leaves.
    found : Seen
        Of these leaves.

    Returns
    -------
    nouns : dict of atoms to Noun
        At most one node for each thing; see `chosen_nouns`.
    """
    nodes = upper(root, LOOKED_AT)
    rows = pooled(nodes, found.areas, found.classes)
    open_ = [
        node for node, row, area in zip(nodes, rows, areas_of(nodes, found), strict=True)
        if SMALLEST <= area <= LARGEST and _may_be_refined(class_noun(row))
    ]  # fmt: skip
    if not open_:
        return {}
    areas, (inside, outside) = areas_of(open_, found), dense_nouns(open_, found)
    whole = resize(image, (VIEW, VIEW))
    probabilities = by_noun([whole, whole[:, ::-1]]).mean(axis=0)
    fit = fits(areas, inside, outside)
    views = np.zeros((len(open_), len(VIEWS), fit.shape[1]))

    def look(wanted, name):
        """Classify one view of the wanted nodes."""
        if wanted.any():
            masks = [np.isin(atoms, open_[i].atoms) for i in np.flatnonzero(wanted)]
            views[wanted, list(VIEWS).index(name)] = by_noun(
                [view(image, mask, *VIEWS[name]) for mask in masks]
            )

    # Each view is classified only where the others, which are known by then, allow a noun.
    allowed = (_specific() > 0) & (inside >= INSIDE) & (ratios(inside, outside) >= RATIO)
    look(allowed.any(axis=1), "dimmed")
    allowed &= views[:, 1] >= DIMMED
    look(allowed.any(axis=1), "grey")
    allowed &= views[:, :2].mean(axis=1) >= MEAN
    wanted = allowed.any(axis=1)
    thing = _deepest(probabilities, WHOLE)
    if thing is not None:
        wanted[int(fit[:, thing].argmax())] = True
    look(wanted, "crop")
    return chosen_nouns(open_, views, probabilities, fit, inside, outside)


def name_tree(
    atoms: np.ndarray, root: Part, found: Seen, objects: Mapping[tuple[int, ...], Noun]
) -> Part:
    """Name every node of a tree by a noun where there is one, else by its place.

    Parameters
    ----------
    atoms, root, found
        As for `object_nouns`.
    objects : mapping of atoms to Noun
        What that found.

    Returns
    -------
    root : Part
        The same tree with names, nouns and evidence. A part of a thing that has no better noun is
        called after it, e.g. "cat: top left".
    """
    nodes = list(walk(root))
    place = dict(
        zip(
            (node.atoms for node in nodes),
            places(atoms, [node.atoms for node in nodes]),
            strict=True,
        )
    )
    classes = dict(
        zip((node.atoms for node in nodes), pooled(nodes, found.areas, found.classes), strict=True)
    )
    species = _species(objects)

    def named(part: Part, whole: Noun | None) -> Part:
        row = classes[part.atoms]
        noun = _better(class_noun(row), objects.get(part.atoms)) or (
            whole and _inherited(whole, row)
        )
        if noun is not None and noun.name in species:
            noun = noun._replace(name=species[noun.name])
        children = tuple(named(child, noun) for child in part.children)
        if noun is None:
            return replace(part, name=place[part.atoms], noun="", children=children, evidence=PLACE)
        name = f"{noun.name}: {place[part.atoms]}"
        return replace(part, name=name, noun=noun.name, children=children, evidence=noun.evidence)

    return named(root, None)


def _species(objects) -> dict[str, str]:
    """What "animal" and "vehicle" are in this photograph, if the classifier found one kind of them only."""
    found = {}
    for group in ("animal", "vehicle"):
        names = {
            noun.name
            for noun in objects.values()
            if semantic_head().kind(noun.name) in (*GROUPS[group], group)
        }
        if len(names) == 1:
            found[group] = names.pop()
    return found


def _may_be_refined(noun: Noun | None) -> bool:
    """Whether the classifier may know better: sky and hair it cannot, a bird may be an owl."""
    return (
        noun is None or not noun.sure or noun.name in GROUPS or noun.name in semantic_head().refined
    )


def _better(noun: Noun | None, other: Noun | None) -> Noun | None:
    """Of the head's and the classifier's noun the more specific one, unless they contradict and the head is sure."""
    if noun is None or other is None:
        return noun or other
    kind = semantic_head().kind(other.name)
    if kind == noun.name or kind in GROUPS.get(noun.name, ()):
        return (
            max(noun, other, key=lambda n: n.evidence.probability or 0)
            if noun.name == other.name
            else other
        )
    return noun if noun.sure else other


def _inherited(whole: Noun, row: np.ndarray) -> Noun | None:
    """The noun of the thing that a nameless part belongs to, unless its own classes speak against it."""
    if not whole.basis:
        return whole
    p = _probability(whole.basis, row)
    return whole._replace(evidence=evidence("semantic", p), sure=False) if p >= PART else None


def upper(root: Part, n_regions: int) -> list[Part]:
    """The nodes that are regions in some cut of a tree into 1 to n_regions."""
    lowest = {part.atoms for part in coarsest(root, n_regions)}
    found, above = [root], [root]
    while above:
        part = above.pop()
        if part.atoms not in lowest:
            found += part.children
            above += part.children
    return found


def walk(part: Part) -> Iterator[Part]:
    """A node and all below it."""
    yield part
    for child in part.children:
        yield from walk(child)


def pooled(nodes: Sequence[Part], areas: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N, D) the means over nodes of values (L, D) of the leaves."""
    weights = np.zeros((len(nodes), len(areas)))
    for row, node in zip(weights, nodes, strict=True):
        row[list(node.atoms)] = areas[list(node.atoms)]
    return weights / weights.sum(axis=1, keepdims=True) @ values


class Noun(NamedTuple):
    """A noun.

    Attributes
    ----------
    name : str
    evidence : Evidence
    basis : str
        The class or group of classes of the head that it rests on, "" for the classifier's nouns.
    sure : bool
        Whether it is too probable to be overruled by another noun.
    """

    name: str
    evidence: Evidence
    basis: str = ""
    sure: bool = False


def class_noun(row: np.ndarray) -> Noun | None:
    """The noun of class probabilities (C,): the most specific one that is sure enough, or None."""
    name = semantic_head().names[
        int(row[:-1].argmax())
    ]  # the last class is "object", which names nothing
    own = _probability(name, row)
    # "animal" says little, and the head is the least sure of it.
    if own >= (SURE_CLASS if name == "animal" else LEAST):
        return Noun(name, evidence("semantic", own), name, own >= SURE_CLASS)
    for group, members in GROUPS.items():
        if (p := _probability(group, row)) >= LEAST:
            if name in members and own >= MAIN * p:
                return None if name == "animal" else Noun(name, evidence("semantic", own), name)
            return Noun(group, evidence("semantic", p), group, p >= SURE_CLASS)
    return None


def _probability(name, row) -> float:
    column = semantic_head().names.index
    return float(row[[column(member) for member in GROUPS.get(name, (name,))]].sum())


def evidence(source: str, p: float) -> Evidence:
    """The share of names that are right where a source gives them this probability."""
    return Evidence(source, float(np.interp(p, *CURVES[source])))


def fits(areas: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(N, nouns) how much of a noun's evidence lies inside a node, and how little outside (Otsu 1979, for two classes)."""
    return (areas * (1 - areas))[:, None] * np.square(np.maximum(inside - outside, 0))


def ratios(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(N, nouns) the logarithms of the probabilities inside over those outside."""
    return np.log((inside + 1e-4) / (outside + 1e-4))


def chosen_nouns(
    nodes: Sequence[Part],
    views: np.ndarray,
    whole: np.ndarray,
    fit: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
) -> dict[tuple[int, ...], Noun]:
    """Choose nouns on which the views agree.

    Parameters
    ----------
    nodes : sequence of Part
        N nodes of a tree.
    views : (N, 3, nouns) array
        Probabilities in the VIEWS of each node.
    whole : (nouns,) array
        Probabilities in the whole photograph.
    fit : (N, nouns) array
        As `fits` gives it.
    inside, outside : (N, nouns) arrays
        Probabilities by the features inside and outside each node.

    Returns
    -------
    nouns : dict of atoms to Noun
        At most one node for each thing: of nested nodes the one that its noun fits best.
    """
    ratio = ratios(inside, outside)
    mean, agreed = views[:, :2].mean(axis=1), views.mean(axis=1)
    candidates: dict[int, int] = {}  # node: noun
    thing = _deepest(whole, WHOLE)
    if thing is not None:
        best = int(fit[:, thing].argmax())
        if fit[best, thing] > 0 and views[best, 2, thing] >= WHOLE_CROP:
            candidates[best] = thing
    for i in range(len(nodes)):
        noun = _deepest(mean[i], MEAN)
        if (
            noun is None
            or views[i, 1, noun] < DIMMED
            or views[i, 2, noun] < CROP
            or ratio[i, noun] < RATIO
        ):
            continue
        if whole[noun] >= SUPPORT or (agreed[i, noun] + inside[i, noun]) / 2 >= UNSUPPORTED:
            candidates[i] = noun
    chosen: dict[tuple[int, ...], Noun] = {}
    for i in sorted(candidates, key=lambda i: -fit[i, candidates[i]]):
        if all(set(nodes[i].atoms).isdisjoint(other) for other in chosen):
            noun = candidates[i]
            chosen[nodes[i].atoms] = Noun(
                everyday_nouns().names[noun], evidence("classifier", float(agreed[i, noun]))
            )
    return chosen


def _deepest(row, least) -> int | None:
    """The most specific noun that is probable enough, or None."""
    sure = np.where(row >= least, _specific(), 0)
    return int((sure + np.minimum(row, 0.999) * (sure > 0)).argmax()) if sure.any() else None


@lru_cache(maxsize=1)
def _specific() -> np.ndarray:
    """(nouns,) how many nouns are above each; 0 for "animal", "thing" and others that only group nouns."""
    nouns = everyday_nouns()
    return np.array([len(nouns.above(k)) - 1 for k in range(len(nouns.names))])


def areas_of(nodes: Sequence[Part], found: Seen) -> np.ndarray:
    """(N,) the nodes' shares of the photograph."""
    return np.array([found.areas[list(node.atoms)].sum() for node in nodes])


def dense_nouns(nodes: Sequence[Part], found: Seen) -> tuple[np.ndarray, np.ndarray]:
    """(N, nouns) the probabilities of everyday nouns by the features inside each node, and by those outside it."""
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    weights = efficientnet_lite0_weights()
    kernel, bias = (weights[f"efficientnet_lite0/logits/{part}"] for part in ("weights", "biases"))
    inside = pooled(nodes, found.areas, found.features)
    share = areas_of(nodes, found)[:, None]
    everything = found.areas @ found.features
    outside = (everything - share * inside) / np.maximum(1 - share, 1e-6)
    by_noun = everyday_nouns().classes
    return _softmax(inside @ kernel + bias) @ by_noun, _softmax(outside @ kernel + bias) @ by_noun


def by_noun(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """(N, nouns) the probabilities of everyday nouns in N pictures (VIEW, VIEW, 3)."""
    from ..backbone import efficientnet_lite0

    net = efficientnet_lite0()
    rows = [
        net.run(net.probabilities, {net.images: np.stack(pictures[first : first + BATCH])})
        for first in range(0, len(pictures), BATCH)
    ]
    return np.concatenate(rows) @ everyday_nouns().classes


def view(image: np.ndarray, mask: np.ndarray, contrast: float, margin: float) -> np.ndarray:
    """Show a region in a square around its bounding box.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    mask : (H, W) array of bool
    contrast : float
        Of the surroundings, which are drawn towards grey; 0 cuts the region out.
    margin : float
        Around the bounding box, as a share of its longer side.

    Returns
    -------
    picture : (VIEW, VIEW, 3) array of float32
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = round(max(height, width) * (1 + 2 * margin)) + 1
    top, left = rows[0] - (side - height) // 2, columns[0] - (side - width) // 2
    window = np.s_[max(top, 0) : top + side, max(left, 0) : left + side]
    part = image[window].astype(np.float32)
    part = np.where(mask[window][..., None], part, GREY + contrast * (part - GREY))
    square = np.full((side, side, 3), GREY, np.float32)
    down, across = max(-top, 0), max(-left, 0)
    square[down : down + part.shape[0], across : across + part.shape[1]] = part
    return resize(square, (VIEW, VIEW))


def kinds(classes: np.ndarray) -> np.ndarray:
    """(N, K) class probabilities (N, C) with those of all animals, and of all vehicles, added up.

    A photograph seldom holds two kinds of them that touch, and the head confuses them most.
    """
    names = semantic_head().names
    of_class = [
        next((group for group in ("animal", "vehicle") if name in GROUPS[group]), name)
        for name in names
    ]
    columns = list(dict.fromkeys(of_class))
    table = np.zeros((len(names), len(columns)))
    table[np.arange(len(names)), [columns.index(kind) for kind in of_class]] = 1
    return classes @ table


def _softmax(scores) -> np.ndarray:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
