"""Explanations and comparisons as HTML: fragments for a cell, and self-contained pages.

In pages, explanations are shown by the widgets' own renderer.

Nothing is loaded from anywhere, and every text that came from outside is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .. import plots
from ..errors import SegxaiValueError
from ..files import as_path, replacing
from ..plots.numbers import format_number, format_output, percent, signed, strongest, widest
from ..regions import Regions, distinct_names
from .state import (
    PAGE_METHODS,
    as_json,
    depth_field,
    encoded,
    jpeg,
    regions_state,
    setting_fields,
    settings_state,
    table_state,
    tree_state,
    weights_state,
)

if TYPE_CHECKING:
    from ..explanation.explanation import Explanation
    from ..study.comparison import Comparison

_MOST_ROWS = 20
_UNEXAMINED = (
    "Not examined here: robustness to other fills and borders, and placebos; "
    "call segxai.explanation.examine(explanation) for these checks."
)


def save_explanation(explanation: Explanation, path: str | os.PathLike) -> None:
    """Write an explanation as a web page or a picture.

    Parameters
    ----------
    explanation : Explanation
        What is written.
    path : str or path
        Ends in .html (a page), or in .png, .svg or .pdf (a picture).

    Raises
    ------
    SegxaiError
        For another ending, or if the file cannot be written.
    """
    ending = file_ending(path)
    if ending in (".html", ".htm"):
        title = f"Why {explanation.target}?"
        write_report(path, [(title, [figure(explanation)])], title)
    elif ending in (".png", ".svg", ".pdf"):
        # In memory, because some of matplotlib's writers fail in their own way on a full disk.
        drawn = io.BytesIO()
        explanation.plot().savefig(drawn, format=ending[1:], dpi=150)
        with replacing(path) as temporary:
            temporary.write_bytes(drawn.getvalue())
    else:
        raise SegxaiValueError(
            f"{Path(path).name!r} must end in .html, .png, .svg, .pdf or .segxai."
        )


def write_report(
    path: str | os.PathLike,
    sections: Iterable[tuple[str, Sequence[str]]],
    title: str = "Explanations by region",
    table: str = "",
) -> None:
    """Write a page of explanations.

    Parameters
    ----------
    path : str or path
        Of the page.
    sections : iterable of (str, sequence of str)
        Headings, and figures made by `figure`, which are shown side by side. A heading that is the
        page's own is not repeated.
    title : str, optional
        Of the page.
    table : str, optional
        HTML at the end of the page.

    Raises
    ------
    SegxaiError
        If the file cannot be written.
    """
    body = "".join(
        f"<section>{f'<h2>{html.escape(heading)}</h2>' if heading != title else ''}"
        f"<div class='sx-row'>{''.join(figures)}</div></section>"
        for heading, figures in sections
    )
    write_page(path, title, f"{live(body)}{table}")


def escaped_list(lines: Iterable[str]) -> str:
    """Return an HTML list of escaped texts."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul class='sx-words'>{items}</ul>"


def escaped_table(heads: Sequence[str], rows: Iterable[Sequence], numbers_from: int = 1) -> str:
    """Return an HTML table of escaped texts.

    Parameters
    ----------
    heads : sequence of str
        The first row.
    rows : iterable of sequences
        The others.
    numbers_from : int, optional
        Columns from this one on are aligned as numbers.

    Returns
    -------
    table : str
    """
    looks = ["style=white-space:nowrap"] * numbers_from + ["class=sx-number"] * len(heads)

    def cells(texts, tag):
        pairs = zip(looks, texts, strict=False)
        return "".join(f"<{tag} {look}>{html.escape(str(text))}</{tag}>" for look, text in pairs)

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    head = f"<thead><tr>{cells(heads, 'th')}</tr></thead>"
    return f"<div class='sx-scroll'><table>{head}<tbody>{body}</tbody></table></div>"


def write_page(path: str | os.PathLike, title: str, body: str) -> None:
    """Write a self-contained page.

    Parameters
    ----------
    path : str or path
        Of the page.
    title : str
        Its title and heading.
    body : str
        HTML below the heading.

    Raises
    ------
    SegxaiError
        For another ending than .html, or if the file cannot be written.
    """
    check_page_path(path)
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{_policy()}
<title>{html.escape(title)}</title><style>{asset("report.css")}</style></head>
<body class="segxai"><main><h1>{html.escape(title)}</h1>
{body}</main></body></html>
"""
    with replacing(path) as temporary:
        # A file's name may contain bytes that are not valid text.
        temporary.write_text(page, encoding="utf-8", errors="replace")


def live_element(name: str, state: dict[str, Any]) -> str:
    """Return a widget as HTML, which needs what `live` puts around it.

    Parameters
    ----------
    name : str
        Of the widget, as "region_canvas" or "explorer".
    state : dict
        Its state.

    Returns
    -------
    element : str
    """
    return (
        f'<script type="application/json" data-segxai="{name}">{as_json(state)}</script>'
        '<div class="sx-static"></div>'
    )


def live(body: str) -> str:
    """Put the style sheet and the script that each `live_element` needs around a body."""
    style, script = asset("bundles/page.css"), asset("bundles/page.js")
    return f"<div><style>{style}</style>{body}<script>{script}</script></div>"


def file_ending(path: str | os.PathLike) -> str:
    """Return the ending of a file's name, e.g. ".html"; SegxaiValueError if it is no name."""
    return as_path(path).suffix.lower()


def check_page_path(path: str | os.PathLike) -> None:
    """Raise SegxaiValueError unless the path ends in .html or .htm."""
    if file_ending(path) not in (".html", ".htm"):
        raise SegxaiValueError(f"{Path(path).name!r} must end in .html: it will be a web page.")


def write_explorer(path: str | os.PathLike, explanations: Sequence[Explanation]) -> None:
    """Write a page with an explorer of explanations.

    Parameters
    ----------
    path : str or path
        Of the page.
    explanations : sequence of Explanation
        Of one photograph; they may differ in regions and fill.

    Raises
    ------
    SegxaiError
        If the file cannot be written.
    """
    title = f"Why {explanations[0].target}?"
    write_page(path, title, live(live_element("explorer", explorer_state(explanations))))


def explorer_state(explanations: Sequence[Explanation]) -> dict[str, Any]:
    """Return the state of an explorer.

    Parameters
    ----------
    explanations : sequence of Explanation
        Of one photograph; they may differ in regions and fill.

    Returns
    -------
    state : dict
        The photograph; for each segmenter the regions, and by fill their tables; settings and
        controls.
    """
    first = explanations[0]
    # By their regions and not by name, which two of them may share.
    segmentations: dict[Regions, dict] = {}
    for e in explanations:
        descent = getattr(e, "descent", None)  # of a tree
        table = (descent or e).coalitions
        regions = table.game.regions
        known = segmentations.setdefault(
            regions, {"regions": regions_state(regions, table.game.image.shape), "fills": {}}
        )
        known["fills"][table.fill] = {
            "filled": jpeg(table.filled_view, quality=80),
            **table_state(table),
            **weights_state(e),
            "tree": tree_state(descent) if descent else {},
        }
    fills = list(dict.fromkeys(e.coalitions.fill for e in explanations))
    fields = setting_fields(list(first.coalitions.target_names), fills, first.coalitions.output)
    if descent := getattr(first, "descent", None):  # the page can take a tree apart
        kept = [field for field in fields if field["key"] in ("target", "versus", "fill")]
        fields = [*kept, depth_field(len(descent.tree.leaves))]
    elif first.method not in PAGE_METHODS:  # the browser shows such weights as they are
        fields = []
    names = distinct_names([regions.method or "regions" for regions in segmentations])
    return {
        "photo": jpeg(first.coalitions.game.image),
        # A list, because objects of JavaScript have an order and keys of their own.
        "segmentations": [
            {"name": name, **known}
            for name, known in zip(names, segmentations.values(), strict=True)
        ],
        "settings": {**settings_state(first), "fill": first.coalitions.fill},
        "fields": fields,
    }


def figure(explanation: Explanation) -> str:
    """Return an explanation for a page of `write_report`: the explorer, and the table in words."""
    e, method = explanation, html.escape(explanation.regions.method)
    made = f"by <b>{method}</b>" if method else "<b>as given</b>"
    return (
        f"<figure><figcaption>Regions {made}</figcaption>"
        f"{live_element('explorer', explorer_state([e]))}<noscript>"
        f"<p>{html.escape(plots.describe(e))}</p>{_table(e)}</noscript>{_words(e)}"
        "</figure>"
    )


def explanation_fragment(explanation: Explanation) -> str:
    """Return an explanation as HTML without scripts, for a notebook's cell.

    Parameters
    ----------
    explanation : Explanation
        What is shown.

    Returns
    -------
    fragment : str
        The weights as tints of the photograph, which is grey, and as a table with bars.
    """
    e, number = explanation, len(explanation.regions)
    made = f"{e.regions.method or 'regions'}, {number} region{'' if number == 1 else 's'}"
    return (
        f"<div class='segxai segxai-cell'><style>{asset('report.css')}</style><figure>"
        f"<figcaption><b>{html.escape(made)}</b>: {html.escape(e.method)} weights for "
        f"“{html.escape(e.target)}”, {_given(e)} with everything shown</figcaption>"
        f"{plots.plot_weights(e).as_html()}"
        "<p class='sx-note'>Blue supports the class, orange opposes it.</p>"
        f"{_table(e)}{_words(e)}</figure></div>"
    )


def _given(e) -> str:
    """Write what the classifier gives for the photograph, of both classes of a contrast."""
    found = e.coalitions.outputs
    return " and ".join(
        (f"“{html.escape(name)}” " if len(found) > 1 else "")
        + f"<span>{format_output(value, e.coalitions.output)}</span>"
        for name, value in found
    )


def _words(e) -> str:
    """Say how the table was made and what it says; a page evaluates nothing, hence no search."""
    table = "every coalition" if e.coalitions.exact else "a sample of the coalitions"
    found = [*e.in_words(search=False), *([] if e.details.checks else [_UNEXAMINED])]
    return (
        f"<p class='sx-note'>Fill: {html.escape(e.coalitions.fill)}; {e.coalitions.evaluations} "
        "evaluations of the classifier, "
        f"{'following the evidence' if e.method == 'tree' else table}; R² {e.r2:z.2f}.</p>"
        f"{escaped_list(found)}"
    )


def _table(e) -> str:
    areas, limit = e.regions.areas, widest(e.weights)
    rows = []
    for k in strongest(e.weights, _MOST_ROWS):
        weight, (low, high) = e.weights[k], e.interval[k]
        source, sure = e.regions.name_evidence[k]  # sure: None where that was not measured
        hint = f"name: {source}" + ("" if sure is None else f", {percent(sure, 0)}")
        # None for exact weights.
        span = f" <span class='sx-note'>{low:+z.3f} to {high:+z.3f}</span>" if low < high else ""
        length = 50 * weight / limit
        start = 50 + min(length, 0)
        colour = "var(--blue)" if weight >= 0 else "var(--orange)"
        rows.append(
            f"<tr data-region='{k}'><th scope='row' title='{html.escape(hint)}'>"
            f"{_picture(e, k)}{html.escape(e.regions.marked_names[k])}</th><td class='sx-weight'>"
            f"<svg viewBox='0 0 100 10' preserveAspectRatio='none' aria-hidden='true'>"
            f"<rect x='{start:.2f}' y='1' width='{abs(length):.2f}' height='8' "
            f"style='fill:{colour}'/><line x1='50' x2='50' y1='0' y2='10' "
            "style='stroke:currentColor;stroke-width:.6'/></svg></td>"
            f"<td class='sx-number'>{signed(weight)}{span}</td>"
            f"<td class='sx-number'>{percent(areas[k])}</td></tr>"
        )
    left_out = len(e.weights) - len(rows)
    note = (
        f"<p class='sx-note'>The {left_out} weakest regions are left out of the table.</p>"
        if left_out
        else ""
    )
    return (
        "<div class='sx-scroll'><table><thead><tr><th>region</th><th></th>"
        "<th class='sx-number'>weight</th><th class='sx-number'>area</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _picture(e, k) -> str:
    """Return a cut-out of a region, whose alternative text is its name."""
    cut_out = Image.fromarray(plots.cut_out(e.coalitions.game.image, e.regions.labels == k))
    file = base64.b64encode(encoded(cut_out, "WEBP", quality=80)).decode()
    name = html.escape(e.regions.marked_names[k])
    return f"<img class='sx-cut' alt='{name}' src='data:image/webp;base64,{file}'>"


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
        seconds = (format_number(c.seconds[s]) if s in c.seconds else "–" for s in c.segmenters)
        means = escaped_table(["", *c.segmenters], [*c.cells(c.table()), ["seconds", *seconds]])
        found = f"<h2>Means with 95 % intervals</h2>{means}{c.plot().as_html()}{_differences(c)}"
        found += _listed(
            "The metrics", [f"{c.titles[metric]}: {c.about[metric]}" for metric in c.metrics]
        )
    left_out = [": ".join(filter(None, failure)) for failure in c.failures]
    return f"<p>{html.escape(c.how)}</p>{found}{_listed('Left out', left_out)}"


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
    return f"<h2>{heading}</h2>{escaped_list(lines)}" if lines else ""


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


def _policy() -> str:
    """Return what a page allows itself: a second safeguard, if a text were not escaped.

    Nothing is loaded from elsewhere, no script runs but ours, and no form is sent.
    """
    digest = hashlib.sha256(asset("bundles/page.js").encode()).digest()
    return (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data: blob:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{base64.b64encode(digest).decode()}'; "
        "form-action 'none'; base-uri 'none'\">"
    )


def asset(name: str) -> str:
    """Return the text of a style sheet or script next to this file."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
