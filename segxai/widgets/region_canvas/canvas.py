"""A photograph whose regions react to mouse and keyboard, in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explanation import Explanation
from ...explanation.tree_explanation import TreeExplanation
from ...fcn.annotation import IGNORE, import_class_png
from ...files import replacing
from ...regions import Regions
from ...report.page import live_page
from ...report.pictures import jpeg
from ...report.state import finest, regions_state, settings_state, table_state, tree_state
from ...segmentation.classes import regions_of_classes
from ..shared import browser
from ..shared.messages import receive


class RegionCanvas(anywidget.AnyWidget):
    """The regions of an explanation over the photograph: point, switch off and on, rename, read the classifier's output.

    off: the numbers of the regions that are switched off, set from either side. view: "weights", "difference"
    (to what is pinned, or between the two canvases of a group), "borders" or "photograph". opacity, threshold (share of the largest weight below which colours are hidden) and zoom: as its controls have them.
    group: canvases with the same text share their pointer, their view, and one colour scale; a `Form` of the group has the
    settings. on_edit: called with ("rename", the renamed
    `Regions`), and with ("merge", names), ("divide", name) or ("load", `Regions`) where the page wants other regions.
    Of a tree explanation the canvas shows every depth; the numbers in `off` are those of its leaves.

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
    size: traitlets.List = traitlets.List().tag(sync=True)
    segmenter = traitlets.Unicode().tag(sync=True)
    divisible = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    table = traitlets.Bytes().tag(sync=True)
    bits = traitlets.Bytes().tag(sync=True)
    log_importance = traitlets.Bytes().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    fill = traitlets.Unicode().tag(sync=True)
    output = traitlets.Unicode("probability").tag(sync=True)
    target = traitlets.Unicode().tag(sync=True)
    versus = traitlets.Unicode().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    kernel_width = traitlets.Float().tag(sync=True)
    alpha = traitlets.Float().tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    intercept = traitlets.Float().tag(sync=True)
    r2 = traitlets.Float().tag(sync=True)
    tree = traitlets.Dict().tag(sync=True)
    depth = traitlets.Int().tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(False).tag(
        sync=True
    )  # while another explanation is computed: the picture is dimmed

    off = traitlets.List(traitlets.Int()).tag(sync=True)
    view = traitlets.Enum(("weights", "difference", "borders", "photograph"), "weights").tag(
        sync=True
    )
    opacity = traitlets.Float(0.8, min=0, max=1).tag(sync=True)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    zoom = traitlets.Float(1.0, min=1, max=6).tag(sync=True)

    def __init__(
        self,
        explanation: Explanation,
        on_edit: Callable[[str, object], None] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.explanation: Explanation = None  # type: ignore[assignment]  # until `show` below
        self._on_edit = on_edit
        self.show(explanation)
        self.observe(self._renamed, "names")
        handlers = {
            "merge": partial(self._edit, "merge", "regions"),
            "divide": partial(self._edit, "divide", "region"),
        }
        receive(self, {**handlers, "load": self._load})

    def show(self, explanation: Explanation, note: str = "") -> None:
        """Show another explanation, with a note beside its title. Only what differs is sent; what is off stays so where regions fit it."""
        e, before = explanation, self.explanation
        self.explanation = e
        regions, table = finest(e)
        old_regions, old_table = (None, None) if before is None else finest(before)
        with self.hold_sync(), self.hold_trait_notifications():  # in this order it is one message
            if before is None or before.image is not e.image:
                self.photo = jpeg(e.image)
            if old_table is None or old_table.filled is not table.filled:
                self.filled = jpeg(table.filled_view)
            if (
                old_regions is None
                or old_regions != regions
                or old_regions.method != regions.method
            ):
                self._set(regions_state(regions, e.image.shape))
                if old_regions is not None and not np.array_equal(
                    old_regions.labels, regions.labels
                ):
                    self.off = _off_in(regions, np.isin(old_regions.labels, self.off))
            # Parts can come and go while regions compare equal, by their pixels and names.
            self.divisible = [] if e.method == "tree" else list(regions.expandable())
            if (
                old_table is None
                or old_table.table is not table.table
                or (before.method == "tree") != (e.method == "tree")
            ):
                self._set(table_state(table))
                self.tree = tree_state(e.descent) if isinstance(e, TreeExplanation) else {}
            self._set(settings_state(e))
            self.note = note

    @property
    def answer(self) -> float | None:
        """The classifier's value for the class with the regions in `off` switched off; None where a sampled table does not hold it."""
        regions, table = finest(self.explanation)
        return table.value_of(~np.isin(np.arange(len(regions)), self.off))

    def save(self, path) -> None:
        """Write a web page (.html) in which the canvas works without Python or network."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise SegxaiValueError(f"{path.name!r}: a canvas is saved as .html.")
        title = f"Why {self.explanation.target}?"
        with replacing(path) as temporary:
            temporary.write_text(
                live_page(title, browser.still(self, "region_canvas")),
                encoding="utf-8",
                errors="replace",
            )

    @traitlets.validate("off")
    def _known_regions(self, proposal):
        number = len(self.names)
        return (
            sorted({k for k in proposal["value"] if 0 <= k < number})
            if number
            else proposal["value"]
        )

    def _set(self, state):
        for key, value in state.items():
            setattr(self, key, value)

    def _renamed(self, change):
        """Names that were edited in the page become the names of the explanation's regions."""
        regions, _ = finest(self.explanation)
        if list(regions.names) == change["new"]:
            return
        try:
            if self.explanation.method == "tree":
                raise SegxaiValueError(
                    "The nodes of a tree keep their names; rename the regions before it is grown."
                )
            if len(change["new"]) != len(regions):
                raise SegxaiValueError(
                    f"There are {len(regions)} regions, and {len(change['new'])} names came."
                )
            renamed = regions.rename(dict(zip(regions.names, change["new"], strict=True)))
        except SegxaiError as error:
            self.note, self.names = str(error), list(regions.names)
            return
        self.explanation = self.explanation.with_regions(renamed)
        self.names, self.divisible, self.note = list(renamed.names), list(renamed.expandable()), ""
        if self._on_edit is not None:
            self._on_edit("rename", renamed)

    def _edit(self, what, key, fields, buffers):
        if self._on_edit is None:
            self.note = "Regions can be merged, divided and loaded in an explorer."
        else:
            self._on_edit(what, fields.get(key))

    def _load(self, fields, buffers):
        """A file of regions that was chosen in the page, in the format that the painter writes."""
        names = fields.get("names")
        try:
            shape = self.explanation.image.shape[:2]
            classes, known = import_class_png(
                buffers[0] if buffers else b"",
                shape,
                names.splitlines() if isinstance(names, str) else None,
            )
        except SegxaiError as error:
            self.note = str(error)
            return
        self._edit("load", "regions", {"regions": loaded_regions(classes, known)}, ())

    def _repr_mimebundle_(self, **kwargs):
        if browser.without_kernel():
            return {
                "text/html": browser.still(self, "region_canvas"),
                "text/plain": repr(self.explanation),
            }
        return browser.beside(super()._repr_mimebundle_(**kwargs), picture(self.explanation))


def _off_in(regions: Regions, gone: np.ndarray) -> list[int]:
    """The numbers of the regions that make up what is gone, an (H, W) mask; none where they do not fit it."""
    area = np.bincount(regions.labels.ravel(), weights=gone.ravel())
    size = np.bincount(regions.labels.ravel())
    return np.flatnonzero(area).tolist() if ((area == 0) | (area == size)).all() else []


def loaded_regions(classes: np.ndarray, names: Sequence[str]) -> Regions:
    """The regions of an annotation: (H, W) class ids as `load_annotation` returns them, and their names."""
    return regions_of_classes(classes, {**dict(enumerate(names)), IGNORE: "unpainted"}, "loaded")


def picture(explanation: Explanation) -> dict:
    """An explanation as a still picture, by MIME type."""
    return {"text/html": explanation.plot().as_html(dpi=75), "text/plain": repr(explanation)}
