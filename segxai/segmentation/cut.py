"""The automatic number of regions: things that have a noun are whole, what holds two nouns is divided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ..regions import Part

FEWEST, MOST = 3, 9  # regions; 2**9 coalitions are evaluated in seconds


def best_cut(
    root: Part, kept: Mapping[tuple[int, ...], float], divided: Mapping[tuple[int, ...], float]
) -> list[Part]:
    """Cut a tree into FEWEST to MOST regions so that the sum of what is kept and divided is largest.

    Parameters
    ----------
    root : Part
        A binary tree.
    kept, divided : mapping of atoms to float
        For each node what a cut gains where the node is a region, and where it is taken apart.

    Returns
    -------
    parts : list of Part
        Nodes that cover the tree, from left to right; all leaves where there are fewer than FEWEST.
    """

    def tables(part: Part) -> tuple[list[float], list[int], tuple]:
        """For 1 to MOST regions below a node the largest gain, the regions of its first child, and the children's tables."""
        gains, firsts = [kept[part.atoms]], [0]
        if not part.children:
            return gains, firsts, ()
        below = tuple(tables(child) for child in part.children)
        left, right = (np.array(table[0]) for table in below)
        sums = left[:, None] + right[None, :]
        for number in range(2, min(MOST, len(left) + len(right)) + 1):
            i = np.arange(max(1, number - len(right)), min(len(left), number - 1) + 1)
            best = int(np.argmax(sums[i - 1, number - i - 1]))
            gains.append(float(sums[i[best] - 1, number - i[best] - 1]) + divided[part.atoms])
            firsts.append(int(i[best]))
        return gains, firsts, below

    def regions(part: Part, table, number: int) -> list[Part]:
        if number == 1:
            return [part]
        first = table[1][number - 1]
        return [
            *regions(part.children[0], table[2][0], first),
            *regions(part.children[1], table[2][1], number - first),
        ]

    table = tables(root)
    fewest = min(FEWEST, len(table[0]))
    return regions(root, table, fewest + int(np.argmax(table[0][fewest - 1 :])))


def raised(root: Part, regions: Collection[frozenset[int]]) -> Part:
    """The same tree with the root's cost added to that of every node above some regions.

    They are then the first cut of their number: coarser cuts unite them, and finer ones divide them.

    Parameters
    ----------
    root : Part
    regions : collection of frozenset of int
        The atoms of nodes that cover the tree.
    """

    def lifted(part: Part) -> Part:
        if not part.children or frozenset(part.atoms) in regions:
            return part
        return replace(part, children=tuple(map(lifted, part.children)), cost=part.cost + root.cost)

    return lifted(root)


def spared(root: Part, things: Collection[tuple[int, ...]], factor: float) -> Part:
    """The same tree with the costs in some nodes multiplied by a factor below 1, so that they are divided later.

    Parameters
    ----------
    root : Part
    things : collection of atoms
        The nodes.
    factor : float
    """

    def scaled(part: Part, by: float) -> Part:
        by = factor if part.atoms in things else by
        children = tuple(scaled(child, by) for child in part.children)
        return replace(part, children=children, cost=part.cost * by)

    return scaled(root, 1.0)
