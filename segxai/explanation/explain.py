"""Explain a classifier's prediction by the regions of a photograph."""

from __future__ import annotations

from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..images import ImageLike
from ..progress import Progress
from ..segmentation.registry import RegionsLike
from .coalitions import evaluate_all
from .explanation import Explanation, from_coalitions
from .fills import Fill
from .game import new_game
from .methods import ALPHA, KERNEL_WIDTH, METHODS, check_method
from .sampling import draw_coalitions
from .tree_explanation import explain_tree


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
    masks, log_importance = draw_coalitions(
        len(game.regions), max_evaluations, game.seed, method, kernel_width
    )
    coalitions = evaluate_all(game, masks, log_importance, progress=progress)
    return from_coalitions(coalitions, method, kernel_width, alpha)
