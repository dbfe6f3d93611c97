"""Compare segmenters on the same photographs, with the same classifier and budget, by metrics."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, one_of, whole_number
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
from ..segmentation.registry import segment, segment_into
from .comparison import Comparison, Measured
from .engine import Store, as_image_list, classifier_of, kept_name, specification
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
    if isinstance(match_regions, str):
        one_of("segmenter to match", match_regions, segmenters)
    elif match_regions is not None:
        match_regions = whole_number("match_regions", match_regions, 1)
    specified = specification(classifier)
    loaded = classifier_of(specified)
    check_target(loaded, target)
    (fill,) = distinct_fills([fill])
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    seed = whole_number("seed", seed)
    options = {"method": method, "fill": fill, "max_evaluations": max_evaluations, "seed": seed}
    settings = {"segmenters": segmenters, "metrics": metrics, "match": match_regions}
    store = None
    if folder is not None:
        known = {"target": str(target), "classifier": kept_name(specified)}
        store = Store(folder, settings | options | known, lambda kept: Measured(**kept), run)
    jobs = [
        (i, image, None if masks is None else read_mask(masks[i], f"Mask {i}"))
        for i, image in enumerate(images)
    ]
    work = partial(_measure, specified=specified, target=target, options=options, **settings)
    results, failures = run_jobs(
        work, jobs, store=store, client=client, progress=progress, what="comparing"
    )
    model = Path(specified).name if isinstance(specified, str) else loaded.name
    return Comparison(
        names=tuple(distinct_names([_name(image, i) for i, image in enumerate(images)])),
        results=results,
        unreadable=failures,
        segmenters=tuple(segmenters),
        metrics=metrics,
        how=_how(match_regions, options, target, model),
        seed=seed,
    )


def _measure(index, image, mask, *, specified, target, options, segmenters, metrics, match):
    """Measure all segmenters on one photograph, locally or on a worker."""
    try:
        if isinstance(image, Bands):
            raise SegxaiValueError(
                "compare() measures RGB photographs; this picture is segxai.Bands."
            )
        photograph = as_image(image)
        image, size = reduced(photograph, LONGEST_SIDE), photograph.shape[:2]
        if mask is not None:
            mask = resize_labels(fit(mask, size, "The mask"), image.shape[:2])
        classifier = classifier_of(specified)
        if target is None:  # determined once, so that all segmenters explain the same class
            target = int(np.argmax(classifier.predict(image)[0]))
        if isinstance(match, str):
            match = len(segment(image, segmenters[match]))
    except SegxaiError as error:
        why = str(error)
        if isinstance(image, (str, os.PathLike)):  # reports are shared, folders are private
            why = why.replace(str(as_path(image)), Path(image).name)
        return index, why
    found = Measured(index, output=classifier.output)
    for label, segmenter in segmenters.items():
        started = time.perf_counter()
        try:
            regions = segment_into(image, segmenter, match)
            explanation = explain(image, regions, classifier, target, progress=False, **options)
            taken = time.perf_counter() - started
            given = {name: (explanation, mask)[: 1 + METRICS[name].needs_mask] for name in metrics}
            found.values[label] = {
                name: float(METRICS[name].value(*given[name])) for name in metrics
            }
        except SegxaiError as error:
            found.failures[label] = str(error)
        else:
            found.seconds[label], table = taken, explanation.coalitions
            found.target, found.full, found.output = explanation.target, table.full, table.output
    return index, found


def _how(match, options, target, model) -> str:
    """Describe the settings of the comparison in sentences."""
    chosen = "Every segmenter used its default parameters."
    if match is not None:
        number = f"the number of “{match}” on each photograph" if isinstance(match, str) else match
        chosen = (
            f"Number of regions: {number}, or the nearest that a segmenter can produce; one whose "
            "number cannot be chosen used its default parameters."
        )
    explained = "each photograph's most probable class" if target is None else f"“{target}”"
    return (
        f"{chosen} Each explanation ({options['method']}, of {explained}) had a budget of "
        f"{options['max_evaluations']} model calls; if all coalitions of the regions are fewer, "
        "each was evaluated once. The metrics needed a few more calls, a curve at most one for "
        f"each region. Photographs with a side of more than {LONGEST_SIDE} pixels were reduced to "
        f"that size. Fill: {fill_name(options['fill'])}. Classifier: {model}. Intervals: 95 %, "
        f"bootstrap over photographs, seed {options['seed']}."
    )


def _name(image, index) -> str:
    return Path(image).name if isinstance(image, (str, os.PathLike)) else f"photograph {index + 1}"


def _checked_segmenters(segmenters) -> dict[str, str | Callable]:
    if isinstance(segmenters, str) or not isinstance(segmenters, Iterable):
        segmenters = (segmenters,)
    if not isinstance(segmenters, Mapping):
        segmenters = {
            m if isinstance(m, str) else getattr(m, "__name__", str(m)): m for m in segmenters
        }
    if not segmenters:
        raise SegxaiValueError(f"No segmenter was given; choose some of {', '.join(KNOWN)}.")
    for method in segmenters.values():
        check_segmenter(method)
    return {str(label): method for label, method in segmenters.items()}


def _checked_metrics(metrics, masks) -> tuple[str, ...]:
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        metrics = (metrics,)
    names = [name for name in dict.fromkeys(metrics) if name not in REPORTED]
    for name in names:
        one_of("metric", name, METRICS)
        if METRICS[name].needs_mask and masks is None:
            raise SegxaiValueError(
                f"The metric {name!r} needs masks=, an (H, W) mask of the object for each image."
            )
    return (*names, *REPORTED)
