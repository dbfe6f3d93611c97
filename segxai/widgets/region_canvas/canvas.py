"""A photograph whose regions react to mouse and keyboard, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explanation import Explanation
from ...files import replacing
from ...report.page import live_page
from ...report.pictures import jpeg
from ...report.state import regions_state, settings_state, table_state
from ..shared import browser
from ..shared.messages import receive


class RegionCanvas(anywidget.AnyWidget):
    """The regions of an explanation over the photograph: point, switch off and on, rename, read the classifier's output.

    off: the numbers of the regions that are switched off, set from either side. view: "weights", "borders" or
    "photograph". opacity, threshold (share of the largest weight below which colours are hidden) and zoom: as its controls have them.
    group: canvases with the same text share their pointer, their view, and one colour scale; a `Form` of the group has the
    settings. on_edit: called with ("rename", the renamed
    `Regions`), and with ("merge", names) or ("divide", name) where the page wants other regions.

    >>> canvas = segxai.widgets.RegionCanvas(segxai.explain(image))     # doctest: +SKIP
    >>> canvas                                                          # doctest: +SKIP
    """

    _esm = browser.module("region_canvas")
    _css = browser.style("region_canvas")

    photo = traitlets.Bytes().tag(sync=True)
    filled = traitlets.Bytes().tag(sync=True)
    # Of the regions, the table and the settings: as report/state.py makes them.
    labels = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    areas = traitlets.List(traitlets.Float()).tag(sync=True)
    anchors: traitlets.List = traitlets.List().tag(sync=True)
    segmenter = traitlets.Unicode().tag(sync=True)
    divisible = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    table = traitlets.Bytes().tag(sync=True)
    bits = traitlets.Bytes().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    fill = traitlets.Unicode().tag(sync=True)
    target = traitlets.Unicode().tag(sync=True)
    versus = traitlets.Unicode().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    kernel_width = traitlets.Float().tag(sync=True)
    alpha = traitlets.Float().tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    intercept = traitlets.Float().tag(sync=True)
    r2 = traitlets.Float().tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)  # while another explanation is computed: the picture is dimmed

    off = traitlets.List(traitlets.Int()).tag(sync=True)
    view = traitlets.Enum(("weights", "borders", "photograph"), "weights").tag(sync=True)
    opacity = traitlets.Float(0.8, min=0, max=1).tag(sync=True)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    zoom = traitlets.Float(1.0, min=1, max=6).tag(sync=True)

    def __init__(self, explanation: Explanation, on_edit: Callable[[str, object], None] | None = None, **kwargs):
        super().__init__(**kwargs)
        self.explanation: Explanation = None  # type: ignore[assignment]  # until `show` below
        self._on_edit = on_edit
        self.show(explanation)
        self.observe(self._renamed, "names")
        receive(self, {"merge": partial(self._edit, "merge", "regions"), "divide": partial(self._edit, "divide", "region")})

    def show(self, explanation: Explanation) -> None:
        """Show another explanation. Only what differs is sent; of the same regions the switched-off ones stay so."""
        e, before = explanation, self.explanation
        self.explanation = e
        with self.hold_sync(), self.hold_trait_notifications():  # in this order it is one message
            if before is None or before.image is not e.image:
                self.photo = jpeg(e.image)
            if before is None or before.coalitions.filled is not e.coalitions.filled:
                self.filled = jpeg(e.coalitions.filled)
            if before is None or before.regions != e.regions:
                self._set(regions_state(e.regions, e.image.shape))
                self.divisible = list(e.regions.expandable())
                if before is not None and not np.array_equal(before.regions.labels, e.regions.labels):
                    self.off = []
            if before is None or before.coalitions.table is not e.coalitions.table:
                self._set(table_state(e.coalitions))
            self._set(settings_state(e))
            self.note = ""

    @property
    def answer(self) -> float | None:
        """The classifier's probability with the regions in `off` switched off; None where a sampled table does not hold it."""
        shown = ~np.isin(np.arange(len(self.explanation.regions)), self.off)
        return self.explanation.coalitions.value_of(shown)

    def save(self, path) -> None:
        """Write a web page (.html) in which the canvas works without Python or network."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise SegxaiValueError(f"{path.name!r}: a canvas is saved as .html.")
        title = f"Why {self.explanation.target}?"
        with replacing(path) as temporary:
            temporary.write_text(live_page(title, browser.still(self, "region_canvas")), encoding="utf-8", errors="replace")

    @traitlets.validate("off")
    def _known_regions(self, proposal):
        number = len(self.names)
        return sorted({k for k in proposal["value"] if 0 <= k < number}) if number else proposal["value"]

    def _set(self, state):
        for key, value in state.items():
            setattr(self, key, value)

    def _renamed(self, change):
        """Names that were edited in the page become the names of the explanation's regions."""
        regions = self.explanation.regions
        if list(regions.names) == change["new"]:
            return
        try:
            if len(change["new"]) != len(regions):
                raise SegxaiValueError(f"There are {len(regions)} regions, and {len(change['new'])} names came.")
            renamed = regions.rename(dict(zip(regions.names, change["new"], strict=True)))
        except SegxaiError as error:
            self.note, self.names = str(error), list(regions.names)
            return
        self.explanation = replace(self.explanation, regions=renamed)
        self.names, self.divisible, self.note = list(renamed.names), list(renamed.expandable()), ""
        if self._on_edit is not None:
            self._on_edit("rename", renamed)

    def _edit(self, what, key, fields, buffers):
        if self._on_edit is None:
            self.note = "Regions can be merged and divided in an explorer."
        else:
            self._on_edit(what, fields.get(key))

    def _repr_mimebundle_(self, **kwargs):
        if browser.without_kernel():
            return {"text/html": browser.still(self, "region_canvas"), "text/plain": repr(self.explanation)}
        return browser.beside(super()._repr_mimebundle_(**kwargs), picture(self.explanation))


def picture(explanation: Explanation) -> dict:
    """An explanation as a still picture, by MIME type."""
    return {"text/html": explanation.plot().as_html(dpi=75), "text/plain": repr(explanation)}
