"""The record that describes a segmenter, defined next to the segmenter's function."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import SegxaiValueError, is_number

LEAVES = 48  # the largest number of regions of a tree, by `n_regions` or repeated `expand`
COUNT = "How many regions it is asked for; it may find fewer"


class Slider(NamedTuple):
    """A parameter that the explorer shows as a slider.

    Attributes
    ----------
    parameter : str
        Its name in the segmenter's function.
    label : str
        What the slider is called.
    least, most, start, step : float
        Its range, initial value and step.
    log : bool
        Whether the scale is logarithmic.
    zero : str
        A text that replaces the value 0, e.g. "auto".
    hint : str
        What it changes, its tooltip.
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


class Segmenter(NamedTuple):
    """A named segmenter.

    Attributes
    ----------
    name : str
        As `segment` accepts it.
    function : callable
        From an (H, W, 3) uint8 image and parameters to an (H, W) label map or `Regions`.
    about : str
        The properties of the image that it uses, in a few words.
    sliders : tuple of Slider
        For its parameters.
    for_count : callable or None
        From (n, image shape) to parameter sets that yield about n regions, the most promising
        first; None if the number cannot be chosen.
    limits : mapping of str to (least,) or (least, most)
        Of parameters that are numbers; `segment` checks them.
    why_unavailable : callable
        Returns what is missing on this machine, in a few words, or "" if it can be used.
    """

    name: str
    function: Callable
    about: str
    sliders: tuple[Slider, ...] = ()
    for_count: Callable[[int, tuple], list[dict[str, Any]]] | None = None
    limits: Mapping[str, tuple[float, ...]] = {}
    why_unavailable: Callable[[], str] = lambda: ""


def by_count(name: str, function: Callable, about: str) -> Segmenter:
    """Make a segmenter by a tree, whose one parameter is n_regions, a number or "auto".

    Parameters
    ----------
    name, function, about
        As for `Segmenter`.

    Returns
    -------
    segmenter : Segmenter
        With a slider for the number.
    """
    hint = "How many regions; auto: as many as the photograph has things"
    slider = Slider("n_regions", "Regions", 0, 12, 0, zero="auto", hint=hint)
    return Segmenter(
        name, function, about, (slider,), lambda n, shape: [{"n_regions": min(n, LEAVES)}]
    )


def check_number(name: str, value: Any, least: float, most: float = np.inf) -> None:
    """Raise SegxaiValueError unless a parameter is a number within its limits."""
    if not is_number(value) or not value >= least:
        raise SegxaiValueError(f"{name} must be a number of at least {least:g}; got {value!r}.")
    if value > most:
        raise SegxaiValueError(f"{name} must be at most {most:g} for an image; got {value!r}.")


def check_count(n_regions: Any) -> None:
    """Raise SegxaiValueError unless n_regions is "auto" or a whole number from 1 to LEAVES."""
    whole = isinstance(n_regions, (int, np.integer)) and not isinstance(n_regions, bool)
    if n_regions != "auto" and not (whole and 1 <= n_regions <= LEAVES):
        raise SegxaiValueError(
            f"n_regions must be 'auto' or a whole number from 1 to {LEAVES}; got {n_regions!r}."
        )
