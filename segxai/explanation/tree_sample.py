"""Draw the coalitions that tell the Owen values of a deep tree's nodes apart.

In a deep tree most effects remain undivided (`segxai.explanation.owen`). So most of the budget is
drawn at random, and a process interpolates it (`segxai.explanation.process`). Some of it are
contexts of leaves as Owen values have them: the other half of each node above a leaf is shown or
hidden as a whole, without the leaf and with it. The others, each followed by its complement, are
drawn by a fair coin, or hold the first leaves in the order of the values per area that are known
by then: so the fit is best where an explanation is read and judged, in the order in which it says
that things matter.

Sources: Owen 1977, "Values of Games with a Priori Unions"; for the complements Covert and Lee 2021,
"Improving KernelSHAP", section 4.2.
"""

from collections.abc import Callable, Sequence

import numpy as np

from . import owen, process

CONTEXTS = 3 / 7  # of the sample
COIN = 1 / 3  # of the rest; the others follow orderings
ROUNDS = 8  # of orderings; the values are computed anew before each
TRIES = 20  # draws for every coalition that is wanted, before a small tree counts as exhausted


def draw(
    joins: np.ndarray,
    areas: np.ndarray,
    divided: np.ndarray,
    values: Sequence[float],
    weights: np.ndarray,
    evaluate: Callable,
    number: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate `number` coalitions besides those that divide a tree, fewer where there are no more.

    Parameters
    ----------
    joins : (L - 1, 2) array of int
        The tree, see `owen`.
    areas, weights : (L,) arrays of float
        Of the leaves, by the division.
    divided : (N, L) array of bool
        The coalitions that divide it, the full and the empty one first.
    values : (N,) sequence of float
        Theirs.
    evaluate : callable
        From coalitions to their values.
    number : int
        How many to draw.
    seed : int
        Of the sample.

    Returns
    -------
    masks : (N + M, L) array of bool
        All that were evaluated.
    lengths : (L,) array of float
        Of the process that is to interpolate them.
    """
    rng, leaves = np.random.default_rng(seed), len(areas)
    masks, values = list(divided), list(values)
    known = {mask.tobytes() for mask in masks}
    inside, (parent, other) = owen.members(joins), owen.relatives(joins)
    order = np.argsort(-weights / areas)

    def add(wanted, pair):
        new: list[np.ndarray] = []
        for _ in range(TRIES * wanted):
            for mask in pair():
                if len(new) < wanted and mask.tobytes() not in known:
                    known.add(mask.tobytes())
                    new.append(mask)
        if new:
            masks.extend(new)
            values.extend(evaluate(np.array(new)))

    def context():
        node = leaf = int(rng.integers(leaves))
        mask = np.zeros(leaves, bool)
        while parent[node] >= 0:
            if rng.random() < 0.5:
                mask |= inside[other[node]]
            node = parent[node]
        return mask, mask | inside[leaf]

    def by_coin():
        mask = rng.integers(0, 2, leaves).astype(bool)
        return mask, ~mask

    def first_leaves():
        mask = np.zeros(leaves, bool)
        mask[order[: np.searchsorted(np.cumsum(areas[order]), rng.random())]] = True
        return mask, ~mask

    contexts = round(CONTEXTS * number)
    coins = round(COIN * (number - contexts))
    add(contexts, context)
    add(coins, by_coin)
    lengths = process.lengths_of(weights, areas)
    for part in np.array_split(np.arange(number - contexts - coins), ROUNDS):
        nodes, _ = process.owen_values(
            joins,
            np.array(masks),
            np.array(values) - values[1],
            weights,
            areas,
            lengths,
            len(divided),
        )
        order = np.argsort(-nodes[:leaves] / areas)
        lengths = process.lengths_of(nodes[:leaves], areas)
        add(len(part), first_leaves)
    add(len(divided) + number - len(masks), by_coin)  # where orderings repeat each other
    return np.array(masks), lengths
