"""Explain many photographs by regions with nouns: mean effects, locally or on a dask cluster."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, unknown_name
from ..explanation.explain import explain
from ..explanation.fills import distinct_fills, fill_name
from ..explanation.game import check_target
from ..explanation.methods import check_method
from ..explanation.tree_explanation import TreeExplanation
from ..images import Bands, ImageLike, as_image
from ..progress import Progress
from ..regions import Regions
from ..segmentation.registry import check_method as check_segmenter
from ..segmentation.registry import segment
from .engine import (
    Store,
    as_image_list,
    classifier_of,
    common_output,
    fingerprint,
    run_metadata,
    specification,
)
from .engine import run as run_jobs

if TYPE_CHECKING:
    from ..plots import DescribedFigure

_OPTIONS = ("method", "fill", "max_evaluations", "kernel_width", "alpha", "seed")


@dataclass(frozen=True, eq=False)
class ImageResult:
    """The result for one photograph.

    Attributes
    ----------
    index : int
        The photograph's number.
    names, weights, areas : (K,) tuple of str and arrays
        Of the regions.
    target, full : str, float
        The class explained, and its value.
    evaluations : int
        The number of images evaluated.
    output : str
        What the values are, see `Coalitions`.
    named : (K,) tuple of bool, optional
        Whether a region has a name that means the same on other photographs, as "sky" does; False
        for one that is called by its place alone, as "top left". By default all have one.
    """

    index: int
    names: tuple[str, ...]
    weights: np.ndarray
    areas: np.ndarray
    target: str
    full: float
    evaluations: int
    output: str = "probability"
    named: tuple[bool, ...] | None = None

    @property
    def effects(self) -> dict[str, float]:
        """The weight of each region that has a name, {name: weight}."""
        named = self.named or (True,) * len(self.names)
        rows = zip(self.names, self.weights, named, strict=True)
        return {name: float(weight) for name, weight, has_name in rows if has_name}


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
    """

    results: tuple[ImageResult, ...]
    failures: tuple[tuple[int, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of regions that are more than places, the most frequent first."""
        counts = Counter(name for result in self.results for name in result.effects)
        return tuple(name for name, _ in counts.most_common())

    @property
    def output(self) -> str:
        """What the weights are differences of, see `Coalitions`; "output" if nothing is known."""
        return common_output(self.results)

    def effects(self) -> list[Effect]:
        """Average the weights of each name over the photographs in which it occurs.

        Regions that are called by their place are left out: what lies at the top left of one
        photograph has nothing to do with what lies there in another.

        Returns
        -------
        effects : list of Effect
            The largest mean first.
        """
        from scipy.stats import t

        found = []
        for name in self.names:
            weights = np.array([r.effects[name] for r in self.results if name in r.effects])
            margin, count = None, len(weights)
            if count > 1:
                margin = float(t.ppf(0.975, count - 1) * weights.std(ddof=1) / np.sqrt(count))
            found.append(Effect(name, float(weights.mean()), margin, count))
        return sorted(found, key=lambda effect: -effect.mean)

    def plot(self) -> DescribedFigure:
        """Plot the mean effects as bars with intervals."""
        return plots.plot_effects(self)

    def _repr_html_(self) -> str:
        if self.names:
            return self.plot()._repr_html_()
        why = plots.NO_NAMES if self.results else "No photograph was explained."
        failures = (f"<li>photograph {i + 1}: {html.escape(why)}</li>" for i, why in self.failures)
        return f"<p>{why}</p><ul>{''.join(failures)}</ul>"


def explain_many(
    images: Iterable[ImageLike] | str | Path,
    regions: str | Callable | Sequence[Regions] = "deep",
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    client: Any = None,
    folder: str | Path | None = None,
    run: str | None = None,
    progress: Progress = None,
    **options: Any,
) -> ManyExplanations:
    """Explain many photographs in the same way.

    Parameters
    ----------
    images : sequence of arrays or paths, or a folder
        The pictures of a folder are taken in the order of their names.
    regions : str, callable or sequence of Regions
        A method for `segment`, of whose regions those of one noun are united (`Regions.by_noun`);
        or one `Regions` for each image, which is explained as it is.
    classifier : optional
        As for `explain`; on a cluster a name, a path, or an object that can be pickled.
    target : optional
        As for `explain`.
    client : dask.distributed.Client, optional
        Each worker loads the classifier once, and the images of a worker that dies are resubmitted.
    folder : path, optional
        Where the results of finished images are kept, so that an interrupted run can be resumed.
    run : str, optional
        A name that distinguishes this run from others in the folder, needed if the regions or the
        classifier are functions or models.
    progress : optional
        See `segxai.progress.track`.
    **options
        Of `explain`: method, fill, max_evaluations, kernel_width, alpha, seed. With method="tree"
        the weights of a noun are sums over the parts that were explained.

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
    each = isinstance(regions, (list, tuple))
    _check_early(regions, each, options)
    given = list(regions) if each else [regions] * len(images)  # type: ignore[arg-type]
    if len(given) != len(images):
        raise SegxaiValueError(
            f"{len(given)} Regions were given for {len(images)} images; each image needs one."
        )
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    jobs = list(zip(range(len(images)), images, given, strict=True))
    store = None
    if folder is not None:
        settings = _settings("given" if each else regions, target, options)
        named = run_metadata(specified, run, each or isinstance(regions, str))
        store = Store(folder, settings | named, _restored)
    work = partial(_explain_one, specified=specified, target=target, options=options)
    results, failures = run_jobs(
        work, jobs, store=store, client=client, progress=progress, what="explaining"
    )
    return ManyExplanations(tuple(results.values()), tuple(failures.items()))


def _explain_one(index, image, regions, specified, target, options):
    """Explain one image, locally or on a worker; a SegxaiError is text, so that the run goes on."""
    try:
        image = image if isinstance(image, Bands) else as_image(image)  # a file is read once
        classifier, of_nouns = classifier_of(specified), regions
        if not isinstance(regions, Regions):
            of_nouns = segment(image, regions, progress=False).by_noun()
        explanation = explain(image, of_nouns, classifier, target, progress=False, **options)
        if isinstance(explanation, TreeExplanation) and of_nouns is not regions:
            explanation = explanation.coarsen(len(of_nouns))
    except SegxaiError as error:
        return index, str(error)
    table, found = explanation.coalitions, explanation.regions
    return index, ImageResult(
        index=index,
        names=found.names,
        weights=explanation.weights,
        areas=found.areas,
        target=explanation.target,
        full=table.full,
        evaluations=table.evaluations,
        output=table.output,
        named=tuple(evidence.source != "place" for evidence in found.name_evidence),
    )


def _check_early(regions, each, options) -> None:
    """Raise SegxaiError before the first image for errors that would occur on every image."""
    for name in options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    fill_name(options.get("fill", "mean"))
    check_method(**{k: options[k] for k in ("method", "kernel_width", "alpha") if k in options})
    if not each:
        check_segmenter(regions)
    elif not all(isinstance(found, Regions) for found in regions):
        raise SegxaiValueError(
            "A list of regions must contain one Regions for each image; to segment the images, "
            "pass a single method."
        )


def _settings(regions, target, options) -> dict:
    kept = {name: str(value) for name, value in sorted(options.items())}
    if "fill" in options:
        kept["fill"] = fingerprint(*distinct_fills([options["fill"]]))
    method = regions if isinstance(regions, str) else "function"
    return {"regions": method, "target": str(target), "options": kept}


def _restored(kept) -> ImageResult:
    arrays = {name: np.array(kept[name]) for name in ("weights", "areas")}
    tuples = {name: tuple(kept[name]) for name in ("names", "named")}
    return ImageResult(**(kept | arrays | tuples))
