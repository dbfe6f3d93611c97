"""Names for the nodes of a region tree: their nouns, else their places.

The nouns are classes of the project's own FCN-8s, or the classifier's (`views`), each with the
probability that it is right.

References
----------
Deng et al. 2012, "Hedging Your Bets" (the most specific noun that is sure enough).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..regions import PLACE, Evidence, Part, rebuilt, walk
from ..weights.imagenet import everyday_nouns
from ..weights.semantic import semantic_head
from .seen import WHOLE, Seen, areas_of, deepest, pooled

# Nouns that cover several classes of the head, for regions where no single class is sure enough.
GROUPS = {
    "head": ("face", "hair", "hat", "glasses"),
    "person": ("face", "hair", "skin", "clothes", "shoes", "bag", "hat", "glasses"),
    "animal": ("cow", "horse", "sheep", "bird", "cat", "dog", "animal"),
    "vehicle": ("car", "truck", "bus", "bicycle", "motorbike", "boat", "aeroplane", "train"),
    "plants": ("tree", "grass", "plant", "flower"),
}
LEAST = 0.55  # of the probabilities of classes pooled over a region; below it has no noun
LEAST_PLANTS = 0.45  # less is enough for these, which the head knows best
# A class that is so probable is not overruled by the classifier's noun of another class.
SURE_CLASS = 0.8
MAIN = 0.7  # a class with this share of its group's probability is named instead of the group
# The share of names that are right where a source gives them a probability: the head's measured by
# benchmarks/nouns.py, the classifier's read on contact sheets of photographs of two other sources.
CURVES = {
    "semantic": ((0.0, 0.55, 0.7, 0.85, 0.93, 0.97, 1.0), (0.4, 0.65, 0.75, 0.84, 0.9, 0.95, 0.98)),
    "classifier": ((0.0, 0.5, 0.8, 1.0), (0.65, 0.8, 0.9, 0.96)),
}
# A part without a noun is called after its thing if it has at least this probability of it.
PART = 0.3
# What these classes need. Flat and printed things are books and signs to the head, whatever they
# are, what has legs is a chair, and stairs, fences and rock are buildings.
DOUBTFUL = {
    "water": 0.6,
    "building": 0.7,
    "road": 0.75,
    "chair": 0.8,
    **dict.fromkeys(("book", "sign", "shoes", "bag", "glasses", "window"), 0.93),
}
# Around a single thing, it takes sand for a road, the table for a wall, and details for things of
# their own, unless it is nearly certain.
SURFACES = ("building", "wall", "floor", "road", "mountain")
CERTAIN = 0.85
HEAD = ("face", "hair", "head")
FAMILIAR = (*HEAD, "plants", *GROUPS["plants"], "sky", "water")  # also where they are small
THINGS = ("animal", *GROUPS["animal"], "vehicle", *GROUPS["vehicle"])
SMALL, SMALLEST_HEAD, DETAIL, FRAME = 0.015, 0.005, 0.05, 0.1  # shares of the photograph
ROWS, COLUMNS, ALL_ROUND = ("top", "", "bottom"), ("left", "", "right"), "all round"  # of `places`


class Noun(NamedTuple):
    """A noun.

    Attributes
    ----------
    name : str
        The noun itself.
    evidence : Evidence
        Its source, and the probability that it is right.
    basis : str
        The class or group of classes of the head that it rests on, "" for the classifier's nouns.
    sure : bool
        Whether it is too probable to be overruled by another noun.
    """

    name: str
    evidence: Evidence
    basis: str = ""
    sure: bool = False


# What touches all four edges, is no frame and has no other noun: right in 44 of 47 photographs.
BACKGROUND = Noun("background", Evidence("place", 0.93))


def class_noun(row: np.ndarray) -> Noun | None:
    """Choose the most specific noun that is sure enough.

    Parameters
    ----------
    row : (C,) array
        Probabilities of the head's classes.

    Returns
    -------
    noun : Noun or None
        A class, or a group of classes.
    """
    # The last class is "object", which names nothing.
    name = semantic_head().names[int(row[:-1].argmax())]
    own = probability(name, row)
    # "animal" says little, and the head is the least sure of it.
    if own >= (SURE_CLASS if name == "animal" else LEAST):
        return Noun(name, evidence("semantic", own), name, own >= SURE_CLASS)
    for group, members in GROUPS.items():
        if (p := probability(group, row)) >= (LEAST_PLANTS if group == "plants" else LEAST):
            if name in members and own >= MAIN * p:
                return None if name == "animal" else Noun(name, evidence("semantic", own), name)
            return Noun(group, evidence("semantic", p), group, p >= SURE_CLASS)
    return None


def probability(name: str, row: np.ndarray) -> float:
    """Add up the probabilities (C,) of the classes that a noun covers."""
    return float(row[[each in GROUPS.get(name, (name,)) for each in semantic_head().names]].sum())


def covers(name: str, kind: str) -> bool:
    """Whether a noun is a class or group of the head, or a group that holds it."""
    return kind in (name, *GROUPS.get(name, ()))


def evidence(source: str, p: float) -> Evidence:
    """Look up the share of names that are right where a source gives them this probability.

    Parameters
    ----------
    source : "semantic" or "classifier"
        The network.
    p : float
        The probability that it gives.

    Returns
    -------
    evidence : Evidence
        The source with the measured share.
    """
    return Evidence(source, float(np.interp(p, *CURVES[source])))


def kinds(classes: np.ndarray) -> np.ndarray:
    """Add up the probabilities of all animals, and of all vehicles.

    A photograph seldom holds two kinds of them that touch, and the head confuses them most.

    Parameters
    ----------
    classes : (N, C) array
        Probabilities of the head's classes.

    Returns
    -------
    kinds : (N, K) array
        The sums, and the other classes; the last is "object".
    """
    of_class = np.array(
        [
            next((group for group in ("animal", "vehicle") if name in GROUPS[group]), name)
            for name in semantic_head().names
        ]
    )
    sums = [classes[:, of_class == kind].sum(axis=1) for kind in dict.fromkeys(of_class)]
    return np.stack(sums, axis=1)


def name_tree(
    atoms: np.ndarray, root: Part, found: Seen, objects: Mapping[tuple[int, ...], Noun]
) -> Part:
    """Name every node of a tree by a noun where there is one, else by its place.

    Parameters
    ----------
    atoms : (H, W) array of int
        The leaves of the tree.
    root : Part
        A tree over the leaves.
    found : Seen
        Of these leaves.
    objects : mapping of atoms to Noun
        The nodes that the classifier named, see `views.object_nouns`.

    Returns
    -------
    root : Part
        The same tree with names, nouns and evidence. A part of a thing that has no better noun is
        called after it, e.g. "cat: top left".
    """
    nodes = list(walk(root))
    covered = [node.atoms for node in nodes]
    place = dict(zip(covered, places(atoms, covered), strict=True))
    classes = dict(zip(covered, pooled(nodes, found.areas, found.classes), strict=True))
    area = dict(zip(covered, areas_of(nodes, found.areas), strict=True))
    by_class = _by_class(atoms, classes, area, found)
    species = _species(objects)

    def named(part: Part, whole: Noun | None) -> Part:
        row = classes[part.atoms]
        noun = _better(by_class[part.atoms], objects.get(part.atoms))
        noun = noun or _inherited(whole, row)
        if noun is not None and noun.name in species:
            noun = noun._replace(name=species[noun.name])
        children = tuple(named(child, noun) for child in part.children)
        if noun is None and place[part.atoms] == ALL_ROUND and area[part.atoms] > FRAME:
            noun = BACKGROUND
        if noun is None:
            return replace(part, name=place[part.atoms], noun="", children=children, evidence=PLACE)
        name = f"{noun.name}: {place[part.atoms]}"
        return replace(part, name=name, noun=noun.name, children=children, evidence=noun.evidence)

    return named(root, None)


def places(atoms: np.ndarray, groups: Iterable[Iterable[int]]) -> list[str]:
    """Name groups of atoms by the position of their centre in a 3 x 3 grid.

    Parameters
    ----------
    atoms : (H, W) array of int
        The finest label map, with values 0..A-1.
    groups : iterable of iterables of int
        The atoms of each region.

    Returns
    -------
    names : list of str
        "top left" ... "centre" ... "bottom right", or "all round" for a region that touches all
        four edges. Names may repeat; `Regions` numbers repeated ones.
    """
    height, width = atoms.shape
    flat = atoms.ravel()
    count = np.bincount(flat)
    row, column = np.divmod(np.arange(flat.size), width)
    # Of the middle of each pixel, so that a mirrored photograph has mirrored places.
    rows = np.bincount(flat, (row + 0.5) / height)
    columns = np.bincount(flat, (column + 0.5) / width)
    edges = [set(edge.tolist()) for edge in (atoms[0], atoms[-1], atoms[:, 0], atoms[:, -1])]

    def place(group: list[int]) -> str:
        area = count[group].sum()
        if area < 0.98 * flat.size and not any(edge.isdisjoint(group) for edge in edges):
            return ALL_ROUND
        down, across = (min(int(3 * sums[group].sum() / area), 2) for sums in (rows, columns))
        return f"{ROWS[down]} {COLUMNS[across]}".strip() or "centre"

    return [place(list(group)) for group in groups]


def named_by_place(atoms: np.ndarray, parts: Iterable[Part]) -> list[Part]:
    """Name parts, and all parts of them, by their places.

    Parameters
    ----------
    atoms : (H, W) array of int
        The finest label map.
    parts : iterable of Part
        Without names.

    Returns
    -------
    parts : list of Part
        Without costs, too, because `Regions.expand` needs none.
    """
    parts = list(parts)
    covered = [node.atoms for part in parts for node in walk(part)]
    place = dict(zip(covered, places(atoms, covered), strict=True))

    def named(node: Part) -> Part:
        return replace(node, name=place[node.atoms], noun="", cost=0.0, evidence=PLACE)

    return [rebuilt(part, named) for part in parts]


def _by_class(atoms, classes, areas, found) -> dict[tuple[int, ...], Noun | None]:
    """Return the noun of each node by its classes, unless the photograph speaks against it.

    Photographs of single objects show where the head errs: in DOUBTFUL classes, in small regions,
    and, while it is not certain, in SURFACES and details around the object (not in its own), in
    people without a face, and in sky at the bottom edge (the white of a catalogue).
    """
    nouns = {node: class_noun(row) for node, row in classes.items()}
    heads = any(  # hair alone may be fur
        noun is not None and noun.name in ("face", "head") and areas[node] >= SMALLEST_HEAD
        for node, noun in nouns.items()
    )
    bottom = set(np.unique(atoms[-1]).tolist())
    single = deepest(found.whole, WHOLE)
    kind = None if single is None else semantic_head().kinds[everyday_nouns().names[single]]

    def credible(node, noun):
        p, detail = probability(noun.basis, classes[node]), areas[node] < DETAIL
        if p < DOUBTFUL.get(noun.name, 0):
            return False
        if areas[node] < SMALL and not (noun.name in HEAD or (noun.name in THINGS and noun.sure)):
            return False
        return p >= CERTAIN or not (
            (noun.name == "sky" and not bottom.isdisjoint(node))
            or (noun.name in ("person", *GROUPS["person"]) and not heads)
            or (kind and noun.name in SURFACES)
            or (kind and detail and not (noun.name in FAMILIAR or covers(noun.name, kind)))
        )

    return {
        node: noun if noun is not None and credible(node, noun) else None
        for node, noun in nouns.items()
    }


def _species(objects) -> dict[str, str]:
    """Find what "animal" and "vehicle" are here, if the classifier found one kind only."""
    found = {}
    for group in ("animal", "vehicle"):
        names = {
            noun.name
            for noun in objects.values()
            if covers(group, semantic_head().kinds[noun.name])
        }
        if len(names) == 1:
            found[group] = names.pop()
    return found


def _better(noun: Noun | None, other: Noun | None) -> Noun | None:
    """Choose the more specific noun of the head's and the classifier's.

    If they contradict each other, the head's is kept if it is sure.
    """
    if noun is None or other is None:
        return noun or other
    if covers(noun.name, semantic_head().kinds[other.name]):
        if noun.name != other.name:
            return other
        return max(noun, other, key=lambda n: n.evidence.probability or 0)
    return noun if noun.sure else other


def _inherited(whole: Noun | None, row: np.ndarray) -> Noun | None:
    """Give a nameless part the noun of its thing, unless its classes speak against it."""
    if whole is None or not whole.basis:
        return whole
    p = probability(whole.basis, row)
    return whole._replace(evidence=evidence("semantic", p), sure=False) if p >= PART else None
