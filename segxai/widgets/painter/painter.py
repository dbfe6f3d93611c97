"""Paint an annotation on a photograph, in the browser.

A network is fitted to it, and what it finds explains the classifier.
"""

import threading
from functools import partial
from typing import Any

import ipywidgets
import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError
from ...explanation.explain import explain
from ...explanation.explanation import Explanation
from ...fcn.annotation import (
    IGNORE,
    class_png,
    clean_names,
    load_annotation,
    save_annotation,
)
from ...fcn.training import FineTuned, finetune
from ...images import as_image
from ...plots import DescribedFigure, plot_image, plot_regions
from ...plots.numbers import percent
from ...regions import Regions
from ...report.state import jpeg
from ...segmentation.compose import regions_of_classes
from ..region_canvas.canvas import RegionCanvas
from ..shared import background, browser

STRIDE = 8  # the finest; strokes are thin
_SENT_SIDE = 1280  # pixels; painters zoom in, so the photograph is sent larger than elsewhere


class RefusedError(SegxaiValueError, traitlets.TraitError):
    """What came from a browser does not fit; traitlets then keeps what was there before."""


class PaintCanvas(browser.BundledWidget, folder="painter"):
    """The part that is painted on.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    classes : (H, W) array of uint8
        Class ids; 255 is not painted.
    names : sequence of str
        Of the classes.

    Attributes
    ----------
    classes : bytes
        A grey PNG of the class ids.
    names : list of str
        Of the classes.
    tool, current, brush, opacity, zoom
        As its controls have them; current is the class that is painted.
    message, status : str
        Lines below the picture.
    progress : float
        0..1 while it fits and explains, -1 otherwise.
    """

    photo = traitlets.Bytes().tag(sync=True)
    # Bytes come from a browser as memory views; the trait refuses whatever else comes.
    classes = traitlets.Bytes().tag(
        from_json=lambda value, _: bytes(value) if isinstance(value, memoryview) else value,
        **browser.FROM_PAGE,
    )
    names = traitlets.List(traitlets.Unicode()).tag(**browser.FROM_PAGE)
    tool = traitlets.Enum(("brush", "polygon", "erase", "fill"), "brush").tag(**browser.FROM_PAGE)
    current = traitlets.Int(0, min=0, max=254).tag(**browser.FROM_PAGE)
    brush = traitlets.Int(1, min=1).tag(**browser.FROM_PAGE)
    opacity = traitlets.Float(0.6, min=0, max=1).tag(**browser.FROM_PAGE)
    zoom = traitlets.Float(1.0, min=1, max=8).tag(**browser.FROM_PAGE)
    message = traitlets.Unicode("").tag(sync=True)
    progress = traitlets.Float(-1.0).tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)

    def __init__(self, image: np.ndarray, classes: np.ndarray, names):
        self._shape = image.shape[:2]
        super().__init__(
            photo=jpeg(image, _SENT_SIDE),
            classes=class_png(classes),
            names=list(names),
            brush=max(1, round(max(self._shape) / 24)),
        )

    def show(self, classes: np.ndarray, names) -> None:
        """Show other class ids and names, together.

        Parameters
        ----------
        classes : (H, W) array of uint8
            Class ids; 255 is not painted.
        names : sequence of str
            Of the classes.
        """
        with self.hold_trait_notifications(), self.hold_sync():
            self.names, self.classes = list(names), class_png(classes)

    @traitlets.validate("names", "classes")
    def _usable(self, proposal):
        try:
            if proposal["trait"].name == "names":
                return list(clean_names(proposal["value"]))
            load_annotation(proposal["value"], self._shape, self.names, masks=False)
            return proposal["value"]
        except SegxaiError as error:
            raise RefusedError(str(error)) from error


class AnnotationPainter(browser.Pictured, ipywidgets.VBox):
    """A photograph to paint on: brush, polygon, fill, erase; named classes. Then "Fit and explain".

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    names : sequence of str, optional
        Of the classes 0, 1, ...
    annotation : Regions, (H, W) array of int or path, optional
        What is painted already: class ids with 255 for not painted, or the path of a PNG.
    classifier : optional
        Whatever `segxai.load_classifier` accepts.

    Attributes
    ----------
    fitted : FineTuned or None
        The network of the last fit, open until the next.
    explanation : Explanation or None
        By the regions that it found.

    Raises
    ------
    SegxaiError
        If it is not an image, or if annotation and names do not fit it.

    Examples
    --------
    >>> names = ["background", "cup"]
    >>> painter = segxai.widgets.AnnotationPainter("photo.jpg", names)     # doctest: +SKIP
    >>> painter                                                            # doctest: +SKIP
    """

    children: Any  # a trait of ipywidgets.Box

    def __init__(self, image, names=None, annotation=None, *, classifier=None):
        self.image = as_image(image)
        shape = self.image.shape[:2]
        if annotation is None:
            annotation = np.full(shape, IGNORE, np.uint8)
        # Of an array, as `annotation` returns it, 0 and 255 may be all that was painted.
        masks = not isinstance(annotation, np.ndarray)
        classes, names = load_annotation(annotation, shape, names, masks=masks)
        self.fitted: FineTuned | None = None
        self.explanation: Explanation | None = None
        self._classifier = classifier
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.canvas = PaintCanvas(self.image, classes, names)
        self.canvas.handle(
            {
                "import": self._import,
                "fit": self._fit,
                "cancel": lambda fields, data: self.cancel(),
            },
            lambda why: self.canvas.set_trait("message", f"Not done: {why}"),
        )
        self.canvas.observe(self._painted, ["classes", "names"])
        super().__init__([self.canvas])

    @property
    def annotation(self) -> np.ndarray:
        """Class ids (H, W) of what is painted, 255 where nothing is."""
        shape, names = self.image.shape[:2], self.canvas.names
        return load_annotation(self.canvas.classes, shape, names, masks=False)[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names, in the order of their ids."""
        return tuple(self.canvas.names)

    @property
    def regions(self) -> Regions:
        """The classes that were painted as `Regions`, their connected pieces as parts.

        What is left over is "unpainted".
        """
        classes = self.annotation
        if (classes == IGNORE).all():
            raise SegxaiValueError("Nothing is painted yet, so there are no regions.")
        names = {**dict(enumerate(self.names)), IGNORE: "unpainted"}
        return regions_of_classes(classes, names, "painted")

    def plot(self) -> DescribedFigure:
        """Plot what is painted, also for pages without a kernel, where it could go nowhere."""
        if (self.annotation == IGNORE).all():
            return plot_image(self.image, "nothing is painted yet")
        return plot_regions(self.image, self.regions)

    def save(self, path) -> None:
        """Write the class ids and their names as one palette PNG, as in data/annotations.

        Parameters
        ----------
        path : str or path
            Of the PNG.

        Raises
        ------
        SegxaiError
            When the name does not end in .png or the folder cannot be written.
        """
        save_annotation(path, self.annotation, self.names)

    def fit_and_explain(self) -> threading.Thread | None:
        """Fit FCN-8s to what is painted and explain with its regions, as the button does.

        Returns
        -------
        thread : threading.Thread or None
            In which it is done; None, with the reason below the picture, when fewer than two
            classes are painted or a fit is running.
        """
        if self._thread is not None and self._thread.is_alive():
            self.canvas.status = "A fit is already running: wait for it, or cancel it."
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
        """End a fit that is running, after its present step.

        The results of the last one stay.
        """
        self._stop.set()

    def _work(self, classes, names):
        unneeded = None  # a network: this one if something fails, else the one before
        try:
            fitted = unneeded = finetune(
                self.image,
                classes,
                names=names,
                stride=STRIDE,
                progress=partial(self._advance, 0, 0.6),
            )
            self.canvas.status = "Evaluating the classifier on the regions that were found …"
            found = regions_of_classes(fitted.predictions, fitted.fcn.class_names, "learned")
            explanation = explain(
                self.image, found, self._classifier, progress=partial(self._advance, 0.6, 0.4)
            )
            self.fitted, unneeded, self.explanation = fitted, self.fitted, explanation
            painted = classes != IGNORE
            agreement = (fitted.predictions[painted] == classes[painted]).mean()
            self.canvas.status = (
                f"Fitted: the network gives {percent(agreement)} of the painted pixels the class "
                f"that you painted. Below: why the classifier sees “{explanation.target}”."
            )
            if len(self.children) == 1:
                self.children = (self.canvas, RegionCanvas(explanation))
            else:
                self.children[1].show(explanation)
        except background.Cancelled:
            self.canvas.status = "Cancelled."
        except Exception as error:
            self.canvas.status = background.problem(error)
        finally:
            if unneeded is not None:
                unneeded.fcn.close()
            self.canvas.progress = -1.0

    def _advance(self, start, share, done, total):
        if self._stop.is_set():
            raise background.Cancelled
        self.canvas.progress = start + share * done / total

    def _painted(self, change):
        if self.explanation is not None and self.canvas.progress < 0:
            self.canvas.status = (
                "The painting has changed since the last fit: "
                "what is below does not belong to it any more."
            )

    def _import(self, fields, data):
        self.canvas.show(*load_annotation(data, self.image.shape[:2], known=self.names))
        self.canvas.message = ""

    def _fit(self, fields, data):
        shape, names = self.image.shape[:2], fields.get("names")
        classes, names = load_annotation(data, shape, names, masks=False)
        if names != self.names or not np.array_equal(classes, self.annotation):
            self.canvas.show(classes, names)
        self.fit_and_explain()
