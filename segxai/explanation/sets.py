"""Sets of regions that are enough for an answer, or without which it is lost.

From a complete table the smallest can be read. A sample does not hold it, so it is searched for,
with the classifier: what is found can spare none of its regions, but a smaller set may exist
elsewhere.

Both notions are one here: members (N, K) bool are the regions shown (sufficient) or taken away
(necessary), and a score (N,) is the value or its negative, the higher the better. Sources: Ignatiev
et al. 2019, "Abduction-Based Explanations"; Carter et al. 2019, "What Made You Do This?
Understanding Black-Box Decisions with Sufficient Input Subsets".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, is_number, known_explanation
from ..progress import Progress

if TYPE_CHECKING:
    from .explanation import Explanation

Enough = Callable[[np.ndarray], np.ndarray]  # scores (N,) -> whether they are enough, (N,) bool


def necessary(
    explanation: "Explanation", p: float = 0.5, *, progress: Progress = None
) -> tuple[str, ...] | None:
    """Find few regions without which less than a share of the whole's probability is left.

    The fewest, and among those the ones without which least is left; or the fewest found, as
    for `Explanation.sufficient`.

    Parameters
    ----------
    explanation : Explanation
        Of a photograph.
    p : float
        The share, above 0 and up to 1.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    names : tuple of str, or None
        None where whatever is taken away leaves that much, or where no set was found.
    """
    found = find(explanation, "necessary", p, progress=progress)
    return None if found is None else found[0]


def find(
    explanation: "Explanation", kind: str, p: float, *, progress: Progress = None
) -> tuple[tuple[str, ...], float] | None:
    """Find a sufficient or a necessary set of an explanation's regions.

    Parameters
    ----------
    explanation : Explanation
        It remembers what was found.
    kind : str
        "sufficient" or "necessary".
    p : float
        The share of the whole image's value.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    found : (names, value) or None
        The regions, and what they keep, or what is left without them.

    Raises
    ------
    SegxaiError
        For an invalid share, or where there is no classifier to search with.
    """
    e, table = known_explanation(explanation), explanation.coalitions
    share = f"a share of the whole image's {table.output if table.rival is None else 'difference'}"
    if not is_number(p) or not 0 < p <= 1:
        raise SegxaiValueError(f"p must be {share}, above 0 and up to 1; got {p!r}.")
    if table.full < 0:
        raise SegxaiError(
            f"{kind}() is about {share}, which is {table.full:.3f}; it must not be negative."
        )
    known = e.details.sets_found
    if (kind, p) not in known:
        known[kind, p] = _find(e, kind == "necessary", p * table.full, progress=progress)
    found = known[kind, p]
    return None if found is None else (tuple(e.regions.names[k] for k in found[0]), found[1])


def _find(e, away, share, *, progress):
    table, sign = e.coalitions, -1 if away else 1
    members, scores = table.masks ^ away, sign * table.values

    def enough(scores):
        return sign * scores < share if away else scores >= share

    if table.exact:
        found = smallest(members, scores, enough)
    else:
        game = table.replay(f"{'necessary' if away else 'sufficient'}() of a sample")

        def evaluate(some):
            return sign * game.evaluate(some ^ away, progress=progress)[:, 0]

        order = np.argsort(-e.weights, kind="stable")
        found = search(members, scores, enough, evaluate, order, table.evaluations)
    return found and (tuple(np.flatnonzero(found[0]).tolist()), sign * found[1])


def smallest(
    members: np.ndarray, scores: np.ndarray, enough: Enough
) -> tuple[np.ndarray, float] | None:
    """Choose the smallest set whose score is enough, among those the one of the highest score.

    Parameters
    ----------
    members : (N, K) array of bool
        The sets.
    scores : (N,) array of float
        The higher the better.
    enough : callable
        Whether scores are high enough.

    Returns
    -------
    found : ((K,) array of bool, float) or None
        The set and its score; None where no score is enough.
    """
    rows = np.flatnonzero(enough(scores))
    if rows.size == 0:
        return None
    best = rows[np.lexsort((-scores[rows], members[rows].sum(axis=1)))[0]]
    return members[best], float(scores[best])


def search(
    members: np.ndarray,
    scores: np.ndarray,
    enough: Enough,
    evaluate: Callable,
    order: np.ndarray,
    max_evaluations: int,
) -> tuple[np.ndarray, float] | None:
    """Search for a small set whose score is enough, with further evaluations.

    Greedy in both directions: sets grow in the given order, and by whichever region helps most,
    until they are enough; then they lose, one by one, the region that is missed least. Unless the
    evaluations end, no single region of the set can be left out. Deterministic.

    Parameters
    ----------
    members : (N, K) array of bool
        The sets known already.
    scores : (N,) array of float
        Their scores.
    enough : callable
        Whether scores are high enough.
    evaluate : callable
        From sets (n, K) bool to their scores (n,).
    order : (K,) array of int
        The regions, the most promising first.
    max_evaluations : int
        How many sets may be evaluated.

    Returns
    -------
    found : ((K,) array of bool, float) or None
        The set and its score; None where none was found.
    """
    known = {row.tobytes(): float(score) for row, score in zip(members, scores, strict=True)}
    most, number = len(known) + max_evaluations, len(order)

    def scored(sets):
        new = [row for row in sets if row.tobytes() not in known][: most - len(known)]
        if new:
            values = map(float, evaluate(np.array(new)))
            known.update(zip((row.tobytes() for row in new), values, strict=True))
        return np.array([known.get(row.tobytes(), -np.inf) for row in sets])

    def is_enough(some):
        return enough(scored(some[None])).all()

    def prune(some):
        while some.any():
            without = some & ~np.eye(number, dtype=bool)[some]
            values = scored(without)
            if not enough(values).any():
                break
            some = without[np.argmax(values)]
        return some

    prefixes = np.tri(number + 1, number, -1, dtype=bool)[:, np.argsort(order)]
    found = [prune(some) for some in prefixes[enough(scored(prefixes))][:1]]
    fewest = found[0].sum() if found else number + 1
    grown = np.zeros(number, bool)
    while grown.sum() + 1 < fewest and len(known) < most and not is_enough(grown):
        larger = grown | np.eye(number, dtype=bool)[~grown]
        grown = larger[np.argmax(scored(larger))]
    seen = smallest(members, scores, enough)
    ends = [grown, seen[0]] if seen else [grown]
    found += [prune(some) for some in ends if is_enough(some)]
    return smallest(np.array(found), scored(found), enough)
