"""A row of labelled controls.

Those of ipywidgets have no names for screen readers and cannot disable single choices.
"""

from __future__ import annotations

import anywidget
import traitlets

from ..shared import browser
from ..shared.messages import receive


class Form(anywidget.AnyWidget):
    """Controls that are described by dicts, and whose values are set from either side.

    Parameters
    ----------
    fields : list of dict
        The controls, each with

        - key, label and kind ("select", "range" or "check"),
        - disabled: it cannot be used now,
        - of a select: options [(value, text)], and reasons {value: why it cannot be chosen},
        - of a range: min, max, step, log (logarithmic), live (changes while it is dragged) and
          zero (a text for 0),
        - hint: its tooltip,
        - local: it works without a kernel, but for the options in remote,
        - when {key: value}: of use only then.
    values : dict
        Of the controls, by key.
    on_cancel : callable, optional
        Called when what is under way is cancelled in the page.
    **traits
        Further attributes, see below.

    Attributes
    ----------
    title : str
        Name of the whole.
    progress : float
        0..1 while something is under way (0: no share known), -1 otherwise.
    message : str
        A line below.
    away : str
        What is shown at the top when the kernel is gone; "" for nothing.
    group : str
        Forms and canvases with the same text belong together.
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

    def __init__(self, fields, values, on_cancel=None, **traits):
        super().__init__(fields=fields, values=values, **traits)
        if on_cancel is not None:
            receive(self, {"cancel": lambda fields, data: on_cancel()})


def choice(key: str, label: str, names, **more) -> dict:
    """Describe a control that chooses among names.

    Parameters
    ----------
    key, label : str
        Of the control.
    names : iterable of str
        What can be chosen.
    **more
        Further entries of the description, see `Form`.

    Returns
    -------
    field : dict
        For `Form`.
    """
    options = [[name, name] for name in names]
    return {"key": key, "label": label, "kind": "select", "options": options, **more}
