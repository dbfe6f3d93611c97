"""Explanations and comparisons as HTML: fragments for a cell, and self-contained pages.

In pages, explanations are shown by the widgets' own renderer.

Nothing is loaded from anywhere, and every text that came from outside is escaped.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .. import plots
from ..errors import SegxaiValueError
from ..files import as_path, replacing
from ..images import encoded
from ..plots import numbers
from ..regions import Regions, distinct_names
from .state import (
    PAGE_METHODS,
    as_json,
    depth_field,
    jpeg,
    regions_state,
    setting_fields,
    settings_state,
    table_state,
    tree_state,
    weights_state,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..explanation.explanation import Explanation


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
    ending = as_path(path).suffix.lower()
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
    heads: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
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
    heads, rows : sequences, optional
        Of a table at the end of the page. From the fifth on, its columns are aligned as numbers.

    Raises
    ------
    SegxaiError
        If the file cannot be written.
    """
    write_page(path, title, "report.html", sections=sections, heads=heads, rows=rows)


def write_page(path: str | os.PathLike, title: str, body: str, **values: Any) -> None:
    """Write a self-contained page.

    Parameters
    ----------
    path : str or path
        Of the page.
    title : str
        Its title and heading.
    body : str
        The template of what is below the heading.
    **values
        What the template shows.

    Raises
    ------
    SegxaiError
        For another ending than .html, or if the file cannot be written.
    """
    check_page_path(path)
    digest = base64.b64encode(sha256(asset("bundles/page.js").encode()).digest()).decode()
    page = rendered("page.html", title=title, body=body, script_digest=digest, **values)
    with replacing(path) as temporary:
        # A file's name may contain bytes that are not valid text.
        temporary.write_text(f"{page}\n", encoding="utf-8", errors="replace")


def rendered(template: str, **values: Any) -> str:
    """Return HTML: a template of the folder `templates`, with values that it escapes."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    import jinja2  # a tenth of a second, which only those wait for who want HTML

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "plots": plots,
        "numbers": numbers,
        "asset": asset,
        "as_json": as_json,
        "cut_out": _cut_out,
        "isfinite": np.isfinite,
    }
    return found


def check_page_path(path: str | os.PathLike) -> None:
    """Raise SegxaiValueError unless the path ends in .html or .htm."""
    if as_path(path).suffix.lower() not in (".html", ".htm"):
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
    write_page(path, title, "live.html", name="explorer", state=explorer_state(explanations))


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
    fields = setting_fields(first.coalitions.target_names, fills, first.coalitions.output, {})
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
    return rendered("figure.html", e=explanation, state=explorer_state([explanation]))


def _cut_out(e, k) -> str:
    """Return a cut-out of a region as a WebP file in base64."""
    cut_out = Image.fromarray(plots.cut_out(e.coalitions.game.image, e.regions.labels == k))
    return base64.b64encode(encoded(cut_out, "WEBP", quality=80)).decode()


def asset(name: str) -> str:
    """Return the text of a style sheet or script next to this file."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
