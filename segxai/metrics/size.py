"""The size of an explanation: its number of regions, and what it took to compute."""

from .metric import Metric

METRICS = (
    Metric("regions", "", "number of regions", lambda e: float(len(e.regions))),
    Metric("calls", "", "images the classifier was evaluated on for the explanation", lambda e: float(e.coalitions.evaluations)),
)  # fmt: skip
