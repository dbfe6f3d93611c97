"""Compare segmenters: the same photographs, the same classifier, the same budget, and metrics with intervals."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from ..classifiers.classifier import Classifier
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..explanation.coalitions import check_target
from ..explanation.explanation import METHODS, explain
from ..explanation.fills import FILLS
from ..images import as_array, as_image, reduced, resize_labels
from ..metrics import METRICS
from ..regions import distinct_names
from ..segmentation.registry import SEGMENTERS as KNOWN
from ..segmentation.registry import check_method, segment, segment_into, takes_count
from .comparison import Column, Comparison, Measured
from .engine import Store, as_image_list, classifier_of, fingerprint, run_metadata, specification
from .engine import run as run_jobs

SEGMENTERS = ("deep", "slic", "felzenszwalb", "quickshift", "grid")
MEASURED = ("insertion", "deletion", "fidelity", "loo_r2", "preservation", "target_deletion", "compactness")
# Larger photographs are compared as a copy: no classifier here looks at more, and the segmenters whose settings are in pixels meet
# one scale, in bounded memory.
LONGEST_SIDE = 768
REPORTED = ("regions", "calls")  # of every comparison, whatever is measured


def compare(
    images,
    segmenters=SEGMENTERS,
    metrics: Sequence[str] = MEASURED,
    *,
    classifier=None,
    target=None,
    masks=None,
    method: str = "lime",
    fill="blur",
    max_evaluations: int = 512,
    match_regions=None,
    seed: int = 0,
    folder=None,
    run=None,
    client=None,
    progress=None,
) -> Comparison:
    """Explain many photographs with each of several segmenters, and measure the explanations.

    images: arrays or paths, or a folder. segmenters: names, or a mapping {label: a method for `segment`}.
    metrics: names from `segxai.metrics.METRICS`; the numbers of regions and of model calls are always reported.
    masks: an (H, W) mask of the object for each image, for the metrics that need one (energy, pointing, best_iou, covers_plant).
    target: the class; each photograph's most probable one when None, the same for all segmenters.
    fill: what explanations are made and measured with; of several, the first, and the curves are drawn under all of them. It should be
    one that is the same picture for every segmenter; "mean" is not, for small regions of their mean colour still show the object.
    max_evaluations: each explanation's budget of model calls, the same for all; few regions may need less than it allows.
    match_regions: a number, or the label of a segmenter whose number on that photograph the others shall match, where their number can
    be chosen; None leaves every segmenter its own defaults. folder: finished photographs are kept there; run: a name that distinguishes
    this run from others in it, needed where segmenters or the classifier are functions. client: a `dask.distributed.Client`.
    Photographs of more than 768 pixels a side are compared as a copy of that size.
    The result is the same, bit for bit, for the same seed on the same machine, but for the seconds.
    A photograph that cannot be read and a segmenter that fails are listed in `failures`, and stop nothing.
    """
    images = as_image_list(images, "compare")
    segmenters = _checked_segmenters(segmenters)
    metrics = _checked_metrics(metrics, masks)
    fills = tuple(fill) if isinstance(fill, (tuple, list)) and fill and all(isinstance(f, str) for f in fill) else (fill,)
    for name in fills:
        if isinstance(name, str) and name not in (*FILLS, "gray"):
            raise unknown_name("fill", name, FILLS)
    match_regions = _checked_match(match_regions, segmenters)
    # What would fail for every photograph alike is refused before the first.
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    seed, max_evaluations = whole_number("seed", seed), whole_number("max_evaluations", max_evaluations, 2)
    if masks is not None and len(masks) != len(images):
        raise SegxaiValueError(f"{len(masks)} masks came with {len(images)} images; one for each is needed.")
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    settings = {
        "segmenters": segmenters, "metrics": metrics, "method": method, "fills": fills, "target": target,
        "max_evaluations": max_evaluations, "match": match_regions, "seed": seed,
    }  # fmt: skip
    store = None
    if folder is not None:
        store = Store(folder, _note(settings, specified, run), _save, _load, ".json")
    jobs = [(i, image, None if masks is None else as_array(masks[i], f"Mask {i}")) for i, image in enumerate(images)]
    work = partial(_measure, specified=specified, settings=settings)
    results, failures = run_jobs(work, jobs, store=store, client=client, progress=progress, what="comparing")
    return Comparison(
        names=tuple(distinct_names([_name(image, i) for i, image in enumerate(images)])),
        results=tuple(results.values()),
        unreadable=tuple(failures.items()),
        segmenters=tuple(segmenters),
        columns=_columns((*metrics, *REPORTED), fills),
        how=_how(settings, specified),
        seed=seed,
    )


def _measure(index, image, mask, *, specified, settings):
    """One photograph, all segmenters; runs here or on a worker."""
    try:
        image, mask = _reduced(as_image(image), mask)
        classifier = classifier_of(specified)
        target = settings["target"]
        if target is None:  # once, so that all segmenters explain the same class
            target = int(np.argmax(classifier.predict(image)[0]))
        wanted = _wanted(image, settings)
    except SegxaiError as error:
        return index, _without_folder(str(error), image)
    values, failures, seconds = {}, {}, {}
    target_name, full = "", float("nan")
    for label, segmenter in settings["segmenters"].items():
        started = time.perf_counter()
        try:
            regions = segment_into(image, segmenter, wanted)
            explanation = explain(
                image, regions, classifier, target, method=settings["method"], fill=settings["fills"][0],
                max_evaluations=settings["max_evaluations"], seed=settings["seed"], progress=False,
            )  # fmt: skip
            taken = time.perf_counter() - started
            values[label] = _values(explanation, mask, settings["metrics"], settings["fills"])
            seconds[label] = taken
            target_name, full = explanation.target, explanation.coalitions.full
        except SegxaiError as error:
            failures[label] = str(error)
    return index, Measured(index, target_name, full, values, failures, seconds)


def _reduced(image, mask):
    """The photograph, with its mask, as a copy of at most LONGEST_SIDE."""
    copy = reduced(image, LONGEST_SIDE)
    fits = mask is not None and mask.shape == image.shape[:2]
    return copy, resize_labels(mask, copy.shape[:2]) if fits else mask


def _values(explanation, mask, metrics, fills) -> dict[str, float]:
    values = {}
    for name in (*metrics, *REPORTED):
        metric = METRICS[name]
        values[name] = float(metric.value(explanation, mask) if metric.needs_mask else metric.value(explanation))
        for fill in fills[1:] if metric.under_fill else ():
            values[_label(name, fill)] = float(metric.under_fill(explanation, fill))
    return values


def _columns(metrics, fills) -> tuple[Column, ...]:
    """The metrics, and behind each that can be measured under another fill the same under the other fills."""
    columns = []
    for name in metrics:
        metric = METRICS[name]
        columns.append(Column(name, metric.better, metric.about))
        for fill in fills[1:] if metric.under_fill else ():
            columns.append(Column(_label(name, fill), metric.better, f"{metric.about}, fill {fill}"))
    return tuple(columns)


def _label(metric, fill) -> str:
    return f"{metric}, {fill}"


def _wanted(image, settings) -> int | None:
    match = settings["match"]
    return len(segment(image, settings["segmenters"][match])) if isinstance(match, str) else match


def _how(settings, specified) -> str:
    """How the regions and the budget were chosen, in words."""
    match, labels = settings["match"], settings["segmenters"]
    if match is None:
        chosen = "Every segmenter chose its number of regions by its own defaults."
    else:
        many = f"as many regions as “{match}” has on that photograph" if isinstance(match, str) else f"{match} regions"
        left = [label for label, m in labels.items() if not takes_count(m) and label != match]
        chosen = f"Segmenters were set to give {many}; the nearest number that they offer was taken."
        if left:
            chosen += f" The number of regions of {', '.join(left)} cannot be chosen; the defaults were used."
    fills = ", ".join(fill if isinstance(fill, str) else "given" for fill in settings["fills"])
    explained = "each photograph's most probable class" if settings["target"] is None else f"“{settings['target']}”"
    return (
        f"{chosen} Each explanation ({settings['method']}, of {explained}) had the same budget of {settings['max_evaluations']} model calls; "
        f"with few regions every coalition was evaluated and the budget was not used up. Measuring took a few more: a curve at most "
        f"one for each region. Photographs with a side of more than {LONGEST_SIDE} pixels were compared as a copy of that size. Fill: {fills}. Classifier: {_classifier_name(specified)}. "
        f"Intervals: 95 %, bootstrap over photographs, seed {settings['seed']}."
    )


def _without_folder(text, image) -> str:
    """An error's text with the photograph's name only: reports are passed on, and folders are nobody else's business."""
    return text.replace(str(image), Path(image).name) if isinstance(image, (str, Path)) else text


def _classifier_name(specified) -> str:
    if isinstance(specified, Classifier):
        return specified.name
    return Path(specified).name if isinstance(specified, str) else getattr(specified, "__name__", type(specified).__name__)


def _name(image, index) -> str:
    return Path(image).name if isinstance(image, (str, os.PathLike)) else f"photograph {index + 1}"


def _checked_segmenters(segmenters) -> dict:
    if isinstance(segmenters, str) or callable(segmenters):
        segmenters = (segmenters,)
    if not isinstance(segmenters, Iterable):
        raise SegxaiValueError(f"segmenters are names, or {{label: a method for segment}}; got {segmenters!r}.")
    if not isinstance(segmenters, Mapping):
        segmenters = {m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__): m for m in segmenters}
    if not segmenters:
        raise SegxaiValueError(f"No segmenter was given; choose some of {', '.join(KNOWN)}.")
    for method in segmenters.values():
        check_method(method)
    return {str(label): method for label, method in segmenters.items()}


def _checked_metrics(metrics, masks) -> tuple[str, ...]:
    if not isinstance(metrics, Iterable):
        raise SegxaiValueError(f"metrics are names; got {metrics!r}.")
    metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    for name in metrics:
        if name not in METRICS:
            raise unknown_name("metric", name, METRICS)
        if METRICS[name].needs_mask and masks is None:
            raise SegxaiValueError(f"The metric {name!r} needs masks=, for each image an (H, W) mask of the object.")
    return tuple(name for name in dict.fromkeys(metrics) if name not in REPORTED)


def _checked_match(match, segmenters):
    if isinstance(match, str) and match not in segmenters:
        raise unknown_name("segmenter to match", match, segmenters)
    if not (match is None or isinstance(match, str)):
        return whole_number("match_regions, where it names no segmenter,", match, 1)
    return match


def _note(settings, specified, run) -> dict:
    """The settings as they are kept in the folder, to recognise another run."""
    named = all(isinstance(method, str) for method in settings["segmenters"].values())
    kept = settings | {
        "segmenters": {label: m if isinstance(m, str) else "function" for label, m in settings["segmenters"].items()},
        "fills": [fingerprint(fill) for fill in settings["fills"]],
        "metrics": list(settings["metrics"]),
        "target": str(settings["target"]),
    }
    return kept | run_metadata(specified, run, named)


def _save(file, result) -> None:
    file.write(json.dumps({**asdict(result), "index": 0}, indent=1).encode())


def _load(file, index) -> Measured:
    return Measured(**{**json.load(file), "index": index})
