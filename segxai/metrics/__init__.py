"""Measure explanations: each metric says what it is, which direction is better, its range, and where it comes from.

Every function takes an `Explanation` and returns a small record that holds the curve or the numbers behind the figure.
What the explanation's own table of coalitions answers is not asked again; `calls` says how many images were.
A metric speaks of one explanation under one fill. Compare like with like: the same photograph, classifier, fill and budget.
"""

from .alignment import Alignment, CoversPlant, align, covers_plant
from .curves import Curve, deletion, insertion
from .faithfulness import Check, Compactness, Fidelity, compactness, fidelity, preservation, select, target_deletion
from .registry import METRICS, Metric
from .sanity import Sanity, random_label, random_model
from .stability import Stability, noise_stability, seed_stability

__all__ = [
    "METRICS",
    "Alignment",
    "Check",
    "Compactness",
    "CoversPlant",
    "Curve",
    "Fidelity",
    "Metric",
    "Sanity",
    "Stability",
    "align",
    "compactness",
    "covers_plant",
    "deletion",
    "fidelity",
    "insertion",
    "noise_stability",
    "preservation",
    "random_label",
    "random_model",
    "seed_stability",
    "select",
    "target_deletion",
]
