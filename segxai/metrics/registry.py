"""The registry of metrics, for tables over many photographs (`segxai.compare`)."""

from . import alignment, curves, faithfulness, sanity, size, stability
from .metric import Metric

METRICS: dict[str, Metric] = {
    m.name: m
    for family in (curves, faithfulness, stability, sanity, alignment, size)
    for m in family.METRICS
}
