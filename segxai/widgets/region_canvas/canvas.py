"""A photograph whose regions react to mouse and keyboard, in the browser."""

from __future__ import annotations

from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ...errors import SegxaiValueError
from ...explanation.explanation import Explanation
from ...files import replacing
from ...images import resize_labels
from ...plots import widest_place
from ..shared import browser

_MOST_REGIONS = 12  # of a complete table that is sent along: 4096 values, 16 kB


class RegionCanvas(anywidget.AnyWidget):
    """The regions of an explanation over the photograph: point, switch off and on, read the classifier's output.

    off: the numbers of the regions that are switched off, set from either side. view: "weights", "borders" or
    "photograph". opacity, threshold (share of the largest weight below which colours are hidden) and zoom: as its controls have them.
    group: canvases with the same text share their pointer. limit: the weight of the darkest colour, 0 for the largest.

    >>> canvas = segxai.widgets.RegionCanvas(segxai.explain(image))     # doctest: +SKIP
    >>> canvas                                                          # doctest: +SKIP
    """

    _esm = browser.module("region_canvas")
    _css = browser.style("region_canvas")

    photo = traitlets.Bytes().tag(sync=True)
    filled = traitlets.Bytes().tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    target = traitlets.Unicode().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    areas = traitlets.List(traitlets.Float()).tag(sync=True)
    anchors: traitlets.List = traitlets.List().tag(sync=True)
    intercept = traitlets.Float().tag(sync=True)
    full = traitlets.Float().tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)  # float32 outputs by coalition, bit k for region k; empty when sampled
    limit = traitlets.Float(0.0).tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)

    off = traitlets.List(traitlets.Int()).tag(sync=True)
    view = traitlets.Enum(("weights", "borders", "photograph"), "weights").tag(sync=True)
    opacity = traitlets.Float(0.55, min=0, max=1).tag(sync=True)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    zoom = traitlets.Float(1.0, min=1, max=6).tag(sync=True)

    def __init__(self, explanation: Explanation, **kwargs):
        super().__init__(**kwargs)
        self.explanation: Explanation = None  # type: ignore[assignment]  # until `show` below
        self.show(explanation)

    def show(self, explanation: Explanation) -> None:
        """Show another explanation. Only what differs is sent; of the same regions the switched-off ones stay so."""
        e, before = explanation, self.explanation
        self.explanation = e
        with self.hold_sync(), self.hold_trait_notifications():  # in this order it is one message
            if before is None or before.image is not e.image:
                self.photo = browser.jpeg(e.image)
            if before is None or before.coalitions.filled is not e.coalitions.filled:
                self.filled = browser.jpeg(e.coalitions.filled)
            if before is None or before.regions is not e.regions:
                labels = resize_labels(e.regions.labels, browser.shown_size(e.image.shape))
                self.labels = browser.number_png(labels)
                self.names = list(e.regions.names)
                self.areas = [float(a) for a in e.regions.areas]
                self.anchors = [_anchor(labels == k) for k in range(len(e.regions))]
                if before is not None:
                    self.off = []
            if before is None or before.coalitions is not e.coalitions:
                self.values = _values_by_code(e.coalitions)
                self.full = float(e.coalitions.full)
            self.weights = [float(w) for w in e.weights]
            self.intercept = float(e.intercept)
            self.target = e.target
            self.title = (
                f"{e.regions.method or 'regions'}, {len(e.regions)} regions: {e.method} weights for “{e.target}”, R² {e.r2:.2f}"
            )

    @property
    def answer(self) -> float | None:
        """The classifier's probability with the regions in `off` switched off; None where a sampled table does not hold it."""
        shown = ~np.isin(np.arange(len(self.explanation.regions)), self.off)
        return self.explanation.coalitions.value_of(shown)

    @traitlets.validate("off")
    def _known_regions(self, proposal):
        number = len(self.names)
        return sorted({k for k in proposal["value"] if 0 <= k < number}) if number else proposal["value"]

    def save(self, path) -> None:
        """Write a web page (.html) in which the canvas works without Python or network."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise SegxaiValueError(f"{path.name!r}: a canvas is saved as .html.")
        with replacing(path) as temporary:
            temporary.write_text(browser.still_page(self, "region_canvas", self.title), encoding="utf-8")

    def _repr_mimebundle_(self, **kwargs):
        if browser.without_kernel():
            return {"text/html": browser.still(self, "region_canvas"), "text/plain": repr(self.explanation)}
        return browser.beside(super()._repr_mimebundle_(**kwargs), picture(self.explanation))


def picture(explanation: Explanation) -> dict:
    """An explanation as a still picture, by MIME type."""
    return {"text/html": explanation.plot().as_html(dpi=75), "text/plain": repr(explanation)}


def _anchor(mask) -> list[float]:
    """(x, y), as shares of width and height, of the place where a number fits best."""
    if not mask.any():  # a region of a few pixels that is lost in the smaller copy
        return [0.5, 0.5]
    row, column = widest_place(mask)
    return [(column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]]


def _values_by_code(coalitions) -> bytes:
    number = coalitions.masks.shape[1]
    if not coalitions.exact or number > _MOST_REGIONS:
        return b""
    return coalitions.by_code().astype("<f4").tobytes()
