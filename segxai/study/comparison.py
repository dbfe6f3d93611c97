"""What `compare` found: rows, tables with bootstrap intervals, paired differences; as a figure, a page or a file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import plots, report
from ..errors import SegxaiValueError, unknown_name
from ..files import replacing
from ..plots.numbers import ARROWS, format_interval

RESAMPLES = 2000


class Column(NamedTuple):
    """A metric of a comparison, perhaps under another fill: its label, which direction is better, and what it is."""

    label: str
    better: str
    about: str


@dataclass(frozen=True)
class Measured:
    """One photograph: the class explained and its probability, {segmenter: {metric: value}}, why some failed, and seconds."""

    index: int
    target: str
    full: float
    values: dict[str, dict[str, float]]
    failures: dict[str, str]
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Metrics of several segmenters over photographs. how: in words, how regions and budget were chosen.

    names: of all photographs. results: of those that could be read. unreadable: (number, why) of the others.
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

    def title(self, metric: str) -> str:
        """A metric's label for people, with an arrow in the direction that is better."""
        return f"{metric.replace('_', ' ')} {ARROWS[self.better(metric)]}".strip()

    def better(self, metric: str) -> str:
        """ "up", "down", "zero", or "" for a metric without a direction."""
        return next(column.better for column in self.columns if column.label == metric)

    def __repr__(self):
        return f"<Comparison of {', '.join(self.segmenters)} on {len(self.results)} photographs: {', '.join(self.metrics)}>"

    def __str__(self):
        """The table as text: a line for each metric."""
        lines = [["", *self.segmenters], *self.cells(self.table(), self.metrics, self.segmenters)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)

    def cells(self, summaries, metrics, segmenters) -> list[list[str]]:
        """Summaries (of `table` or `differences`) as texts, a line for each metric; a count where some photographs are missing."""
        found = {(row["segmenter"], row["metric"]): row for row in summaries}

        def cell(row):
            missing = f" (n {row['n']})" if row["n"] < len(self.results) else ""
            return f"{format_interval(row)}{missing} {row.get('verdict', '')}".strip()

        return [[self.title(metric), *(cell(found[s, metric]) for s in segmenters)] for metric in metrics]

    @property
    def rows(self) -> list[dict]:
        """One row for each photograph, segmenter and metric: {"image", "segmenter", "metric", "value"}; NaN where undefined."""
        return [
            {"image": self.names[r.index], "segmenter": segmenter, "metric": metric, "value": r.values[segmenter][metric]}
            for r in self.results
            for segmenter in self.segmenters
            if segmenter in r.values
            for metric in self.metrics
        ]

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(photograph, segmenter or "", why) of what could not be measured."""
        found = [(self.names[index], "", why) for index, why in self.unreadable]
        return found + [(self.names[r.index], segmenter, why) for r in self.results for segmenter, why in r.failures.items()]

    @property
    def seconds(self) -> dict[str, float]:
        """Mean seconds of one explanation, segmentation included, for each segmenter; the one thing here that no seed repeats."""
        times = {s: [r.seconds[s] for r in self.results if s in r.seconds] for s in self.segmenters}
        return {s: float(np.mean(found)) for s, found in times.items() if found}

    def table(self) -> list[dict]:
        """For each segmenter and metric {"segmenter", "metric", "better", "mean", "low", "high", "n"}.

        low, high: 95 % percentile bootstrap over photographs (Efron 1979), None with a single one. With fewer than about ten
        photographs such an interval is too narrow. Copies, crops and mirror images of one photograph count as if independent: avoid them.
        """
        return [
            {"segmenter": segmenter, "metric": metric, "better": self.better(metric)}
            | self._summary(self.column(segmenter, metric))
            for metric in self.metrics
            for segmenter in self.segmenters
        ]

    def differences(self, reference=None) -> list[dict]:
        """Each segmenter less the reference (the first, when None), photograph by photograph: the same keys as `table`, and "verdict".

        verdict: "better" or "worse" where the interval leaves out 0, else "open"; "" for a metric without a direction. One in twenty
        such intervals misses by chance alone, so in a large table a few verdicts mean nothing.
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
                # Where 0 is best, what counts is the distance from it.
                less = np.abs(own) - np.abs(base) if self.better(metric) == "zero" else own - base
                summary = self._summary(less)
                found.append(
                    {"segmenter": segmenter, "reference": reference, "metric": metric, "better": self.better(metric)}
                    | summary
                    | {"verdict": _verdict(summary, self.better(metric))}
                )
        return found

    def plot(self):
        """A panel for each metric: means with intervals, and every photograph as a dot."""
        return plots.plot_comparison(self)

    def save(self, path) -> None:
        """Write a self-contained web page (``.html``) or the rows as a table (``.csv``)."""
        path = Path(path)
        if path.suffix.lower() in (".html", ".htm"):
            report.write_comparison(path, self)
        elif path.suffix.lower() == ".csv":
            with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8", errors="replace") as file:
                writer = csv.DictWriter(file, ["image", "segmenter", "metric", "value"])
                writer.writeheader()
                writer.writerows(self.rows)
        else:
            raise SegxaiValueError(f"{path.name!r}: save as .html or .csv.")

    def _repr_html_(self) -> str:
        return report.comparison_fragment(self)

    def column(self, segmenter, metric) -> np.ndarray:
        """(photographs,) values, NaN where there is none: aligned, so that two columns can be subtracted."""
        return np.array([r.values.get(segmenter, {}).get(metric, np.nan) for r in self.results], float)

    def _summary(self, values) -> dict:
        values = values[np.isfinite(values)]
        if len(values) == 0:
            return {"mean": None, "low": None, "high": None, "n": 0}
        low, high = bootstrap(values, self.seed) if len(values) > 1 else (None, None)
        return {"mean": float(values.mean()), "low": low, "high": high, "n": len(values)}


def bootstrap(values, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval of the mean over RESAMPLES samples with replacement. Efron 1979."""
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
