"""What the package knows of a segmenter: one record, beside the function that it describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Slider(NamedTuple):
    """A parameter that the explorer shows as a slider: its range, where it starts, and how it moves.

    log: the slider is logarithmic. zero: the text shown at 0, which stands for that value ("auto").
    """

    parameter: str
    label: str
    least: float
    most: float
    start: float
    step: float = 1
    log: bool = False
    zero: str = ""


class Segmenter(NamedTuple):
    """A named segmenter.

    function: (H, W, 3) uint8 image and parameters -> label map or `Regions`. about: what it looks at, in a few words.
    sliders: of its parameters. for_count: (n, image shape) -> sets of parameters to try, the best first, for about n regions;
    None where the number cannot be chosen. why_unavailable: what is missing here in a few words, "" when it can be used.
    """

    name: str
    function: Callable
    about: str
    sliders: tuple[Slider, ...] = ()
    for_count: Callable[[int, tuple], list[dict[str, Any]]] | None = None
    why_unavailable: Callable[[], str] = lambda: ""
