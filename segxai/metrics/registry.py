"""The registry of metrics: each by name and as a single number, for tables over many photographs (`segxai.compare`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .alignment import align, covers_plant
from .curves import deletion, insertion
from .faithfulness import compactness, fidelity, preservation, target_deletion
from .sanity import random_label, random_model
from .stability import noise_stability, seed_stability


class Metric(NamedTuple):
    """A metric as a single number.

    better: "up", "down", "zero" (closer to 0 is better), or "" for no direction. about: one line of description. value: a function
    of the explanation or, if needs_mask, of the explanation and an object's mask. under_fill: a function of the explanation and
    another fill, for metrics that can be measured under one.
    """

    name: str
    better: str
    about: str
    value: Callable
    needs_mask: bool = False
    under_fill: Callable | None = None


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("insertion", "up", "area under the insertion curve", lambda e: insertion(e).area, under_fill=lambda e, fill: insertion(e, fill).area),
        Metric("deletion", "down", "area under the deletion curve", lambda e: deletion(e).area, under_fill=lambda e, fill: deletion(e, fill).area),
        Metric("fidelity", "up", "R² of the surrogate on its own coalitions", lambda e: fidelity(e).r2),
        Metric("loo_r2", "up", "R² on coalitions left out of the fit", lambda e: fidelity(e).loo_r2),
        Metric("preservation", "up", "share of photographs whose class is kept by the selected regions alone", lambda e: float(preservation(e).passed)),
        Metric("target_deletion", "up", "share of photographs whose class is lost without the selected regions", lambda e: float(target_deletion(e).passed)),
        Metric("compactness", "down", "share of the image that the selected regions cover", lambda e: compactness(e).area),
        Metric("seed_stability", "down", "mean standard deviation of a weight over 3 seeds", lambda e: seed_stability(e, 3, progress=False).spread),
        Metric("noise_stability", "down", "mean standard deviation of a weight over 3 noisy copies", lambda e: noise_stability(e, repeats=3, progress=False).spread),
        Metric("random_model", "zero", "rank correlation with the weights of a network whose last layer is shuffled", lambda e: random_model(e).correlation),
        Metric("random_label", "zero", "rank correlation with the weights of a random class", lambda e: random_label(e).correlation),
        Metric("energy", "up", "share of the positive weights inside the object", lambda e, mask: align(e, mask).energy, True),
        Metric("pointing", "up", "share of the top region inside the object", lambda e, mask: align(e, mask).pointing, True),
        Metric("best_iou", "up", "best IoU of a region with the object", lambda e, mask: align(e, mask).best_iou, True),
        Metric("covers_plant", "up", "share of photographs whose top region is the plant", lambda e, mask: float(covers_plant(e, mask).found), True),
        Metric("regions", "", "number of regions", lambda e: float(len(e.regions))),
        Metric("calls", "", "images the classifier was evaluated on for the explanation", lambda e: float(e.coalitions.evaluations)),
    )
}  # fmt: skip
