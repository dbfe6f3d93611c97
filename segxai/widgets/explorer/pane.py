"""One pane of the explorer: a segmenter with its sliders, and the canvas of its explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from ...errors import SegxaiError, SegxaiValueError, quoted
from ...explanation.explanation import Explanation, renamed
from ...regions import Regions
from ..form.form import Form, choice
from ..region_canvas.canvas import RegionCanvas
from ..shared import background
from ..shared.browser import hold_weakly
from .work import Work


class Pane(ipywidgets.VBox):
    """One segmenter with its sliders, and the canvas of its explanation.

    Parameters
    ----------
    work : Work
        Where explanations come from.
    name : str
        Of the segmenter.
    group : str
        Panes of one group share their pointer.
    settings : callable
        Returns method, kernel_width, target and fill, which all panes share.
    shown : callable
        Called when another explanation has come from the background.

    Attributes
    ----------
    form : Form
        The segmenter's controls.
    canvas : RegionCanvas or None
        None before the first explanation.
    explanation : Explanation or None
        What is shown.
    requested : tuple or None
        Fill of the last request, and whether it was by tree; what is shown may be of another.
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
        self.requested: tuple[str, bool] | None = None
        self._found: Any = None
        self._renamed: Regions | None = None
        self._ticket, self._fitting = 0, False
        self._shown_values: dict[str, Any] = {}
        self.form = Form([], {"segmenter": name}, on_cancel=self.cancel, title="Segmenter")
        self._fit_form(self.form.values)
        self.form.observe(self._changed, "values")
        super().__init__(
            [self.form], layout=ipywidgets.Layout(flex="1 1 340px", min_width="0", padding="4px")
        )
        hold_weakly(self)

    def set(self, **values) -> None:
        """Change the segmenter or its parameters, as the controls would.

        Parameters
        ----------
        **values
            Of the controls, by key.
        """
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
            self.requested = None
            if self._found is not None:
                self.requested = (self._found.coalitions.fill, self._found.method == "tree")
                self._fit_form(self._shown_values)
            self._show_progress(-1.0, "Cancelled.")

    def refit(self) -> None:
        """Compute the weights again from the same table, by the shared settings."""
        try:
            self.explanation, self.form.message = self._refitted(self._found), ""
        except SegxaiError as error:
            self.form.message = str(error)

    def with_fills(self, fills: Iterable[str]) -> list[Explanation]:
        """Explain with other fills.

        The classifier is evaluated on those that were not computed yet.

        Parameters
        ----------
        fills : iterable of str
            The fills.

        Returns
        -------
        explanations : list of Explanation
            One for each fill.
        """
        name, params, _, tree = self._key()
        found = [self._work.find((name, params, f, tree), progress=False) for f in fills]
        return [self._refitted(self._renamed_as_before(explanation)) for explanation in found]

    def draw(self) -> None:
        """Show the explanation on the canvas."""
        if self.canvas is not None and self.explanation is not None:
            self.canvas.show(self.explanation, self._asked())

    def _asked(self):
        """Note where the segmenter found another number of regions than its slider asks for."""
        sliders = ("n_regions", "n_segments", "markers")
        wanted = [self._shown_values[key] for key in sliders if self._shown_values.get(key)]
        got = len(self._found.regions)
        if not wanted or self._found.method == "tree" or wanted[0] == got:
            return ""
        return f"asked for {wanted[0]}, got {got}"

    def edit(self, what: str, value: Any) -> None:
        """Change the regions, as the page asks; what comes from there may not fit.

        Parameters
        ----------
        what : str
            "rename", "merge", "divide" or "load".
        value : Regions, list of str or str
            The renamed `Regions`, the names to merge, the name to divide, or the loaded `Regions`,
            which are offered as a segmenter from then on.
        """
        with self._work.lock:
            found = self._found
            if found is None or self.explanation is None:
                return
            try:
                if what == "rename":
                    self._renamed, self._found = value, renamed(found, value)
                    self.explanation = renamed(self.explanation, value)
                elif what == "merge":
                    self._request_regions(_merged(found.regions, value))
                elif what == "load":
                    self._renamed = None  # the names of the file win over those given before
                    self._request_regions(value, "loaded")
                else:
                    self._request_regions(found.regions.expand(value))
            except SegxaiError as error:
                self.form.message = str(error)

    def _request_regions(self, regions, name=None):
        before = self.form.values["segmenter"].removeprefix("edited ")
        offered = self._work.offer(name or f"edited {before}", regions)
        self.form.values = {"segmenter": offered}

    def _show_progress(self, share, message):
        self.form.progress, self.form.message = share, message
        if self.canvas is not None:
            self.canvas.busy = share >= 0

    def _refitted(self, explanation):
        settings, tree = self._settings(), explanation.method == "tree"
        by_tree = settings["method"] == "tree"
        target, rival = settings.get("target"), settings.get("versus", "")
        found = explanation.refit(
            explanation.method if tree or by_tree else settings["method"],
            kernel_width=None if tree or by_tree else settings["kernel_width"],
            target=target,
            versus=None if rival in ("", target or explanation.target) else rival,
        )
        if tree:
            found = found.coarsen(max(1, min(int(settings["depth"]), len(found.regions))))
        return found

    def _answer(self, key, ticket):
        """Answer a request in the background.

        A later one, `cancel` or `close` makes it void.
        """

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
            problem = f"This failed with {type(error).__name__}: {quoted(error)}"
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
            hold_weakly(self.canvas)
            self.children = [self.form, self.canvas]

    def _renamed_as_before(self, found):
        """Names that were given in the page stay with their regions."""
        if found.method == "tree" or self._renamed is None:
            return found
        if not np.array_equal(self._renamed.labels, found.regions.labels):
            return found
        names = dict(zip(found.regions.names, self._renamed.marked_names, strict=True))
        return renamed(found, found.regions.rename(names))

    def _changed(self, change):
        with self._work.lock:
            if not self._fitting:
                self._fit_form(change["new"])
                self.request()

    def _key(self):
        values, settings = self.form.values, self._settings()
        params = []
        for field, default in self._work.sliders(values["segmenter"]):
            value = values.get(field["key"], default)
            auto = field["zero"] == "auto" and value == 0
            params.append((field["key"], "auto" if auto else value))
        return values["segmenter"], tuple(params), settings["fill"], settings["method"] == "tree"

    def _fit_form(self, values):
        """Offer the sliders of the segmenter in `values`, at their values there or defaults."""
        name, offered = values["segmenter"], self._work.segmenters()
        sliders = self._work.sliders(name)
        segmenter = choice(
            "segmenter",
            "Segmenter",
            [n for n, _ in offered],
            reasons={n: why for n, why in offered if why},
            hint="What divides the photograph into regions",
        )
        set_to = {field["key"]: values.get(field["key"], default) for field, default in sliders}
        self._fitting = True
        try:
            with self.form.hold_sync():
                self.form.values = {"segmenter": name, **set_to}
                self.form.fields = [segmenter, *(field for field, _ in sliders)]
        finally:
            self._fitting = False


def _merged(regions, names):
    """Regions with those of these names united; the names come from a page."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SegxaiValueError(f"Regions to merge must be a list of names; got {names!r}.")
    return regions.merge({" and ".join(names): names})
