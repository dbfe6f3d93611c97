"""Explanations as HTML: a fragment for a notebook cell, or a self-contained page.

Pages load no external resources, and all names and other texts are escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .. import plots
from ..errors import SegxaiValueError
from ..files import replacing
from ..plots.duck_types import Explained

_HERE = Path(__file__).parent
_SHOWN_SIDE = 640  # pixels; photographs are embedded at the size at which they are displayed
_MOST_ROWS = 20
_UNEXAMINED = "Not examined here: robustness to other fills and borders, and placebos; call .examine() for these checks."
# A second safeguard beside escaping: the browser blocks all external requests.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def save_explanation(explanation: Explained, path: str | os.PathLike) -> None:
    """Write an explanation as a web page (.html) or a picture (.png, .svg, .pdf), depending on the path's ending.

    Raises SegxaiError for another ending, or if the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in (".html", ".htm"):
        write_report(path, [(f"Why {explanation.target}?", [figure(explanation)])], title=f"Why {explanation.target}?")
    elif ending in (".png", ".svg", ".pdf"):
        drawn = io.BytesIO()  # in memory, because some of matplotlib's writers leave partial files on a full disk
        explanation.plot().savefig(drawn, format=ending[1:], dpi=150)
        with replacing(path) as temporary:
            temporary.write_bytes(drawn.getvalue())
    else:
        raise SegxaiValueError(f"{path.name!r} must end in .html, .png, .svg or .pdf.")


def write_report(
    path: str | os.PathLike, sections: Iterable[tuple[str, Sequence[str]]], title: str = "Explanations by region", table: str = ""
) -> None:
    """Write a page. sections: (heading, figures made by `figure`, shown side by side). table: HTML at the top of the page."""
    body = "".join(
        f"<section><h2>{html.escape(heading)}</h2><div class='sx-row'>{''.join(figures)}</div></section>"
        for heading, figures in sections
    )
    hint = (
        "<p>Point at a region, or move to it with the Tab key, to highlight it in the table. Click it, or press Enter, to switch it off:\n"
        "the line below the picture then shows the probability without it.\n"
        "Blue supports the class, orange opposes it; the numbers carry the sign.</p>"
    )
    write_page(path, title, f"{hint}\n{table}{body}", script=asset("report.js"))


def escaped_table(heads: Sequence[str], rows: Iterable[Sequence], numbers_from: int = 1) -> str:
    """An HTML table of escaped texts; columns from `numbers_from` on are aligned as numbers."""

    def cells(texts, tag):
        return "".join(
            f"<{tag} {'class=sx-number' if i >= numbers_from else 'style=white-space:nowrap'}>{html.escape(str(text))}</{tag}>"
            for i, text in enumerate(texts)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<div class='sx-scroll'><table><thead><tr>{cells(heads, 'th')}</tr></thead><tbody>{body}</tbody></table></div>"


def write_page(path: str | os.PathLike, title: str, body: str, script: str = "") -> None:
    """Write a self-contained page around `body`, which is HTML."""
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{html.escape(title)}</title><style>{asset("report.css")}</style></head>
<body class="segxai"><main><h1>{html.escape(title)}</h1>
{body}</main><script>{script}</script></body></html>
"""
    with replacing(path) as temporary:
        # A file's name may contain bytes that are not valid text.
        temporary.write_text(page, encoding="utf-8", errors="replace")


def explanation_fragment(explanation: Explained) -> str:
    """The explanation as an HTML fragment for a notebook cell, in which regions are highlighted on hover without scripts."""
    return f"<div class='segxai segxai-cell'><style>{asset('report.css')}</style>{figure(explanation)}</div>"


def figure(explanation: Explained) -> str:
    """An explanation as HTML: the photograph with its regions, and a table of their weights with bars."""
    e, regions = explanation, explanation.regions
    height, width = regions.shape
    unique = hashlib.sha1(regions.labels.tobytes() + e.weights.tobytes() + e.image.tobytes()).hexdigest()[:10]
    limit = float(np.abs(e.weights).max()) or 1.0
    paths = [region_path(regions.labels == k) for k in range(len(regions))]
    areas = regions.areas
    clips, fills, shapes = [], [], []
    for k, (name, weight) in enumerate(zip(regions.names, e.weights, strict=True)):
        label = html.escape(f"{name}{_doubt(regions.name_evidence[k])}: weight {weight:+.3f}, {areas[k]:.1%} of the image")
        clips.append(f"<clipPath id='c{unique}-{k}'><path clip-rule='evenodd' d='{paths[k]}'/></clipPath>")
        fills.append(f"<g class='sx-fill' clip-path='url(#c{unique}-{k})'><use href='#f{unique}'/></g>")
        shapes.append(
            f"<path class='sx-region' d='{paths[k]}' fill='{_colour(weight, limit)}' fill-rule='evenodd' tabindex='0' "
            f"role='button' aria-pressed='true' aria-label='{label}'><title>{label}</title></path>"
        )
    data = {
        "names": list(regions.names),
        "target": e.target,
        "weights": [round(float(w), 5) for w in e.weights],
        "intercept": round(e.intercept, 5),
        "full": round(e.coalitions.full, 5),
        "values": _values_by_code(e.coalitions),
    }
    if e.method == "tree" and len(regions) == len(e.descent.tree.leaves):
        data["tree"] = _tree(e.descent)
    made = html.escape(f"{regions.method or 'regions'}, {len(regions)} regions")
    how = "following the evidence" if e.method == "tree" else "every coalition" if e.coalitions.exact else "sampled"
    effort = f"{e.coalitions.evaluations} model calls, {how}"
    size = f"width='{width}' height='{height}'"
    words = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in [*e.in_words(), *([] if e.findings else [_UNEXAMINED])])
    return (
        f"<figure data-explanation='{html.escape(json.dumps(data), quote=True)}'>"
        f"<figcaption><b>{made}</b>: {html.escape(e.method)} weights for “{html.escape(e.target)}” "
        f"<span class='sx-note'>(fill: {html.escape(e.coalitions.fill)}; {effort}; R² {e.r2:.2f})</span></figcaption>"
        f"<svg viewBox='0 0 {width} {height}' role='group' aria-label='{html.escape(plots.describe(e))}'>"
        f"<defs><image id='f{unique}' {size} preserveAspectRatio='none' href='{_jpeg(e.coalitions.filled)}'/>{''.join(clips)}</defs>"
        f"<image {size} preserveAspectRatio='none' href='{_jpeg(e.image)}'/>{''.join(fills)}{''.join(shapes)}<path class='sx-halo' d=''/></svg>"
        f"<p class='sx-answer' aria-live='polite'>P({html.escape(e.target)}), whole photograph: {e.coalitions.full:.3f}.</p>"
        f"{_table(e, areas, limit)}<ul class='sx-words'>{words}</ul></figure>"
    )


def region_path(mask: np.ndarray) -> str:
    """The outline of a mask (H, W), including holes, as SVG path data (fill rule evenodd), accurate to a pixel."""
    from skimage.measure import approximate_polygon, find_contours

    pieces = []
    for contour in find_contours(np.pad(mask, 1).astype(float), 0.5):
        points = approximate_polygon(contour, 0.6) - 0.5
        pieces.append("M" + "L".join(f"{column:.1f} {row:.1f}" for row, column in points[:-1]) + "Z")
    return "".join(pieces)


def _table(e, areas, limit) -> str:
    shown = np.argsort(-np.abs(e.weights), kind="stable")[:_MOST_ROWS]
    order = shown[np.argsort(-e.weights[shown], kind="stable")]
    rows = []
    for k in order:
        weight, (low, high) = e.weights[k], e.interval[k]
        span = "" if low == high else f" <span class='sx-note'>{low:+.3f} to {high:+.3f}</span>"
        start, length = (50, 50 * weight / limit) if weight >= 0 else (50 + 50 * weight / limit, -50 * weight / limit)
        colour = "var(--blue)" if weight >= 0 else "var(--orange)"
        rows.append(
            f"<tr data-region='{k}'><th scope='row'{_hint(e.regions.name_evidence[k])}>{html.escape(e.regions.marked_names[k])}</th>"
            f"<td class='sx-bar'><svg viewBox='0 0 100 10' preserveAspectRatio='none' aria-hidden='true'>"
            f"<rect x='{start:.2f}' y='1' width='{length:.2f}' height='8' style='fill:{colour}'/>"
            f"<line x1='50' x2='50' y1='0' y2='10' style='stroke:currentColor;stroke-width:.6'/></svg></td>"
            f"<td class='sx-number'>{weight:+.3f}{span}</td><td class='sx-number'>{areas[k]:.1%}</td></tr>"
        )
    left_out = len(e.weights) - len(order)
    note = f"<p class='sx-note'>The table omits the {left_out} weakest regions.</p>" if left_out else ""
    return (
        "<div class='sx-scroll'><table><thead><tr><th>region</th><th></th><th class='sx-number'>weight</th>"
        f"<th class='sx-number'>area</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _doubt(evidence) -> str:
    return f" (a guess, {evidence.probability:.0%})" if evidence.source == "guess" else ""


def _hint(evidence) -> str:
    """The title attribute that shows on hover where a name comes from, for names that were not given."""
    if evidence.source == "given":
        return ""
    sure = "" if evidence.probability is None else f", {evidence.probability:.0%}"
    return f" title='name: {html.escape(evidence.source)}{sure}'"


def _tree(descent) -> dict:
    """The whole tree for a script: nodes are numbered as in `BinaryTree`, and the leaves are the page's regions.

    The n regions of a cut are what is left where the last n - 1 joins are undone.
    """
    divided = np.zeros(len(descent.values), bool)
    divided[descent.division.node[descent.division.divided]] = True
    return {
        "joins": descent.tree.joins.tolist(),
        "names": list(descent.tree.names),
        "values": [round(float(v), 5) for v in descent.values],
        "shared": [round(float(v), 5) for v in descent.shared],
        "areas": [round(float(a), 5) for a in descent.tree.areas],
        "divided": divided.tolist(),
    }


def _values_by_code(coalitions):
    """The values of an exact table in the order of the coalitions' codes; None for a sampled or very large table."""
    if not coalitions.exact or len(coalitions.masks) > 4096:
        return None
    return [round(float(v), 4) for v in coalitions.by_code()]


def _colour(weight, limit) -> str:
    red, green, blue, _ = plots.ORANGE_BLUE(0.5 + 0.5 * float(weight) / limit, bytes=True)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _jpeg(image) -> str:
    picture = Image.fromarray(image)
    picture.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=86)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def asset(name: str) -> str:
    """The text of a style sheet or script in this folder."""
    return (_HERE / name).read_text(encoding="utf-8")
