"""What goes to the browser: each widget's module and style, and a picture where it cannot run."""

import os
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
from ipywidgets.widgets.widget import _instances

from ...errors import SegxaiError
from ...plots import DescribedFigure
from ...progress import inside

_WIDGETS = Path(__file__).parents[1]
# Of traits that the page sets. ipywidgets would send them back to it, and what was done there in
# the meantime would be lost.
FROM_PAGE = {"sync": True, "echo_update": False}


class BundledWidget(anywidget.AnyWidget):
    """A widget whose JavaScript and style come with the package; nothing is loaded from anywhere.

    ``make bundles`` makes the JavaScript from the widget's folder, which its class names, as in
    ``class Form(BundledWidget, folder="form")``.
    """

    def __init_subclass__(cls, folder: str | None = None, **options: Any):
        if folder is not None:  # traitlets derives classes, too
            files = (_WIDGETS / "shared/common.css", _WIDGETS / folder / "style.css")
            cls._css = "".join(path.read_text(encoding="utf-8") for path in files)
            cls._esm = (_WIDGETS / "bundles" / f"{folder}.js").read_text(encoding="utf-8")
        super().__init_subclass__(**options)

    def handle(self, handlers: Mapping[str, Any], refused: Callable[[str], object]) -> None:
        """Have messages of the page handled, which carry what is no state of the widget.

        A message is ``{"type": ..., further fields}``, with buffers of bytes beside it. The types
        are listed at its other end, messages.js. What comes from a browser may come from anybody:
        a message that is no mapping, or of an unknown type, is ignored.

        Parameters
        ----------
        handlers : mapping of str to callable
            By type; ``handlers[type](fields, data)`` is called for each message, with the bytes
            that came beside it.
        refused : callable
            Shows what a handler's SegxaiError says.
        """

        def received(_, content, buffers):
            handler = handlers.get(str(content.get("type"))) if isinstance(content, dict) else None
            if handler is None:
                return
            try:
                handler(content, bytes(buffers[0]) if buffers else b"")
            except SegxaiError as error:
                refused(str(error))

        self.on_msg(received)


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

    def plot(self) -> DescribedFigure:
        """Plot the explanation, or what else the widget shows, as a still figure."""
        return self.explanation.plot()  # type: ignore[attr-defined]  # of widgets that explain

    def _still(self) -> dict[str, str]:
        """Return the picture, by MIME type."""
        figure = self.plot()
        return {"text/html": figure.as_html(dpi=75), "text/plain": figure.alt}

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
