"""The metrics by name, each as one number, for tables over many photographs (`segxai.compare`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .alignment import align, covers_plant
from .curves import deletion, insertion
from .faithful import compactness, deletion_check, fidelity, preservation
from .sanity import random_label, random_model
from .stable import noise_stability, seed_stability


class Metric(NamedTuple):
    """better: "up", "down", "zero" (the closer to 0), or "" where neither is. about: one line for people. value: a function of the explanation to a
    number; of the explanation and the mask of an object where needs_mask.
    """

    better: str
    about: str
    value: Callable
    needs_mask: bool = False


METRICS: dict[str, Metric] = {
    "insertion": Metric("up", "area under the insertion curve", lambda e: insertion(e).area),
    "deletion": Metric("down", "area under the deletion curve", lambda e: deletion(e).area),
    "fidelity": Metric("up", "R² of the surrogate on its own coalitions", lambda e: fidelity(e).r2),
    "held_out": Metric("up", "R² on coalitions left out of the fit", lambda e: fidelity(e).held_out),
    "preservation": Metric("up", "share of photographs whose class is kept by the selected regions alone", lambda e: float(preservation(e).passed)),
    "deletion_check": Metric("up", "share of photographs whose class is lost without the selected regions", lambda e: float(deletion_check(e).passed)),
    "compactness": Metric("down", "share of the image that the selected regions cover", lambda e: compactness(e).area),
    "seed_stability": Metric("down", "mean standard deviation of a weight over 3 seeds", lambda e: seed_stability(e, 3, False).spread),
    "noise_stability": Metric("down", "mean standard deviation of a weight over 3 noisy copies", lambda e: noise_stability(e, repeats=3, progress=False).spread),
    "random_model": Metric("zero", "rank correlation with the weights of a network whose last layer is shuffled", lambda e: random_model(e).correlation),
    "random_label": Metric("zero", "rank correlation with the weights of a random class", lambda e: random_label(e).correlation),
    "energy": Metric("up", "share of the positive weights inside the object", lambda e, mask: align(e, mask).energy, True),
    "pointing": Metric("up", "share of the top region inside the object", lambda e, mask: align(e, mask).pointing, True),
    "best_iou": Metric("up", "best IoU of a region with the object", lambda e, mask: align(e, mask).best_iou, True),
    "covers_plant": Metric("up", "share of photographs whose top region is the plant", lambda e, mask: float(covers_plant(e, mask).found), True),
    "regions": Metric("", "number of regions", lambda e: float(len(e.regions))),
    "calls": Metric("", "images the classifier was asked about for the explanation", lambda e: float(e.coalitions.evaluations)),
}  # fmt: skip
