"""A comparison of segmenters as HTML: a fragment for a notebook cell, or a self-contained page."""

from __future__ import annotations

import html
import os
from typing import TYPE_CHECKING

import numpy as np

from ..plots.numbers import format_number
from .page import asset, escaped_table, write_page

if TYPE_CHECKING:
    from ..study.comparison import Comparison


def write_comparison(path: str | os.PathLike, comparison: Comparison) -> None:
    """Write one page about a comparison of segmenters.

    Parameters
    ----------
    path : str or path
        Of the page.
    comparison : Comparison
        Its settings, table, figure, differences, failures and each photograph's values are shown.

    Raises
    ------
    SegxaiError
        If the file cannot be written.
    """
    title = f"{len(comparison.segmenters)} segmenters on {len(comparison.results)} photographs"
    write_page(path, title, _body(comparison) + _photographs(comparison))


def comparison_fragment(comparison: Comparison) -> str:
    """Return a comparison as an HTML fragment for a notebook cell."""
    style = asset("report.css")
    return f"<div class='segxai segxai-cell'><style>{style}</style>{_body(comparison)}</div>"


def _body(c) -> str:
    found = "<p>No photograph could be measured.</p>"
    if c.results:
        found = f"{_table(c)}{c.plot()._repr_html_()}{_differences(c)}"
        found += _listed(
            "The metrics", [f"{c.titles[metric]}: {c.about[metric]}" for metric in c.metrics]
        )
    left_out = [": ".join(filter(None, failure)) for failure in c.failures]
    return f"<p>{html.escape(c.how)}</p>{found}{_listed('Left out', left_out)}"


def _table(c) -> str:
    seconds = (format_number(c.seconds[s]) if s in c.seconds else "–" for s in c.segmenters)
    rows = [*c.cells(c.table()), ["seconds", *seconds]]
    return f"<h2>Means with 95 % intervals</h2>{escaped_table(['', *c.segmenters], rows)}"


def _differences(c) -> str:
    if len(c.segmenters) == 1:
        return ""
    rows = c.cells(row for row in c.differences() if row["better"])
    return (
        f"<h2>Differences from “{html.escape(c.segmenters[0])}” on the same photographs</h2>"
        f"{escaped_table(['', *c.segmenters[1:]], rows)}"
        "<p class='sx-note'>“better” and “worse” rate the segmenter named above, if the interval "
        "excludes 0; one in twenty such intervals does so by chance.</p>"
    )


def _listed(heading, lines) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h2>{heading}</h2><ul class='sx-words'>{items}</ul>" if items else ""


def _photographs(c) -> str:
    heads = ["photograph", f"target ({c.output})", "segmenter"]
    heads += [metric.replace("_", " ") for metric in c.metrics]
    rows = [
        [
            c.names[r.index],
            f"{r.target} ({r.full:z.2f})",
            segmenter,
            *(f"{found[m]:.3g}" if np.isfinite(found[m]) else "–" for m in c.metrics),
        ]
        for r in c.results
        for segmenter, found in r.values.items()
    ]
    return f"<h2>Every photograph</h2>{escaped_table(heads, rows, 3)}"
