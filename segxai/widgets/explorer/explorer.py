"""Explanations side by side: segmenter, sliders, method, fill and target, with the regions to be switched off."""

from __future__ import annotations

import threading
from secrets import token_hex
from typing import cast

import ipywidgets
import numpy as np

from ...errors import SegxaiError, SegxaiValueError, unknown_name
from ...explanation.explanation import Explanation
from ...explanation.fills import FILLS, distinct_fills
from ...fcn.annotation import IGNORE, load_annotation, save_annotation
from ...progress import close_widget
from ...regions import Regions
from ...report.page import check_page_path, explorer_state, live_fragment, write_explorer
from ...report.state import depth_field, finest, setting_fields
from ..form import Form
from ..region_canvas import loaded_regions, picture
from ..shared import browser
from .pane import Pane
from .work import Work

START_DEPTH = 9  # regions that a tree is cut into at first
SAVED_FILLS = (
    "mean",
    "blur",
    "black",
    "grey",
)  # of a page without a kernel; they are small as pictures


class ExplanationExplorer(ipywidgets.VBox):
    """One photograph, its explanations by one or two segmenters, and everything that changes them.

    image: array, PIL image or path. classifier: whatever `load_classifier` accepts; EfficientNet-Lite0 when None.
    start: the segmenters shown at first, one or two. target: class name or number; the most probable when None.
    also: further segmenters by name: `Regions` of this photograph, or functions image -> `Regions`, e.g. fitted FCNs.
    Method, kernel width and target are computed from the table; a new segmenter or fill evaluates the classifier, in the
    background. `close()` ends that, forgets what was computed and takes everything off the page.

    >>> explorer = segxai.widgets.ExplanationExplorer("photo.jpg", start=("deep", "slic"))     # doctest: +SKIP
    >>> explorer.explanations                                                                  # doctest: +SKIP
    """

    def __init__(
        self,
        image,
        classifier=None,
        *,
        start=("deep",),
        target=None,
        also=None,
        max_evaluations=1024,
        seed=0,
    ):
        self._work = Work(
            image, classifier, also, target, max_evaluations=max_evaluations, seed=seed
        )
        self.image, self.classifier = self._work.image, self._work.classifier
        start = (start,) if isinstance(start, str) else tuple(start)
        if not 1 <= len(start) <= 2:
            raise SegxaiValueError(f"start names one or two segmenters; got {len(start)}.")
        offered = [name for name, _ in self._work.segmenters()]
        for name in start:
            if name not in offered:
                raise unknown_name("segmenter", name, offered)
        group = token_hex(4)
        self.shared = Form(
            [],
            {
                "method": "lime",
                "kernel_width": 0.25,
                "fill": "mean",
                "versus": "",
                "depth": START_DEPTH,
                "compare": len(start) == 2,
            },
            title="Explanation",
            away="Segmenter, fill and second pane are paused; the rest still works.",
            group=group,
        )
        second = start[1] if len(start) == 2 else "slic"
        self.panes = [
            Pane(self._work, name, group, lambda: self.shared.values, self._draw)
            for name in (start[0], second)
        ]
        self._row = ipywidgets.HBox(
            self.panes[: len(start)],
            layout=ipywidgets.Layout(flex_flow="row wrap", align_items="flex-end"),
        )
        super().__init__([self.shared, self._row])
        try:
            for pane in self._row.children:
                pane.compute()
            self._shared_before = dict(self.shared.values)
            self._fit_shared_form()
            self._draw()
        except BaseException:
            self.close()
            raise
        self.shared.observe(self._shared_changed, "values")
        self._work.start(self)

    def close(self) -> None:
        """End what is computed in the background, forget what was, and take everything off the page."""
        if self.comm is None:  # closed already, or never made
            return
        with self._work.lock:
            self._work.stop()
            for widget in (*self.children, *self.panes):
                close_widget(widget)
            self.layout.close()
            super().close()

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The explanations that are shown, from left to right."""
        return tuple(
            pane.explanation for pane in self._row.children if pane.explanation is not None
        )

    @property
    def regions(self) -> Regions:
        """The regions on the left, with the names that were given to them in the page."""
        return self.explanation.regions

    @property
    def explanation(self) -> Explanation:
        """The one on the left."""
        return cast(Explanation, self.panes[0].explanation)  # the constructor computes it

    def set(self, **values) -> None:
        """Change method, kernel_width, fill, target, versus, depth or compare, as its control would."""
        for key in values:
            if key not in self.shared.values:
                raise unknown_name("setting", key, self.shared.values)
        if "fill" in values:
            (values["fill"],) = distinct_fills([values["fill"]])
        self.shared.values = {**self.shared.values, **values}

    def wait(self, timeout: float = 120) -> None:
        """Wait until nothing is computed in the background. Raises SegxaiError when that takes longer than `timeout` seconds."""
        done = threading.Event()
        self._work.later(done.set)
        if not done.wait(timeout):
            raise SegxaiError(f"The explanation was not ready after {timeout:g} s.")

    def _shared_changed(self, change):
        with self._work.lock:
            before, now = self._shared_before, change["new"]
            self._shared_before = dict(now)
            changed = {key for key in now if now[key] != before.get(key)}
            if "compare" in changed:
                self._row.children = self.panes[: 2 if now["compare"] else 1]
            for (
                pane
            ) in self._row.children:  # a pane that was hidden may have missed earlier changes
                if pane.explanation is None or pane.requested != (
                    now["fill"],
                    now["method"] == "tree",
                ):
                    pane.request()
                elif changed:
                    pane.refit()
            self._draw()

    def _fit_shared_form(self):
        names = self.explanation.coalitions.without_contrast().target_names
        with self.shared.hold_sync():
            self.shared.values = {"target": self.explanation.target, **self.shared.values}
            self._shared_before = dict(self.shared.values)
            self._fields = setting_fields(names, FILLS, self.explanation.coalitions.output)
            method = next(field for field in self._fields if field["key"] == "method")
            method["options"], method["remote"] = (
                [*method["options"], ["tree", "tree of parts"]],
                ["tree"],
            )
            second = {
                "key": "compare",
                "label": "Second pane",
                "kind": "check",
                "hint": "Compare two segmenters",
            }
            self._fields.append(second)
            self._fit_depth()

    def _fit_depth(self):
        """The slider of depth is there where a tree is shown, up to its leaves."""
        leaves = [len(finest(e)[0]) for e in self.explanations if e.method == "tree"]
        fields = [
            *self._fields[:-1],
            *([depth_field(max(leaves))] if leaves else []),
            self._fields[-1],
        ]
        if self.shared.fields != fields:
            self.shared.fields = fields

    def save_regions(self, path) -> None:
        """Write the regions on the left as an annotation: <path>.png, and their names in <path>.names.txt, as the painter does."""
        regions = self.regions
        if len(regions) > IGNORE:
            raise SegxaiValueError(
                f"An annotation has at most {IGNORE} regions; these are {len(regions)}."
            )
        save_annotation(path, regions.labels.astype(np.uint8), regions.names)

    def load_regions(self, path) -> None:
        """Explain, on the left, the regions of an annotation (.png, and beside it .names.txt), in the background."""
        self.panes[0].load(loaded_regions(*load_annotation(path, self.image.shape[:2])))

    def save(self, path, fills=SAVED_FILLS) -> None:
        """Write a page (.html) that needs no Python, with the panes' segmenters and these fills; see `segxai.save_explorer`."""
        check_page_path(path)
        write_explorer(path, self._with_fills(fills))

    def _with_fills(self, fills):
        fills = distinct_fills([self.shared.values["fill"], *fills])
        with self._work.lock:
            return [
                explanation for pane in self._row.children for explanation in pane.with_fills(fills)
            ]

    def _draw(self):
        for pane in self._row.children:
            pane.draw()
        self._fit_depth()

    def _repr_mimebundle_(self, **kwargs):
        if browser.without_kernel():
            return {
                "text/html": live_fragment(
                    "explorer", explorer_state(self._with_fills(SAVED_FILLS))
                ),
                "text/plain": repr(self.explanation),
            }
        return browser.beside(super()._repr_mimebundle_(**kwargs), picture(self.explanation))
