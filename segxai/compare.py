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

from .classify import Classifier
from .comparison import Comparison, Measured
from .engine import Store, check_target, classifier_of, listed, noted, specification, told
from .engine import run as run_jobs
from .errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from .explain import METHODS, explain
from .fills import FILLS
from .images import as_array, as_image, resize, resize_labels
from .metrics import METRICS
from .metrics.curves import deletion, insertion
from .regions import distinct_names
from .segment import segment
from .segment import segmenters as known_segmenters

SEGMENTERS = ("deep", "slic", "felzenszwalb", "quickshift", "grid")
MEASURED = ("insertion", "deletion", "fidelity", "held_out", "preservation", "deletion_check", "compactness")
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
    metrics: names from `segxai.metrics.METRICS`; the numbers of regions and of model calls are always told.
    masks: an (H, W) mask of the object for each image, for the metrics that need one (energy, pointing, best_iou, covers_plant).
    target: the class; each photograph's most probable one when None, the same for all segmenters.
    fill: what explanations are made and measured with; of several, the first, and the curves are drawn under all of them. It should be
    one that is the same picture for every segmenter; "mean" is not, for small regions of their mean colour still show the object.
    max_evaluations: each explanation's budget of model calls, the same for all; few regions may need less than it allows.
    match_regions: a number, or the label of a segmenter whose number on that photograph the others are asked for, where they have a way to
    be asked; None leaves every segmenter its own defaults. folder: finished photographs are kept there; run: what tells this
    run from others in it, needed where segmenters or the classifier are functions. client: a `dask.distributed.Client`.
    Photographs of more than 768 pixels a side are compared as a copy of that size.
    The result is the same, bit for bit, for the same seed on the same machine, but for the seconds.
    A photograph that cannot be read and a segmenter that fails are told in `failures`, and stop nothing.
    """
    images = listed(images, "compare")
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
    check_target(specified, target)
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
        metrics=(*_columns(metrics, fills), *REPORTED),
        how=_how(settings, specified),
        seed=seed,
    )


def _measure(index, image, mask, *, specified, settings):
    """One photograph, all segmenters; runs here or on a worker."""
    try:
        image, mask = _reduced(as_image(image), mask)
        classifier = classifier_of(specified)
        target = settings["target"]
        if target is None:  # asked once, so that all segmenters explain the same class
            target = int(np.argmax(classifier.predict(image)[0]))
        wanted = _wanted(image, settings)
    except SegxaiError as error:
        return index, _without_folder(str(error), image)
    values, failures, seconds = {}, {}, {}
    told_target, full = "", float("nan")
    for label, segmenter in settings["segmenters"].items():
        started = time.perf_counter()
        try:
            regions = _segment(image, segmenter, wanted)
            explanation = explain(
                image, regions, classifier, target, method=settings["method"], fill=settings["fills"][0],
                max_evaluations=settings["max_evaluations"], seed=settings["seed"], progress=False,
            )  # fmt: skip
            taken = time.perf_counter() - started
            values[label] = _values(explanation, mask, settings["metrics"], settings["fills"])
            seconds[label] = taken
            told_target, full = explanation.target, explanation.coalitions.full
        except SegxaiError as error:
            failures[label] = str(error)
    return index, Measured(index, told_target, full, values, failures, seconds)


def _reduced(image, mask):
    """The photograph, with its mask, as a copy of at most LONGEST_SIDE."""
    longest = max(image.shape[:2])
    if longest <= LONGEST_SIDE:
        return image, mask
    size = tuple(max(1, round(side * LONGEST_SIDE / longest)) for side in image.shape[:2])
    mask = mask if mask is None or mask.shape != image.shape[:2] else resize_labels(mask, size)
    return np.rint(resize(image, size)).astype(np.uint8), mask


def _values(explanation, mask, metrics, fills) -> dict[str, float]:
    values = {}
    for name in (*metrics, *REPORTED):
        metric = METRICS[name]
        values[name] = float(metric.value(explanation, mask) if metric.needs_mask else metric.value(explanation))
    for name, curve in (("insertion", insertion), ("deletion", deletion)):
        for fill in fills[1:] if name in metrics else ():
            values[f"{name}, {fill}"] = curve(explanation, fill).area
    return values


# How a segmenter is asked for n regions on an image of this shape: parameters to try, the nearest count is taken.
_KNOBS = {
    "deep": lambda n, shape: [{"n_regions": min(n, 48)}],
    "slic": lambda n, shape: [{"n_segments": m} for m in _upwards(n)],
    "watershed": lambda n, shape: [{"markers": m} for m in range(max(1, n - 3), n + 3)],
    "felzenszwalb": lambda n, shape: [{"min_size": s} for s in (500, 1000, 2000, 4000, 8000, 16000, 32000)],
    "grid": lambda n, shape: [_rows_and_columns(n, shape)],
}


def _upwards(number):
    """Wishes to try, the nearest first: slic lays its seeds on a grid, and gives fewer regions than asked for, seldom more."""
    return sorted(
        {round(factor * number) for factor in np.linspace(1, 3, 17)} | {max(1, number - 1)}, key=lambda m: abs(m - number)
    )


def _rows_and_columns(number, shape):
    rows = max(1, round(np.sqrt(number * shape[0] / shape[1])))
    return {"rows": rows, "columns": max(1, round(number / rows))}


def _segment(image, segmenter, wanted):
    if wanted is None or not isinstance(segmenter, str) or segmenter not in _KNOBS:
        return segment(image, segmenter)
    nearest = None
    for params in _KNOBS[segmenter](wanted, image.shape):
        regions = segment(image, segmenter, **params)
        if nearest is None or abs(len(regions) - wanted) < abs(len(nearest) - wanted):
            nearest = regions
        if len(nearest) == wanted:
            break
    return nearest


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
        left = [label for label, m in labels.items() if not (isinstance(m, str) and m in _KNOBS) and label != match]
        chosen = f"Segmenters were asked for {many}; the nearest that they offer was taken."
        if left:
            chosen += f" {', '.join(left)} cannot be asked for a number, and gave what they give by themselves."
    fills = ", ".join(fill if isinstance(fill, str) else "given" for fill in settings["fills"])
    asked = "each photograph's most probable class" if settings["target"] is None else f"“{settings['target']}”"
    return (
        f"{chosen} Each explanation ({settings['method']}, of {asked}) had the same budget of {settings['max_evaluations']} model calls; "
        f"with few regions every coalition was asked about and the budget was not used up. Measuring asked a few more: a curve at most "
        f"one for each region. Photographs with a side of more than {LONGEST_SIDE} pixels were compared as a copy of that size. Fill: {fills}. Classifier: {_told(specified)}. "
        f"Intervals: 95 %, bootstrap over photographs, seed {settings['seed']}."
    )


def _without_folder(text, image) -> str:
    """An error's text with the photograph's name only: reports are passed on, and folders are nobody else's business."""
    return text.replace(str(image), Path(image).name) if isinstance(image, (str, Path)) else text


def _told(specified) -> str:
    if isinstance(specified, Classifier):
        return specified.name
    return Path(specified).name if isinstance(specified, str) else getattr(specified, "__name__", type(specified).__name__)


def _columns(metrics, fills) -> tuple[str, ...]:
    """The metrics, and behind each curve the same under the other fills."""
    return tuple(
        column
        for name in metrics
        for column in (name, *(f"{name}, {fill}" for fill in fills[1:] if name in ("insertion", "deletion")))
    )


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
        raise SegxaiValueError(f"No segmenter was given; choose some of {', '.join(known_segmenters())}.")
    for method in segmenters.values():
        for name in method.split("+") if isinstance(method, str) else ():
            if name.strip() not in known_segmenters():
                raise unknown_name("segmenter", name, known_segmenters())
        if not isinstance(method, str) and not callable(method):
            raise SegxaiValueError(f"A segmenter is a name, or a function of an image; got {type(method).__name__}.")
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
    """The settings as they are kept in the folder, to tell another run."""
    named = all(isinstance(method, str) for method in settings["segmenters"].values())
    kept = settings | {
        "segmenters": {label: m if isinstance(m, str) else "function" for label, m in settings["segmenters"].items()},
        "fills": [told(fill) for fill in settings["fills"]],
        "metrics": list(settings["metrics"]),
        "target": str(settings["target"]),
    }
    return kept | noted(specified, run, named)


def _save(file, result) -> None:
    file.write(json.dumps({**asdict(result), "index": 0}, indent=1).encode())


def _load(file, index) -> Measured:
    return Measured(**{**json.load(file), "index": index})
