"""Explanations side by side: segmenter, sliders, method, fill and target, with their regions."""

import threading
from secrets import token_hex

import ipywidgets

from ...errors import SegxaiError, SegxaiValueError, listed, one_of
from ...explanation.explanation import Explanation
from ...explanation.fills import FILLS, distinct_fills
from ...explanation.tree_explanation import TreeExplanation
from ...progress import close_widget
from ...regions import Regions
from ...report.page import check_page_path, explorer_state, rendered, write_explorer
from ...report.state import depth_field, setting_fields
from ..form.form import Form
from ..shared import background, browser
from .pane import Pane
from .work import Work

START_DEPTH = 9  # regions that a tree is cut into at first
# Of a page without a kernel; they are small as pictures.
SAVED_FILLS = ("mean", "blur", "black", "grey")
_SECOND = {
    "key": "compare",
    "label": "Second pane",
    "kind": "check",
    "hint": "Compare two segmenters",
}


class ExplanationExplorer(browser.Pictured, ipywidgets.VBox):
    """One photograph, its explanations by one or two segmenters, and everything that changes them.

    Method, kernel width and target are computed from the table; a new segmenter or fill evaluates
    the classifier, in the background.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    classifier : optional
        Whatever `segxai.load_classifier` accepts; EfficientNet-Lite0 when None.
    start : str or sequence of str, optional
        The segmenters shown at first, one or two.
    target : str or int, optional
        Name or number of the class that is explained; the most probable when None.
    also : dict, optional
        Further segmenters by name: `Regions` of this photograph, or functions image -> `Regions`,
        e.g. fitted FCNs.
    max_evaluations, seed : int, optional
        As for `segxai.explain`.

    Attributes
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    classifier : Classifier
        What is explained.
    shared : Form
        The controls that all panes share.
    panes : list of Pane
        Left and right.

    Examples
    --------
    >>> explorer = segxai.widgets.ExplanationExplorer("photo.jpg")     # doctest: +SKIP
    >>> explorer.explanations                                          # doctest: +SKIP
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
        start = (start,) if isinstance(start, str) else tuple(listed(start, "start"))
        if not 1 <= len(start) <= 2:
            raise SegxaiValueError(f"start must name one or two segmenters; got {len(start)}.")
        offered = [name for name, _ in self._work.segmenters()]
        for name in start:
            one_of("segmenter", name, offered)
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
            group=token_hex(4),
        )
        self.panes = [
            Pane(self._work, name, self.shared, self._offer) for name in (*start, "slic")[:2]
        ]
        self._row = ipywidgets.HBox(self.panes[: len(start)])
        self._row.add_class("segxai-panes")
        super().__init__([self.shared, self._row])
        self.add_class("segxai-explorer")
        try:
            for pane in self._row.children:
                pane.compute()
            self.shared.values = {"target": self.explanation.target, **self.shared.values}
            self._offer()
        except BaseException:
            self.close()
            raise
        self.shared.observe(self._shared_changed, "values")
        background.start(self, self._work.run, self._work.stop, "segxai-explain")
        browser.hold_weakly(self)  # a forgotten explorer would keep its thread and its tables

    def close(self) -> None:
        """End what is being computed, forget what was, and take everything off the page."""
        if self.comm is None:  # closed already, or never made
            return
        with self._work.lock:
            self._work.stop()
            super().close()
            for widget in (self, *self.panes):  # one that is hidden is not inside
                close_widget(widget)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The explanations that are shown, from left to right."""
        return tuple(p.explanation for p in self._row.children if p.explanation is not None)

    @property
    def explanation(self) -> Explanation:
        """The one on the left."""
        return self.panes[0].explanation  # which the constructor computes

    @property
    def regions(self) -> Regions:
        """The regions on the left, with the names that were given to them in the page."""
        return self.explanation.regions

    def set(self, **values) -> None:
        """Change settings as their controls would.

        Parameters
        ----------
        **values
            Of method, kernel_width, target, fill, versus, depth or compare.

        Raises
        ------
        SegxaiValueError
            For another name, and for a fill that is none.
        """
        for key in values:
            one_of("setting", key, self.shared.values)
        if "fill" in values:
            (values["fill"],) = distinct_fills([values["fill"]])
        self.shared.values = {**self.shared.values, **values}

    def wait(self, timeout: float = 120) -> None:
        """Wait until nothing is computed in the background.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Raises
        ------
        SegxaiError
            When it takes longer.
        """
        done = threading.Event()
        self._work.later(done.set)
        if not done.wait(timeout):
            raise SegxaiError(f"The explanation was not ready after {timeout:g} s.")

    def save(self, path, fills=SAVED_FILLS) -> None:
        """Write a page that needs no Python, with the panes' segmenters.

        Parameters
        ----------
        path : str or path
            It ends in .html.
        fills : sequence of str, optional
            What the page offers besides the fill that is shown; see `segxai.save_explorer`.
        """
        check_page_path(path)
        write_explorer(path, self._with_fills(fills))

    def _shared_changed(self, change):
        with self._work.lock:
            self._row.children = self.panes[: 2 if change["new"].get("compare") else 1]
            for pane in self._row.children:  # one that was hidden may have missed earlier changes
                pane.update()
            self._offer()

    def _offer(self):
        """Offer the shared settings; the depth where a tree is shown, up to its leaves."""
        leaves = [
            len(e.descent.tree.leaves) for e in self.explanations if isinstance(e, TreeExplanation)
        ]
        depth = [depth_field(max(leaves))] if leaves else []
        table = self.explanation.coalitions
        fields = setting_fields(table.target_names, FILLS, table.output, {"tree": "tree of parts"})
        self.shared.fields = [*fields, *depth, _SECOND]

    def _with_fills(self, fills):
        fills = distinct_fills([self.shared.values["fill"], *fills])
        with self._work.lock:
            return [e for pane in self._row.children for e in pane.with_fills(fills)]

    def _alone(self):
        state = explorer_state(self._with_fills(SAVED_FILLS))
        return {
            "text/html": rendered("live.html", name="explorer", state=state),
            "text/plain": repr(self.explanation),
        }
