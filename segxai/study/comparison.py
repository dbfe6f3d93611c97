"""The result of `compare`: tables with bootstrap intervals and paired differences, and files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import plots, report
from ..errors import one_of
from ..metrics import METRICS
from ..plots.numbers import ARROWS, format_interval
from .engine import common_output

if TYPE_CHECKING:
    from ..plots import DescribedFigure

RESAMPLES = 2000


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
        {segmenter: {metric: value}}.
    failures : dict
        {segmenter: reason}.
    seconds : dict
        {segmenter: seconds of one explanation}.
    output : str
        What `full` is, see `Coalitions`.
    """

    index: int
    target: str = ""
    full: float = float("nan")
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    output: str = "probability"


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
    """

    names: tuple[str, ...]
    results: tuple[Measured, ...]
    unreadable: tuple[tuple[int, str], ...]
    segmenters: tuple[str, ...]
    metrics: tuple[str, ...]
    how: str
    seed: int = 0

    @property
    def output(self) -> str:
        """What the classifier's values are, "output" where nothing is known; see `Coalitions`."""
        return common_output(self.results)

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
        return (
            f"<Comparison of {', '.join(self.segmenters)} on {len(self.results)} photographs: "
            f"{', '.join(self.metrics)}>"
        )

    def __str__(self):
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
    def rows(self) -> list[dict]:
        """{"image", "segmenter", "metric", "value"} for everything measured; NaN if undefined."""
        return [
            {
                "image": self.names[r.index],
                "segmenter": segmenter,
                "metric": metric,
                "value": r.values[segmenter][metric],
            }
            for r in self.results
            for segmenter in self.segmenters
            if segmenter in r.values
            for metric in self.metrics
        ]

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(photograph, segmenter, reason) where nothing was measured; "" for all segmenters."""
        found = [(self.names[index], "", why) for index, why in self.unreadable]
        return found + [
            (self.names[r.index], segmenter, why)
            for r in self.results
            for segmenter, why in r.failures.items()
        ]

    @property
    def seconds(self) -> dict[str, float]:
        """{segmenter: mean seconds of one explanation, with segmentation}; not reproducible."""
        times = {s: [r.seconds[s] for r in self.results if s in r.seconds] for s in self.segmenters}
        return {s: float(np.mean(found)) for s, found in times.items() if found}

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

    def plot(self) -> DescribedFigure:
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
        report.check_page_path(path)
        report.write_comparison(path, self)

    def _repr_html_(self) -> str:
        return report.comparison_fragment(self)

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
        names = {"segmenter": segmenter, "reference": reference, "metric": metric}
        return names | {"better": better, **summary, "verdict": verdict}

    def _summary(self, values) -> dict:
        values = values[np.isfinite(values)]
        if not len(values):
            return {"mean": None, "low": None, "high": None, "n": 0}
        low, high = bootstrap(values, self.seed) if len(values) > 1 else (None, None)
        return {"mean": float(values.mean()), "low": low, "high": high, "n": len(values)}


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
