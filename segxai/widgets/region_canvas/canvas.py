"""A photograph whose regions react to mouse and keyboard, in the browser."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.checks import evaluated
from ...explanation.explanation import Explanation, renamed
from ...explanation.tree_explanation import TreeExplanation
from ...fcn.annotation import IGNORE, load_annotation
from ...names import read_names
from ...regions import Regions
from ...report.page import rendered, write_page
from ...report.state import (
    jpeg,
    regions_state,
    settings_state,
    table_state,
    tree_state,
    weights_state,
)
from ...segmentation.compose import regions_of_classes
from ..shared import browser


class RegionCanvas(browser.Pictured, browser.BundledWidget, folder="region_canvas"):
    """The regions of an explanation over the photograph.

    Point, switch off and on, rename, read the classifier's output. Of a tree explanation the canvas
    shows every depth.

    Parameters
    ----------
    explanation : Explanation
        What is shown.
    on_edit : callable, optional
        Called with ("rename", the renamed `Regions`), and with ("merge", names), ("divide", name)
        or ("load", `Regions`) where the page wants other regions.
    **traits
        Further attributes, see below.

    Attributes
    ----------
    off : list of int
        Numbers of the regions that are switched off, set from either side; of a tree those of its
        leaves.
    view : str
        "weights", "difference" (to what is pinned, or between the two canvases of a group),
        "borders" or "photograph".
    opacity, threshold, zoom : float
        As its controls have them; threshold is the share of the largest weight below which colours
        are hidden.
    group : str
        Canvases with the same text share their pointer, their view, and one colour scale; a `Form`
        of the group has the settings.

    Examples
    --------
    >>> canvas = segxai.widgets.RegionCanvas(segxai.explain(image))     # doctest: +SKIP
    >>> canvas                                                          # doctest: +SKIP
    """

    # Beside these, what report/state.py makes of an explanation: see `__init__`.
    names = traitlets.List(traitlets.Unicode()).tag(**browser.FROM_PAGE)
    note = traitlets.Unicode("").tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)
    # While another explanation is computed: the picture is dimmed.
    busy = traitlets.Bool(False).tag(sync=True)

    off = traitlets.List(traitlets.Int()).tag(**browser.FROM_PAGE)
    view = traitlets.Enum(("weights", "difference", "borders", "photograph"), "weights").tag(
        **browser.FROM_PAGE
    )
    opacity = traitlets.Float(0.8, min=0, max=1).tag(**browser.FROM_PAGE)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(**browser.FROM_PAGE)
    zoom = traitlets.Float(1.0, min=1, max=6).tag(**browser.FROM_PAGE)

    def __init__(
        self,
        explanation: Explanation,
        on_edit: Callable[[str, object], None] | None = None,
        **traits,
    ):
        self.explanation, self._on_edit = explanation, on_edit
        game = evaluated(explanation).game
        state = _state(explanation) | regions_state(game.regions, game.image.shape)
        self.add_traits(**{key: traitlets.Any().tag(sync=True) for key in state if key != "names"})
        super().__init__(**state, **traits)
        self.observe(self._renamed, "names")
        self.handle(
            {what: partial(self._edit, what) for what in ("merge", "divide", "load")},
            partial(self.set_trait, "note"),
        )

    def show(self, explanation: Explanation, note: str = "") -> None:
        """Show another explanation.

        Only what differs is sent; what is off stays so where regions fit it.

        Parameters
        ----------
        explanation : Explanation
            What is shown from now on.
        note : str, optional
            Shown next to the title.
        """
        old, game = evaluated(self.explanation).game.regions, evaluated(explanation).game
        off = _off_in(game.regions, np.isin(old.labels, self.off))
        state = {**_state(explanation), "note": note, "off": off}
        if old != game.regions or old.method != game.regions.method:  # it takes 0.1 s
            state |= regions_state(game.regions, game.image.shape)
        self.explanation = explanation
        with self.hold_sync(), self.hold_trait_notifications():  # in this order it is one message
            for key, value in state.items():
                setattr(self, key, value)

    def save(self, path) -> None:
        """Write a web page in which the canvas works without Python or network.

        Parameters
        ----------
        path : str or path
            It ends in .html.

        Raises
        ------
        SegxaiValueError
            For another ending.
        """
        title = f"Why {self.explanation.target}?"
        write_page(path, title, "live.html", name="region_canvas", state=self._shown())

    @traitlets.validate("off")
    def _known_regions(self, proposal):
        return sorted({k for k in proposal["value"] if 0 <= k < len(self.names)})

    def _renamed(self, change):
        """Names that were edited in the page become the names of the explanation's regions."""
        regions = evaluated(self.explanation).game.regions
        if list(regions.marked_names) == change["new"]:
            return
        try:
            if self.explanation.method == "tree":
                raise SegxaiValueError(
                    "The nodes of a tree keep their names; rename the regions before it is grown."
                )
            regions = regions.rename(read_names(change["new"], ids=range(len(regions))))
        except SegxaiError as error:
            self.note, self.names = str(error), list(regions.marked_names)
            return
        self.explanation = renamed(self.explanation, regions)
        self.names, self.note = list(regions.marked_names), ""
        self.divisible = list(regions.expandable())
        if self._on_edit is not None:
            self._on_edit("rename", regions)

    def _edit(self, what, fields, data):
        """Hand on what the page wants; a file of regions has the painter's format."""
        if self._on_edit is None:
            raise SegxaiError("Regions can be merged, divided and loaded in an explorer.")
        value = fields.get("regions" if what == "merge" else "region")
        if what == "load":
            classes, names = load_annotation(data, self.explanation.regions.shape)
            known = {**dict(enumerate(names)), IGNORE: "unpainted"}
            value = regions_of_classes(classes, known, "loaded")
        self._on_edit(what, value)

    def _alone(self):
        return {
            "text/html": rendered("live.html", name="region_canvas", state=self._shown()),
            "text/plain": repr(self.explanation),
        }

    def _shown(self) -> dict[str, Any]:
        """Return the state for a page without a kernel."""
        return {
            key: value
            for key, value in self.get_state().items()
            if key[0] != "_" and key not in ("layout", "tabbable", "tooltip")  # of ipywidgets
        }


def _state(e) -> dict[str, Any]:
    """Return what is shown of an explanation, but for its regions."""
    table = evaluated(e)
    return {
        "photo": jpeg(table.game.image),
        "filled": jpeg(table.filled_view),
        "tree": tree_state(e.descent) if isinstance(e, TreeExplanation) else {},
        # Parts can come and go while regions compare equal, by their pixels and names.
        "divisible": [] if e.method == "tree" else list(table.game.regions.expandable()),
        **table_state(table),
        **settings_state(e),
        **weights_state(e),
    }


def _off_in(regions: Regions, gone: np.ndarray) -> list[int]:
    """Find the numbers of the regions that make up a mask (H, W); none if they do not fit it."""
    area = np.bincount(regions.labels.ravel(), weights=gone.ravel())
    size = np.bincount(regions.labels.ravel())
    return np.flatnonzero(area).tolist() if ((area == 0) | (area == size)).all() else []
