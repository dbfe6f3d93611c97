"""One pane of the explorer: a segmenter with its sliders, and the canvas of its explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explanation import Explanation
from ...regions import Regions
from ..form import Form, choice
from ..region_canvas import RegionCanvas
from ..shared import background
from .work import Work


class Pane(ipywidgets.VBox):
    """One segmenter with its sliders, and the canvas of its explanation.

    work: where explanations come from. settings: returns method, kernel_width, target and fill, which all panes share.
    shown: called when another explanation has come from the background. group: panes of one group share their pointer.
    """

    def __init__(
        self,
        work: Work,
        name: str,
        group: str,
        settings: Callable[[], dict],
        shown: Callable[[], None],
    ):
        self._work, self._group, self._settings, self._when_shown = work, group, settings, shown
        self.explanation: Explanation | None = None
        self.canvas: RegionCanvas | None = None
        self.requested: tuple[str, bool] | None = (
            None  # fill, and whether by tree, of the last request; what is shown may be of another
        )
        self._found: Explanation | None = None
        self._renamed: Regions | None = None
        self._ticket, self._fitting = 0, False
        self._shown_values: dict[str, Any] | None = None
        self.form = Form([], {"segmenter": name}, on_cancel=self.cancel, title="Segmenter")
        self._fit_form(self.form.values)
        self.form.observe(self._changed, "values")
        super().__init__(
            [self.form], layout=ipywidgets.Layout(flex="1 1 340px", min_width="0", padding="4px")
        )

    def set(self, **values) -> None:
        """Change the segmenter or its parameters, as the controls would."""
        self.form.values = {**self.form.values, **values}

    def compute(self) -> None:
        """Explain now, in this thread, with a progress bar."""
        key = self._key()
        self.requested = key[2:]
        self._show(self._work.find(key, progress=None))

    def request(self) -> None:
        """Explain in the background; an earlier request of this pane is given up."""
        key = self._key()
        self.requested = key[2:]
        self._ticket += 1
        self._show_progress(0.0, "")
        self._work.later(partial(self._answer, key, self._ticket))

    def cancel(self) -> None:
        """Give up what is being computed; what was shown before stays."""
        with self._work.lock:
            self._ticket += 1
            self.requested = (
                (self._found.coalitions.fill, self._found.method == "tree")
                if self._found is not None
                else None
            )
            if self._shown_values is not None:
                self._fit_form(self._shown_values)
            self._show_progress(-1.0, "Cancelled.")

    def refit(self) -> None:
        """Compute the weights again from the same table, by the shared settings."""
        try:
            self.explanation = self._refitted(self._found)
        except SegxaiError as error:
            self.form.message = str(error)
            return
        self.form.message = ""

    def with_fills(self, fills: Iterable[str]) -> list[Explanation]:
        """The explanation with each of these fills; the classifier is evaluated on those that were not computed yet."""
        name, params, _, tree = self._key()
        keys = [(name, params, fill, tree) for fill in fills]
        return [
            self._refitted(self._renamed_as_before(self._work.find(key, progress=False)))
            for key in keys
        ]

    def draw(self) -> None:
        """Show the explanation on the canvas."""
        if self.canvas is not None and self.explanation is not None:
            self.canvas.show(self.explanation, self._asked())

    def _asked(self):
        """A note where the segmenter found another number of regions than its slider asks for."""
        shown = self._shown_values or {}
        wanted = next(
            (shown[key] for key in ("n_regions", "n_segments", "markers") if shown.get(key)), None
        )
        got = (
            len(self._found.regions)
            if self._found is not None and self._found.method != "tree"
            else wanted
        )
        return "" if wanted in (None, got) else f"asked for {wanted}, got {got}"

    def load(self, regions: Regions) -> None:
        """Explain regions that come from elsewhere, in the background; they are offered as a segmenter from then on."""
        self._renamed = None  # the names of the file win over those that were given before
        self._request_regions("loaded", regions)

    def edit(self, what: str, value: Any) -> None:
        """Rename ("rename", the renamed `Regions`), merge ("merge", names), divide ("divide", a name) or load ("load", `Regions`)."""
        with self._work.lock:
            found = self._found
            if found is None or self.explanation is None:
                return
            try:
                if what == "rename":
                    self._renamed = value
                    self._found, self.explanation = (
                        found.with_regions(value),
                        self.explanation.with_regions(value),
                    )
                elif what == "merge":
                    if not isinstance(value, list) or not all(
                        isinstance(name, str) for name in value
                    ):
                        raise SegxaiValueError(
                            f"Regions to merge come as a list of names; got {value!r}."
                        )
                    self._request_regions(
                        self._edited_name(), found.regions.merge({" and ".join(value): value})
                    )
                elif what == "load":
                    self.load(value)
                else:
                    self._request_regions(self._edited_name(), found.regions.expand(value))
            except SegxaiError as error:
                self.form.message = str(error)

    def _edited_name(self):
        return f"edited {self.form.values['segmenter'].removeprefix('edited ')}"

    def _request_regions(self, name, regions):
        self.form.values = {"segmenter": self._work.offer(name, regions)}

    def _show_progress(self, share, message):
        self.form.progress, self.form.message = share, message
        if self.canvas is not None:
            self.canvas.busy = share >= 0

    def _refitted(self, explanation):
        settings, tree = self._settings(), explanation.method == "tree"
        method = explanation.method if tree or settings["method"] == "tree" else settings["method"]
        width = None if method == "tree" else settings["kernel_width"]
        found = explanation.refit(method, kernel_width=width, target=settings.get("target"))
        rival = settings.get("versus")
        found = found.contrast(rival) if rival and rival != found.target else found
        return (
            found.coarsen(max(1, min(int(settings["depth"]), len(found.regions))))
            if tree
            else found
        )

    def _answer(self, key, ticket):
        """In the background: answer a request, unless a later one, `cancel` or `close` has made it void."""

        def void():
            return ticket != self._ticket or self._work.stopping.is_set()

        def progress(done, total):
            with self._work.lock:  # else a bar could come back that `cancel` has just taken away
                if void():
                    raise background.Cancelled
                self.form.progress = done / total

        if void():
            return
        found, problem = None, ""
        try:
            found = self._work.find(key, progress=progress)
        except background.Cancelled:
            return
        except SegxaiError as error:
            problem = str(error)
        except Exception as error:  # nobody above a thread would see it
            problem = f"This failed with {type(error).__name__}: {error}"
        with self._work.lock:
            if void():
                return
            self._show_progress(-1.0, problem)
            if found is not None:
                self._show(found)
                self._when_shown()

    def _show(self, found):
        found = self._renamed_as_before(found)
        self._found, self._shown_values = found, dict(self.form.values)
        try:
            self.explanation = self._refitted(found)
        except SegxaiError as error:  # e.g. a kernel too narrow for this many regions
            self.form.message, self.explanation = str(error), found
        if self.canvas is None:
            self.canvas = RegionCanvas(self.explanation, self.edit, group=self._group)
            self.children = [self.form, self.canvas]

    def _renamed_as_before(self, found):
        """Names that were given in the page stay with their regions."""
        if (
            found.method == "tree"
            or self._renamed is None
            or not np.array_equal(self._renamed.labels, found.regions.labels)
        ):
            return found
        names = dict(zip(found.regions.names, self._renamed.names, strict=True))
        return found.with_regions(found.regions.rename(names))

    def _changed(self, change):
        with self._work.lock:
            if not self._fitting:
                self._fit_form(change["new"])
                self.request()

    def _key(self):
        values = self.form.values
        params = []
        for field, default in self._work.sliders(values["segmenter"]):
            value = values.get(field["key"], default)
            params.append(
                (field["key"], "auto" if field.get("zero") == "auto" and value == 0 else value)
            )
        return (
            values["segmenter"],
            tuple(params),
            self._settings()["fill"],
            self._settings()["method"] == "tree",
        )

    def _fit_form(self, values):
        """The sliders that belong to the segmenter in `values`, each at its value there or at its default."""
        name = values["segmenter"]
        sliders = self._work.sliders(name)
        offered = self._work.segmenters()
        reasons = {n: why for n, why in offered if why}
        self._fitting = True
        try:
            with self.form.hold_sync():
                self.form.values = {"segmenter": name} | {
                    f["key"]: values.get(f["key"], default) for f, default in sliders
                }
                self.form.fields = [
                    choice(
                        "segmenter",
                        "Segmenter",
                        [n for n, _ in offered],
                        reasons=reasons,
                        hint="What divides the photograph into regions",
                    )
                ] + [field for field, _ in sliders]
        finally:
            self._fitting = False
