"""Any regions as the nodes of one binary tree, which adaptive Owen values are computed on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..regions import PLACE, Evidence, Part, Regions, distinct_names
from .cut import raised
from .names import places
from .tree import Merging, merge

WARD = Merging(floor=1.0, contour=0.0, size=0.5, worth=0.0)
MOST_LISTED = (
    3  # regions joined keep their own names up to so many; more of them are named by their place
)


@dataclass(frozen=True, eq=False)
class BinaryTree:
    """leaves: the finest regions, L of them, which know the tree. joins: (L - 1, 2), row k joins two nodes to node L + k.

    Leaves are the nodes 0..L-1. Joins are in the order of `Regions.cut`: its n regions are what is left where the last n - 1
    joins are undone. names: (2L - 1) different ones. areas: (2L - 1,) shares of the image.
    """

    leaves: Regions
    joins: np.ndarray
    names: tuple[str, ...]
    areas: np.ndarray


def binary_tree(image: np.ndarray, regions: Regions) -> BinaryTree:
    """The tree that the regions are cut from; where there is none, they are joined, and have below them the parts that are known.

    Regions that are joined, and parts of a node that has more than two, are joined two at a time, first those that touch and
    differ least in mean colour (CIE Lab), by Ward's criterion (Ward 1963); the joins count as costlier than all below them.
    Joins above the given regions count as costlier than all others, so the tree cut into as many regions gives these.
    """
    atoms, root = regions.atoms, regions.tree
    join = _Joining(image, atoms)
    given = {frozenset(part.atoms) for part in regions.parts}
    if root is not None:
        root = _halved(root, join)
        root = raised(root, given)
    else:
        root = join(tuple(_halved(part, join) for part in regions.parts))
    parts, order = [root], []
    while any(part.children for part in parts):
        index = max(
            range(len(parts)), key=lambda i: (bool(parts[i].children), parts[i].cost)
        )  # as Regions.cut chooses
        order.append(parts[index])
        parts[index : index + 1] = parts[index].children
    nodes = [*parts, *reversed(order)]
    # The regions that were given come first: it is the others that get a number where names repeat.
    ranked = sorted(range(len(nodes)), key=lambda i: (frozenset(nodes[i].atoms) not in given, -i))
    names = dict(zip(ranked, distinct_names([nodes[i].name for i in ranked]), strict=True))
    number = {frozenset(node.atoms): i for i, node in enumerate(nodes)}
    joins = np.array(
        [[number[frozenset(half.atoms)] for half in node.children] for node in reversed(order)], int
    ).reshape(-1, 2)
    named: list[Part] = []
    for i, node in enumerate(nodes):
        children = tuple(named[half] for half in joins[i - len(parts)]) if i >= len(parts) else ()
        named.append(replace(node, name=names[i], children=children))
    count = np.bincount(atoms.ravel())
    areas = np.array([count[list(node.atoms)].sum() for node in nodes]) / atoms.size
    leaves = Regions(atoms, named[: len(parts)], regions.method, named[-1])
    return BinaryTree(leaves, joins, tuple(node.name for node in named), areas)


def _halved(part: Part, join) -> Part:
    """The same tree with two children, or none, at every node."""
    while len(part.children) == 1:
        part = _called(part.children[0], part)
    if not part.children:
        return part
    children = tuple(_halved(child, join) for child in part.children)
    if len(children) > 2:
        return _called(join(children), part)
    return replace(
        part, children=children, cost=max(part.cost, *(child.cost for child in children))
    )


def _called(part: Part, like: Part) -> Part:
    """A part with the name of another one that covers the same, and the evidence for it."""
    return replace(part, name=like.name, noun=like.noun, evidence=like.evidence)


class _Joining:
    """A function of parts to the one part that they are joined to, two at a time."""

    def __init__(self, image, atoms):
        from skimage.color import rgb2lab

        self.atoms = atoms
        self.count = np.bincount(atoms.ravel()).astype(float)
        lab = rgb2lab(image)
        self.colour = np.stack(
            [np.bincount(atoms.ravel(), lab[..., c].ravel()) for c in range(3)], axis=1
        )
        pairs = np.concatenate(
            [
                np.stack([atoms[:, :-1], atoms[:, 1:]], -1).reshape(-1, 2),
                np.stack([atoms[:-1], atoms[1:]], -1).reshape(-1, 2),
            ]
        )
        self.touching = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)

    def __call__(self, parts) -> Part:
        if len(parts) == 1:
            return parts[0]
        of_atom = np.full(len(self.count), -1)
        for k, part in enumerate(parts):
            of_atom[list(part.atoms)] = k
        area = np.array([self.count[list(part.atoms)].sum() for part in parts])
        colour = (
            np.array([self.colour[list(part.atoms)].sum(axis=0) for part in parts]) / area[:, None]
        )
        pairs = np.unique(np.sort(of_atom[self.touching], axis=1), axis=0)
        pairs = pairs[(pairs[:, 0] >= 0) & (pairs[:, 0] != pairs[:, 1])]
        if not _connected(len(parts), pairs):
            pairs = np.argwhere(np.triu(np.ones((len(parts), len(parts)), bool), 1))
        border = {(int(a), int(b)): (1, 0.0) for a, b in pairs}
        joins = merge(area / area.sum(), border, WARD, colour)
        groups: list[tuple[int, ...]] = [(k,) for k in range(len(parts))]
        for a, b, _ in joins:
            groups.append(groups[a] + groups[b])
        covered = [tuple(atom for k in group for atom in parts[k].atoms) for group in groups]
        described = places(self.atoms, covered)
        below = max(part.cost for part in parts)
        nodes = list(parts)
        for node, (a, b, cost) in enumerate(joins, start=len(parts)):
            listed = " + ".join(parts[k].name for k in groups[node])
            name, evidence = described[node], PLACE
            if len(groups[node]) <= MOST_LISTED:
                name, evidence = listed, _weakest(parts[k].evidence for k in groups[node])
            nodes.append(Part(name, covered[node], (nodes[a], nodes[b]), below + cost, evidence))
        return nodes[-1]


def _weakest(evidence: Iterable[Evidence]) -> Evidence:
    """Names that are listed as one are as sure as the least sure of them; places name no thing."""
    return min(
        evidence,
        key=lambda e: (e.source != "place", 1.0 if e.probability is None else e.probability),
    )


def _connected(number: int, pairs) -> bool:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(number, number))
    return connected_components(graph, directed=False, return_labels=False) == 1
