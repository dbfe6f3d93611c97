"""Replace one region of an explanation by its parts, evaluating only the new coalitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import SegxaiError
from ..progress import Progress
from .coalitions import Coalitions
from .explanation import Explanation, from_coalitions
from .fills import GIVEN
from .methods import needs_all
from .subsets import all_subsets, codes
from .tree_explanation import TreeExplanation, from_descent

MOST_COALITIONS = 4096  # 12 regions


def drill_down(
    explanation: Explanation, name: str | int, *, progress: Progress = None
) -> Explanation:
    """Replace one region by its parts, whose values add up to its own.

    Of a tree explanation this is another reading of the same evaluations. Otherwise the values
    become Owen values, which add up to the region's Shapley value; only the coalitions that divide
    the region are evaluated, with the same fill, and all others are taken from the explanation's
    table.

    Parameters
    ----------
    explanation : Explanation
        Of a complete table, or of a tree.
    name : str or int
        The region.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    explanation : Explanation
        Of the other regions and the parts.

    Raises
    ------
    SegxaiError
        If the region has no known parts, the table is a sample, there is no classifier to evaluate,
        or more than 12 regions would result.
    """
    e = explanation
    if isinstance(e, TreeExplanation):
        return from_descent(e.descent, e.regions.expand(name), e.details.checks)
    if not e.coalitions.exact:
        raise needs_all("drill_down()", len(e.regions))
    table = expand_coalitions(e.coalitions, name, progress=progress)
    return from_coalitions(table, "owen", e.details.kernel_width, e.details.alpha)


def expand_coalitions(
    coalitions: Coalitions, name: str | int, *, progress: Progress = None
) -> Coalitions:
    """Evaluate what is missing in a table whose region was replaced by its parts.

    Parameters
    ----------
    coalitions : Coalitions
        Complete; rows that keep the region together are taken from it.
    name : str or int
        The region.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    coalitions : Coalitions
        The complete table of the other regions and the parts.

    Raises
    ------
    SegxaiError
        See `drill_down`.
    """
    game = coalitions.replay("drill_down()", targets=coalitions.targets)
    index, before = game.regions.index(name), len(game.regions)
    # A switched-off part keeps the fill of the whole region, e.g. its mean colour.
    game = game.with_(regions=game.regions.expand(name))
    game = replace(game, fill=GIVEN)
    number = len(game.regions)
    after = index + number - before + 1  # the parts' end
    if 2**number > MOST_COALITIONS:
        raise SegxaiError(
            f"The parts of {name!r} would make {number} regions and 2**{number} coalitions; "
            "start from fewer regions."
        )
    masks = all_subsets(number)
    inside = masks[:, index:after]
    whole = inside.all(axis=1) | ~inside.any(axis=1)
    row_of = np.argsort(codes(coalitions.masks))
    together = codes(np.delete(masks, range(index + 1, after), axis=1)[whole])
    table = np.empty((len(masks), coalitions.table.shape[1]), np.float32)
    table[whole] = coalitions.table[row_of[together]]
    table[~whole] = game.evaluate(masks[~whole], progress=progress)
    evaluations = coalitions.evaluations + int((~whole).sum())
    return replace(
        coalitions,
        game=game,
        masks=masks,
        table=table,
        evaluations=evaluations,
        hierarchy=nest(coalitions.hierarchy or tuple(range(before)), index, number - before + 1),
    )


def nest(hierarchy: tuple, index: int, parts: int) -> tuple:
    """Replace one region of a hierarchy by a group.

    Parameters
    ----------
    hierarchy : tuple
        The regions' indices, nested.
    index : int
        The region.
    parts : int
        How many regions replace it.

    Returns
    -------
    hierarchy : tuple
        Later regions are renumbered.

    Examples
    --------
    >>> nest((0, 1, 2), 1, 2)
    (0, (1, 2), 3)
    """

    def renumber(node):
        if isinstance(node, tuple):
            return tuple(renumber(child) for child in node)
        if node == index:
            return tuple(range(index, index + parts))
        return node if node < index else node + parts - 1

    return renumber(hierarchy)
