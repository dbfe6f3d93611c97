"""Explain a classifier's prediction by the regions of a photograph."""

from __future__ import annotations

from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import SegxaiError, whole_number
from ..images import ImageLike, as_image, as_picture
from ..progress import Progress
from ..segmentation.binary import binary_tree
from ..segmentation.registry import RegionsLike, as_regions
from .coalitions import check_target, evaluate_coalitions
from .descent import descend
from .explanation import (
    ALPHA,
    KERNEL_WIDTH,
    OWEN_NEEDS_ALL,
    Explanation,
    check_method,
    from_coalitions,
)
from .fills import Fill, fill_name
from .tree_explanation import explain_descent


def explain(
    image: ImageLike,
    regions: RegionsLike = "deep",
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    method: str = "lime",
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
    seed: int = 0,
    progress: Progress = None,
) -> Explanation:
    """Explain a classifier's prediction: how much does each region of the photograph contribute?

    image: array, PIL image or path, or `Bands` for other channels than red, green and blue. regions: `Regions`, an (H, W) label map,
    or a method for `segment`.
    classifier: a `Classifier` or anything that `load_classifier` accepts; by default EfficientNet-Lite0.
    target: class name or number; by default the most probable class. method: "lime", "shapley", "banzhaf", "owen"
    (equal to Shapley values unless regions are nested, see `Explanation.drill_down`), or "tree": adaptive Owen values of the
    region tree down to its leaves, a `TreeExplanation`, for which 512 evaluations are a good start; regions without a tree are
    joined into one, see `segmentation.binary.binary_tree`.
    fill: what replaces switched-off regions, see `explanation.fills.fill_image`. The built-in networks switch regions off at
    their input size, so their output may differ slightly from that for a photograph perturbed at full size.
    max_evaluations: the budget. If 2**K exceeds it, `seed` draws a sample of the coalitions for `method`; otherwise the table is complete.
    kernel_width, alpha: of LIME's fit, see `surrogates.fit_lime`; "tree" refuses them.
    progress: see `segxai.progress.track`.
    Raises SegxaiError for invalid arguments. Source: Ribeiro et al. 2016, "Why Should I Trust You?"; the sources of the other
    methods are in `segxai.explanation.surrogates`.
    """
    check_method(method, kernel_width, alpha)
    fill_name(fill)  # raises for an unknown one, before a network is loaded
    picture = as_picture(image)
    image = as_image(picture)
    classifier = load_classifier(classifier)
    check_target(classifier, target)
    regions = as_regions(image, regions, progress=progress)
    if method == "tree":
        descent = descend(
            picture,
            binary_tree(image, regions),
            classifier,
            target,
            fill,
            max_evaluations,
            seed,
            progress=progress,
        )
        return explain_descent(image, descent, descent.tree.leaves, classifier)
    if method == "owen" and 2 ** len(regions) > whole_number("max_evaluations", max_evaluations, 2):
        raise SegxaiError(OWEN_NEEDS_ALL)  # before the classifier is evaluated
    coalitions = evaluate_coalitions(
        classifier, picture, regions, target, fill=fill, max_evaluations=max_evaluations, seed=seed, progress=progress,
        method=method, kernel_width=kernel_width,
    )  # fmt: skip
    return from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier)
