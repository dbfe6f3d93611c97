"""What an explorer computes: segmentations and explanations of one photograph.

They are computed one after another, and kept.
"""

from __future__ import annotations

import itertools
import queue
import threading
from functools import partial
from typing import Any

from ...classifiers.load import load_classifier
from ...errors import SegxaiError
from ...explanation.explain import explain
from ...explanation.explanation import Explanation
from ...images import as_image, as_picture
from ...progress import Progress, bars_only
from ...regions import Regions
from ...segmentation import registry
from ...segmentation.registry import segment, segmenters, why_unavailable
from ..shared import background

KEPT = 16  # explanations; each is a few megabytes


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
        self._cache: dict = {}
        self._waiting: queue.SimpleQueue = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.lock = threading.RLock()

    def start(self, owner) -> None:
        """Begin with what waits, in the background.

        One thread does it all: many short ones would each keep memory of their own.

        Parameters
        ----------
        owner : object
            When it is gone, everything ends.
        """
        background.start(
            owner,
            partial(_run_all, self._waiting),
            partial(_stop, self.stopping, self._waiting),
            "segxai-explain",
        )

    def stop(self) -> None:
        """End what is under way, pass over what waits, and forget what was computed."""
        self._waiting.put(self._cache.clear)
        _stop(self.stopping, self._waiting)

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
        known = [n for n in (*segmenters(), "pascal+deep") if n not in self._also]
        return [(n, "") for n in self._also] + [(n, why_unavailable(n)) for n in known]

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
        names = itertools.chain([name], (f"{name} {number}" for number in itertools.count(2)))
        free = next(n for n in names if n not in self._also)
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

    def find(self, key: tuple, *, progress: Progress) -> Explanation:
        """Return an explanation, from the cache or by evaluating the classifier.

        Parameters
        ----------
        key : tuple
            Segmenter, its parameters, fill, and whether by tree.
        progress : bool or callable, optional
            See `segxai.progress.track`.

        Returns
        -------
        explanation : Explanation
            By LIME, or by tree.
        """
        name, params, fill, tree = key
        found = self._cache.pop(key, None)
        if found is None:
            regions = self._also.get(name, name)
            if not isinstance(regions, Regions):
                shown = bars_only(progress)
                regions = segment(self.image, regions, progress=shown, **dict(params))
            found = explain(
                self._picture,
                regions,
                self.classifier,
                self._target,
                method="tree" if tree else "lime",
                fill=fill,
                progress=progress,
                **self._options,
            )
        self._cache[key] = found  # at the end, for the first is forgotten first
        if len(self._cache) > KEPT:
            del self._cache[next(iter(self._cache))]
        return found


def _run_all(waiting):
    while (task := waiting.get()) is not None:
        task()


def _stop(stopping, waiting):
    """Pass over what is under way and what waits, up to the None that ends `_run_all`."""
    stopping.set()
    waiting.put(None)
