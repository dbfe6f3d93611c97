"""What goes to the browser: each widget's module and style, and a picture where it cannot run."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

from ipywidgets.widgets.widget import _instances

from ...progress import inside
from ...report.page import live_fragment

_WIDGETS = Path(__file__).parents[1]
# Of traits that the page sets. ipywidgets would send them back to it, and what was done there in
# the meantime would be lost.
FROM_PAGE = {"sync": True, "echo_update": False}


def module(name: str) -> str:
    """Return the JavaScript module of a widget.

    ``make bundles`` makes it from the widget's folder; nothing is loaded from anywhere.

    Parameters
    ----------
    name : str
        The widget's folder.

    Returns
    -------
    source : str
        JavaScript.
    """
    return (_WIDGETS / "bundles" / f"{name}.js").read_text(encoding="utf-8")


def style(name: str) -> str:
    """Return the style sheet of a widget.

    Parameters
    ----------
    name : str
        The widget's folder.

    Returns
    -------
    source : str
        CSS, what all widgets share before what is the widget's own.
    """
    files = (_WIDGETS / "shared/common.css", _WIDGETS / name / "style.css")
    return "".join(path.read_text(encoding="utf-8") for path in files)


def live(widget: Any, name: str) -> str:
    """Return a widget as HTML that works in a page without a kernel.

    Parameters
    ----------
    widget : ipywidgets.Widget
        The widget.
    name : str
        Its folder.

    Returns
    -------
    fragment : str
        HTML with hover, switches and sliders, but with nothing that needs Python.
    """
    state = {
        key: value
        for key, value in widget.get_state().items()
        if not key.startswith("_") and key not in ("layout", "tabbable", "tooltip")
    }
    return live_fragment(name, state)


def hold_weakly(widget: Any) -> None:
    """Let a widget end with the last reference to it, unless it has been shown.

    ipywidgets keeps every widget until it is closed.

    Parameters
    ----------
    widget : ipywidgets.Widget
        The widget, with everything inside it.
    """
    for part in inside(widget):
        _instances[part.model_id] = weakref.proxy(part)
        handler = weakref.WeakMethod(part._handle_msg)
        part.comm.on_msg(lambda message, handler=handler: handler()(message))


class Pictured:
    """A mixin for widgets that have a picture of themselves, shown with the widget.

    It is for whoever cannot run the widget: a saved notebook, or a viewer without JavaScript.
    """

    model_id: Any  # of ipywidgets.Widget, which this is mixed into

    def _still(self) -> dict[str, str]:
        """Draw the picture, by MIME type."""
        raise NotImplementedError

    def _alone(self) -> dict[str, str]:
        """Return what stands for the widget in a page without a kernel, by MIME type."""
        return self._still()

    def _repr_mimebundle_(self, **kwargs):
        if os.environ.get("SEGXAI_STILL"):  # `make html` sets it
            return self._alone()
        _instances[self.model_id] = self  # what was shown lives until it is closed
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, **self._still()}, metadata
