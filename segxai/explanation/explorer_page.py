"""An explorer as one web page that needs neither Python nor a network.

The tables of several segmenters and fills are in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .. import report
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import SegxaiValueError
from ..images import ImageLike, as_image, as_picture
from ..progress import Progress
from ..segmentation.registry import RegionsLike, as_regions
from .explain import explain
from .fills import Fill, distinct_fills


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

    These are method, class, contrast, kernel width, segmenter, fill and regions.

    segmenters: regions as `explain` accepts them; at first the page shows the first two. fills:
    names of fills. Every pair is evaluated here; in the page everything is algebra on the tables.
    About 0.3 MB for two segmenters and four fills. Raises SegxaiError for another ending, no
    segmenter or fill, or whatever `explain` refuses.
    """
    report.check_page_path(path)
    picture, classifier = as_picture(image), load_classifier(classifier)
    if isinstance(segmenters, str) or not segmenters:
        raise SegxaiValueError(
            f"Name at least one segmenter in a sequence, e.g. ('deep', 'slic'); got {segmenters!r}."
        )
    fills, explanations = distinct_fills(fills), []
    for segmenter in segmenters:
        regions = as_regions(as_image(picture), segmenter, progress=progress)
        for fill in fills:
            explanation = explain(
                picture,
                regions,
                classifier,
                target,
                fill=fill,
                max_evaluations=max_evaluations,
                seed=seed,
                progress=progress,
            )
            target = explanation.target  # the same for all, but for rounding
            explanations.append(explanation)
    report.write_explorer(path, explanations)
