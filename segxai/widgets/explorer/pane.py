"""One pane of the explorer: a segmenter with its sliders, and the canvas of its explanation."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ipywidgets
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explanation import Explanation
from ...report.state import select_field
from ..form.form import Form
from ..region_canvas.canvas import RegionCanvas
from ..shared import background, browser
from .work import Request, Work


class Pane(ipywidgets.VBox):
    """One segmenter with its sliders, and the canvas of its explanation.

    Parameters
    ----------
    work : Work
        Where explanations come from.
    name : str
        Of the segmenter.
    shared : Form
        The settings that all panes share: method, kernel_width, target, fill ...
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
    """

    def __init__(self, work: Work, name: str, shared: Form, shown: Callable[[], None]):
        self._work, self._shared, self._when_shown = work, shared, shown
        self.explanation: Any = None
        self.canvas: Any = None
        self._asked: Request | None = None
        self._answered: Any = None  # the request whose answer is shown
        self._found: Any = None  # its answer, before the shared settings are applied
        self.form = Form([], {"segmenter": name}, on_cancel=self.cancel, title="Segmenter")
        self._fit_form(self.form.values)
        self.form.observe(self._changed, "values")
        super().__init__(
            [self.form], layout=ipywidgets.Layout(flex="1 1 340px", min_width="0", padding="4px")
        )
        browser.hold_weakly(self)

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
        self._asked = self._request()
        self._show(self._asked)

    def update(self) -> None:
        """Follow the shared settings.

        Another fill, or a tree, is computed in the background; for all else the same table serves.
        """
        if self._request() != self._asked:
            self._ask()
        elif self._found is not None:
            self.draw()

    def cancel(self) -> None:
        """Give up what is being computed; what was shown before stays."""
        with self._work.lock:
            self._asked = self._answered
            if self._answered is not None:
                self._fit_form(dict(self._answered.values))
            self.form.progress, self.form.message = -1.0, "Cancelled."

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
        requests = [self._request()._replace(fill=fill) for fill in fills]
        return [self._refitted(self._work.find(each, progress=False)) for each in requests]

    def draw(self) -> None:
        """Compute the weights by the shared settings, and show them on the canvas."""
        try:
            self.explanation, self.form.message = self._refitted(self._found), ""
        except SegxaiError as error:  # e.g. a kernel too narrow for this many regions
            self.form.message = str(error)
        if self.canvas is None:
            self.canvas = RegionCanvas(
                self.explanation, self.edit, group=self._shared.group, note=self._note()
            )
            traitlets.dlink(
                (self.form, "progress"), (self.canvas, "busy"), lambda share: share >= 0
            )
            browser.hold_weakly(self.canvas)
            self.children = [self.form, self.canvas]
        else:
            self.canvas.show(self.explanation, self._note())

    def _note(self):
        """Note where the segmenter found another number of regions than its slider asks for."""
        values = dict(self._answered.values)
        wanted = [values[k] for k in ("n_regions", "n_segments", "markers") if values.get(k)]
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

        Raises
        ------
        SegxaiError
            If it does not fit.
        """
        with self._work.lock:
            regions = self._found.regions
            if what == "rename":
                self._work.rename(self._answered, self._found, value)
                self._show(self._answered)
            elif what == "merge":
                if not isinstance(value, list) or not all(isinstance(n, str) for n in value):
                    raise SegxaiValueError(f"Regions to merge must be names; got {value!r}.")
                self._show_regions(regions.merge({" and ".join(value): value}))
            elif what == "load":
                self._show_regions(value, "loaded")
            else:
                self._show_regions(regions.expand(value))

    def _show_regions(self, regions, name=None):
        before = self.form.values["segmenter"].removeprefix("edited ")
        self.form.values = {"segmenter": self._work.offer(name or f"edited {before}", regions)}

    def _request(self):
        values, settings = tuple(sorted(self.form.values.items())), self._shared.values
        return Request(values, settings["fill"], settings["method"] == "tree")

    def _ask(self):
        """Explain in the background; an earlier request of this pane is given up."""
        self._asked = self._request()
        self.form.progress, self.form.message = 0.0, ""
        self._work.later(partial(self._answer, self._asked))

    def _answer(self, request):
        """Answer a request in the background.

        A later one, `cancel` or `close` makes it void.
        """

        def tell(share):
            with self._work.lock:  # else a bar could come back that `cancel` has just taken away
                if request is not self._asked or self._work.stopping.is_set():
                    raise background.Cancelled
                self.form.progress = share

        problem = ""
        try:
            tell(0.0)
            self._work.find(request, progress=lambda done, total: tell(done / total))
        except Exception as error:
            problem = background.problem(error)
        with self._work.lock:
            tell(-1.0)
            self.form.message = problem
            if not problem:
                self._show(request)
                self._when_shown()

    def _show(self, request):
        self._answered, self._found = request, self._work.find(request, progress=None)
        self.explanation = self._found
        self.draw()

    def _refitted(self, found):
        """Compute the weights by the shared settings, from the table that was found."""
        settings, method, width = self._shared.values, None, None
        if "tree" not in (found.method, settings["method"]):
            method, width = settings["method"], settings["kernel_width"]
        target, rival = settings.get("target"), settings.get("versus", "")
        versus = None if rival in ("", target or found.target) else rival
        refitted = found.refit(method, kernel_width=width, target=target, versus=versus)
        if found.method == "tree":
            return refitted.coarsen(max(1, min(int(settings["depth"]), len(found.regions))))
        return refitted

    def _changed(self, change):
        with self._work.lock:
            self._fit_form(change["new"])
            # Another fill is the explorer's to ask for, also when `cancel` sets the form back.
            if self._asked is None or self._request().values != self._asked.values:
                self._ask()

    def _fit_form(self, values):
        """Offer the sliders of the segmenter in `values`, at their values there or defaults."""
        name, offered = values["segmenter"], self._work.segmenters()
        sliders = self._work.sliders(name)
        segmenter = select_field(
            "segmenter",
            "Segmenter",
            [n for n, _ in offered],
            reasons={n: why for n, why in offered if why},
            hint="What divides the photograph into regions",
        )
        set_to = {field["key"]: values.get(field["key"], default) for field, default in sliders}
        with self.form.hold_sync():
            self.form.values = {"segmenter": name, **set_to}
            self.form.fields = [segmenter, *(field for field, _ in sliders)]
