"""Compare segmenters on the same photographs, with the same classifier and budget, by metrics."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier, Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..explanation.explain import explain
from ..explanation.fills import Fill, distinct_fills, fill_name
from ..explanation.game import check_target
from ..explanation.methods import check_method
from ..files import as_path
from ..images import Bands, ImageLike, as_image, reduced, resize_labels
from ..masks import fit, read_mask
from ..metrics import METRICS
from ..names import distinct_names
from ..progress import Progress
from ..segmentation.registry import SEGMENTERS as KNOWN
from ..segmentation.registry import check_method as check_segmenter
from ..segmentation.registry import segment, segment_into, takes_count
from .comparison import Comparison, Measured
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
# Larger photographs are reduced: the built-in classifiers' inputs are smaller, parameters given in
# pixels then mean the same on all photographs, and memory stays bounded.
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
    fill: Fill = "blur",
    max_evaluations: int = 512,
    match_regions: int | str | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    run: str | None = None,
    client: Any = None,
    progress: Progress = None,
) -> Comparison:
    """Explain many photographs with each of several segmenters, and measure the explanations.

    Photographs with a side of more than 768 pixels are reduced to that size. For the same seed on
    the same machine, everything except the seconds is reproduced exactly.

    Parameters
    ----------
    images : sequence of arrays or paths, or a folder
    segmenters : str, callable, sequence of them, or dict
        Names, or a mapping {label: a method for `segment`}.
    metrics : str or sequence of str
        Names from `segxai.metrics.METRICS`; the number of regions and of model calls are always
        reported.
    classifier : optional
        As for `explain`; on a cluster a name, a path, or an object that can be pickled.
    target : optional
        The class, the same for all segmenters; by default each photograph's most probable class.
    masks : sequence of (H, W) arrays of bool, optional
        Of the object in each image, for the metrics that need one (energy, covers_plant).
    method : str
        Of `explain`.
    fill : str, colour, array or path
        Of the explanations and metrics. Choose one that does not depend on the segmenter: with
        "mean", an object remains visible in small regions.
    max_evaluations : int
        The budget of model calls for each explanation. With few regions, the complete table may
        need less.
    match_regions : int or str, optional
        A number of regions for all segmenters, or the label of the segmenter whose number on each
        photograph the others match, as far as their number can be chosen; by default each segmenter
        uses its own defaults.
    seed : int
        Of the coalitions, and of the bootstrap.
    folder : path, optional
        Where the results of finished photographs are kept, so that an interrupted run can be
        resumed.
    run : str, optional
        A name that distinguishes this run from others in the folder, needed if a segmenter or the
        classifier is a function or a model.
    client : dask.distributed.Client, optional
        A cluster to run on.
    progress : optional
        See `segxai.progress.track`.

    Returns
    -------
    comparison : Comparison
        Unreadable photographs and failed segmenters are listed in `failures`; the others are
        measured all the same.

    Raises
    ------
    SegxaiError
        For invalid arguments.
    """
    images = as_image_list(images, "compare")
    segmenters = _checked_segmenters(segmenters)
    metrics = _checked_metrics(metrics, masks)
    # Errors that would occur on every photograph are raised before the first.
    check_method(method)
    if masks is not None and len(masks) != len(images):
        raise SegxaiValueError(
            f"{len(masks)} masks were given for {len(images)} images; each image needs one."
        )
    specified = specification(classifier)
    check_target(classifier_of(specified), target)
    settings = {
        "segmenters": segmenters,
        "metrics": metrics,
        "method": method,
        "fill": distinct_fills([fill])[0],
        "target": target,
        "max_evaluations": whole_number("max_evaluations", max_evaluations, 2),
        "match": _checked_match(match_regions, segmenters),
        "seed": whole_number("seed", seed),
    }
    store = None
    if folder is not None:
        note = _note(settings, specified, run)
        store = Store(folder, note, lambda kept: Measured(**kept))
    jobs = [
        (i, image, None if masks is None else read_mask(masks[i], f"Mask {i}"))
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
        metrics=metrics,
        how=_how(settings, specified),
        seed=settings["seed"],
    )


def _measure(index, image, mask, *, specified, settings):
    """Measure all segmenters on one photograph, locally or on a worker."""
    try:
        if isinstance(image, Bands):
            raise SegxaiValueError(
                "compare() measures RGB photographs; this picture is segxai.Bands."
            )
        image, mask = _reduced(as_image(image), mask)
        classifier, target = classifier_of(specified), settings["target"]
        if target is None:  # determined once, so that all segmenters explain the same class
            target = int(np.argmax(classifier.predict(image)[0]))
        wanted = settings["match"]
        if isinstance(wanted, str):
            wanted = len(segment(image, settings["segmenters"][wanted]))
    except SegxaiError as error:
        return index, _without_folder(str(error), image)
    found = Measured(index, "", float("nan"), {}, {}, {}, classifier.output)
    for label, segmenter in settings["segmenters"].items():
        started = time.perf_counter()
        try:
            regions = segment_into(image, segmenter, wanted)
            explanation = explain(
                image,
                regions,
                classifier,
                target,
                progress=False,
                **{name: settings[name] for name in ("method", "fill", "max_evaluations", "seed")},
            )
            taken = time.perf_counter() - started
            found.values[label] = {
                name: float(_value(METRICS[name], explanation, mask))
                for name in settings["metrics"]
            }
        except SegxaiError as error:
            found.failures[label] = str(error)
        else:
            found.seconds[label] = taken
            table = explanation.coalitions
            found = replace(found, target=explanation.target, full=table.full, output=table.output)
    return index, found


def _value(metric, explanation, mask):
    return metric.value(explanation, mask) if metric.needs_mask else metric.value(explanation)


def _reduced(image, mask):
    """Reduce a photograph and its mask to at most LONGEST_SIDE."""
    copy = reduced(image, LONGEST_SIDE)
    if mask is not None:
        mask = resize_labels(fit(mask, image.shape[:2], "The mask"), copy.shape[:2])
    return copy, mask


def _how(settings, specified) -> str:
    """Describe the settings of the comparison in sentences."""
    match, labels, target = settings["match"], settings["segmenters"], settings["target"]
    chosen = "Every segmenter used its default parameters."
    if match is not None:
        number = f"{match} regions"
        if isinstance(match, str):
            number = f"the number of regions of “{match}” on each photograph"
        chosen = f"Segmenters were set to {number}, or to the nearest number that they can produce."
        left = [label for label, m in labels.items() if not takes_count(m) and label != match]
        if left:
            chosen += (
                f" The number of regions of {', '.join(left)} cannot be set; "
                "the default parameters were used."
            )
    explained = "each photograph's most probable class" if target is None else f"“{target}”"
    return (
        f"{chosen} Each explanation ({settings['method']}, of {explained}) had a budget of "
        f"{settings['max_evaluations']} model calls; if all coalitions of the regions are fewer, "
        "each was evaluated once. The metrics needed a few more calls, a curve at most one for "
        f"each region. Photographs with a side of more than {LONGEST_SIDE} pixels were reduced to "
        f"that size. Fill: {fill_name(settings['fill'])}. Classifier: "
        f"{_classifier_name(specified)}. Intervals: 95 %, bootstrap over photographs, seed "
        f"{settings['seed']}."
    )


def _without_folder(text, image) -> str:
    """Leave the folder out of an error's text: reports are shared, folders are private."""
    return (
        text.replace(str(as_path(image)), Path(image).name)
        if isinstance(image, (str, os.PathLike))
        else text
    )


def _classifier_name(specified) -> str:
    if isinstance(specified, Classifier):
        return specified.name
    if isinstance(specified, str):
        return Path(specified).name
    return getattr(specified, "__name__", type(specified).__name__)


def _name(image, index) -> str:
    return Path(image).name if isinstance(image, (str, os.PathLike)) else f"photograph {index + 1}"


def _checked_segmenters(segmenters) -> dict:
    if isinstance(segmenters, str) or not isinstance(segmenters, Iterable):
        segmenters = (segmenters,)
    if not isinstance(segmenters, Mapping):
        segmenters = {
            m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__): m
            for m in segmenters
        }
    if not segmenters:
        raise SegxaiValueError(f"No segmenter was given; choose some of {', '.join(KNOWN)}.")
    for method in segmenters.values():
        check_segmenter(method)
    return {str(label): method for label, method in segmenters.items()}


def _checked_metrics(metrics, masks) -> tuple[str, ...]:
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        metrics = (metrics,)
    names = dict.fromkeys((*metrics, *REPORTED))
    for name in names:
        if name not in METRICS:
            raise unknown_name("metric", name, METRICS)
        if METRICS[name].needs_mask and masks is None:
            raise SegxaiValueError(
                f"The metric {name!r} needs masks=, an (H, W) mask of the object for each image."
            )
    return tuple(name for name in names if name not in REPORTED) + REPORTED


def _checked_match(match, segmenters):
    if isinstance(match, str) and match not in segmenters:
        raise unknown_name("segmenter to match", match, segmenters)
    if match is None or isinstance(match, str):
        return match
    return whole_number("match_regions, if not the label of a segmenter,", match, 1)


def _note(settings, specified, run) -> dict:
    """Describe the settings as they are kept in the folder, to recognise other runs."""
    methods = settings["segmenters"]
    named = {label: m if isinstance(m, str) else "function" for label, m in methods.items()}
    kept = {"fill": fingerprint(settings["fill"]), "target": str(settings["target"])}
    metadata = run_metadata(specified, run, named == methods)
    return settings | {"segmenters": named} | kept | metadata
