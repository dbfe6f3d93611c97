"""Explanations as HTML: a plain figure for a notebook cell, or self-contained pages with the widgets' own renderer.

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
from typing import Any

import numpy as np

from .. import plots
from ..errors import SegxaiValueError
from ..files import replacing
from ..plots.duck_types import Explained
from ..plots.numbers import format_output, signed, widest
from .pictures import SHOWN_SIDE, jpeg
from .state import (
    METHODS,
    as_json,
    depth_field,
    finest,
    regions_state,
    setting_fields,
    settings_state,
    table_state,
    tree_state,
)

_HERE = Path(__file__).parent
_MOST_ROWS = 20
_UNEXAMINED = "Not examined here: robustness to other fills and borders, and placebos; call .examine() for these checks."
# A second safeguard beside escaping: the browser blocks all external requests.
_POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


def save_explanation(explanation: Explained, path: str | os.PathLike) -> None:
    """Write an explanation as a web page (.html) or a picture (.png, .svg, .pdf), depending on the path's ending.

    Raises SegxaiError for another ending, or if the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in (".html", ".htm"):
        write_report(
            path,
            [(f"Why {explanation.target}?", [figure(explanation)])],
            title=f"Why {explanation.target}?",
        )
    elif ending in (".png", ".svg", ".pdf"):
        drawn = (
            io.BytesIO()
        )  # in memory, because some of matplotlib's writers leave partial files on a full disk
        explanation.plot().savefig(drawn, format=ending[1:], dpi=150)
        with replacing(path) as temporary:
            temporary.write_bytes(drawn.getvalue())
    else:
        raise SegxaiValueError(f"{path.name!r} must end in .html, .png, .svg or .pdf.")


def write_report(
    path: str | os.PathLike,
    sections: Iterable[tuple[str, Sequence[str]]],
    title: str = "Explanations by region",
    table: str = "",
) -> None:
    """Write a page. sections: (heading, figures made by `figure`, shown side by side). table: HTML at the end of the page."""
    body = "".join(
        f"<section><h2>{html.escape(heading)}</h2><div class='sx-row'>{''.join(figures)}</div></section>"
        for heading, figures in sections
    )
    hint = (
        "<p class='sx-note'>Click a region, or reach it with the arrow keys and press Enter, to switch it off: the line above the "
        "picture then gives the classifier's output without it. Blue supports the class, orange opposes it.</p>"
    )
    write_page(
        path,
        title,
        f"{hint}\n{body}{table}",
        script=asset("bundles/page.js"),
        style=asset("bundles/page.css"),
    )


def escaped_table(heads: Sequence[str], rows: Iterable[Sequence], numbers_from: int = 1) -> str:
    """An HTML table of escaped texts; columns from `numbers_from` on are aligned as numbers."""

    def cells(texts, tag):
        return "".join(
            f"<{tag} {'class=sx-number' if i >= numbers_from else 'style=white-space:nowrap'}>{html.escape(str(text))}</{tag}>"
            for i, text in enumerate(texts)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<div class='sx-scroll'><table><thead><tr>{cells(heads, 'th')}</tr></thead><tbody>{body}</tbody></table></div>"


def write_page(
    path: str | os.PathLike, title: str, body: str, script: str = "", style: str = ""
) -> None:
    """Write a self-contained page around `body`, which is HTML."""
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{html.escape(title)}</title><style>{style}{asset("report.css")}</style></head>
<body class="segxai"><main><h1>{html.escape(title)}</h1>
{body}</main><script>{script}</script></body></html>
"""
    with replacing(path) as temporary:
        # A file's name may contain bytes that are not valid text.
        temporary.write_text(page, encoding="utf-8", errors="replace")


def live_element(name: str, state: dict[str, Any]) -> str:
    """A widget for a page that runs `bundles/page.js`, from its state: of "region_canvas" or "explorer"."""
    return f'<script type="application/json" data-segxai="{name}">{as_json(state)}</script><div class="sx-static"></div>'


def live_fragment(name: str, state: dict[str, Any]) -> str:
    """A widget with all that it needs, for a page of somebody else."""
    style, script = asset("bundles/page.css"), asset("bundles/page.js")
    return f"<div><style>{style}</style>{live_element(name, state)}<script>{script}</script></div>"


def live_page(title: str, body: str) -> str:
    """A whole page with nothing but one widget."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{html.escape(title)}</title>'
        "<style>body { margin: 1rem; color-scheme: light dark; } "
        "@media (prefers-color-scheme: dark) { body { background: #16181b; } }</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def check_page_path(path: str | os.PathLike) -> None:
    """Raise SegxaiValueError unless the path ends in .html or .htm."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise SegxaiValueError(f"{Path(path).name!r} must end in .html: an explorer is a web page.")


def write_explorer(path: str | os.PathLike, explanations: Sequence[Explained]) -> None:
    """Write a page with an explorer of these explanations of one photograph, which may differ in regions and fill."""
    title = f"Why {explanations[0].target}?"
    body = live_element("explorer", explorer_state(explanations))
    write_page(path, title, body, script=asset("bundles/page.js"), style=asset("bundles/page.css"))


def explorer_state(explanations: Sequence[Explained]) -> dict[str, Any]:
    """The state of an explorer from explanations of one photograph, which may differ in regions and fill."""
    first = explanations[0]
    segmentations: dict[str, dict] = {}
    for e in explanations:
        name = e.regions.method or "regions"
        regions, table = finest(e)
        tree = tree_state(e.descent) if e.method == "tree" else {}
        known = segmentations.setdefault(
            name, {"regions": regions_state(regions, e.image.shape), "fills": {}}
        )
        known["fills"][table.fill] = {
            "filled": jpeg(table.filled_view, quality=80),
            **table_state(table),
            **_weights(e),
            "tree": tree,
        }
    settings = {
        key: value for key, value in settings_state(first).items() if key not in _weights(first)
    }
    fills = list(dict.fromkeys(e.coalitions.fill for e in explanations))
    classes = list(first.coalitions.target_names)
    return {
        "photo": jpeg(first.image),
        "segmentations": segmentations,
        "settings": {**settings, "fill": first.coalitions.fill},
        "fields": _fields(first, setting_fields(classes, fills, first.coalitions.output)),
    }


def _fields(e, fields) -> list:
    """Of other methods than the browser's the page shows the weights as they are; trees it can take apart."""
    if e.method == "tree":
        return [f for f in fields if f["key"] in ("target", "versus", "fill")] + [
            depth_field(len(e.descent.tree.leaves))
        ]
    return fields if e.method in METHODS else []


def _weights(e) -> dict:
    return {key: settings_state(e)[key] for key in ("weights", "intercept", "r2")}


def figure(explanation: Explained) -> str:
    """One explanation for a page of `write_report`: the explorer, and what the table shows in words."""
    e = explanation
    names, weights, order = (
        e.regions.names,
        e.weights,
        np.argsort(-np.abs(e.weights), kind="stable")[:_MOST_ROWS],
    )
    plain = escaped_table(["region", "weight"], [[names[k], signed(weights[k])] for k in order])
    return (
        f"<figure>{_answer(e)}{live_element('explorer', explorer_state([e]))}"
        f"<noscript><p>{html.escape(plots.describe(e))}</p>{plain}</noscript>{_effort(e)}{_words(e)}</figure>"
    )


def explanation_fragment(explanation: Explained) -> str:
    """For a notebook's cell: a figure that needs no script."""
    return f"<div class='segxai segxai-cell'><style>{asset('report.css')}</style>{plain_figure(explanation)}</div>"


def plain_figure(explanation: Explained) -> str:
    """One explanation without scripts: the weights as tints of the photograph, which is grey, and as a table with bars."""
    e, regions = explanation, explanation.regions
    height, width = regions.shape
    unique = hashlib.sha1(
        regions.labels.tobytes() + e.weights.tobytes() + e.image.tobytes()
    ).hexdigest()[:10]
    limit = widest(e.weights)
    shapes = []
    for k, (name, weight) in enumerate(zip(regions.names, e.weights, strict=True)):
        doubt = _doubt(regions.name_evidence[k])
        label = html.escape(
            f"{name}{doubt}: weight {signed(weight)}, {regions.areas[k]:.1%} of the image"
        )
        colour, strength = (
            plots.BLUE if weight >= 0 else plots.ORANGE,
            _TINT * abs(float(weight)) / limit,
        )
        shapes.append(
            f"<path class='sx-region' d='{region_path(regions.labels == k)}' fill='{colour}' fill-opacity='{strength:.3f}' "
            f"fill-rule='evenodd'><title>{label}</title></path>"
        )
    grey = jpeg(plots.lightened_grey(e.image), SHOWN_SIDE, 86)
    return (
        f"<figure><figcaption><b>{html.escape(_made(e))}</b>: {html.escape(e.method)} weights for “{html.escape(e.target)}”, "
        f"{_given(e, True)} with everything shown</figcaption>"
        f"<svg viewBox='0 0 {width} {height}' role='img' aria-labelledby='t{unique}'><title id='t{unique}'>"
        f"{html.escape(plots.describe(e))}</title><image width='{width}' height='{height}' preserveAspectRatio='none' "
        f"href='data:image/jpeg;base64,{base64.b64encode(grey).decode()}'/>{''.join(shapes)}</svg>"
        f"<p class='sx-note'>Blue supports the class, orange opposes it.</p>{_table(e, regions.areas, limit)}{_effort(e)}{_words(e)}</figure>"
    )


_TINT = 0.8  # how much of the colour the strongest region has


def _made(e) -> str:
    return f"{e.regions.method or 'regions'}, {len(e.regions)} region{'' if len(e.regions) == 1 else 's'}"


def _answer(e) -> str:
    """What the classifier predicts, which regions it uses, and what is left without the first of them, in one paragraph."""
    order = [k for k in np.argsort(-e.weights, kind="stable")[:2] if e.weights[k] > 0]
    text = f"The classifier gives {_given(e, True, 'b', named=True)}."
    if order:
        used = " and ".join(
            f"“{html.escape(e.regions.names[k])}” ({e.weights[k]:+z.3f})" for k in order
        )
        without = _given(e, np.arange(len(e.regions)) != order[0], "b")
        text += (
            f" For “{html.escape(e.target)}” it uses most {used}."
            if e.coalitions.rival is not None
            else f" It uses most {used}."
        )
        text += (
            f" Without “{html.escape(e.regions.names[order[0]])}”: {without}." if without else ""
        )
    return f"<p class='sx-answer'>{text}</p>"


def _given(e, mask, tag="span", named=False) -> str:
    """What the classifier gives for a coalition, for both classes of a contrast; "" if unknown."""
    found = e.coalitions.outputs_of(mask)
    return " and ".join(
        (f"“{html.escape(name)}” " if named or len(found) > 1 else "")
        + f"<{tag}>{format_output(value, e.coalitions.output)}</{tag}>"
        for name, value in found
    )


def _effort(e) -> str:
    table = "every coalition" if e.coalitions.exact else "a sample of the coalitions"
    table = "following the evidence" if e.method == "tree" else table
    text = f"Fill: {e.coalitions.fill}; {e.coalitions.evaluations} evaluations of the classifier, {table}; R² {e.r2:z.2f}."
    return f"<p class='sx-note'>{html.escape(text)}</p>"


def _words(e) -> str:
    found = [
        *e.in_words(search=False),
        *([] if e.checks else [_UNEXAMINED]),
    ]  # showing a page evaluates nothing
    return f"<ul class='sx-words'>{''.join(f'<li>{html.escape(sentence)}</li>' for sentence in found)}</ul>"


def region_path(mask: np.ndarray) -> str:
    """The outline of a mask (H, W), including holes, as SVG path data (fill rule evenodd), accurate to a pixel."""
    from skimage.measure import approximate_polygon, find_contours

    pieces = []
    for contour in find_contours(np.pad(mask, 1).astype(float), 0.5):
        points = approximate_polygon(contour, 0.6) - 0.5
        pieces.append(
            "M" + "L".join(f"{column:.1f} {row:.1f}" for row, column in points[:-1]) + "Z"
        )
    return "".join(pieces)


def _table(e, areas, limit) -> str:
    shown = np.argsort(-np.abs(e.weights), kind="stable")[:_MOST_ROWS]
    order = shown[np.argsort(-e.weights[shown], kind="stable")]
    rows = []
    for k in order:
        weight, (low, high) = e.weights[k], e.interval[k]
        # None for exact weights, nor where no interval was computed (NaN).
        span = f" <span class='sx-note'>{low:+z.3f} to {high:+z.3f}</span>" if low < high else ""
        start, length = (
            (50, 50 * weight / limit)
            if weight >= 0
            else (50 + 50 * weight / limit, -50 * weight / limit)
        )
        colour = "var(--blue)" if weight >= 0 else "var(--orange)"
        rows.append(
            f"<tr data-region='{k}'><th scope='row'{_hint(e.regions.name_evidence[k])}>{html.escape(e.regions.marked_names[k])}</th>"
            f"<td class='sx-weight'><svg viewBox='0 0 100 10' preserveAspectRatio='none' aria-hidden='true'>"
            f"<rect x='{start:.2f}' y='1' width='{length:.2f}' height='8' style='fill:{colour}'/>"
            f"<line x1='50' x2='50' y1='0' y2='10' style='stroke:currentColor;stroke-width:.6'/></svg></td>"
            f"<td class='sx-number'>{signed(weight)}{span}</td><td class='sx-number'>{areas[k]:.1%}</td></tr>"
        )
    left_out = len(e.weights) - len(order)
    note = (
        f"<p class='sx-note'>The {left_out} weakest regions are left out of the table.</p>"
        if left_out
        else ""
    )
    return (
        "<div class='sx-scroll'><table><thead><tr><th>region</th><th></th><th class='sx-number'>weight</th>"
        f"<th class='sx-number'>area</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _doubt(evidence) -> str:
    return "" if evidence.sure else f" ({evidence.probability:.0%} sure)"


def _hint(evidence) -> str:
    """A title attribute that shows the origin of a name on hover, for names that were not given."""
    if evidence.source == "given":
        return ""
    sure = "" if evidence.probability is None else f", {evidence.probability:.0%}"
    return f" title='name: {html.escape(evidence.source)}{sure}'"


def asset(name: str) -> str:
    """The text of a style sheet or script beside this file."""
    return (_HERE / name).read_text(encoding="utf-8")
