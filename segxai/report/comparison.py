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
        found = f"{_table(c)}{c.plot()._repr_html_()}{_differences(c)}{_legend(c)}"
    return f"<p>{html.escape(c.how)}</p>{found}{_failures(c)}"


def _table(c) -> str:
    seconds = c.seconds
    rows = [
        *c.cells(c.table(), c.metrics, c.segmenters),
        ["seconds", *(format_number(seconds[s]) if s in seconds else "–" for s in c.segmenters)],
    ]
    return f"<h2>Means with 95 % intervals</h2>{escaped_table(['', *c.segmenters], rows)}"


def _differences(c) -> str:
    others = c.segmenters[1:]
    if not others:
        return ""
    rows = c.cells(c.differences(), [m for m in c.metrics if c.better(m)], others)
    return (
        f"<h2>Differences from “{html.escape(c.segmenters[0])}” on the same photographs</h2>"
        f"{escaped_table(['', *others], rows)}"
        "<p class='sx-note'>“better” and “worse” rate the segmenter named above, if the interval "
        "excludes 0; one in twenty such intervals does so by chance.</p>"
    )


def _legend(c) -> str:
    items = "".join(
        f"<li><b>{html.escape(c.title(metric))}</b>: {html.escape(c.about(metric))}</li>"
        for metric in c.metrics
    )
    return f"<h2>The metrics</h2><ul class='sx-words'>{items}</ul>"


def _failures(c) -> str:
    if not c.failures:
        return ""
    items = "".join(
        f"<li>{html.escape(f'{name}, {segmenter}: {why}' if segmenter else f'{name}: {why}')}</li>"
        for name, segmenter, why in c.failures
    )
    return f"<h2>Left out</h2><ul class='sx-words'>{items}</ul>"


def _photographs(c) -> str:
    heads = [
        "photograph",
        f"target ({c.output})",
        "segmenter",
        *(m.replace("_", " ") for m in c.metrics),
    ]
    rows = [
        [
            c.names[r.index],
            f"{r.target} ({r.full:z.2f})",
            s,
            *(_number(r.values[s][m]) for m in c.metrics),
        ]
        for r in c.results
        for s in c.segmenters
        if s in r.values
    ]
    return f"<h2>Every photograph</h2>{escaped_table(heads, rows, 3)}" if rows else ""


def _number(value) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "–"
