"""The explorer as an application of its own: choose a photograph, or bring one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ipywidgets

from .. import data
from ..errors import SegxaiError
from ..images import load_image
from .explorer import ExplanationExplorer
from .form import Form, choice

LARGEST_UPLOAD = 20_000_000  # bytes


class ExplorerApp(ipywidgets.VBox):
    """A choice of photographs, an upload, and an `ExplanationExplorer` of what was chosen.

    >>> from segxai.widgets.app import ExplorerApp     # doctest: +SKIP
    >>> ExplorerApp()                                  # doctest: +SKIP
    """

    children: Any  # a trait of ipywidgets.Box

    def __init__(self, start=("deep", "slic"), **options):
        self._start, self._options = start, options
        self._images = {
            name: name for name in data.names()
        }  # by what the choice shows: a bundled name, or an array
        self.form = Form(
            [],
            {"photograph": data.names()[0]},
            title="Photograph",
            away="This page needs it: load the page again.",
        )
        self._offer()
        self.upload = ipywidgets.FileUpload(
            accept="image/*",
            multiple=False,
            description="Your photograph",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.form.observe(self._chosen, "values")
        self.upload.observe(self._uploaded, "value")
        self.explorer = None
        super().__init__(
            [
                ipywidgets.HBox(
                    [self.form, self.upload], layout=ipywidgets.Layout(flex_flow="row wrap")
                )
            ]
        )
        self._explore(data.names()[0])

    def _explore(self, name):
        self.form.message = f"Looking at {name} ..."
        try:
            image, before = self._images[name], self.explorer
            self.explorer = ExplanationExplorer(
                data.photograph(image) if isinstance(image, str) else image,
                start=self._start,
                **self._options,
            )
            self.form.message = ""
            self.children = [self.children[0], self.explorer]
            if before is not None:  # ipywidgets keep every widget that is not closed
                before.close()
        except SegxaiError as error:
            self.form.message = str(error)

    def _chosen(self, change):
        if change["new"].get("photograph") in self._images and change["new"] != change["old"]:
            self._explore(change["new"]["photograph"])

    def _uploaded(self, change):
        if not change["new"]:
            return
        given = change["new"][0]
        try:
            image = _read(bytes(given["content"]))
        except SegxaiError as error:
            self.form.message = f"{given['name']}: {error}"
            return
        name = f"yours: {given['name']}"
        self._images[name] = image
        self._offer()
        if self.form.values == {
            "photograph": name
        }:  # another picture by the name that is shown already
            self._explore(name)
        else:
            self.form.values = {"photograph": name}

    def _offer(self):
        self.form.fields = [choice("photograph", "photograph", list(self._images))]


def _read(content: bytes):
    """Uploaded bytes as an image, by the same way and with the same limits as a file's."""
    if len(content) > LARGEST_UPLOAD:
        raise SegxaiError(
            f"The file has {len(content) / 1e6:.0f} MB; at most {LARGEST_UPLOAD / 1e6:.0f} MB are taken. Reduce it first."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "photograph")
        path.write_bytes(content)
        try:
            return load_image(path)
        except SegxaiError as error:
            raise SegxaiError(
                str(error)
                .replace(f" (cannot identify image file {str(path)!r})", "")
                .replace(repr(str(path)), "the file")
            ) from error
