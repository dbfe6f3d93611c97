"""A row of labelled controls.

Those of ipywidgets have no names for screen readers and cannot disable single choices.
"""

from functools import partial

import traitlets

from ..shared import browser


class Form(browser.BundledWidget, folder="form"):
    """Controls that are described by dicts, and whose values are set from either side.

    Parameters
    ----------
    fields : list of dict
        The controls, each with

        - key, label and kind ("select", "range", "check" or "file"),
        - disabled: it cannot be used now,
        - of a select: options [(value, text)], and reasons {value: why it cannot be chosen},
        - of a range: min, max, step, log (logarithmic), live (changes while it is dragged) and
          zero (a text for 0),
        - of a file: accept, the types offered, and largest, the most bytes that are taken,
        - hint: its tooltip,
        - local: it works without a kernel, but for the options in remote,
        - when {key: value}: of use only then.
    values : dict
        Of the controls, by key.
    on_cancel : callable, optional
        Called when what is under way is cancelled in the page.
    on_file : callable, optional
        Called with a field's key, a file's name and its bytes when a file was chosen; what its
        SegxaiError says becomes the message.
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

    title = traitlets.Unicode("Settings").tag(sync=True)
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Dict().tag(**browser.FROM_PAGE)
    progress = traitlets.Float(-1.0).tag(sync=True)
    away = traitlets.Unicode("").tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)

    def __init__(self, fields, values, on_cancel=lambda: None, on_file=None, **traits):
        super().__init__(fields=fields, values=values, **traits)
        self._on_file, self._bytes = on_file, bytearray()
        self.handle(
            {"cancel": lambda fields, data: on_cancel(), "file": self._receive_piece},
            partial(self.set_trait, "message"),
        )

    def _receive_piece(self, piece, data):
        """Add a piece to the file that is being sent; pieces of anything else are dropped."""
        largest = {field["key"]: field["largest"] for field in self.fields if "largest" in field}
        key, size = piece.get("key"), piece.get("size")
        if piece.get("start") == 0:
            self._bytes.clear()
        if (
            not isinstance(size, int)
            or piece.get("start") != len(self._bytes)
            or len(self._bytes) + len(data) > min(size, largest.get(key, -1))
        ):
            return
        self._bytes += data
        if len(self._bytes) == size:
            content = bytes(self._bytes)
            self._bytes.clear()
            self._on_file(key, str(piece.get("name")), content)
