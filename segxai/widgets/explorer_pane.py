"""One pane of the explorer: a segmenter with its sliders, and the canvas of its explanation."""

from __future__ import annotations

from functools import partial

import ipywidgets

from ..errors import SegxaiError
from . import background
from .form import Form, choice
from .region_canvas import RegionCanvas


class Pane(ipywidgets.VBox):
    """One segmenter with its sliders, and the canvas of its explanation. explorer: the `ExplanationExplorer` it belongs to."""

    def __init__(self, explorer, name: str, group: str):
        self.explorer, self.group = explorer, group
        self.explanation = self.canvas = self._found = None
        self.asked_fill = None  # of the last request; what is shown may still be of another
        self._ticket, self._fitting, self._shown_values = 0, False, None
        self.form = Form([], {"segmenter": name}, on_cancel=self.cancel, title="Segmenter")
        self._fit_form(self.form.values)
        self.form.observe(self._changed, "values")
        super().__init__([self.form], layout=ipywidgets.Layout(flex="1 1 340px", min_width="0", padding="4px"))

    def set(self, **values) -> None:
        """Change the segmenter or its parameters, as the controls would."""
        self.form.values = {**self.form.values, **values}

    def compute(self):
        """Explain now, in this thread, with a progress bar."""
        key = self._key()
        self.asked_fill = key[-1]
        self._show(self.explorer.find(key, None))

    def request(self):
        """Explain in the background; an earlier request of this pane is given up."""
        key = self._key()
        self.asked_fill = key[-1]
        self._ticket += 1
        self.form.progress, self.form.message = 0.0, ""
        self.explorer.later(partial(self._work, key, self._ticket))

    def cancel(self):
        """Give up what is being computed; what was shown before stays."""
        with self.explorer.lock:
            self._ticket += 1
            self.asked_fill = self._found and self._found.coalitions.fill
            self.form.progress = -1.0
            if self._shown_values is not None:
                self._fit_form(self._shown_values)
            self.form.message = "Cancelled."

    def refit(self):
        """Read the table again, as the shared controls say."""
        try:
            self.explanation = self.explorer.refit(self._found)
        except SegxaiError as error:
            self.form.message = str(error)
            return
        self.form.message = ""

    def _work(self, key, ticket):
        """In the background: answer a request, unless a later one, `cancel` or `close` has made it void."""

        def void():
            return ticket != self._ticket or self.explorer.stopping.is_set()

        def progress(done, total):
            with self.explorer.lock:  # else a bar could come back that `cancel` has just taken away
                if void():
                    raise background.Cancelled
                self.form.progress = done / total

        if void():
            return
        found, said = None, ""
        try:
            found = self.explorer.find(key, progress)
        except background.Cancelled:
            return
        except SegxaiError as error:
            said = str(error)
        except Exception as error:  # a thread has nobody above it who would tell
            said = f"This failed with {type(error).__name__}: {error}"
        with self.explorer.lock:
            if void():
                return
            self.form.progress, self.form.message = -1.0, said
            if found is not None:
                self._show(found)
                self.explorer.share_scale()

    def _show(self, found):
        self._found, self._shown_values = found, dict(self.form.values)
        try:
            self.explanation = self.explorer.refit(found)
        except SegxaiError as error:  # e.g. a kernel too narrow for this many regions
            self.form.message, self.explanation = str(error), found
        if self.canvas is None:
            self.canvas = RegionCanvas(self.explanation, group=self.group)
            self.children = [self.form, self.canvas]

    def _changed(self, change):
        with self.explorer.lock:
            if not self._fitting:
                self._fit_form(change["new"])
                self.request()

    def _key(self):
        values = self.form.values
        params = []
        for field, default in self.explorer.sliders(values["segmenter"]):
            value = values.get(field["key"], default)
            params.append((field["key"], "auto" if field.get("zero") == "auto" and value == 0 else value))
        return values["segmenter"], tuple(params), self.explorer.shared.values["fill"]

    def _fit_form(self, values):
        """The sliders that belong to the segmenter in `values`, each at its value there or at its default."""
        name = values["segmenter"]
        sliders = self.explorer.sliders(name)
        offered = self.explorer.names()
        reasons = {n: why for n, why in offered if why}
        self._fitting = True
        try:
            with self.form.hold_sync():
                self.form.values = {"segmenter": name} | {f["key"]: values.get(f["key"], default) for f, default in sliders}
                self.form.fields = [choice("segmenter", "segmenter", [n for n, _ in offered], reasons=reasons)] + [
                    field for field, _ in sliders
                ]
        finally:
            self._fitting = False
