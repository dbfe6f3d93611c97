"""What an explorer computes: segmentations and explanations of one photograph.

They are computed one after another, and kept.
"""

import queue
import threading
from contextlib import suppress
from typing import Any, NamedTuple

from ...classifiers.load import load_classifier
from ...errors import SegxaiError
from ...explanation.explain import explain
from ...explanation.explanation import Explanation, renamed
from ...images import as_image, as_picture
from ...names import distinct_names
from ...progress import Progress, bars_only
from ...regions import Regions
from ...segmentation import registry
from ...weights.loaded import recent
from ..shared import background

KEPT = 16  # explanations; each is a few megabytes


class Request(NamedTuple):
    """What is to be explained.

    Attributes
    ----------
    values : tuple of (str, value)
        Of a pane's form, sorted by key: the segmenter and its parameters.
    fill : str
        Of hidden regions.
    tree : bool
        Whether by tree.
    """

    values: tuple
    fill: str
    tree: bool


class Work:
    """Explanations of one photograph, from a cache or computed.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    classifier : optional
        Whatever `segxai.load_classifier` accepts.
    also : dict or None
        Further segmenters by name.
    target : str, int or None
        The class that is explained.
    **options
        Of `segxai.explain`.

    Attributes
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    classifier : Classifier
        What is explained.
    lock : threading.RLock
        Held by whoever changes the panes and what they show: the caller's thread, or the one in
        the background.
    stopping : threading.Event
        Set when everything under way is to end.
    """

    def __init__(self, image, classifier, also, target, **options):
        self._picture = as_picture(image)
        self.image = as_image(self._picture)
        self.classifier = load_classifier(classifier)
        self._also = dict(also or {})
        self._target, self._options = target, options
        self._regions: dict = {}  # by a form's values, under the names they were given
        self._cache: dict = {}
        self._waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.lock = threading.RLock()

    def stop(self) -> None:
        """End what is under way, pass over what waits, and forget what was computed."""
        self.stopping.set()
        self._waiting.put(None)

    def later(self, task) -> None:
        """Do this in the background, after what is waiting already.

        Parameters
        ----------
        task : callable
            What is done.

        Raises
        ------
        SegxaiError
            After `stop`.
        """
        if self.stopping.is_set():
            raise SegxaiError("This explorer was closed; make a new one.")
        self._waiting.put(task)

    def segmenters(self) -> list[tuple[str, str]]:
        """Return what is on offer.

        Returns
        -------
        segmenters : list of (str, str)
            Name, and why it is unavailable or "".
        """
        known = [n for n in (*registry.segmenters(), "pascal+deep") if n not in self._also]
        return [(n, "") for n in self._also] + [(n, registry.why_unavailable(n)) for n in known]

    def offer(self, name: str, regions: Regions) -> str:
        """Offer these regions as a segmenter.

        Parameters
        ----------
        name : str
            It gets a number where it is taken.
        regions : Regions
            Of this photograph.

        Returns
        -------
        name : str
            The segmenter's.
        """
        free = distinct_names([*self._also, name])[-1]
        self._also[free] = regions
        return free

    def sliders(self, name: str) -> list[tuple[dict, Any]]:
        """Return the controls of a segmenter.

        What was given as `also` takes the photograph alone, whatever its name.

        Parameters
        ----------
        name : str
            Of the segmenter.

        Returns
        -------
        sliders : list of (dict, number)
            A field of `Form`, and the value that it has at first.
        """
        known = [] if name in self._also else registry.sliders(name)
        return [
            (
                {
                    "key": slider.parameter,
                    "label": slider.label,
                    "kind": "range",
                    "min": slider.least,
                    "max": slider.most,
                    "step": slider.step,
                    "log": slider.log,
                    "zero": slider.zero,
                    "hint": slider.hint,
                },
                slider.start,
            )
            for slider in known
        ]

    def find(self, request: Request, *, progress: Progress) -> Explanation:
        """Return an explanation, from the cache or by evaluating the classifier.

        Parameters
        ----------
        request : Request
            What is to be explained.
        progress : bool or callable, optional
            See `segxai.progress.track`.

        Returns
        -------
        explanation : Explanation
            By LIME, or by tree.
        """
        regions = recent(
            self._regions,
            request.values,
            KEPT,
            lambda: self._segmented(dict(request.values), bars_only(progress)),
        )
        found = recent(
            self._cache,
            request,
            KEPT,
            lambda: explain(
                self._picture,
                regions,
                self.classifier,
                self._target,
                method="tree" if request.tree else "lime",
                fill=request.fill,
                progress=progress,
                **self._options,
            ),
        )
        return found if request.tree or found.regions == regions else renamed(found, regions)

    def rename(self, request: Request, found: Explanation, regions: Regions) -> None:
        """Give regions other names, in whatever is found from now on.

        Parameters
        ----------
        request : Request
            By which they were found.
        found : Explanation
            Its answer, which is kept.
        regions : Regions
            Under their other names.
        """
        self._regions[request.values], self._cache[request] = regions, found

    def _segmented(self, values, progress):
        name = values.pop("segmenter")
        for field, _ in self.sliders(name):
            if field["zero"] == "auto" and values[field["key"]] == 0:
                values[field["key"]] = "auto"
        regions = self._also.get(name, name)
        if isinstance(regions, Regions):
            return regions.fitted(self.image.shape[:2])
        return registry.segment(self.image, regions, progress=progress, **values)

    def run(self) -> None:
        """Do what waits, until `stop`.

        One thread does it all: many short ones would each keep memory of their own.
        """
        while (task := self._waiting.get()) is not None:
            with suppress(background.Cancelled):
                task()
        self._regions.clear()
        self._cache.clear()
