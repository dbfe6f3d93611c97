"""Explain many photographs by regions with nouns: mean effects, locally or on a dask cluster."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiValueError
from ..explanation.explain import explain
from ..explanation.fills import Fill
from ..explanation.methods import ALPHA, KERNEL_WIDTH
from ..explanation.tree_explanation import TreeExplanation
from ..images import ImageLike, as_picture
from ..progress import Progress
from ..regions import PLACE, Regions
from ..segmentation import registry
from .engine import as_image_list, checked_options, run_all


@dataclass(frozen=True, eq=False)
class ImageResult:
    """The result for one photograph.

    Attributes
    ----------
    index : int
        The photograph's number.
    names, weights : (K,) tuple of str and array
        Of the regions.
    named : (K,) tuple of bool
        Whether a region has a name that means the same on other photographs, as "sky" does; False
        for one that is named after its place alone, as "top left".
    target, full : str, float
        The class explained, and its value.
    """

    index: int
    names: tuple[str, ...]
    weights: np.ndarray
    named: tuple[bool, ...]
    target: str
    full: float


@dataclass(frozen=True)
class Effect:
    """The mean weight of a name over several photographs.

    Attributes
    ----------
    name : str
    mean : float
    margin : float or None
        Half-width of the 95 % interval of the mean (Student's t); None for one photograph.
    count : int
        The number of photographs.
    """

    name: str
    mean: float
    margin: float | None
    count: int


@dataclass(frozen=True, eq=False)
class ManyExplanations:
    """Explanations of many photographs.

    Attributes
    ----------
    results : tuple of ImageResult
        Of the photographs that could be explained.
    failures : tuple of (int, str)
        (index, reason) for the others.
    output : str
        What the weights are differences of, see `Classifier`.
    """

    results: tuple[ImageResult, ...]
    failures: tuple[tuple[int, str], ...] = ()
    output: str = "probability"

    def effects(self) -> list[Effect]:
        """Average the weights of each name over the photographs in which it occurs.

        Regions that are named after their place are left out: what lies at the top left of one
        photograph has nothing to do with what lies there in another.

        Returns
        -------
        effects : list of Effect
            The largest mean first.
        """
        from scipy.stats import sem, t

        weights: dict[str, list[float]] = {}
        for result in self.results:
            for name, weight in compress(
                zip(result.names, result.weights, strict=True), result.named
            ):
                weights.setdefault(name, []).append(float(weight))
        found = []
        for name, values in weights.items():
            count = len(values)
            margin = float(t.ppf(0.975, count - 1) * sem(values)) if count > 1 else None
            found.append(Effect(name, float(np.mean(values)), margin, count))
        return sorted(found, key=lambda effect: -effect.mean)

    def plot(self) -> plots.DescribedFigure:
        """Plot the mean effects as bars with intervals."""
        return plots.plot_effects(self)

    def _repr_html_(self) -> str:
        return report.rendered("many.html", many=self)


def explain_many(
    images: Iterable[ImageLike] | str | Path,
    regions: str | Callable | Sequence[Regions] = "deep",
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    method: str = "lime",
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
    seed: int = 0,
    client: Any = None,
    folder: str | Path | None = None,
    run: str | None = None,
    progress: Progress = None,
) -> ManyExplanations:
    """Explain many photographs in the same way.

    Parameters
    ----------
    images : sequence of arrays or paths, or a folder
        The pictures of a folder are taken in the order of their names.
    regions : str, callable or sequence of Regions
        A method for `segment`, whose regions with the same noun are merged (`Regions.by_noun`);
        or one `Regions` for each image, which is explained as it is.
    classifier : optional
        As for `explain`; on a cluster a name, a path, or an object that can be pickled.
    target : optional
        As for `explain`.
    method, fill, max_evaluations, kernel_width, alpha, seed
        As for `explain`. With method="tree" the weights of a noun are sums over the parts that were
        explained.
    client : dask.distributed.Client, optional
        Each worker loads the classifier once, and the images of a worker that dies are resubmitted.
    folder : path, optional
        Where the results of finished images are kept, so that an interrupted run can be resumed.
    run : str, optional
        A name that distinguishes this run from others in the folder, needed if the regions or the
        classifier are functions or models.
    progress : optional
        See `segxai.progress.track`.

    Returns
    -------
    many : ManyExplanations
        Images that cannot be read or explained are listed in `failures`; the others are explained
        all the same.

    Raises
    ------
    SegxaiError
        For invalid arguments.
    """
    images = as_image_list(images, "explain_many")
    options = checked_options(method, fill, max_evaluations, seed, kernel_width, alpha)
    segmenter: Any = regions
    given: Sequence = [None] * len(images)
    if isinstance(regions, (list, tuple)):
        if len(regions) != len(images) or not all(isinstance(found, Regions) for found in regions):
            raise SegxaiValueError(
                f"{len(regions)} regions were given for {len(images)} images. A list must contain "
                "one Regions for each image; to segment the images, pass a single method."
            )
        segmenter, given = "given", regions
    else:
        registry.check_method(regions)
    results, failures, loaded = run_all(
        _explain_one, images, given, {"segmenter": segmenter, "options": options}, _restored,
        classifier=classifier, target=target,
        folder=folder, run=run, client=client, progress=progress, what="explaining",
    )  # fmt: skip
    return ManyExplanations(results, failures, loaded.output)


def _explain_one(index, image, regions, classifier, target, *, segmenter, options) -> ImageResult:
    """Explain one image by the regions that are given, or by those of the segmenter."""
    image, given = as_picture(image), regions is not None  # a file is read once
    if not given:
        regions = registry.segment(image, segmenter, progress=False).by_noun()
    explanation = explain(image, regions, classifier, target, progress=False, **options)
    if isinstance(explanation, TreeExplanation) and not given:
        explanation = explanation.coarsen(len(regions))
    return ImageResult(
        index=index,
        names=explanation.regions.names,
        weights=explanation.weights,
        named=tuple(each != PLACE for each in explanation.regions.name_evidence),
        target=explanation.target,
        full=explanation.coalitions.full,
    )


def _restored(kept) -> ImageResult:
    return ImageResult(
        **kept
        | {
            "names": tuple(kept["names"]),
            "named": tuple(kept["named"]),
            "weights": np.array(kept["weights"]),
        }
    )
