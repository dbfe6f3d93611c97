"""The automatic cut of a region tree: a thing that has a noun is whole, two nouns are divided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..regions import Part, grouped, labels_of, rebuilt, walk
from .merging import Merging, borders, components, merge_parts
from .nouns import LEAST, Noun, kinds, name_tree
from .seen import Seen, areas_of, pooled

FEWEST, MOST = 3, 9  # regions; 2**9 coalitions are evaluated in seconds
# What a cut gains and costs, see `automatic_cut`.
PRICE = 0.01
THING = 0.1
SPARED = 0.6  # the joins within a thing that the classifier named count so much less


def automatic_number(root: Part, worth: float) -> int:
    """Count the regions that are left when all merges that cost at least `worth` are undone.

    Parameters
    ----------
    root : Part
        A binary tree whose costs do not increase downwards.
    worth : float
        In the measure of the tree's costs.

    Returns
    -------
    number : int
        FEWEST to MOST.
    """
    return int(
        np.clip(1 + sum(node.cost >= worth for node in walk(root) if node.children), FEWEST, MOST)
    )


def automatic_things(
    atoms: np.ndarray,
    strength: np.ndarray,
    root: Part,
    found: Seen,
    objects: Mapping[tuple[int, ...], Noun],
    merging: Merging,
) -> tuple[Part, int]:
    """Rearrange a tree so that things that touch and have one noun are a node.

    Parameters
    ----------
    atoms : (h, w) array of int
        The leaves.
    strength : (h, w) array of float
        Contour strength.
    root : Part
        A binary tree over the leaves, with nouns.
    found : Seen
        Of the leaves.
    objects : mapping of atoms to Noun
        The nodes that the classifier named.
    merging : Merging
        The cost of merging things.

    Returns
    -------
    things : Part
        The root of a tree whose first cut of `number` regions is the automatic one.
    number : int
        One thing may fill the photograph; then it is divided into FEWEST parts.
    """
    parts = wholes = automatic_cut(root, found, objects, merging.worth)
    groups = same_nouns(parts, borders(labels_of(parts, atoms), strength))
    things = root
    if len(groups) < len(parts):
        wholes = [merged(group, atoms, strength, found, merging) for group in groups]
        objects = dict(objects)
        for whole, group in zip(wholes, groups, strict=True):  # they have their noun together
            nouns = [objects[part.atoms] for part in group if part.atoms in objects]
            if nouns:
                objects[whole.atoms] = max(nouns, key=lambda noun: noun.evidence.probability or 0)
        things = merged(wholes, atoms, strength, found, merging)
        things = name_tree(atoms, things, found, objects)
    return raised(things, {frozenset(whole.atoms) for whole in wholes}), max(len(groups), FEWEST)


def automatic_cut(
    root: Part, found: Seen, objects: Collection[tuple[int, ...]], worth: float
) -> list[Part]:
    """Cut a tree with nouns so that each thing is one region, and no region holds two nouns.

    A cut gains each region's area times the probability of its class, and THING for a thing that
    the classifier named. Each region costs PRICE; undoing a merge that cost `worth` or more and was
    not within a thing gains one and a half times as much.

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

    Returns
    -------
    parts : list of Part
        Nodes that cover the tree; see `best_cut`.
    """
    nodes = list(walk(root))
    kept, divided = {}, {}
    rows = pooled(nodes, found.areas, kinds(found.classes))
    for node, area, row in zip(nodes, areas_of(nodes, found.areas), rows, strict=True):
        named = node.atoms in objects
        kept[node.atoms] = area * (1 if named else row.max()) + THING * named
        whole = named or row[:-1].max() >= LEAST
        divided[node.atoms] = PRICE * ((0 if whole else 1.5 * min(node.cost / worth, 1)) - 1)
    return best_cut(root, kept, divided)


def same_nouns(parts: list[Part], touching: Collection[tuple[int, int]]) -> list[list[Part]]:
    """Group parts that touch and have the same noun.

    Parameters
    ----------
    parts : list of Part
        K parts.
    touching : collection of (int, int)
        The numbers of those that touch.

    Returns
    -------
    groups : list of lists of Part
        In the order of their first parts.
    """
    alike = [(a, b) for a, b in touching if parts[a].noun and parts[a].noun == parts[b].noun]
    return list(grouped(parts, components(len(parts), alike)).values())


def merged(
    parts: Sequence[Part], atoms: np.ndarray, strength: np.ndarray, found: Seen, merging: Merging
) -> Part:
    """Merge parts to one, without a name.

    Parameters
    ----------
    parts : sequence of Part
        That do not overlap.
    atoms, strength, found, merging
        As for `automatic_things`.

    Returns
    -------
    root : Part
        Of a binary tree.
    """
    return merge_parts(parts, atoms, strength, found.areas, merging, classes=found.classes)[-1]


def best_cut(
    root: Part, kept: Mapping[tuple[int, ...], float], divided: Mapping[tuple[int, ...], float]
) -> list[Part]:
    """Cut a tree into FEWEST to MOST regions so that the sum of their gains is largest.

    Parameters
    ----------
    root : Part
        A binary tree.
    kept, divided : mapping of atoms to float
        For each node what a cut gains where the node is a region, and where it is divided.

    Returns
    -------
    parts : list of Part
        Nodes that cover the tree, from left to right; all leaves where there are fewer than FEWEST.
    """

    def cuts(part: Part) -> list[tuple[float, list[Part]]]:
        """Find the largest gain of 1, 2 ... MOST regions below a node, and the regions."""
        best = [(kept[part.atoms], [part])]
        if part.children:
            left, right = map(cuts, part.children)
            for number in range(2, min(MOST, len(left) + len(right)) + 1):
                pairs = [
                    (left[i - 1], right[number - i - 1])
                    for i in range(max(1, number - len(right)), min(len(left), number - 1) + 1)
                ]
                one, other = max(pairs, key=lambda pair: pair[0][0] + pair[1][0])
                best.append((one[0] + other[0] + divided[part.atoms], one[1] + other[1]))
        return best

    found = cuts(root)
    return max(found[min(FEWEST, len(found)) - 1 :], key=lambda cut: cut[0])[1]


def raised(root: Part, regions: Collection[frozenset[int]]) -> Part:
    """Add the root's cost to that of every node above some regions.

    They are then the first cut of their number: coarser cuts unite them, finer ones divide them.

    Parameters
    ----------
    root : Part
        A tree.
    regions : collection of frozenset of int
        The atoms of nodes that cover the tree.

    Returns
    -------
    root : Part
        The same tree with other costs.
    """

    def lifted(part: Part) -> Part:
        below = any(region.issuperset(part.atoms) for region in regions)
        return part if below else replace(part, cost=part.cost + root.cost)

    return rebuilt(root, lifted)


def spared(root: Part, things: Collection[tuple[int, ...]]) -> Part:
    """Lower the costs in some nodes of a tree to the share SPARED, so that they are divided later.

    Parameters
    ----------
    root : Part
        A tree.
    things : collection of atoms
        The nodes.

    Returns
    -------
    root : Part
        The same tree with other costs.
    """

    def scaled(part: Part) -> Part:
        inside = any(set(part.atoms) <= set(thing) for thing in things)
        return replace(part, cost=part.cost * SPARED) if inside else part

    return rebuilt(root, scaled)
