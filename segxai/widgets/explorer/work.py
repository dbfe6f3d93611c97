"""What an explorer computes: segmentations and explanations of one photograph, one after another, and kept."""

from __future__ import annotations

import queue
import threading
from functools import partial

from ...classifiers.load import load_classifier
from ...errors import SegxaiError
from ...explanation.explain import explain
from ...explanation.explanation import Explanation
from ...images import as_image, as_picture
from ...progress import bars_only
from ...regions import Regions
from ...segmentation import registry
from ...segmentation.registry import segment, segmenters, why_unavailable
from ..form import span
from ..shared import background

KEPT = 16  # explanations; each is a few megabytes


class Work:
    """Explanations of `image`, from a cache or computed; in the caller's thread, or in one of its own in the background.

    also: further segmenters by name. options: of `explain`. lock: held by whoever changes the panes and what they show: the
    caller's thread, or the one in the background. stopping: set when everything under way is to end.
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
        """Begin with what waits in the background. One thread for all: many short ones would each keep memory of their own."""
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
        """Do this in the background, after what is waiting already."""
        if self.stopping.is_set():
            raise SegxaiError("This explorer was closed; make a new one.")
        self._waiting.put(task)

    def segmenters(self) -> list[tuple[str, str]]:
        """(name, why it is unavailable or "") of every segmenter on offer."""
        known = [n for n in (*segmenters(), "pascal+deep") if n not in self._also]
        return [(n, "") for n in self._also] + [(n, why_unavailable(n)) for n in known]

    def offer(self, name: str, regions: Regions) -> str:
        """Offer these regions as a segmenter; returns its name, which gets a number where the name is taken."""
        taken, number, free = self._also, 1, name
        while free in taken:
            number += 1
            free = f"{name} {number}"
        self._also[free] = regions
        return free

    def sliders(self, name) -> list:
        """(field, default) of a segmenter's sliders; what was given as `also` takes the photograph alone, whatever its name."""
        if name in self._also:
            return []
        return [
            (
                span(
                    s.parameter,
                    s.label,
                    s.least,
                    s.most,
                    s.step,
                    log=s.log,
                    zero=s.zero,
                    hint=s.hint,
                ),
                s.start,
            )
            for s in registry.sliders(name)
        ]

    def find(self, key, *, progress) -> Explanation:
        """The explanation for (segmenter, its parameters, fill, whether by tree), from the cache or by evaluating the classifier."""
        name, params, fill, tree = key
        found = self._cache.pop(key, None)
        if found is None:
            source = self._also.get(name, name)
            if isinstance(source, Regions):
                regions = source
            else:
                regions = segment(self.image, source, progress=bars_only(progress), **dict(params))
            method = "tree" if tree else "lime"
            found = explain(
                self._picture,
                regions,
                self.classifier,
                self._target,
                method=method,
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
    """What is under way gives up, and what waits is passed over, to the None that ends `_run_all`."""
    stopping.set()
    waiting.put(None)
