"""Adaptive Owen values: a game's value divided down a binary tree, following the evidence.

A node stands for all leaves under it. Its effect in a context m (leaves shown already) is f(m + node) - f(m). Taking the node apart
into its halves a and b in that context costs two evaluations, f(m + a) and f(m + b), and gives four effects of half the weight:
a and b, each before the other and after it. They add up to the node's, in every context and so for every node. Taken apart
everywhere, the leaves' sums are their Owen values for the nested unions that the tree describes, and no more than a leaf's depth
enters into the number of contexts; on a budget the largest effects are taken apart first, and what stays whole is shared by area.

Plain arrays: a tree of L leaves is `joins`, (L - 1, 2) integers, of which row k joins two nodes to node L + k; the leaves are
the nodes 0..L-1, the root is the last. Sources: Owen 1977, "Values of Games with a Priori Unions"; Winter 1989, "A Value for
Cooperative Games with Levels Structure of Cooperation"; the recursion is that of SHAP's partition explainer (Lundberg, 2020).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BATCH = 32  # coalitions evaluated between two looks at where the largest effects are


class Division(NamedTuple):
    """What was evaluated, and the effects it was divided into.

    masks: (N, L) bool coalitions of leaves in the order of evaluation, all different, the full one first and the empty one second.
    Of the I effects, (I,) each: node; without, joined: rows of `masks`, the context without the node and with it; weight: what the
    effect counts for in the node's value; divided: whether it was taken apart, so that four others stand for it.
    """

    masks: np.ndarray
    node: np.ndarray
    without: np.ndarray
    joined: np.ndarray
    weight: np.ndarray
    divided: np.ndarray


def members(joins: np.ndarray) -> np.ndarray:
    """(2L - 1, L) bool: the leaves of each node."""
    leaves = len(joins) + 1
    out = np.eye(2 * leaves - 1, leaves, dtype=bool)
    for k, (a, b) in enumerate(joins):
        out[leaves + k] = out[a] | out[b]
    return out


def divide(joins: np.ndarray, evaluate: Callable, max_evaluations: int) -> Division:
    """Take the effects of nodes apart, the largest first, until `max_evaluations` (at least 2) coalitions are evaluated.

    joins (L - 1, 2); evaluate: a function of coalitions (M, L) bool, M <= BATCH, to (M,) values; no coalition is evaluated twice.
    Largest: by weight times absolute effect, over one more than the number of other contexts in which the node was taken apart
    already, for these tell much of what is in it, and their number doubles with every level; of equal ones the one found first.
    Effects whose halves are known already cost nothing and are taken apart beyond the budget, too.
    """
    inside = members(joins)
    leaves = len(joins) + 1
    rows: dict[bytes, int] = {}
    masks: list[np.ndarray] = []
    values: list[float] = []

    def add(new):
        for mask, value in zip(new, evaluate(np.array(new)), strict=True):
            rows[mask.tobytes()] = len(masks)
            masks.append(mask)
            values.append(float(value))

    add([inside[-1], ~inside[-1]])
    effects = [(len(inside) - 1, 1, 0, 1.0)]  # node, without, joined, weight
    waiting = [0] if leaves > 1 else []
    divided: set[int] = set()
    times = np.zeros(len(inside), int)  # how often each node was taken apart

    def rank(i):
        node, without, joined, weight = effects[i]
        return -weight * abs(values[joined] - values[without]) / (1 + times[node]), i

    while waiting:
        queue = [rank(i) for i in waiting]
        heapq.heapify(queue)
        new: dict[bytes, np.ndarray] = {}
        chosen = []
        while queue:
            before = heapq.heappop(queue)
            i = before[1]
            if rank(i) > before:  # its node was chosen in another context meanwhile
                heapq.heappush(queue, rank(i))
                continue
            node, without, *_ = effects[i]
            halves = [masks[without] | inside[half] for half in joins[node - leaves]]
            unknown = {half.tobytes(): half for half in halves if half.tobytes() not in rows and half.tobytes() not in new}
            if len(new) + len(unknown) <= min(BATCH, max_evaluations - len(masks)):
                new |= unknown
                chosen.append(i)
                times[node] += 1
        if not chosen:
            break
        if new:
            add(list(new.values()))
        for i in chosen:
            node, without, joined, weight = effects[i]
            a, b = joins[node - leaves]
            with_a, with_b = (rows[(masks[without] | inside[half]).tobytes()] for half in (a, b))
            for half, before, after in ((a, without, with_a), (a, with_b, joined), (b, without, with_b), (b, with_a, joined)):
                if half >= leaves:
                    waiting.append(len(effects))
                effects.append((int(half), before, after, weight / 2))
        divided.update(chosen)
        waiting = [i for i in waiting if i not in divided]
    node, without, joined, weight = (np.array(column) for column in zip(*effects, strict=True))
    return Division(np.array(masks), node, without, joined, weight, np.isin(np.arange(len(effects)), list(divided)))


def node_values(joins: np.ndarray, areas: np.ndarray, division: Division, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((2L - 1,) the value of every node, (2L - 1,) how much of it is no more than a share by area of what a node above holds).

    areas (L,) of the leaves; values (N,) of the coalitions, for the class whose largest effects were followed or any other: every
    division is valid for all. A node's value is the sum of its halves', and the root's is values[0] - values[1].
    """
    leaves = len(joins) + 1
    number = 2 * leaves - 1
    size = members(joins) @ np.asarray(areas, float)
    effect = division.weight * (np.asarray(values, float)[division.joined] - np.asarray(values, float)[division.without])
    own = np.bincount(division.node, effect, number)
    whole = np.bincount(division.node[~division.divided], effect[~division.divided], number)
    shared = np.zeros(number)
    for node in range(number - 1, leaves - 1, -1):
        for half in joins[node - leaves]:
            shared[half] = (whole[node] + shared[node]) * size[half] / size[node]
    return own + shared, shared
