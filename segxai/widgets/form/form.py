"""A row of labelled controls; those of ipywidgets have no names for screen readers and cannot disable single choices."""

from __future__ import annotations

import anywidget
import traitlets

from ..shared import browser
from ..shared.messages import receive


class Form(anywidget.AnyWidget):
    """Controls described by `fields`, whose `values` are set from either side.

    fields: dicts with key, label, kind ("select", "range", "check") and disabled (cannot be used now); of a select its options
    [(value, text)] and reasons {value: why it cannot be chosen}; of a range min, max, step, log (logarithmic), live (changes while
    it is dragged), zero (a text for 0); hint: its tooltip; local: works without a kernel, but for the options in remote; when {key: value}: of use only then. progress: 0..1 while something is under way (0: no share known), -1
    otherwise. message: a line below. away: what is shown at the top when the kernel is gone; "" for nothing.
    """

    _esm = browser.module("form")
    _css = browser.style("form")

    title = traitlets.Unicode("Settings").tag(sync=True)
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    progress = traitlets.Float(-1.0).tag(sync=True)
    away = traitlets.Unicode("").tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)

    def __init__(self, fields, values, on_cancel=None, **kwargs):
        super().__init__(fields=fields, values=values, **kwargs)
        if on_cancel is not None:
            receive(self, {"cancel": lambda fields, buffers: on_cancel()})


def choice(key, label, options, **more) -> dict:
    """A field of kind select; options: names, or (value, text) pairs."""
    pairs = [[o, o] if isinstance(o, str) else list(o) for o in options]
    return {"key": key, "label": label, "kind": "select", "options": pairs, **more}


def span(key, label, least, most, step=1, **more) -> dict:
    """A field of kind range."""
    return {
        "key": key,
        "label": label,
        "kind": "range",
        "min": least,
        "max": most,
        "step": step,
        **more,
    }
