"""Explain a classifier's prediction by the regions of a photograph, and by the parts of one."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import report
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import SegxaiError, SegxaiValueError, known_explanation, listed
from ..images import ImageLike, as_image, as_picture
from ..progress import Progress
from ..segmentation.registry import RegionsLike, as_regions
from .coalitions import Coalitions, evaluate_all
from .explanation import Explanation, from_coalitions
from .fills import GIVEN, Fill, distinct_fills
from .game import new_game
from .methods import ALPHA, KERNEL_WIDTH, METHODS, check_all, check_method, draw_coalitions
from .surrogates import all_subsets, codes
from .tree_explanation import TreeExplanation, explain_tree, from_descent

MOST_EXPANDED = 4096  # coalitions of 12 regions


def explain(
    image: ImageLike,
    regions: RegionsLike = "deep",
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    method: str = "lime",
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    batch_size: int | None = None,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
    seed: int = 0,
    progress: Progress = None,
) -> Explanation:
    """Explain a prediction by how much each region of the photograph contributes.

    Parameters
    ----------
    image : (H, W, 3) array, PIL image, path or Bands
        The photograph; `Bands` for other channels than red, green and blue. Unless there are
        files of these names, "astronaut", "cat" and "coffee" are bundled photographs.
    regions : Regions, (H, W) array of int, str or callable
        The regions, a label map, or a method for `segment`.
    classifier : Classifier, str, path, Keras model or callable, optional
        Anything that `load_classifier` accepts; by default EfficientNet-Lite0.
    target : str or int, optional
        Class name or number; by default the most probable class.
    method : str
        "lime", "shapley", "banzhaf", "owen" (equal to Shapley values unless regions are nested, see
        `explanation.drill_down`), or "tree": adaptive Owen values of the region tree down to its
        leaves, a `TreeExplanation`, for which 512 evaluations are a good start; regions without a
        tree are joined into one, see `segmentation.binary.binary_tree`.
    fill : str, sequence or image
        What replaces switched-off regions, see `fills.fill_image`. The built-in networks switch
        regions off at their input size, so their output may differ slightly from that for a
        photograph perturbed at full size.
    max_evaluations : int
        The budget in images. If 2**K exceeds it, `seed` draws a sample of the coalitions for
        `method`; otherwise the table is complete.
    batch_size : int, optional
        The largest number of images that the classifier is given at once; by default its own, 32.
    kernel_width, alpha : float
        Of LIME's fit, see `surrogates.fit_lime`; "tree" refuses them.
    seed : int
        Of the sample, and of the fill "noise".
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    explanation : Explanation
        The weights, and what can be read off them.

    Raises
    ------
    SegxaiError
        For invalid arguments.

    References
    ----------
    Ribeiro et al. 2016, "Why Should I Trust You?"; the sources of the other methods are in
    `segxai.explanation.surrogates`.
    """
    check_method(method, kernel_width, alpha)
    game = new_game(
        image, regions, classifier, target, fill, seed, batch_size=batch_size, progress=progress
    )
    if METHODS[method].solve is None:
        return explain_tree(game, max_evaluations, progress=progress)
    drawn = draw_coalitions(len(game.regions), max_evaluations, game.seed, method, kernel_width)
    table = evaluate_all(game, *drawn, progress=progress)
    return from_coalitions(table, method, kernel_width, alpha)


def evaluate_coalitions(
    classifier: ClassifierLike,
    image: ImageLike,
    regions: RegionsLike,
    target: Target = None,
    *,
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    batch_size: int | None = None,
    seed: int = 0,
    progress: Progress = None,
) -> Coalitions:
    """Evaluate a classifier on every coalition of regions, or on a sample of them.

    All 2**K coalitions are evaluated if these are at most `max_evaluations`; otherwise that many
    distinct ones: the empty one, the full one, and others drawn as LIME needs them, see
    `segxai.explanation.methods.draw_coalitions`; any method can be fitted to them.

    Parameters
    ----------
    classifier, image, regions, target, fill, max_evaluations, batch_size, seed, progress
        See `segxai.explain`.

    Returns
    -------
    coalitions : Coalitions
        The table.

    Raises
    ------
    SegxaiError
        For invalid arguments.
    """
    game = new_game(
        image, regions, classifier, target, fill, seed, batch_size=batch_size, progress=progress
    )
    return evaluate_all(
        game, *draw_coalitions(len(game.regions), max_evaluations, game.seed), progress=progress
    )


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
    e, table = known_explanation(explanation), explanation.coalitions
    if isinstance(e, TreeExplanation):
        return from_descent(e.descent, e.regions.expand(name), e.details.checks)
    check_all("drill_down()", len(e.regions), table.exact)
    game = table.replay("drill_down()", targets=table.targets)
    start, regions = e.regions.index(name), e.regions.expand(name)
    # A switched-off part keeps the fill of the whole region, e.g. its mean colour.
    game = replace(game, regions=regions, fill=GIVEN)
    number, parts = len(regions), len(regions) - len(e.regions) + 1
    if 2**number > MOST_EXPANDED:
        raise SegxaiError(
            f"The parts of {name!r} would make {number} regions and 2**{number} coalitions; "
            "start from fewer regions."
        )
    masks = all_subsets(number)
    shown = masks[:, start : start + parts].sum(axis=1)
    together = (shown == 0) | (shown == parts)  # which the table holds already
    before = np.delete(masks[together], range(start + 1, start + parts), axis=1)
    outputs = np.empty((len(masks), len(table.targets)), np.float32)
    outputs[together] = table.table[np.argsort(codes(table.masks))[codes(before)]]
    outputs[~together] = game.evaluate(masks[~together], progress=progress)
    expanded = replace(
        table,
        game=game,
        masks=masks,
        table=outputs,
        evaluations=table.evaluations + int((~together).sum()),
        hierarchy=nest(table.hierarchy or tuple(range(len(e.regions))), start, parts),
    )
    return from_coalitions(expanded, "owen", e.details.kernel_width, e.details.alpha)


def nest(hierarchy: Any, index: int, parts: int) -> Any:
    """Replace one region of a hierarchy by a group of so many parts, and renumber later regions.

    Examples
    --------
    >>> nest((0, 1, 2), 1, 2)
    (0, (1, 2), 3)
    """
    if isinstance(hierarchy, tuple):
        return tuple(nest(node, index, parts) for node in hierarchy)
    if hierarchy == index:
        return tuple(range(index, index + parts))
    return hierarchy if hierarchy < index else hierarchy + parts - 1


def save_explorer(
    path: str | os.PathLike,
    image: ImageLike,
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    segmenters: Sequence[RegionsLike] = ("deep", "slic"),
    fills: Sequence[Fill] = ("mean", "blur", "black", "grey"),
    max_evaluations: int = 1024,
    seed: int = 0,
    progress: Progress = None,
) -> None:
    """Write a web page (.html) in which the settings of an explanation can be changed.

    These are method, class, contrast, kernel width, segmenter, fill and regions. Every pair of a
    segmenter and a fill is evaluated here; in the page everything is algebra on the tables. It has
    about 0.3 MB for two segmenters and four fills.

    Parameters
    ----------
    path : str or path
        Of the page.
    image, classifier, target, max_evaluations, seed, progress
        See `segxai.explain`.
    segmenters : sequence
        Regions as `segxai.explain` accepts them; at first the page shows the first two.
    fills : sequence
        See `fills.fill_image`.

    Raises
    ------
    SegxaiError
        For another ending, no segmenter or fill, or whatever `explain` refuses.
    """
    report.check_page_path(path)
    picture, classifier = as_picture(image), load_classifier(classifier)
    if isinstance(segmenters, str) or not (segmenters := listed(segmenters, "The segmenters")):
        raise SegxaiValueError(
            f"Name at least one segmenter in a sequence, e.g. ('deep', 'slic'); got {segmenters!r}."
        )
    fills, explanations = distinct_fills(fills), []
    for segmenter in segmenters:
        regions = as_regions(as_image(picture), segmenter, progress=progress)
        for fill in fills:
            explanations.append(
                explain(
                    picture,
                    regions,
                    classifier,
                    target,
                    fill=fill,
                    max_evaluations=max_evaluations,
                    seed=seed,
                    progress=progress,
                )
            )
            target = explanations[0].coalitions.target  # the same for all, but for rounding
    report.write_explorer(path, explanations)
