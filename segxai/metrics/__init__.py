"""Metrics of explanations. Each docstring states the definition, which direction is better, the range and the source.

Every function takes an `Explanation` and returns a small record with the curve or the numbers behind the result. Coalitions in
the explanation's table are not evaluated again; `calls` counts the images that were. A metric describes one explanation under
one fill, so compare only values for the same photograph, classifier, fill and budget.
"""

from .alignment import Alignment, CoversPlant, align, covers_plant
from .curves import Curve, deletion, insertion
from .faithfulness import (
    Check,
    Compactness,
    Fidelity,
    compactness,
    fidelity,
    preservation,
    select,
    target_deletion,
)
from .metric import Metric
from .registry import METRICS
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
