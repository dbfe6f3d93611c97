"""Explanations side by side: segmenter, sliders, method, fill and target, with the regions to be switched off."""

from __future__ import annotations

import queue
import threading
from functools import partial
from secrets import token_hex

import ipywidgets
import numpy as np

from ..classifiers.load import load_classifier
from ..errors import SegxaiError, SegxaiValueError, unknown_name
from ..explanation.explanation import METHODS, Explanation, explain
from ..explanation.fills import FILLS
from ..images import as_image
from ..progress import close_widget
from ..regions import Regions
from ..segmentation import registry
from ..segmentation.registry import segment, segmenters, why_unavailable
from . import background, browser
from .explorer_pane import Pane
from .form import Form, choice, span
from .region_canvas import picture

KEPT = 16  # explanations; each is a few megabytes


class ExplanationExplorer(ipywidgets.VBox):
    """One photograph, its explanations by one or two segmenters, and everything that changes them.

    image: array, PIL image or path. classifier: whatever `load_classifier` accepts; EfficientNet-Lite0 when None.
    start: the segmenters shown at first, one or two. target: class name or number; the most probable when None.
    also: further segmenters by name: `Regions` of this photograph, or functions image -> `Regions`, e.g. fitted FCNs.
    Method, kernel width and target are answered from the table; a new segmenter or fill asks the classifier, in the background.
    `close()` ends that, forgets what was computed and takes everything off the page.

    >>> explorer = segxai.widgets.ExplanationExplorer("photo.jpg", start=("deep", "slic"))     # doctest: +SKIP
    >>> explorer.explanations                                                                  # doctest: +SKIP
    """

    def __init__(self, image, classifier=None, *, start=("deep",), target=None, also=None, max_evaluations=1024, seed=0):
        self.image = as_image(image)
        self.classifier = load_classifier(classifier)
        self._also = dict(also or {})
        self._target, self._options = target, {"max_evaluations": max_evaluations, "seed": seed}
        start = (start,) if isinstance(start, str) else tuple(start)
        if not 1 <= len(start) <= 2:
            raise SegxaiValueError(f"start names one or two segmenters; got {len(start)}.")
        offered = [name for name, _ in self.names()]
        for name in start:
            if name not in offered:
                raise unknown_name("segmenter", name, offered)
        self._cache: dict = {}
        self._waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.stopping = threading.Event()
        # Held by whoever changes the panes and what they show: the caller's thread, or the one in the background.
        self.lock = threading.RLock()
        self.shared = Form(
            [],
            {"method": "lime", "kernel_width": 0.25, "fill": "mean", "compare": len(start) == 2},
            title="Explanation",
            away="These controls need it.",
        )
        group = token_hex(4)
        second = start[1] if len(start) == 2 else "slic"
        self.panes = [Pane(self, name, group) for name in (start[0], second)]
        self._row = ipywidgets.HBox(
            self.panes[: len(start)], layout=ipywidgets.Layout(flex_flow="row wrap", align_items="flex-start")
        )
        super().__init__([self.shared, self._row])
        try:
            for pane in self._row.children:
                pane.compute()
            self._shared_before = dict(self.shared.values)
            self._fit_shared_form()
            self.share_scale()
        except BaseException:
            self.close()
            raise
        self.shared.observe(self._shared_changed, "values")
        # One thread for all that is computed in the background: many short ones would each keep memory of their own.
        background.start(self, partial(_run_all, self._waiting), partial(_stop, self.stopping, self._waiting), "segxai-explain")

    def close(self) -> None:
        """End what is computed in the background, forget what was, and take everything off the page."""
        if self.comm is None:  # closed already, or never made
            return
        with self.lock:
            self._waiting.put(self._cache.clear)
            _stop(self.stopping, self._waiting)
            for widget in (*self.children, *self.panes):
                close_widget(widget)
            self.layout.close()
            super().close()

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The explanations that are shown, from left to right."""
        return tuple(pane.explanation for pane in self._row.children if pane.explanation is not None)

    @property
    def explanation(self) -> Explanation:
        """The one on the left."""
        return self.panes[0].explanation

    def names(self) -> list[tuple[str, str]]:
        """(name, why it cannot be had or "") of every segmenter on offer."""
        known = [n for n in (*segmenters(), "pascal+deep") if n not in self._also]
        return [(n, "") for n in self._also] + [(n, why_unavailable(n)) for n in known]

    def sliders(self, name) -> list:
        """The sliders of a segmenter; what was given as `also` takes the photograph alone, whatever its name."""
        if name in self._also:
            return []
        return [
            (span(s.parameter, s.label, s.least, s.most, s.step, log=s.log, zero=s.zero), s.start) for s in registry.sliders(name)
        ]

    def set(self, **values) -> None:
        """Change method, kernel_width, fill, target or compare, as its control would."""
        for key in values:
            if key not in self.shared.values:
                raise unknown_name("setting", key, self.shared.values)
        self.shared.values = {**self.shared.values, **values}

    def wait(self, timeout: float = 120) -> None:
        """Wait until nothing is computed in the background. Raises SegxaiError when that takes longer than `timeout` seconds."""
        done = threading.Event()
        self.later(done.set)
        if not done.wait(timeout):
            raise SegxaiError(f"The explanation was not ready after {timeout:g} s.")

    def later(self, work) -> None:
        """Do this in the background, after what is waiting already."""
        if self.stopping.is_set():
            raise SegxaiError("This explorer was closed; make a new one.")
        self._waiting.put(work)

    def find(self, key, progress) -> Explanation:
        """The explanation for (segmenter, its parameters, fill), from the cache or by asking the classifier."""
        name, params, fill = key
        found = self._cache.pop(key, None)
        if found is None:
            source = self._also.get(name, name)
            regions = source if isinstance(source, Regions) else segment(self.image, source, **dict(params))
            found = explain(self.image, regions, self.classifier, self._target, fill=fill, progress=progress, **self._options)
        self._cache[key] = found  # at the end, for the first is forgotten first
        if len(self._cache) > KEPT:
            del self._cache[next(iter(self._cache))]
        return found

    def refit(self, explanation) -> Explanation:
        """The explanation read as the shared controls say; no model calls."""
        values = self.shared.values
        return explanation.refit(values["method"], kernel_width=values["kernel_width"], target=values.get("target"))

    def _shared_changed(self, change):
        with self.lock:
            before, now = self._shared_before, change["new"]
            self._shared_before = dict(now)
            changed = {key for key in now if now[key] != before.get(key)}
            if "compare" in changed:
                self._row.children = self.panes[: 2 if now["compare"] else 1]
            for pane in self._row.children:  # a pane that was hidden may have missed earlier changes
                if pane.explanation is None or pane.asked_fill != now["fill"]:
                    pane.request()
                elif changed:
                    pane.refit()
            if "method" in changed:
                self._fit_shared_form()
            self.share_scale()

    def _fit_shared_form(self):
        names = self.explanation.coalitions.target_names
        method = self.shared.values["method"]
        with self.shared.hold_sync():
            self.shared.values = {"target": self.explanation.target, **self.shared.values}
            self._shared_before = dict(self.shared.values)
            self.shared.fields = [
                choice("target", "why", names),
                choice("method", "method", [m for m in METHODS if m not in ("owen", "tree")]),
                span("kernel_width", "kernel width", 0.05, 5, log=True, live=True, disabled=method != "lime"),
                choice("fill", "switched off shows", FILLS),
                {"key": "compare", "label": "compare two", "kind": "check"},
            ]

    def share_scale(self) -> None:
        """Show what the panes hold, on one colour scale, so that their colours can be compared."""
        limit = max((float(np.abs(e.weights).max()) for e in self.explanations), default=0.0)
        for pane in self._row.children:
            if pane.canvas is not None:
                with pane.canvas.hold_sync():
                    pane.canvas.show(pane.explanation)
                    pane.canvas.limit = limit

    def _repr_mimebundle_(self, **kwargs):
        if browser.without_kernel():
            panes = "".join(
                f'<div style="flex:1 1 340px">{browser.still(p.canvas, "region_canvas")}</div>' for p in self._row.children
            )
            note = "Other segmenters, methods and fills need Python: open the notebook in JupyterLab."
            return {
                "text/html": f'<div style="display:flex;flex-wrap:wrap">{panes}</div><p>{note}</p>',
                "text/plain": repr(self.explanation),
            }
        return browser.beside(super()._repr_mimebundle_(**kwargs), picture(self.explanation))


def _run_all(waiting):
    while (work := waiting.get()) is not None:
        work()


def _stop(stopping, waiting):
    """What is under way gives up, and what waits is passed over, to the None that ends `_run_all`."""
    stopping.set()
    waiting.put(None)
