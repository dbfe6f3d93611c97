"""The same named regions over many photographs: mean effects with intervals, here or on a dask cluster."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from .. import plots
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..explanation.coalitions import check_target
from ..explanation.explanation import METHODS, explain
from ..images import as_image
from ..regions import Regions
from ..segmentation.registry import check_method
from .engine import Store, as_image_list, classifier_of, fingerprint, run_metadata, specification
from .engine import run as run_jobs

_OPTIONS = ("method", "fill", "max_evaluations", "kernel_width", "alpha", "seed")


@dataclass(frozen=True, eq=False)
class ImageResult:
    """The result for one photograph: its number, the regions' names, weights and areas (K,), the target and its probability."""

    index: int
    names: tuple[str, ...]
    weights: np.ndarray
    areas: np.ndarray
    target: str
    full: float
    evaluations: int


@dataclass(frozen=True)
class Effect:
    """A name's mean weight over `count` photographs and the half-width of its 95 % interval (None for a single one)."""

    name: str
    mean: float
    margin: float | None
    count: int

    def __str__(self):
        margin = "" if self.margin is None else f" ± {self.margin:.2f}"
        return f"{self.name} {self.mean:+.2f}{margin} over {self.count} photograph{'s' if self.count > 1 else ''}"


@dataclass(frozen=True, eq=False)
class ManyExplanations:
    """Explanations of many photographs. results: one for each that could be explained; failures: (number, why) of the others."""

    results: tuple[ImageResult, ...]
    failures: tuple[tuple[int, str], ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Every region's name that occurs, the most frequent first."""
        counts: dict[str, int] = {}
        for result in self.results:
            for name in result.names:
                counts[name] = counts.get(name, 0) + 1
        return tuple(sorted(counts, key=lambda name: -counts[name]))

    def effects(self) -> list[Effect]:
        """Mean effect of each name over the photographs that show it, largest first, with a 95 % interval (Student's t)."""
        from scipy.stats import t

        found = []
        for name in self.names:
            weights = np.array([r.weights[r.names.index(name)] for r in self.results if name in r.names], float)
            count = len(weights)
            margin = float(t.ppf(0.975, count - 1) * weights.std(ddof=1) / np.sqrt(count)) if count > 1 else None
            found.append(Effect(name, float(weights.mean()), margin, count))
        return sorted(found, key=lambda effect: -effect.mean)

    def pick(self, k: int = 3) -> list[int]:
        """The numbers of k photographs that together show the most important names: Ribeiro et al. 2016, section 4.

        A name's importance is the square root of the sum of its absolute weights; photographs are chosen greedily by the
        importance that they add, which comes within 1 - 1/e of the best choice.
        """
        whole_number("k", k, 1)
        importance = {
            name: np.sqrt(sum(abs(float(r.weights[r.names.index(name)])) for r in self.results if name in r.names))
            for name in self.names
        }
        chosen: list[int] = []
        covered: set[str] = set()
        left = list(self.results)
        while left and len(chosen) < k:
            gains = [sum(importance[n] for n, w in zip(r.names, r.weights, strict=True) if w and n not in covered) for r in left]
            best = left.pop(int(np.argmax(gains)))
            covered.update(n for n, w in zip(best.names, best.weights, strict=True) if w)
            chosen.append(best.index)
        return chosen

    def plot(self):
        """Mean effects as bars with intervals and numbers."""
        return plots.plot_effects(self)

    def _repr_html_(self) -> str:
        if not self.results:
            failed = "".join(f"<li>{html.escape(f'photograph {index + 1}: {why}')}</li>" for index, why in self.failures)
            return f"<p>No photograph was explained.</p><ul>{failed}</ul>"
        return self.plot()._repr_html_()


def explain_many(
    images: Sequence,
    regions="pascal",
    classifier=None,
    target=None,
    *,
    client=None,
    folder=None,
    run=None,
    progress=None,
    **options,
) -> ManyExplanations:
    """Explain many photographs in the same way.

    images: arrays or paths, or a folder, all of whose pictures are taken in the order of their names. regions: a method for
    `segment` (its names should mean the same on every photograph), or one `Regions` for each image. options: those of `explain` (method, fill, max_evaluations, kernel_width, alpha, seed).
    client: a `dask.distributed.Client` to run on; every worker loads the classifier once, the images of a worker that dies
    are given to others. classifier: for a cluster a name, a path, or something that can be pickled.
    folder: where finished images are kept; a run that was stopped goes on from there. run: a name for this run, to distinguish it from others
    in the folder, needed where the regions or the classifier are functions or models, which the folder cannot distinguish.
    An image that cannot be read or explained is listed in `failures` and stops nothing.
    """
    images = as_image_list(images, "explain_many")
    each = isinstance(regions, (list, tuple))
    _check_early(regions, each, options)
    if each and len(regions) != len(images):
        raise SegxaiValueError(f"{len(regions)} Regions came with {len(images)} images.")
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    jobs = [(index, image, regions[index] if each else regions) for index, image in enumerate(images)]
    store = None
    if folder is not None:
        store = Store(folder, _settings(regions, each, specified, target, options, run), _save, _load, ".npz")
    work = partial(_explain_one, specified=specified, target=target, options=options)
    results, failures = run_jobs(work, jobs, store=store, client=client, progress=progress, what="explaining")
    return ManyExplanations(tuple(results.values()), tuple(failures.items()))


def _explain_one(index, image, regions, specified, target, options):
    """One image; runs here or on a worker. A SegxaiError becomes its text, so that one bad image stops nothing."""
    try:
        explanation = explain(as_image(image), regions, classifier_of(specified), target, progress=False, **options)
    except SegxaiError as error:
        return index, str(error)
    table = explanation.coalitions
    return index, ImageResult(
        index,
        explanation.regions.names,
        explanation.weights,
        explanation.regions.areas,
        explanation.target,
        table.full,
        table.evaluations,
    )


def _check_early(regions, each, options) -> None:
    """What would fail for every image alike is refused before the first."""
    for name in options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    if options.get("method", "lime") not in METHODS:
        raise unknown_name("method", options["method"], METHODS)
    if isinstance(regions, str):
        check_method(regions)
    elif each and not all(isinstance(found, Regions) for found in regions):
        raise SegxaiValueError("A list of regions holds one Regions for each image; to segment them, give one method for all.")
    elif not each and not callable(regions):
        raise SegxaiValueError("regions is a method for segment, a function, or a list with one Regions for each image.")


def _settings(regions, each, classifier, target, options, run) -> dict:
    kept = {k: str(v) for k, v in sorted(options.items())} | ({"fill": fingerprint(options["fill"])} if "fill" in options else {})
    method = "given" if each else regions if isinstance(regions, str) else "function"
    return {"regions": method, "target": str(target), "options": kept} | run_metadata(
        classifier, run, each or isinstance(regions, str)
    )


def _load(file, index) -> ImageResult:
    with np.load(file, allow_pickle=False) as kept:
        names = tuple(str(name) for name in kept["names"])
        target, full, evaluations = str(kept["target"]), float(kept["full"]), int(kept["evaluations"])
        return ImageResult(index, names, kept["weights"], kept["areas"], target, full, evaluations)


def _save(file, result) -> None:
    np.savez(
        file, names=np.array(result.names), weights=result.weights, areas=result.areas,
        target=np.array(result.target), full=result.full, evaluations=result.evaluations,
    )  # fmt: skip
