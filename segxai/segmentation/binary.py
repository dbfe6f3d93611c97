"""Any regions as the nodes of one binary tree, which adaptive Owen values are computed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..names import distinct_names
from ..regions import PLACE, Part, Regions, costliest, least_sure
from .cut import raised
from .merging import Merging, borders, components, labels_of, merge
from .places import places

WARD = Merging(floor=1.0, contour=0.0, size=0.5, worth=0.0)
# Regions joined keep their own names up to so many; more of them are named by their place.
MOST_LISTED = 3


@dataclass(frozen=True, eq=False)
class BinaryTree:
    """Regions with what they are joined to and divided into, two at a time.

    Attributes
    ----------
    leaves : Regions
        The finest regions, L of them, which know the tree. They are the nodes 0..L-1.
    joins : (L - 1, 2) array of int
        Row k joins two nodes to node L + k, in the order of `Regions.cut`: its n regions are what
        left where the last n - 1 joins are undone.
    names : tuple of str
        Of the 2L - 1 nodes, all different, as people read them.
    areas : (2L - 1,) array
        Their shares of the image.
    """

    leaves: Regions
    joins: np.ndarray
    names: tuple[str, ...]
    areas: np.ndarray


def binary_tree(image: np.ndarray, regions: Regions) -> BinaryTree:
    """Find the tree that regions are cut from, or join them to one.

    Without a tree, they are joined, and have below them the parts that are known. Regions that are
    joined, and parts of a node that has more than two, are joined two at a time, first those that
    touch and differ least in mean colour (CIE Lab), by Ward's criterion; the joins count as
    costlier than all below them. Joins above the given regions count as costlier than all others,
    so the tree cut into as many regions gives these.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    regions : Regions
        Any regions of it.

    Returns
    -------
    tree : BinaryTree
        Of the finest regions that are known.

    References
    ----------
    Ward 1963, "Hierarchical Grouping to Optimize an Objective Function".
    """
    atoms, root = regions.atoms, regions.tree
    join = _Joining(image, atoms)
    given = {frozenset(part.atoms) for part in regions.parts}
    if root is not None:
        root = raised(_halved(root, join), given)
    else:
        root = join(tuple(_halved(part, join) for part in regions.parts))
    nodes, joins = _numbered(root)
    # The regions that were given come first: it is the others that get a number where names repeat.
    ranked = sorted(range(len(nodes)), key=lambda i: (frozenset(nodes[i].atoms) not in given, -i))
    names = dict(zip(ranked, distinct_names([nodes[i].name for i in ranked]), strict=True))
    named: list[Part] = []
    for i, node in enumerate(nodes):
        k = i - len(joins) - 1
        children = tuple(named[half] for half in joins[k]) if k >= 0 else ()
        named.append(replace(node, name=names[i], children=children))
    return tree_of(atoms, named[-1], regions.method)


def tree_of(atoms: np.ndarray, root: Part, method: str) -> BinaryTree:
    """Return the tree that `binary_tree` has made, from its root.

    Parameters
    ----------
    atoms : (H, W) array of int
        The finest label map.
    root : Part
        Each node below it has two children or none, and its own name.
    method : str
        The name of the segmenter.

    Returns
    -------
    tree : BinaryTree
        The same, however often it is made.
    """
    nodes, joins = _numbered(root)
    count = np.bincount(atoms.ravel())
    areas = np.array([count[list(node.atoms)].sum() for node in nodes]) / atoms.size
    leaves = Regions(atoms, nodes[: len(joins) + 1], method, root)
    return BinaryTree(leaves, joins, tuple(node.written for node in nodes), areas)


def _numbered(root: Part) -> tuple[list[Part], np.ndarray]:
    """Return the nodes and the joins of a tree as a `BinaryTree` has them."""
    parts, order = [root], []
    while any(part.children for part in parts):
        index = costliest(parts)  # as Regions.cut chooses
        order.append(parts[index])
        parts[index : index + 1] = parts[index].children
    nodes = [*parts, *reversed(order)]
    number = {frozenset(node.atoms): i for i, node in enumerate(nodes)}
    joins = [[number[frozenset(half.atoms)] for half in node.children] for node in reversed(order)]
    return nodes, np.array(joins, int).reshape(len(order), 2)


def _halved(part: Part, join) -> Part:
    """Return the same tree with two children, or none, at every node."""
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
    """Return a part with the name of another one that covers the same, and its evidence."""
    return replace(part, name=like.name, noun=like.noun, evidence=like.evidence)


class _Joining:
    """A function of parts to the one part that they are joined to, two at a time."""

    def __init__(self, image, atoms):
        from skimage.color import rgb2lab

        self.atoms, flat = atoms, atoms.ravel()
        self.count = np.bincount(flat).astype(float)
        self.colour = np.stack(
            [np.bincount(flat, band.ravel()) for band in np.moveaxis(rgb2lab(image), -1, 0)], axis=1
        )

    def __call__(self, parts) -> Part:
        area = np.array([self.count[list(part.atoms)].sum() for part in parts])
        colour = np.array([self.colour[list(part.atoms)].sum(axis=0) for part in parts])
        labels = labels_of(parts, self.atoms)
        border = borders(labels, np.zeros(labels.shape))
        if components(len(parts), border).any():
            border = dict.fromkeys(combinations(range(len(parts)), 2), (1, 0.0))
        joins = merge(area / area.sum(), border, WARD, colour / area[:, None])
        groups: list[tuple[int, ...]] = [(k,) for k in range(len(parts))]
        for a, b, _ in joins:
            groups.append(groups[a] + groups[b])
        covered = [tuple(atom for k in group for atom in parts[k].atoms) for group in groups]
        described = places(self.atoms, covered)
        below = max(part.cost for part in parts)
        nodes = list(parts)
        for node, (a, b, cost) in enumerate(joins, start=len(parts)):
            name, evidence = described[node], PLACE
            if len(groups[node]) <= MOST_LISTED:
                name = " + ".join(parts[k].written for k in groups[node])
                # The names that are guesses have their marks already.
                evidence = least_sure(parts[k] for k in groups[node])._replace(probability=None)
            nodes.append(Part(name, covered[node], (nodes[a], nodes[b]), below + cost, evidence))
        return nodes[-1]
