"""The segmenters by name, and `segment`, which calls any of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, unknown_name
from ..images import as_image
from ..regions import Regions
from . import classic, deep, pascal, tree
from .compose import expanded, refine
from .segmenter import Slider

SEGMENTERS = {s.name: s for family in (deep, tree, pascal, classic) for s in family.SEGMENTERS}


def segmenters() -> tuple[str, ...]:
    """The names that `segment` knows."""
    return tuple(SEGMENTERS)


def segment(image, method: str | Callable = "deep", **params) -> Regions:
    """Divide a photograph into named regions.

    method: one of `segmenters()`, two of them as "coarse+finer" ("pascal+deep": what has a name keeps it, and is divided
    further), or any function image -> (H, W) integer labels or `Regions`.
    params: the method's own, e.g. n_regions for "deep", n_segments for "slic"; its docstring lists them. Of "coarse+finer"
    they are the finer's.
    Raises SegxaiValueError for an unknown method or parameter.
    """
    image = as_image(image)
    check_method(method)
    if isinstance(method, str) and "+" in method:
        coarse, finer = _names(method)
        return expanded(refine(segment(image, coarse), segment(image, finer, **params)))
    if isinstance(method, str):
        function, name = SEGMENTERS[method.strip()].function, method.strip()
        _check_params(function, name, params)
    else:
        function, name = method, getattr(method, "__name__", type(method).__name__)
    try:
        result = function(image, **params)
    except SegxaiError:
        raise
    except Exception as error:
        raise SegxaiError(f"The segmenter {name!r} failed with {type(error).__name__}: {error}") from error
    if not isinstance(result, Regions):
        result = Regions.from_labels(result, method=name)
    return check_shape(result, image, f"The segmenter {name!r} returned regions")


def as_regions(image: np.ndarray, regions) -> Regions:
    """What `explain` accepts as regions: `Regions`, a label map, or a method for `segment`. Raises SegxaiValueError where they do not fit."""
    if isinstance(regions, str) or callable(regions):
        return segment(image, regions)
    if not isinstance(regions, Regions):
        regions = Regions.from_labels(regions)
    return check_shape(regions, image, "The regions are")


def segment_into(image: np.ndarray, method: str | Callable, n: int | None) -> Regions:
    """Regions by `method`, about n of them where it has a way to be asked for a number (`Segmenter.for_count`) and n is not None."""
    known = SEGMENTERS.get(method) if isinstance(method, str) else None
    if n is None or known is None or known.for_count is None:
        return segment(image, method)
    nearest = None
    for params in known.for_count(n, image.shape):
        regions = segment(image, method, **params)
        if nearest is None or abs(len(regions) - n) < abs(len(nearest) - n):
            nearest = regions
        if len(nearest) == n:
            break
    return nearest


def takes_count(method) -> bool:
    """Whether `segment_into` can choose the number of regions of this method."""
    return isinstance(method, str) and method in SEGMENTERS and SEGMENTERS[method].for_count is not None


def check_method(method) -> None:
    """Raise SegxaiValueError for what is neither a name of `segmenters()`, two of them joined by "+", nor a function."""
    if isinstance(method, str):
        for name in _names(method):
            if name not in SEGMENTERS:
                raise unknown_name("segmenter", name, SEGMENTERS)
    elif not callable(method):
        raise SegxaiValueError(f"A segmenter is a name ({', '.join(SEGMENTERS)}) or a function of an image; got {method!r}.")


def why_unavailable(method: str) -> str:
    """What is missing here for a segmenter, in a few words; "" when it can be used."""
    return next((why for name in _names(method) if (why := SEGMENTERS[name].why_unavailable())), "")


def sliders(method: str) -> list[Slider]:
    """The parameters of a segmenter that are shown as sliders; of "coarse+finer" the finer's."""
    *coarse, last = _names(method)
    return [s._replace(label=f"finer {s.label}") if coarse else s for s in SEGMENTERS[last].sliders]


def check_shape(regions: Regions, image: np.ndarray, subject: str) -> Regions:
    """The regions, where they have the image's height and width; else SegxaiValueError, whose sentence begins with `subject`."""
    if regions.shape != image.shape[:2]:
        (height, width), (rows, columns) = image.shape[:2], regions.shape
        raise SegxaiValueError(f"{subject} {rows} x {columns} pixels; the image has {height} x {width}.")
    return regions


def _names(method: str) -> list[str]:
    return [name.strip() for name in method.split("+", 1)]


def _check_params(function, name, params):
    known = list(inspect.signature(function).parameters)[1:]
    for param in params:
        if param not in known:
            raise unknown_name(f"parameter of {name!r}:", param, known)
