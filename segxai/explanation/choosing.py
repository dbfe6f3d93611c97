"""Choose the regions of an explanation: a region tree divided where the evidence is."""

from __future__ import annotations

import numpy as np

from ..progress import Progress, bars_only, track
from ..regions import Part, Regions
from .game import Game

NUMBER = 9  # regions, of which every coalition can be evaluated
# At most so many images choose them: with the two ends, two for each of the two children of the
# 2 * NUMBER - 1 nodes that are looked at.
EVALUATIONS = 2 + 4 * (2 * NUMBER - 1)


def affordable(game: Game, max_evaluations: int) -> bool:
    """Whether a game's regions know a tree, and the budget covers choosing and a full table.

    Parameters
    ----------
    game : Game
        To explain.
    max_evaluations : int
        The budget in images.
    """
    return game.regions.tree is not None and max_evaluations >= 2**NUMBER + EVALUATIONS


def choose_regions(game: Game, *, progress: Progress = None) -> tuple[Game, int]:
    """Divide the tree of a game's regions into NUMBER nodes where the classifier's evidence is.

    From the whole photograph on, the node is divided next whose two children share its evidence
    most unevenly for their size: whose |v_a A_b - v_b A_a| / 2 is largest, with A a child's area
    and v the mean of what it adds alone and of what is lost without it. In an additive game, that
    is the area that the division adds under the insertion curve, and takes from the deletion curve.

    Parameters
    ----------
    game : Game
        Its regions know a tree, in which every node has two children or none.
    progress : callable or bool, optional
        See `segxai.progress.track`; a function is not told.

    Returns
    -------
    game : Game
        The same with the chosen regions and with the classes that are kept.
    evaluations : int
        How many images it took, at most EVALUATIONS.
    """
    tree, atoms = game.regions.tree, game.regions.atoms
    count = np.bincount(atoms.ravel())
    pieces = Regions(atoms, [Part(f"piece {i}", (i,)) for i in range(len(count))])
    pieces_game = game.with_(regions=pieces, fill=game.same_fill)
    values: dict[bytes, float] = {}
    with track(EVALUATIONS, "choosing regions", progress=bars_only(progress)) as advance:
        outputs = pieces_game.evaluator(EVALUATIONS, advance)

        def value(masks):
            new = list({m.tobytes(): m for m in masks if m.tobytes() not in values}.values())
            if new:
                rows = outputs(np.array(new))
                column = pieces_game.targets.index(pieces_game.target_index)
                values.update(zip([m.tobytes() for m in new], rows[:, column], strict=True))
            return np.array([values[m.tobytes()] for m in masks])

        nothing = np.zeros(len(count), bool)
        full, empty = value([~nothing, nothing])

        def with_and_without(part: Part) -> list[np.ndarray]:
            shown = [np.isin(np.arange(len(count)), half.atoms) for half in part.children]
            return [*shown, *(~mask for mask in shown)]

        def gain(part: Part) -> float:
            if not part.children:
                return -1.0
            masks = with_and_without(part)
            seen = value(masks)
            a, b = (seen[:2] - empty + full - seen[2:]) / 2
            area_a, area_b = (count[mask].sum() / atoms.size for mask in masks[:2])
            return abs(a * area_b - b * area_a) / 2

        parts, gains = [tree], [gain(tree)]
        while len(parts) < NUMBER and max(gains) >= 0:
            index = max(range(len(parts)), key=lambda i: (gains[i], parts[i].cost))
            halves = parts[index].children
            parts[index : index + 1] = halves
            value([mask for half in halves for mask in with_and_without(half)])  # in one batch
            gains[index : index + 1] = map(gain, halves)
        advance(EVALUATIONS - len(values))
    chosen = Regions(atoms, parts, game.regions.method, tree)
    targets = pieces_game.targets
    return game.with_(regions=chosen, fill=game.same_fill, targets=targets), len(values)
