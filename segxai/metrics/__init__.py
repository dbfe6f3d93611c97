"""Metrics of explanations, each with its direction, its range and its source.

Every metric takes an `Explanation`, and returns a number or a small record with the numbers behind
it. Coalitions in the explanation's table are not evaluated again. A metric describes one
explanation under one fill, so compare only values for the same photograph, classifier, fill and
budget.
"""

from collections.abc import Callable
from typing import NamedTuple

from .alignment import CoversPlant, covers_plant, energy, intersection_over_union
from .r2 import Fidelity, fidelity
from .ranking import (
    Curve,
    compactness,
    deletion,
    insertion,
    select,
)
from .stability import Sanity, Stability, random_label, seed_stability

__all__ = [
    "METRICS",
    "CoversPlant",
    "Curve",
    "Fidelity",
    "Metric",
    "Sanity",
    "Stability",
    "compactness",
    "covers_plant",
    "deletion",
    "energy",
    "fidelity",
    "insertion",
    "intersection_over_union",
    "random_label",
    "seed_stability",
    "select",
]


class Metric(NamedTuple):
    """A metric as `segxai.compare` uses it: one number for each explanation.

    Attributes
    ----------
    better : str
        "up", "down", "zero" (closer to 0 is better), or "" for no direction.
    about : str
        One line of description.
    value : callable
        A function of the explanation, and of an object's (H, W) mask if `needs_mask`.
    needs_mask : bool
    """

    better: str
    about: str
    value: Callable[..., float]
    needs_mask: bool = False


METRICS: dict[str, Metric] = {
    "insertion": Metric(
        "up",
        "area under the insertion curve",
        lambda e: insertion(e).area,
    ),
    "deletion": Metric(
        "down",
        "area under the deletion curve",
        lambda e: deletion(e).area,
    ),
    "fidelity": Metric("up", "R² of the surrogate on its own coalitions", lambda e: e.r2),
    "loo_r2": Metric("up", "R² on coalitions left out of the fit", lambda e: fidelity(e).loo_r2),
    "compactness": Metric(
        "down", "share of the image that the selected regions cover", compactness
    ),
    "seed_stability": Metric(
        "down",
        "mean standard deviation of a weight over 3 seeds",
        lambda e: seed_stability(e, 3, progress=False).spread,
    ),
    "random_label": Metric(
        "zero",
        "rank correlation with the weights of a random class",
        lambda e: random_label(e).correlation,
    ),
    "energy": Metric("up", "share of the positive weights inside the object", energy, True),
    "covers_plant": Metric(
        "up",
        "share of photographs whose top region is the plant",
        lambda e, mask: covers_plant(e, mask).found,
        True,
    ),
    "regions": Metric("", "number of regions", lambda e: len(e.regions)),
    "calls": Metric(
        "",
        "images the classifier was evaluated on for the explanation",
        lambda e: e.coalitions.evaluations,
    ),
}
