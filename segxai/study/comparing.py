"""Compare segmenters on the same photographs, with the same classifier and budget, by metrics with confidence intervals."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier, Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..explanation.coalitions import check_target
from ..explanation.explain import explain
from ..explanation.explanation import METHODS
from ..explanation.fills import FILLS, GIVEN, Fill, distinct_fills, fill_name
from ..images import Bands, ImageLike, as_array, as_image, reduced, resize_labels
from ..metrics import METRICS
from ..progress import Progress
from ..regions import distinct_names
from ..segmentation.registry import SEGMENTERS as KNOWN
from ..segmentation.registry import check_method, segment, segment_into, takes_count
from .comparison import Column, Comparison, Measured
from .engine import Store, as_image_list, classifier_of, fingerprint, run_metadata, specification
from .engine import run as run_jobs

SEGMENTERS = ("deep", "slic", "felzenszwalb", "quickshift", "grid")
MEASURED = (
    "insertion",
    "deletion",
    "fidelity",
    "loo_r2",
    "preservation",
    "target_deletion",
    "compactness",
)
# Larger photographs are reduced: the built-in classifiers' inputs are smaller, parameters given in pixels then mean the same
# on all photographs, and memory stays bounded.
LONGEST_SIDE = 768
REPORTED = ("regions", "calls")  # in every comparison, in addition to the chosen metrics


def compare(
    images: Iterable[ImageLike] | str | Path,
    segmenters: str
    | Callable
    | Iterable[str | Callable]
    | Mapping[str, str | Callable] = SEGMENTERS,
    metrics: str | Sequence[str] = MEASURED,
    *,
    classifier: ClassifierLike = None,
    target: Target = None,
    masks: Sequence[np.ndarray] | None = None,
    method: str = "lime",
    fill: Fill | Sequence[str] = "blur",
    max_evaluations: int = 512,
    match_regions: int | str | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    run: str | None = None,
    client: Any = None,
    progress: Progress = None,
) -> Comparison:
    """Explain many photographs with each of several segmenters, and measure the explanations.

    images: arrays or paths, or a folder. segmenters: names, or a mapping {label: a method for `segment`}.
    metrics: names from `segxai.metrics.METRICS`; the number of regions and of model calls are always reported.
    masks: an (H, W) mask of the object in each image, for the metrics that need one (energy, covers_plant).
    target: the class, the same for all segmenters; by default each photograph's most probable class.
    fill: the fill of the explanations and metrics. Given several, the explanations use the first and the curves are measured under
    all. Choose a fill that does not depend on the segmenter: with "mean", an object remains visible in small regions.
    max_evaluations: the budget of model calls for each explanation. With few regions, the complete table may need less.
    match_regions: a number of regions for all segmenters, or the label of the segmenter whose number on each photograph the others
    match, as far as their number can be chosen; by default each segmenter uses its own defaults.
    folder: where the results of finished photographs are kept, so that an interrupted run can be resumed. run: a name that
    distinguishes this run from others in the folder, needed if a segmenter or the classifier is a function or a model.
    client: a `dask.distributed.Client`. progress: see `segxai.progress.track`.
    Photographs with a side of more than 768 pixels are reduced to that size. For the same seed on the same machine, everything
    except the seconds is reproduced exactly. Unreadable photographs and failed segmenters are listed in `failures`; the others
    are measured all the same. Raises SegxaiError for invalid arguments.
    """
    images = as_image_list(images, "compare")
    segmenters = _checked_segmenters(segmenters)
    metrics = _checked_metrics(metrics, masks)
    several = isinstance(fill, (tuple, list)) and fill and all(isinstance(f, str) for f in fill)
    fills = tuple(distinct_fills(fill if several else (fill,)))  # type: ignore[arg-type]
    if len(fills) > 1 and GIVEN in map(fill_name, fills):
        raise SegxaiValueError(
            f"Several fills are told apart by their names, so each must be one of {', '.join(FILLS)}."
        )
    match_regions = _checked_match(match_regions, segmenters)
    # Errors that would occur on every photograph are raised before the first.
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    seed, max_evaluations = (
        whole_number("seed", seed),
        whole_number("max_evaluations", max_evaluations, 2),
    )
    if masks is not None and len(masks) != len(images):
        raise SegxaiValueError(
            f"{len(masks)} masks were given for {len(images)} images; each image needs one."
        )
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    settings = {
        "segmenters": segmenters, "metrics": metrics, "method": method, "fills": fills, "target": target,
        "max_evaluations": max_evaluations, "match": match_regions, "seed": seed,
    }  # fmt: skip
    store = None
    if folder is not None:
        store = Store(folder, _note(settings, specified, run), _save, _load, ".json")
    jobs = [
        (i, image, None if masks is None else as_array(masks[i], f"Mask {i}"))
        for i, image in enumerate(images)
    ]
    work = partial(_measure, specified=specified, settings=settings)
    results, failures = run_jobs(
        work, jobs, store=store, client=client, progress=progress, what="comparing"
    )
    return Comparison(
        names=tuple(distinct_names([_name(image, i) for i, image in enumerate(images)])),
        results=tuple(results.values()),
        unreadable=tuple(failures.items()),
        segmenters=tuple(segmenters),
        columns=tuple(
            Column(label, metric.better, metric.about + (f", fill {other}" if other else ""))
            for label, (metric, other) in _columns(metrics, fills).items()
        ),
        how=_how(settings, specified),
        seed=seed,
    )


def _measure(index, image, mask, *, specified, settings):
    """Measure all segmenters on one photograph, locally or on a worker."""
    try:
        if isinstance(image, Bands):
            raise SegxaiValueError(
                "compare() measures RGB photographs; this picture is segxai.Bands."
            )
        image, mask = _reduced(as_image(image), mask)
        classifier = classifier_of(specified)
        target = settings["target"]
        if target is None:  # determined once, so that all segmenters explain the same class
            target = int(np.argmax(classifier.predict(image)[0]))
        wanted = _wanted(image, settings)
    except SegxaiError as error:
        return index, _without_folder(str(error), image)
    values, failures, seconds = {}, {}, {}
    columns = _columns(settings["metrics"], settings["fills"])
    target_name, full, output = "", float("nan"), classifier.output
    for label, segmenter in settings["segmenters"].items():
        started = time.perf_counter()
        try:
            regions = segment_into(image, segmenter, wanted)
            explanation = explain(
                image, regions, classifier, target, method=settings["method"], fill=settings["fills"][0],
                max_evaluations=settings["max_evaluations"], seed=settings["seed"], progress=False,
            )  # fmt: skip
            taken = time.perf_counter() - started
            values[label] = {
                column: _value(metric, other, explanation, mask)
                for column, (metric, other) in columns.items()
            }
            seconds[label] = taken
            target_name, full, output = (
                explanation.target,
                explanation.coalitions.full,
                explanation.coalitions.output,
            )
        except SegxaiError as error:
            failures[label] = str(error)
    return index, Measured(index, target_name, full, values, failures, seconds, output)


def _reduced(image, mask):
    """The photograph and its mask, reduced to at most LONGEST_SIDE."""
    copy = reduced(image, LONGEST_SIDE)
    fits = mask is not None and mask.shape == image.shape[:2]
    return copy, resize_labels(mask, copy.shape[:2]) if fits else mask


def _columns(metrics, fills) -> dict:
    """{label: (metric, fill)}: each metric, and under each further fill those that take one."""
    columns = {}
    for name in (*metrics, *REPORTED):
        columns[name] = (METRICS[name], None)
        if METRICS[name].takes == "fill":
            columns |= {f"{name}, {fill}": (METRICS[name], fill) for fill in fills[1:]}
    return columns


def _value(metric, fill, explanation, mask) -> float:
    given = {"mask": (mask,), "fill": (fill,), "": ()}[metric.takes]
    return float(metric.value(explanation, *given))


def _wanted(image, settings) -> int | None:
    match = settings["match"]
    return len(segment(image, settings["segmenters"][match])) if isinstance(match, str) else match


def _how(settings, specified) -> str:
    """The settings of the comparison as sentences."""
    match, labels = settings["match"], settings["segmenters"]
    if match is None:
        chosen = "Every segmenter used its default parameters."
    else:
        number = (
            f"the number of regions of “{match}” on each photograph"
            if isinstance(match, str)
            else f"{match} regions"
        )
        left = [label for label, m in labels.items() if not takes_count(m) and label != match]
        chosen = f"Segmenters were set to {number}, or to the nearest number that they can produce."
        if left:
            chosen += f" The number of regions of {', '.join(left)} cannot be set; the default parameters were used."
    fills = ", ".join(map(fill_name, settings["fills"]))
    explained = (
        "each photograph's most probable class"
        if settings["target"] is None
        else f"“{settings['target']}”"
    )
    return (
        f"{chosen} Each explanation ({settings['method']}, of {explained}) had a budget of {settings['max_evaluations']} model calls; "
        f"if all coalitions of the regions are fewer, each was evaluated once. The metrics needed a few more calls, a curve at most "
        f"one for each region. Photographs with a side of more than {LONGEST_SIDE} pixels were reduced to that size. "
        f"Fill: {fills}. Classifier: {_classifier_name(specified)}. "
        f"Intervals: 95 %, bootstrap over photographs, seed {settings['seed']}."
    )


def _without_folder(text, image) -> str:
    """An error's text without the photograph's folder, because reports are shared and the folder may be private."""
    return text.replace(str(image), Path(image).name) if isinstance(image, (str, Path)) else text


def _classifier_name(specified) -> str:
    if isinstance(specified, Classifier):
        return specified.name
    return (
        Path(specified).name
        if isinstance(specified, str)
        else getattr(specified, "__name__", type(specified).__name__)
    )


def _name(image, index) -> str:
    return Path(image).name if isinstance(image, (str, os.PathLike)) else f"photograph {index + 1}"


def _checked_segmenters(segmenters) -> dict:
    if isinstance(segmenters, str) or callable(segmenters):
        segmenters = (segmenters,)
    if not isinstance(segmenters, Iterable):
        raise SegxaiValueError(
            f"segmenters must be names, or {{label: a method for segment}}; got {segmenters!r}."
        )
    if not isinstance(segmenters, Mapping):
        segmenters = {
            m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__): m
            for m in segmenters
        }
    if not segmenters:
        raise SegxaiValueError(f"No segmenter was given; choose some of {', '.join(KNOWN)}.")
    for method in segmenters.values():
        check_method(method)
    return {str(label): method for label, method in segmenters.items()}


def _checked_metrics(metrics, masks) -> tuple[str, ...]:
    if not isinstance(metrics, Iterable):
        raise SegxaiValueError(f"metrics must be names; got {metrics!r}.")
    metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    for name in metrics:
        if name not in METRICS:
            raise unknown_name("metric", name, METRICS)
        if METRICS[name].takes == "mask" and masks is None:
            raise SegxaiValueError(
                f"The metric {name!r} needs masks=, an (H, W) mask of the object for each image."
            )
    return tuple(name for name in dict.fromkeys(metrics) if name not in REPORTED)


def _checked_match(match, segmenters):
    if isinstance(match, str) and match not in segmenters:
        raise unknown_name("segmenter to match", match, segmenters)
    if not (match is None or isinstance(match, str)):
        return whole_number("match_regions, if not the label of a segmenter,", match, 1)
    return match


def _note(settings, specified, run) -> dict:
    """The settings as they are kept in the folder, to recognise other runs."""
    named = all(isinstance(method, str) for method in settings["segmenters"].values())
    kept = settings | {
        "segmenters": {
            label: m if isinstance(m, str) else "function"
            for label, m in settings["segmenters"].items()
        },
        "fills": [fingerprint(fill) for fill in settings["fills"]],
        "metrics": list(settings["metrics"]),
        "target": str(settings["target"]),
    }
    return kept | run_metadata(specified, run, named)


def _save(file, result) -> None:
    file.write(json.dumps({**asdict(result), "index": 0}, indent=1).encode())


def _load(file, index) -> Measured:
    return Measured(**{**json.load(file), "index": index})
