"""A metric as `segxai.compare` uses it: one number for each explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


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
