"""Explain many photographs by regions with nouns: mean effects, locally or on a dask cluster."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..explanation.coalitions import check_target
from ..explanation.explain import explain
from ..explanation.explanation import check_method
from ..explanation.fills import distinct_fills, fill_name
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
    """The mean weight of a name over `count` photographs, and the half-width of its 95 % interval (None for one photograph)."""

    name: str
    mean: float
    margin: float | None
    count: int

    def __str__(self):
        margin = "" if self.margin is None else f" ± {self.margin:.2f}"
        return f"{self.name} {self.mean:+z.2f}{margin} over {self.count} photograph{'s' if self.count > 1 else ''}"


@dataclass(frozen=True, eq=False)
class ManyExplanations:
    """Explanations of many photographs. results: of those that could be explained. failures: (index, reason) for the others."""

    results: tuple[ImageResult, ...]
    failures: tuple[tuple[int, str], ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """All names of regions that are more than places, the most frequent first."""
        counts: dict[str, int] = {}
        for result in self.results:
            for name in result.effects:
                counts[name] = counts.get(name, 0) + 1
        return tuple(sorted(counts, key=lambda name: -counts[name]))

    @property
    def output(self) -> str:
        """What the weights are differences of: "probability", "logit", "score", or "output" where nothing is known."""
        return common_output(self.results)

    def effects(self) -> list[Effect]:
        """The mean weight of each name over the photographs in which it occurs, the largest first.

        Their 95 % intervals are Student's t. Regions that are called by their place are left out: what
        lies at the top left of one photograph has nothing to do with what lies there in another.
        """
        from scipy.stats import t

        found = []
        for name in self.names:
            weights = np.array([r.effects[name] for r in self.results if name in r.effects])
            count = len(weights)
            margin = (
                float(t.ppf(0.975, count - 1) * weights.std(ddof=1) / np.sqrt(count))
                if count > 1
                else None
            )
            found.append(Effect(name, float(weights.mean()), margin, count))
        return sorted(found, key=lambda effect: -effect.mean)

    def pick(self, k: int = 3) -> list[int]:
        """The indices of k photographs that together contain the most important names (submodular pick).

        A name's importance is the square root of the sum of its absolute weights. Photographs are chosen greedily by the
        importance that they add, which achieves at least 1 - 1/e of the optimum. Regions that are called by their place do not
        count. Raises SegxaiValueError for k below 1.
        Source: Ribeiro et al. 2016, "Why Should I Trust You?", section 4.
        """
        whole_number("k", k, 1)
        importance = {
            name: np.sqrt(sum(abs(r.effects[name]) for r in self.results if name in r.effects))
            for name in self.names
        }
        chosen: list[int] = []
        covered: set[str] = set()
        left = list(self.results)
        while left and len(chosen) < k:
            gains = [
                sum(importance[n] for n, w in r.effects.items() if w and n not in covered)
                for r in left
            ]
            best = left.pop(int(np.argmax(gains)))
            covered.update(n for n, w in best.effects.items() if w)
            chosen.append(best.index)
        return chosen

    def plot(self) -> DescribedFigure:
        """A figure of the mean effects as bars with intervals."""
        return plots.plot_effects(self)

    def _repr_html_(self) -> str:
        if not self.results:
            failed = "".join(
                f"<li>{html.escape(f'photograph {index + 1}: {why}')}</li>"
                for index, why in self.failures
            )
            return f"<p>No photograph was explained.</p><ul>{failed}</ul>"
        if not self.names:
            return f"<p>{plots.NO_NAMES}</p>"
        return self.plot()._repr_html_()


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
        A method for `segment`, of whose regions those of one noun are united (`Regions.by_noun`); or
        one `Regions` for each image, which is explained as it is.
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
        Of `explain`: method, fill, max_evaluations, kernel_width, alpha, seed. With method="tree" the
        weights of a noun are sums over the parts that were explained.

    Returns
    -------
    many : ManyExplanations
        Images that cannot be read or explained are listed in `failures`; the others are explained all
        the same.

    Raises
    ------
    SegxaiError
        For invalid arguments.
    """
    images = as_image_list(images, "explain_many")
    given = regions if isinstance(regions, (list, tuple)) else None
    _check_early(regions, given is not None, options)
    if given is not None and len(given) != len(images):
        raise SegxaiValueError(
            f"{len(given)} Regions were given for {len(images)} images; each image needs one."
        )
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    jobs = [
        (index, image, regions if given is None else given[index])
        for index, image in enumerate(images)
    ]
    store = None
    if folder is not None:
        store = Store(
            folder,
            _settings(regions, given is not None, specified, target, options, run),
            _save,
            _load,
            ".npz",
        )
    work = partial(_explain_one, specified=specified, target=target, options=options)
    results, failures = run_jobs(
        work, jobs, store=store, client=client, progress=progress, what="explaining"
    )
    return ManyExplanations(tuple(results.values()), tuple(failures.items()))


def _explain_one(index, image, regions, specified, target, options):
    """Explain one image, locally or on a worker. Returns the text of a SegxaiError, so that a bad image does not end the run."""
    try:
        image = image if isinstance(image, Bands) else as_image(image)  # a file is read once
        classifier = classifier_of(specified)
        of_nouns = (
            regions
            if isinstance(regions, Regions)
            else segment(image, regions, progress=False).by_noun()
        )
        explanation = explain(image, of_nouns, classifier, target, progress=False, **options)
        if isinstance(explanation, TreeExplanation) and of_nouns is not regions:
            explanation = explanation.coarsen(len(of_nouns))
    except SegxaiError as error:
        return index, str(error)
    table, found = explanation.coalitions, explanation.regions
    return index, ImageResult(
        index,
        found.names,
        explanation.weights,
        found.areas,
        explanation.target,
        table.full,
        table.evaluations,
        table.output,
        tuple(evidence.source != "place" for evidence in found.name_evidence),
    )


def _check_early(regions, each, options) -> None:
    """Raise SegxaiError before the first image for errors that would occur on every image."""
    for name in options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    fill_name(options.get("fill", "mean"))
    check_method(
        **{name: options[name] for name in ("method", "kernel_width", "alpha") if name in options}
    )
    if isinstance(regions, str):
        check_segmenter(regions)
    elif each and not all(isinstance(found, Regions) for found in regions):
        raise SegxaiValueError(
            "A list of regions must contain one Regions for each image; to segment the images, pass a single method."
        )
    elif not each and not callable(regions):
        raise SegxaiValueError(
            "regions must be a method for segment, a function, or a list with one Regions for each image."
        )


def _settings(regions, each, classifier, target, options, run) -> dict:
    kept = {k: str(v) for k, v in sorted(options.items())} | (
        {"fill": fingerprint(*distinct_fills([options["fill"]]))} if "fill" in options else {}
    )
    method = "given" if each else regions if isinstance(regions, str) else "function"
    return {
        "regions": method,
        "by noun": not each,
        "target": str(target),
        "options": kept,
    } | run_metadata(classifier, run, each or isinstance(regions, str))


def _load(file, index) -> ImageResult:
    with np.load(file, allow_pickle=False) as kept:
        names = tuple(str(name) for name in kept["names"])
        target, full, evaluations = (
            str(kept["target"]),
            float(kept["full"]),
            int(kept["evaluations"]),
        )
        output, named = str(kept["output"]), tuple(map(bool, kept["named"]))
        return ImageResult(
            index, names, kept["weights"], kept["areas"], target, full, evaluations, output, named
        )  # fmt: skip


def _save(file, result) -> None:
    np.savez(
        file, names=np.array(result.names), weights=result.weights, areas=result.areas,
        target=np.array(result.target), full=result.full, evaluations=result.evaluations, output=np.array(result.output),
        named=np.array(result.named),
    )  # fmt: skip
