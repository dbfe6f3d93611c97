"""What goes to the browser: each widget's module and style, and what is shown where there is no kernel."""

from __future__ import annotations

import os
from pathlib import Path

from ...report.page import live_fragment

_WIDGETS = Path(__file__).parents[1]


def module(name: str) -> str:
    """The JavaScript module of a widget, bundled from its folder by `make bundles`: nothing is loaded from anywhere."""
    return (_WIDGETS / "bundles" / f"{name}.js").read_text(encoding="utf-8")


def style(name: str) -> str:
    """The style sheet of a widget."""
    return "".join(
        path.read_text(encoding="utf-8")
        for path in (_WIDGETS / "shared/common.css", _WIDGETS / name / "style.css")
    )


def without_kernel() -> bool:
    """Whether widgets show themselves for pages without a kernel (`make html` sets SEGXAI_STILL)."""
    return bool(os.environ.get("SEGXAI_STILL"))


def beside(bundle, still: dict):
    """A widget's MIME bundle, and for whoever cannot run it (a saved notebook, a viewer without JavaScript) a picture.

    still: what is shown instead, by MIME type.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return ({**data, **still}, metadata) if isinstance(bundle, tuple) else {**data, **still}


def still(widget, name: str) -> str:
    """A widget as HTML that works in a page without a kernel: hover, switches and sliders, but nothing that needs Python."""
    state = {
        key: value
        for key, value in widget.get_state().items()
        if not key.startswith("_") and key not in ("layout", "tabbable", "tooltip")
    }
    return live_fragment(name, state)
