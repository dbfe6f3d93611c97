"""The result of `compare`: rows, tables with bootstrap intervals and paired differences, as a figure, a page or a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import plots, report
from ..errors import SegxaiValueError, unknown_name
from ..files import replacing
from ..plots.numbers import ARROWS, format_interval
from .engine import common_output

if TYPE_CHECKING:
    from ..plots import DescribedFigure

RESAMPLES = 2000


class Column(NamedTuple):
    """A metric of a comparison, possibly under another fill: its label, its better direction and its description."""

    label: str
    better: str
    about: str


@dataclass(frozen=True)
class Measured:
    """The results for one photograph.

    index: its number. target, full: the class explained, and its value. values: {segmenter: {metric: value}}.
    failures: {segmenter: reason}. seconds: {segmenter: seconds of one explanation}. output: what `full` is, see `Coalitions`.
    """

    index: int
    target: str
    full: float
    values: dict[str, dict[str, float]]
    failures: dict[str, str]
    seconds: dict[str, float]
    output: str = "probability"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Metrics of several segmenters on many photographs.

    names: of all photographs. results: for those that could be read. unreadable: (index, reason) for the others. how: the settings
    as sentences. seed: of the bootstrap.
    """

    names: tuple[str, ...]
    results: tuple[Measured, ...]
    unreadable: tuple[tuple[int, str], ...]
    segmenters: tuple[str, ...]
    columns: tuple[Column, ...]
    how: str
    seed: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """The labels of the columns."""
        return tuple(column.label for column in self.columns)

    @property
    def output(self) -> str:
        """What the classifier's values are: "probability", "logit", "score", or "output" where nothing is known."""
        return common_output(self.results)

    def title(self, metric: str) -> str:
        """A metric's label for display, with an arrow in its better direction."""
        return f"{metric.replace('_', ' ')} {ARROWS[self.better(metric)]}".strip()

    def better(self, metric: str) -> str:
        """ "up", "down", "zero", or "" for a metric without a direction."""
        return next(column.better for column in self.columns if column.label == metric)

    def __repr__(self):
        return f"<Comparison of {', '.join(self.segmenters)} on {len(self.results)} photographs: {', '.join(self.metrics)}>"

    def __str__(self):
        """The table as text, one line for each metric."""
        lines = [["", *self.segmenters], *self.cells(self.table(), self.metrics, self.segmenters)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def cells(
        self, summaries: Iterable[dict], metrics: Iterable[str], segmenters: Iterable[str]
    ) -> list[list[str]]:
        """Format the rows of `table` or `differences`, one line for each metric, with a count if photographs are missing."""
        found = {(row["segmenter"], row["metric"]): row for row in summaries}

        def cell(row):
            missing = f" (n {row['n']})" if row["n"] < len(self.results) else ""
            return f"{format_interval(row)}{missing} {row.get('verdict', '')}".strip()

        return [
            [self.title(metric), *(cell(found[s, metric]) for s in segmenters)]
            for metric in metrics
        ]

    @property
    def rows(self) -> list[dict]:
        """One row for each photograph, segmenter and metric: {"image", "segmenter", "metric", "value"}; NaN where undefined."""
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
        """(photograph, segmenter, reason) for everything that could not be measured; the segmenter is "" for unreadable photographs."""
        found = [(self.names[index], "", why) for index, why in self.unreadable]
        return found + [
            (self.names[r.index], segmenter, why)
            for r in self.results
            for segmenter, why in r.failures.items()
        ]

    @property
    def seconds(self) -> dict[str, float]:
        """{segmenter: mean seconds of one explanation, including segmentation}; these are not reproducible."""
        times = {s: [r.seconds[s] for r in self.results if s in r.seconds] for s in self.segmenters}
        return {s: float(np.mean(found)) for s, found in times.items() if found}

    def table(self) -> list[dict]:
        """A row {"segmenter", "metric", "better", "mean", "low", "high", "n"} for each segmenter and metric.

        low, high: the 95 % percentile bootstrap interval over photographs, None for a single one. It is too narrow for fewer than
        about ten photographs, and for copies, crops or mirror images of the same photograph, which are not independent.
        Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife".
        """
        return [
            {"segmenter": segmenter, "metric": metric, "better": self.better(metric)}
            | self._summary(self.column(segmenter, metric))
            for metric in self.metrics
            for segmenter in self.segmenters
        ]

    def differences(self, reference: str | None = None) -> list[dict]:
        """Paired differences of each segmenter from the reference (by default the first): the keys of `table`, and "verdict".

        verdict: "better" or "worse" if the interval excludes 0, otherwise "open"; "" for a metric without a better direction.
        One in twenty such intervals excludes 0 by chance, so a large table contains a few spurious verdicts.
        Raises SegxaiValueError for an unknown reference.
        """
        reference = self.segmenters[0] if reference is None else reference
        if reference not in self.segmenters:
            raise unknown_name("segmenter", reference, self.segmenters)
        found = []
        for metric in self.metrics:
            base = self.column(reference, metric)
            for segmenter in self.segmenters:
                if segmenter == reference:
                    continue
                own = self.column(segmenter, metric)
                # If 0 is best, distances from 0 are compared.
                less = np.abs(own) - np.abs(base) if self.better(metric) == "zero" else own - base
                summary = self._summary(less)
                found.append(
                    {
                        "segmenter": segmenter,
                        "reference": reference,
                        "metric": metric,
                        "better": self.better(metric),
                    }
                    | summary
                    | {"verdict": _verdict(summary, self.better(metric))}
                )
        return found

    def plot(self) -> DescribedFigure:
        """A figure with a panel for each metric: means with intervals, and each photograph as a dot."""
        return plots.plot_comparison(self)

    def save(self, path: str | Path) -> None:
        """Write a self-contained web page (``.html``) or the rows as a table (``.csv``).

        Raises SegxaiError for another ending, or if the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() in (".html", ".htm"):
            report.write_comparison(path, self)
        elif path.suffix.lower() == ".csv":
            with (
                replacing(path) as temporary,
                temporary.open("w", newline="", encoding="utf-8", errors="replace") as file,
            ):
                writer = csv.DictWriter(file, ["image", "segmenter", "metric", "value"])
                writer.writeheader()
                writer.writerows(self.rows)
        else:
            raise SegxaiValueError(f"{path.name!r} must end in .html or .csv.")

    def _repr_html_(self) -> str:
        return report.comparison_fragment(self)

    def column(self, segmenter: str, metric: str) -> np.ndarray:
        """(photographs,) values of a metric, NaN where there is none. Columns are aligned and can be subtracted."""
        return np.array(
            [r.values.get(segmenter, {}).get(metric, np.nan) for r in self.results], float
        )

    def _summary(self, values) -> dict:
        values = values[np.isfinite(values)]
        if len(values) == 0:
            return {"mean": None, "low": None, "high": None, "n": 0}
        low, high = bootstrap(values, self.seed) if len(values) > 1 else (None, None)
        return {"mean": float(values.mean()), "low": low, "high": high, "n": len(values)}


def bootstrap(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of values (N,), from RESAMPLES samples. Source: Efron 1979."""
    values = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _verdict(summary, direction) -> str:
    if not direction or summary["low"] is None:
        return ""
    if summary["low"] <= 0 <= summary["high"]:
        return "open"
    return "better" if (summary["mean"] > 0) == (direction == "up") else "worse"
