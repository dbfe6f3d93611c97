"""Compare segmenters on the same photographs, with the same classifier and budget, by metrics.

The result has tables with bootstrap intervals and paired differences.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Target
from ..classifiers.load import ClassifierLike
from ..errors import SegxaiError, SegxaiValueError, listed, one_of, quoted, whole_number
from ..explanation.explain import explain
from ..explanation.fills import Fill, fill_name
from ..images import Bands, ImageLike, as_image, reduced, resize_labels
from ..masks import fit, read_mask
from ..metrics import METRICS
from ..names import distinct_names
from ..plots.numbers import ARROWS, format_interval
from ..progress import Progress
from ..segmentation import registry
from .engine import as_image_list, checked_options, run_all

SEGMENTERS = ("deep", "slic", "felzenszwalb", "quickshift", "grid")
MEASURED = ("insertion", "deletion", "fidelity", "loo_r2", "compactness")
# Larger photographs are reduced: the built-in classifiers' inputs are smaller, parameters given in
# pixels then mean the same on all photographs, and memory stays bounded.
LONGEST_SIDE = 768
REPORTED = ("regions", "calls")  # in every comparison, in addition to the chosen metrics
RESAMPLES = 2000  # of the bootstrap


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
    options = checked_options(method, fill, max_evaluations, seed)
    if masks is not None and len(masks := listed(masks, "The masks")) != len(images):
        raise SegxaiValueError(
            f"{len(masks)} masks were given for {len(images)} images; each image needs one."
        )
    if isinstance(match_regions, str):
        one_of("segmenter to match", match_regions, segmenters)
    elif match_regions is not None:
        match_regions = whole_number("match_regions", match_regions, 1)
    given = (
        [None] * len(images)
        if masks is None
        else [read_mask(mask, f"Mask {i}") for i, mask in enumerate(masks)]
    )
    results, failures, loaded = run_all(
        _measure, images, given,
        {
            "segmenters": segmenters, "metrics": metrics, "match": match_regions,
            "options": options,
        },
        lambda kept: Measured(**kept),
        classifier=classifier, target=target,
        folder=folder, run=run, client=client, progress=progress, what="comparing",
    )  # fmt: skip
    model = Path(classifier).name if isinstance(classifier, (str, os.PathLike)) else loaded.name
    names = [
        Path(image).name if isinstance(image, (str, os.PathLike)) else f"photograph {i}"
        for i, image in enumerate(images, start=1)
    ]
    return Comparison(
        names=tuple(distinct_names(names)),
        results=results,
        unreadable=failures,
        segmenters=tuple(segmenters),
        metrics=metrics,
        how=_how(match_regions, options, target, model),
        seed=options["seed"],
        output=loaded.output,
    )


def _measure(
    index, image, mask, classifier, target, *, segmenters, metrics, match, options
) -> Measured:
    """Measure all segmenters on one photograph."""
    if isinstance(image, Bands):
        raise SegxaiValueError("compare() measures RGB photographs; this picture is segxai.Bands.")
    photograph = as_image(image)
    image = reduced(photograph, LONGEST_SIDE)
    if mask is not None:
        mask = resize_labels(fit(mask, photograph.shape[:2], "The mask"), image.shape[:2])
    if target is None:  # determined once, so that all segmenters explain the same class
        target = int(np.argmax(classifier.predict(image)[0]))
    if isinstance(match, str):
        match = len(registry.segment(image, segmenters[match]))
    found = Measured(index)
    for label, segmenter in segmenters.items():
        started = time.perf_counter()
        try:
            regions = registry.segment_into(image, segmenter, match)
            explanation = explain(image, regions, classifier, target, progress=False, **options)
            values = {"seconds": time.perf_counter() - started}
            for name in metrics:
                given = (explanation, mask) if METRICS[name].needs_mask else (explanation,)
                values[name] = float(METRICS[name].value(*given))
        except SegxaiError as error:
            found.failures[label] = str(error)
        else:
            found.values[label] = values
            found.target, found.full = explanation.target, explanation.coalitions.full
    return found


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


def _several(given) -> list:
    """Return what may be one or several as several."""
    single = isinstance(given, str) or not isinstance(given, Iterable)
    return [given] if single else listed(given, "Segmenters and metrics")


def _checked_segmenters(segmenters) -> dict[str, str | Callable]:
    if not isinstance(segmenters, Mapping):
        segmenters = {
            m if isinstance(m, str) else getattr(m, "__name__", quoted(m)): m
            for m in _several(segmenters)
        }
    if not segmenters:
        raise SegxaiValueError(
            f"No segmenter was given; choose some of {', '.join(registry.SEGMENTERS)}."
        )
    for method in segmenters.values():
        registry.check_method(method)
    return {str(label): method for label, method in segmenters.items()}


def _checked_metrics(metrics, masks) -> tuple[str, ...]:
    names = [name for name in dict.fromkeys(_several(metrics)) if name not in REPORTED]
    for name in names:
        one_of("metric", name, METRICS)
        if METRICS[name].needs_mask and masks is None:
            raise SegxaiValueError(
                f"The metric {name!r} needs masks=, an (H, W) mask of the object for each image."
            )
    return (*names, *REPORTED)


@dataclass
class Measured:
    """The results for one photograph.

    Attributes
    ----------
    index : int
        Its number.
    target, full : str, float
        The class explained, and its value.
    values : dict
        {segmenter: {metric: value}}; the metric "seconds" is the time of one explanation.
    failures : dict
        {segmenter: reason}.
    """

    index: int
    target: str = ""
    full: float = float("nan")
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Metrics of several segmenters on many photographs.

    Attributes
    ----------
    names : tuple of str
        Of all photographs.
    results : tuple of Measured
        For those that could be read.
    unreadable : tuple of (int, str)
        (index, reason) for the others.
    segmenters, metrics : tuple of str
        The labels of the segmenters, and names of `segxai.metrics.METRICS`.
    how : str
        The settings as sentences.
    seed : int
        Of the bootstrap.
    output : str
        What the classifier's values are, see `Classifier`.
    """

    names: tuple[str, ...]
    results: tuple[Measured, ...]
    unreadable: tuple[tuple[int, str], ...]
    segmenters: tuple[str, ...]
    metrics: tuple[str, ...]
    how: str
    seed: int = 0
    output: str = "probability"

    @property
    def about(self) -> dict[str, str]:
        """{metric: a line that describes it}."""
        return {metric: METRICS[metric].about for metric in self.metrics}

    @property
    def titles(self) -> dict[str, str]:
        """{metric: its name for display, with an arrow in its better direction}."""
        return {
            metric: f"{metric.replace('_', ' ')} {ARROWS[METRICS[metric].better]}".strip()
            for metric in self.metrics
        }

    def __repr__(self):
        """Write the table as text, one line for each metric."""
        lines = [["", *self.segmenters], *self.cells(self.table())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def cells(self, summaries: Iterable[dict]) -> list[list[str]]:
        """Format rows of `table` or `differences` as text.

        Parameters
        ----------
        summaries : iterable of dict
            The rows: those of one metric follow each other.

        Returns
        -------
        cells : list of list of str
            One line for each metric, which starts with its title, with a count where photographs
            are missing.
        """
        lines: dict[str, list[str]] = {}
        for row in summaries:
            missing = f" (n {row['n']})" if row["n"] < len(self.results) else ""
            text = f"{format_interval(row)}{missing} {row.get('verdict', '')}".strip()
            lines.setdefault(row["metric"], [self.titles[row["metric"]]]).append(text)
        return list(lines.values())

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(photograph, segmenter, reason) where nothing was measured; "" for all segmenters."""
        return [
            *((self.names[index], "", why) for index, why in self.unreadable),
            *(
                (self.names[r.index], segmenter, why)
                for r in self.results
                for segmenter, why in r.failures.items()
            ),
        ]

    @property
    def seconds(self) -> dict[str, float]:
        """{segmenter: mean seconds of one explanation, with segmentation}; not reproducible."""
        columns = {s: self.column(s, "seconds") for s in self.segmenters}
        return {s: float(np.nanmean(c)) for s, c in columns.items() if np.isfinite(c).any()}

    def table(self) -> list[dict]:
        """Average each metric of each segmenter over the photographs.

        The intervals are 95 % percentile bootstrap intervals over photographs. They are too narrow
        for fewer than about ten photographs, and for copies, crops or mirror images of the same
        photograph, which are not independent.

        Returns
        -------
        rows : list of dict
            {"segmenter", "metric", "better", "mean", "low", "high", "n"}; low and high are None for
            a single photograph.

        References
        ----------
        Efron 1979, "Bootstrap Methods: Another Look at the Jackknife".
        """
        return [
            {"segmenter": segmenter, "metric": metric, "better": METRICS[metric].better}
            | self._summary(self.column(segmenter, metric))
            for metric in self.metrics
            for segmenter in self.segmenters
        ]

    def differences(self, reference: str | None = None) -> list[dict]:
        """Compute paired differences of each segmenter from one of them.

        One in twenty such intervals excludes 0 by chance, so a large table contains a few spurious
        verdicts.

        Parameters
        ----------
        reference : str, optional
            By default the first segmenter.

        Returns
        -------
        rows : list of dict
            The keys of `table`, "reference", and "verdict": "better" or "worse" if the interval
            excludes 0, otherwise "open"; "" for a metric without a better direction.

        Raises
        ------
        SegxaiValueError
            For an unknown reference.
        """
        reference = self.segmenters[0] if reference is None else reference
        one_of("segmenter", reference, self.segmenters)
        return [
            self._difference(segmenter, reference, metric)
            for metric in self.metrics
            for segmenter in self.segmenters
            if segmenter != reference
        ]

    def plot(self) -> plots.DescribedFigure:
        """Plot a panel for each metric: means with intervals, and each photograph as a dot."""
        return plots.plot_comparison(self)

    def save(self, path: str | Path) -> None:
        """Write a self-contained web page (``.html``).

        Parameters
        ----------
        path : path

        Raises
        ------
        SegxaiError
            For another ending, or if the file cannot be written.
        """
        title = f"{len(self.segmenters)} segmenters on {len(self.results)} photographs"
        report.write_page(path, title, "comparison.html", c=self, each_photograph=True)

    def _repr_html_(self) -> str:
        return report.rendered("cell.html", body="comparison.html", c=self, each_photograph=False)

    def column(self, segmenter: str, metric: str) -> np.ndarray:
        """Return the values of a metric.

        Parameters
        ----------
        segmenter, metric : str

        Returns
        -------
        values : (photographs,) array of float
            NaN where there is none. Columns are aligned and can be subtracted.
        """
        return np.array(
            [r.values.get(segmenter, {}).get(metric, np.nan) for r in self.results], float
        )

    def _difference(self, segmenter, reference, metric) -> dict:
        better = METRICS[metric].better
        values = np.stack([self.column(segmenter, metric), self.column(reference, metric)])
        if better == "zero":  # distances from 0 are compared
            values = np.abs(values)
        summary, verdict = self._summary(values[0] - values[1]), ""
        if better and summary["low"] is not None:
            rated = "better" if (summary["mean"] > 0) == (better == "up") else "worse"
            verdict = "open" if summary["low"] <= 0 <= summary["high"] else rated
        return {
            "segmenter": segmenter,
            "reference": reference,
            "metric": metric,
            "better": better,
            **summary,
            "verdict": verdict,
        }

    def _summary(self, values) -> dict:
        values = values[np.isfinite(values)]
        mean = float(values.mean()) if len(values) else None
        low, high = bootstrap(values, self.seed) if len(values) > 1 else (None, None)
        return {"mean": mean, "low": low, "high": high, "n": len(values)}


def bootstrap(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % percentile bootstrap interval of a mean.

    Parameters
    ----------
    values : (N,) array of float
    seed : int
        Of the RESAMPLES samples that are drawn.

    Returns
    -------
    low, high : float

    References
    ----------
    Efron 1979, "Bootstrap Methods: Another Look at the Jackknife".
    """
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5]).tolist()
    return low, high
