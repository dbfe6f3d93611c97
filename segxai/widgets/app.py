"""The explorer as a separate application: choose a photograph, or bring one."""

from typing import Any

import ipywidgets

from .. import data
from ..errors import SegxaiError
from ..images import load_image
from ..report.state import select_field
from .explorer.explorer import ExplanationExplorer
from .form.form import Form

LARGEST_UPLOAD = 20_000_000  # bytes


class ExplorerApp(ipywidgets.VBox):
    """A choice of photographs, an upload, and an `ExplanationExplorer` of what was chosen.

    Parameters
    ----------
    start : str or sequence of str, optional
        The segmenters shown at first, one or two.
    **options
        Further arguments of `ExplanationExplorer`.

    Attributes
    ----------
    form : Form
        The choice of photographs, and of the user's own file.
    explorer : ExplanationExplorer
        Of the photograph that is shown.

    Examples
    --------
    >>> from segxai.widgets.app import ExplorerApp     # doctest: +SKIP
    >>> ExplorerApp()                                  # doctest: +SKIP
    """

    children: Any  # a trait of ipywidgets.Box

    def __init__(self, start=("deep", "slic"), **options):
        self._options = {"start": start, **options}
        self._images = {name: data.photograph(name) for name in data.names()}
        self.form = Form(
            self._fields(),
            {},
            title="Photograph",
            away="Reload the page.",
            on_file=self._brought,
        )
        self.form.observe(self._explore, "values")
        self.explorer = None
        super().__init__([self.form])
        self.form.values = {"photograph": data.names()[0]}

    def _explore(self, change):
        name = change["new"].get("photograph")
        if name not in tuple(self._images):
            return
        self.form.message = f"Looking at {name} ..."
        before = self.explorer
        try:
            self.explorer = ExplanationExplorer(self._images[name], **self._options)
        except SegxaiError as error:
            self.form.message = str(error)
            return
        self.form.message = ""
        self.children = [self.children[0], self.explorer]
        if before is not None:  # ipywidgets keep every widget that is not closed
            before.close()

    def _brought(self, key, file_name, content):
        name, self.form.message = f"yours: {file_name}", ""
        try:
            self._images[name] = load_image(content)
        except SegxaiError as error:
            why = str(error).replace("'the image'", "the file")
            raise SegxaiError(f"{file_name}: {why}") from error
        self.form.fields = self._fields()
        self.form.values = {}  # another picture may have the name of the one that is shown
        self.form.values = {"photograph": name}

    def _fields(self):
        return [
            select_field("photograph", "Photograph", self._images),
            {
                "key": "own",
                "label": "Your photograph",
                "kind": "file",
                "accept": "image/*",
                "largest": LARGEST_UPLOAD,
            },
        ]
