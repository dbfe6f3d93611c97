"""Sets of regions that are enough for an answer, or without which it is lost.

From a complete table the smallest can be read. A sample does not hold it, so it is searched for, with the classifier: what is
found can spare none of its regions, but a smaller set may exist elsewhere.

Both notions are one here: members (N, K) bool are the regions shown (sufficient) or taken away (necessary), and a score (N,) is
the value or its negative, the higher the better. Sources: Ignatiev et al. 2019, "Abduction-Based Explanations"; Carter et al.
2019, "What Made You Do This? Understanding Black-Box Decisions with Sufficient Input Subsets".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Enough = Callable[
    [np.ndarray], np.ndarray
]  # scores (N,) -> whether they are high enough, (N,) bool


def smallest(members: np.ndarray, scores: np.ndarray, enough: Enough) -> np.ndarray | None:
    """(K,) bool, of the sets whose score is enough one with the fewest members, among these the highest score; None without any."""
    rows = np.flatnonzero(enough(scores))
    if rows.size == 0:
        return None
    sizes = members[rows].sum(axis=1)
    fewest = rows[sizes == sizes.min()]
    return members[fewest[np.argmax(scores[fewest])]]


def search(
    members: np.ndarray,
    scores: np.ndarray,
    enough: Enough,
    evaluate: Callable,
    order: np.ndarray,
    max_evaluations: int,
) -> tuple[np.ndarray, float] | None:
    """((K,) bool, its score) of a small set whose score is enough, or None where none was found.

    members, scores: the sets known already. evaluate: (n, K) bool -> (n,) scores of others, at most `max_evaluations` of them.
    order: the K regions, the most promising first. Greedy in both directions: sets grow in this order, and by whichever region
    helps most, until they are enough; then they lose, one by one, the region that is missed least. Unless the evaluations
    end, no single region of the set can be left out. Deterministic.
    """
    known = {row.tobytes(): float(score) for row, score in zip(members, scores, strict=True)}
    left = max_evaluations
    best: np.ndarray | None = None

    def scored(sets):
        nonlocal left
        new = [row for row in sets if row.tobytes() not in known][:left]
        if new:
            left -= len(new)
            known.update(
                zip(
                    (row.tobytes() for row in new), map(float, evaluate(np.array(new))), strict=True
                )
            )
        return np.array([known.get(row.tobytes(), -np.inf) for row in sets])

    def keep(found):
        nonlocal best
        ranks = [(row.sum(), -known[row.tobytes()]) for row in (found, best) if row is not None]
        if best is None or ranks[0] < ranks[1]:
            best = found

    def prune(found):
        keep(found)
        while found.any():
            without = found & ~np.eye(len(found), dtype=bool)[found]
            values = scored(without)
            if not enough(values).any():
                return
            found = without[np.argmax(values)]
            keep(found)

    in_order = np.tri(len(order), dtype=bool)[:, np.argsort(order)]
    prefixes = np.concatenate([np.zeros((1, len(order)), bool), in_order])
    first = np.flatnonzero(enough(scored(prefixes)))
    if first.size:
        prune(prefixes[first[0]])
    grown = np.zeros(len(order), bool)
    while not grown.all() and left and (best is None or grown.sum() + 1 < best.sum()):
        larger = grown | np.eye(len(order), dtype=bool)[~grown]
        values = scored(larger)
        grown = larger[np.argmax(values)]
        if enough(values).any():
            prune(grown)
            break
    seen = smallest(members, scores, enough)
    if seen is not None:
        prune(seen)
    return None if best is None else (best, known[best.tobytes()])
