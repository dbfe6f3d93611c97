"""Any regions as the nodes of one binary tree, which adaptive Owen values are computed on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage
from skimage import color

from ..names import distinct_names
from ..regions import PLACE, Part, Regions, called, costliest, least_sure, rebuilt, united
from .cut import raised
from .merging import Merging, merge_parts
from .nouns import places
from .seen import areas_of

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
    areas = np.bincount(atoms.ravel())
    bands = np.moveaxis(color.rgb2lab(image), -1, 0)
    colours = np.stack([ndimage.mean(band, atoms, range(len(areas))) for band in bands], axis=1)
    join = partial(_joined, atoms, areas, colours)
    given = {frozenset(part.atoms) for part in regions.parts}
    if root is not None:
        root = raised(_halved(root, join), given)
    else:
        root = join(tuple(_halved(part, join) for part in regions.parts))
    nodes = _numbered(root)[0][::-1]  # the root first
    # The regions that were given come first: it is the others that get a number where names repeat.
    nodes.sort(key=lambda node: frozenset(node.atoms) not in given)
    names = distinct_names([node.name for node in nodes])
    name_of = {node.atoms: name for node, name in zip(nodes, names, strict=True)}
    root = rebuilt(root, lambda node: replace(node, name=name_of[node.atoms]))
    return tree_of(atoms, root, regions.method)


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
    areas = areas_of(nodes, np.bincount(atoms.ravel()) / atoms.size)
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
    number = {node.atoms: i for i, node in enumerate(nodes)}
    joins = [[number[half.atoms] for half in node.children] for node in reversed(order)]
    return nodes, np.array(joins, int).reshape(len(order), 2)


def _halved(part: Part, join: Callable[[Sequence[Part]], Part]) -> Part:
    """Return the same tree with two children, or none, at every node."""

    def change(node: Part) -> Part:
        if len(node.children) not in (0, 2):
            return called(join(node.children), node)
        return replace(node, cost=max(part.cost for part in (node, *node.children)))

    return rebuilt(part, change)


def _joined(atoms, areas, colours, parts) -> Part:
    """Join parts to one, two at a time."""
    shares = areas / areas_of(parts, areas).sum()
    nodes = merge_parts(parts, atoms, np.zeros(atoms.shape), shares, WARD, colours)
    named = {part.atoms: part for part in parts}
    members = {part.atoms: [part] for part in parts}
    joined = nodes[len(parts) :]
    for node, name in zip(joined, places(atoms, [node.atoms for node in joined]), strict=True):
        a, b = (half.atoms for half in node.children)
        evidence, group = PLACE, members[a] + members[b]
        if len(group) <= MOST_LISTED:
            name = " + ".join(part.written for part in group)
            # The names that are guesses have their marks already.
            evidence = least_sure(group)._replace(probability=None)
        members[node.atoms] = group
        named[node.atoms] = united((named[a], named[b]), name, node.cost, evidence)
    return named[nodes[-1].atoms]
