"""Adaptive Owen values: divide the value of a game down a binary tree, where the evidence is.

A node represents all leaves below it. Its effect in a context m (a set of leaves already shown) is
f(m + node) - f(m). Dividing the node into its halves a and b in this context takes two evaluations,
f(m + a) and f(m + b), and yields four effects of half the weight: those of a and b, each before and
after the other. They add up to the effect of the node, in every context and hence for every node.
If all effects are divided, the sums at the leaves are their Owen values for the nested unions that
the tree describes. Within a budget, the largest effects are divided first, and undivided effects
are shared out by area. The number of contexts doubles with each level, so in a deep tree most
contexts remain undivided; see `segxai.explanation.tree_sample` for what is done there.

Plain arrays: a tree of L leaves is `joins`, (L - 1, 2) integers, of which row k joins two nodes to
node L + k; the leaves are the nodes 0..L-1, the root is the last. Sources: Owen 1977, "Values of
Games with a Priori Unions"; Winter 1989, "A Value for Cooperative Games with Levels Structure of
Cooperation"; the recursion is that of SHAP's partition explainer (Lundberg, 2020).
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BATCH = 32  # coalitions evaluated before the effects are ranked again


class Division(NamedTuple):
    """The evaluated coalitions, and the I effects computed from them.

    masks: (N, L) bool, distinct coalitions of leaves in the order of evaluation, first the full
    one, then the empty one. node: (I,) the node of each effect. without, joined: (I,) rows of
    `masks`, the context without and with the node. weight: (I,) of the effect in the node's value.
    divided: (I,) bool, whether the effect was replaced by the four effects of the node's halves.
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


def relatives(joins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2L - 1,) the node above each node, and its other half; -1 for the root."""
    above, other = np.full((2, 2 * len(joins) + 1), -1)
    for node, (a, b) in enumerate(joins, start=len(joins) + 1):
        above[[a, b]], other[a], other[b] = node, b, a
    return above, other


def divide(joins: np.ndarray, evaluate: Callable, max_evaluations: int) -> Division:
    """Divide the effects of nodes, the largest first, until the budget is spent.

    It is `max_evaluations`, at least 2.

    joins: (L - 1, 2). evaluate: a function from coalitions (M, L) bool, M <= BATCH, to (M,) values;
    no coalition is evaluated twice. Effects are ranked by weight times absolute effect, divided by
    one plus the number of contexts in which the node was divided already: these contexts are
    similar, and their number doubles with each level. Of equal effects the first found comes first.
    Effects whose halves are already known need no evaluation, so they are divided even beyond the
    budget.
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
    effects = [(len(inside) - 1, 1, 0, 1.0, False)]  # node, without, joined, weight, divided
    times = np.zeros(len(inside), int)  # how often each node was divided

    def rank(i):
        node, without, joined, weight, _ = effects[i]
        return -weight * abs(values[joined] - values[without]) / (1 + times[node]), i

    while True:
        queue = [
            rank(i)
            for i, (node, *_, divided) in enumerate(effects)
            if node >= leaves and not divided
        ]
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
            needed = new | {half.tobytes(): half for half in halves if half.tobytes() not in rows}
            if len(needed) <= min(BATCH, max_evaluations - len(masks)):
                new = needed
                chosen.append(i)
                times[node] += 1
        if not chosen:
            break
        if new:
            add(list(new.values()))
        for i in chosen:
            node, without, joined, weight, _ = effects[i]
            effects[i] = node, without, joined, weight, True
            a, b = joins[node - leaves]
            with_a, with_b = (rows[(masks[without] | inside[half]).tobytes()] for half in (a, b))
            effects += [
                (int(a), without, with_a, weight / 2, False),
                (int(a), with_b, joined, weight / 2, False),
                (int(b), without, with_b, weight / 2, False),
                (int(b), with_a, joined, weight / 2, False),
            ]
    return Division(np.array(masks), *map(np.array, zip(*effects, strict=True)))


def node_values(
    joins: np.ndarray, areas: np.ndarray, division: Division, values: np.ndarray
) -> np.ndarray:
    """Add up the effects of each node; the value of an undivided one is shared by area.

    Parameters
    ----------
    joins : (L - 1, 2) array of int
        The tree.
    areas : (L,) array of float
        Of the leaves.
    division : Division
        Of the tree.
    values : (N,) array of float
        Of the coalitions, for the class whose effects determined the division or for any other.

    Returns
    -------
    values : (2L - 1,) array of float
        A node's value is the sum of its halves' values; the root's is values[0] - values[1].
    """
    above, _ = relatives(joins)
    number = len(above)
    size = members(joins) @ np.asarray(areas, float)
    effect = division.weight * (
        np.asarray(values, float)[division.joined] - np.asarray(values, float)[division.without]
    )
    own = np.bincount(division.node, effect, number)
    whole = np.bincount(division.node[~division.divided], effect[~division.divided], number)
    shared = np.zeros(number)
    for node, parent in reversed(list(enumerate(above[:-1]))):  # from the root down
        shared[node] = (whole[parent] + shared[parent]) * size[node] / size[parent]
    return own + shared


def exhaustive(joins: np.ndarray) -> int:
    """Count the coalitions that take every node apart in every context: exact Owen values."""
    above, _ = relatives(joins)
    contexts = [1] * len(above)  # Python's integers: they double with every level
    for node, parent in reversed(list(enumerate(above[:-1]))):  # from the root down
        contexts[node] = 2 * contexts[parent]
    return 2 + 2 * sum(contexts[len(joins) + 1 :])
