"""Metrics of explanations, each with its direction, its range and its source.

Every metric takes an `Explanation`, and returns a number or a small record with the numbers behind
it. Coalitions in the explanation's table are not evaluated again. A metric describes one
explanation under one fill, so compare only values for the same photograph, classifier, fill and
budget.
"""

from .alignment import CoversPlant, covers_plant, energy
from .curves import Curve, deletion, insertion
from .iou import intersection_over_union
from .r2 import Fidelity, fidelity
from .registry import METRICS, Metric
from .sanity import Sanity, random_label
from .selection import compactness, preservation, select, target_deletion
from .stability import Stability, seed_stability

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
    "preservation",
    "random_label",
    "seed_stability",
    "select",
    "target_deletion",
]
