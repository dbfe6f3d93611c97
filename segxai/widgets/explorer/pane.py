"""One pane of the explorer: a segmenter with its sliders, and the canvas of its explanation."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ipywidgets
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explanation import Explanation, renamed
from ...regions import Regions
from ...report.state import select_field
from ..form.form import Form
from ..region_canvas.canvas import RegionCanvas
from ..shared import background
from ..shared.browser import hold_weakly
from .work import Request, Work


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
        self._renamed: Regions | None = None  # with names that were given in the page
        self._asked: Request | None = None
        self._answered: Any = None  # the request whose answer is shown
        self._found: Any = None  # its answer, before the shared settings are applied
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
        self._asked = self._request()
        self._show(self._asked, self._work.find(self._asked, progress=None))

    def update(self) -> None:
        """Follow the shared settings.

        Another fill, or a tree, is computed in the background; for all else the same table serves.
        """
        if self._request() != self._asked:
            self._ask()
        elif self._found is not None:
            self._refit()

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
        request = self._request()
        found = [self._work.find(request._replace(fill=f), progress=False) for f in fills]
        return [self._refitted(self._renamed_as_before(explanation)) for explanation in found]

    def draw(self) -> None:
        """Show the explanation on the canvas."""
        if self.canvas is not None and self.explanation is not None:
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
                self._renamed = value
                self._show(self._answered, self._found)
            elif what == "merge":
                if not isinstance(value, list) or not all(isinstance(n, str) for n in value):
                    raise SegxaiValueError(f"Regions to merge must be names; got {value!r}.")
                self._show_regions(regions.merge({" and ".join(value): value}))
            elif what == "load":
                self._renamed = None  # the names of the file win over those given before
                self._show_regions(value, "loaded")
            else:
                self._show_regions(regions.expand(value))

    def _show_regions(self, regions, name=None):
        before = self.form.values["segmenter"].removeprefix("edited ")
        offered = self._work.offer(name or f"edited {before}", regions)
        self.form.values = {"segmenter": offered}

    def _request(self):
        values, settings = tuple(sorted(self.form.values.items())), self._settings()
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

        def void():
            return request is not self._asked or self._work.stopping.is_set()

        def progress(done, total):
            with self._work.lock:  # else a bar could come back that `cancel` has just taken away
                if void():
                    raise background.Cancelled
                self.form.progress = done / total

        if void():
            return
        found, problem = None, ""
        try:
            found = self._work.find(request, progress=progress)
        except background.Cancelled:
            return
        except Exception as error:
            problem = background.problem(error)
        with self._work.lock:
            if void():
                return
            self.form.progress, self.form.message = -1.0, problem
            if found is not None:
                self._show(request, found)
                self._when_shown()

    def _show(self, request, found):
        self._answered, self._found = request, self._renamed_as_before(found)
        self.explanation = self._found
        self._refit()
        if self.canvas is None:
            self.canvas = RegionCanvas(self.explanation, self.edit, group=self._group)
            traitlets.dlink(
                (self.form, "progress"), (self.canvas, "busy"), lambda share: share >= 0
            )
            hold_weakly(self.canvas)
            self.children = [self.form, self.canvas]

    def _refit(self):
        try:
            self.explanation, self.form.message = self._refitted(self._found), ""
        except SegxaiError as error:  # e.g. a kernel too narrow for this many regions
            self.form.message = str(error)

    def _refitted(self, found):
        """Compute the weights by the shared settings, from the table that was found."""
        settings, method, width = self._settings(), None, None
        if "tree" not in (found.method, settings["method"]):
            method, width = settings["method"], settings["kernel_width"]
        target, rival = settings.get("target"), settings.get("versus", "")
        versus = None if rival in ("", target or found.target) else rival
        refitted = found.refit(method, kernel_width=width, target=target, versus=versus)
        if found.method == "tree":
            return refitted.coarsen(max(1, min(int(settings["depth"]), len(found.regions))))
        return refitted

    def _renamed_as_before(self, found):
        """Names that were given in the page stay with their regions."""
        given, regions = self._renamed, found.regions
        if given is None or found.method == "tree" or (given.labels != regions.labels).any():
            return found
        names = dict(zip(regions.names, given.marked_names, strict=True))
        return renamed(found, regions.rename(names))

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
