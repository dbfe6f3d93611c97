"""Paint an annotation on a photograph, in the browser; fit a network to it and explain with what it finds."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explain import explain
from ...explanation.explanation import Explanation
from ...fcn.annotation import (
    IGNORE,
    check_ids,
    class_png,
    clean_names,
    import_class_png,
    load_annotation,
    read_class_png,
    save_annotation,
)
from ...fcn.training import FineTuned, finetune
from ...images import as_image
from ...plots import plot_image, plot_regions
from ...regions import Regions
from ...report.pictures import jpeg
from ...segmentation.classes import regions_of_classes
from ..region_canvas import RegionCanvas
from ..shared import background, browser
from ..shared.messages import receive

STRIDE = 8  # the finest; strokes are thin
_SENT_SIDE = 1280  # pixels; painters zoom in, so the photograph is sent larger than elsewhere


class RefusedError(SegxaiValueError, traitlets.TraitError):
    """What came from a browser does not fit; traitlets then keeps what was there before."""


class PaintCanvas(anywidget.AnyWidget):
    """The part that is painted on. classes: a grey PNG of the class ids (255: not painted); names: the classes'."""

    _esm = browser.module("painter")
    _css = browser.style("painter")

    photo = traitlets.Bytes().tag(sync=True)
    # The browser knows what it painted: its own picture is not sent back to it.
    classes = traitlets.Bytes().tag(
        sync=True, echo_update=False, from_json=lambda value, _: _as_bytes(value)
    )
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tool = traitlets.Enum(("brush", "polygon", "erase", "fill"), "brush").tag(sync=True)
    current = traitlets.Int(0, min=0, max=254).tag(sync=True)
    brush = traitlets.Int(1, min=1).tag(sync=True)
    opacity = traitlets.Float(0.6, min=0, max=1).tag(sync=True)
    zoom = traitlets.Float(1.0, min=1, max=8).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    progress = traitlets.Float(-1.0).tag(sync=True)  # 0..1 while it fits and explains, -1 otherwise
    status = traitlets.Unicode("").tag(sync=True)

    def __init__(self, image: np.ndarray, classes: np.ndarray, names, **kwargs):
        self._shape = image.shape[:2]
        photo, brush = jpeg(image, _SENT_SIDE), max(1, round(max(self._shape) / 24))
        super().__init__(
            photo=photo, classes=class_png(classes), names=list(names), brush=brush, **kwargs
        )

    def show(self, classes: np.ndarray, names) -> None:
        """Other class ids and names, together."""
        with self.hold_trait_notifications(), self.hold_sync():
            self.names, self.classes = list(names), class_png(classes)

    def decoded(self) -> np.ndarray:
        """(H, W) uint8 class ids."""
        return read_class_png(self.classes, self._shape)[0]

    @traitlets.validate("names")
    def _clean_names(self, proposal):
        return _refuse(lambda: list(clean_names(proposal["value"])))

    @traitlets.validate("classes")
    def _known_classes(self, proposal):
        _refuse(lambda: check_ids(read_class_png(proposal["value"], self._shape)[0], self.names))
        return proposal["value"]


class AnnotationPainter(ipywidgets.VBox):
    """A photograph to paint on: brush, polygon, fill, erase; named classes. Then "Fit and explain".

    image: array, PIL image or path. names: of the classes 0, 1, ... annotation: what is painted already: `Regions`,
    (H, W) class ids with 255 for not painted, or the path of a PNG (names in <path>.names.txt beside it).
    fitted: the `FineTuned` network of the last fit, open until the next; explanation: the `Explanation` by its regions.
    Raises SegxaiError for what is no image, or when annotation and names do not fit it.

    >>> painter = segxai.widgets.AnnotationPainter("photo.jpg", ["background", "cup"])     # doctest: +SKIP
    >>> painter                                                                            # doctest: +SKIP
    """

    children: Any  # a trait of ipywidgets.Box

    def __init__(self, image, names=None, annotation=None, *, classifier=None):
        self.image = as_image(image)
        shape = self.image.shape[:2]
        if annotation is None:
            classes, names = (
                np.full(shape, IGNORE, np.uint8),
                clean_names(("background", "object") if names is None else names),
            )
        else:
            classes, names = load_annotation(annotation, shape, names, masks=False)
        self.fitted: FineTuned | None = None
        self.explanation: Explanation | None = None
        self._classifier = classifier
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.canvas = PaintCanvas(self.image, classes, names)
        handlers = {
            "import": self._import,
            "fit": self._fit,
            "cancel": lambda fields, data: self.cancel(),
        }
        receive(
            self.canvas,
            {name: partial(self._message, handler) for name, handler in handlers.items()},
        )
        self.canvas.observe(self._painted, ["classes", "names"])
        super().__init__([self.canvas])

    @property
    def annotation(self) -> np.ndarray:
        """(H, W) uint8 class ids at the photograph's size; 255 where nothing is painted. It can be set."""
        return self.canvas.decoded()

    @annotation.setter
    def annotation(self, annotation):
        names = annotation.names if isinstance(annotation, Regions) else self.names
        self.canvas.show(*load_annotation(annotation, self.image.shape[:2], names, masks=False))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names, in the order of their ids."""
        return tuple(self.canvas.names)

    @property
    def regions(self) -> Regions:
        """The classes that were painted as `Regions`, their connected pieces as parts; what is left over is "unpainted"."""
        classes = self.annotation
        if (classes == IGNORE).all():
            raise SegxaiValueError("Nothing is painted yet, so there are no regions.")
        return regions_of_classes(
            classes, {**dict(enumerate(self.names)), IGNORE: "unpainted"}, "painted"
        )

    def save(self, path) -> None:
        """Write the class ids as a palette PNG, and the names beside it, as in data/annotations: cat.png, cat.names.txt.

        Raises SegxaiError when the name does not end in .png or the folder cannot be written.
        """
        save_annotation(path, self.annotation, self.names)

    def fit_and_explain(self) -> threading.Thread | None:
        """Fit FCN-8s to what is painted and explain with its regions, in a thread that is returned; as the button does.

        None, with the reason below the picture, when fewer than two classes are painted or a fit is running.
        """
        if self._thread is not None and self._thread.is_alive():
            self.canvas.status = "A fit is running already: wait for it, or cancel it."
            return None
        classes, names = self.annotation, self.names
        if np.unique(classes[classes != IGNORE]).size < 2:
            self.canvas.status = (
                "Paint at least two classes, for example the object and the background, then fit."
            )
            return None
        self._stop.clear()
        self.canvas.progress, self.canvas.status = 0.0, "Fitting FCN-8s to what is painted …"
        self._thread = background.start(
            self, partial(self._work, classes, names), self._stop.set, "segxai-paint"
        )
        return self._thread

    def cancel(self) -> None:
        """End a fit that is running, after its present step; the results of the last one stay."""
        self._stop.set()

    def _work(self, classes, names):
        fitted = None  # whose network is not needed in the end: this one if something fails, else the one before
        try:
            fitted = finetune(
                self.image, classes, names=names, stride=STRIDE, progress=self._advance(0, 0.6)
            )
            self.canvas.status = "Evaluating the classifier on the regions that were found …"
            found = regions_of_classes(fitted.predictions, fitted.class_names, "learned")
            explanation = explain(
                self.image, found, self._classifier, progress=self._advance(0.6, 0.4)
            )
            self.fitted, fitted, self.explanation = fitted, self.fitted, explanation
            painted = classes != IGNORE
            agreement = (self.fitted.predictions[painted] == classes[painted]).mean()
            self.canvas.status = (
                f"Fitted: the network gives {agreement:.1%} of the painted pixels the class that you painted. "
                f"Below: why the classifier sees “{explanation.target}”."
            )
            self._show(explanation)
        except (background.Cancelled, SegxaiError) as error:
            self.canvas.status = (
                "Cancelled." if isinstance(error, background.Cancelled) else str(error)
            )
        except Exception as error:
            self.canvas.status = f"The fit failed ({type(error).__name__}); see the log."
            raise
        finally:
            if fitted is not None:
                fitted.fcn.close()
            self.canvas.progress = -1.0

    def _show(self, explanation):
        if len(self.children) == 1:
            self.children = (self.canvas, RegionCanvas(explanation))
        else:
            self.children[1].show(explanation)

    def _advance(self, start, share):
        def advance(done, total):
            if self._stop.is_set():
                raise background.Cancelled
            self.canvas.progress = start + share * done / total

        return advance

    def _painted(self, change):
        if self.explanation is not None and self.canvas.progress < 0:
            self.canvas.status = "The painting has changed since the last fit: what is below does not belong to it any more."

    def _message(self, handler, fields, buffers):
        try:
            handler(fields, buffers[0] if buffers else b"")
        except SegxaiError as error:
            self.canvas.message = f"Not done: {error}"

    def _import(self, fields, data):
        lines = fields.get("names")
        names = lines.splitlines() if isinstance(lines, str) else None
        self.canvas.show(*import_class_png(data, self.image.shape[:2], names, self.names))
        self.canvas.message = ""

    def _fit(self, fields, data):
        names, classes = (
            clean_names(fields.get("names")),
            read_class_png(data, self.image.shape[:2])[0],
        )
        check_ids(classes, names)
        if names != self.names or not np.array_equal(classes, self.annotation):
            self.canvas.show(classes, names)
        self.fit_and_explain()

    def _repr_mimebundle_(self, **kwargs):
        painted = not (self.annotation == IGNORE).all()
        figure = (
            plot_regions(self.image, self.regions)
            if painted
            else plot_image(self.image, "nothing is painted yet")
        )
        still = {
            "text/html": figure.as_html(dpi=75),
            "text/plain": f"<AnnotationPainter: {', '.join(self.names)}>",
        }
        if browser.without_kernel():  # what is painted there could go nowhere
            return still
        return browser.beside(super()._repr_mimebundle_(**kwargs), still)


def _as_bytes(value):
    """Bytes come from a browser as memory views; whatever else comes is left for the trait to refuse."""
    return bytes(value) if isinstance(value, memoryview) else value


def _refuse(check):
    try:
        return check()
    except SegxaiError as error:
        raise RefusedError(str(error)) from error
