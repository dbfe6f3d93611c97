"""The record that describes a segmenter, defined next to the segmenter's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Slider(NamedTuple):
    """A parameter that the explorer shows as a slider, with its label, range, initial value and step.

    log: whether the scale is logarithmic. zero: a text that replaces the value 0, e.g. "auto". hint: what it changes, its tooltip.
    """

    parameter: str
    label: str
    least: float
    most: float
    start: float
    step: float = 1
    log: bool = False
    zero: str = ""
    hint: str = ""


COUNT = "How many regions it is asked for; it may find fewer"
COUNT_OR_AUTO = "How many regions; auto: as many as the photograph has things"


class Segmenter(NamedTuple):
    """A named segmenter.

    function: from an (H, W, 3) uint8 image and parameters to an (H, W) label map or `Regions`. about: the properties of the image
    that it uses, in a few words. sliders: for its parameters. for_count: from (n, image shape) to parameter sets that yield about n
    regions, the most promising first; None if the number cannot be chosen. why_unavailable: returns what is missing on this
    machine, in a few words, or "" if the segmenter can be used.
    """

    name: str
    function: Callable
    about: str
    sliders: tuple[Slider, ...] = ()
    for_count: Callable[[int, tuple], list[dict[str, Any]]] | None = None
    why_unavailable: Callable[[], str] = lambda: ""
