"""The registry of segmenters, and `segment`, which calls them by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, unknown_name
from ..images import ImageLike, as_image
from ..progress import Progress, bars_only, showing
from ..regions import Regions
from . import classic, contours, deep, deeplab, features, semantic
from .compose import expanded, refine
from .record import Slider

Method: TypeAlias = str | Callable  # see `segment`
RegionsLike: TypeAlias = Regions | np.ndarray | Method  # whatever `as_regions` accepts
SEGMENTERS = {
    s.name: s
    for family in (deep, contours, semantic, features, deeplab, classic)
    for s in family.SEGMENTERS
}


def segmenters() -> tuple[str, ...]:
    """The names of the segmenters, as `segment` accepts them."""
    return tuple(SEGMENTERS)


def segment(
    image: ImageLike, method: Method = "deep", *, progress: Progress = None, **params: Any
) -> Regions:
    """Divide a photograph into named regions.

    image: array, PIL image or path. method: one of `segmenters()`; two of them joined as "coarse+finer", e.g. "pascal+deep", which
    divides the regions of the first by those of the second (see `refine`); or any function from an image to (H, W) integer labels
    or `Regions`. params: parameters of the method, e.g. n_regions for "deep" or n_segments for "slic", as listed in its docstring;
    for "coarse+finer", those of the finer one. progress: see `segxai.progress.track`.
    Raises SegxaiValueError for an unknown method or parameter, and SegxaiError if the method fails.
    """
    image = as_image(image)
    check_method(method)
    if isinstance(method, str) and "+" in method:
        coarse, finer = _names(method)
        return expanded(
            refine(
                segment(image, coarse, progress=progress),
                segment(image, finer, progress=progress, **params),
            )
        )
    if isinstance(method, str):
        function, name = SEGMENTERS[method.strip()].function, method.strip()
        _check_params(function, name, params)
    else:
        function, name = method, getattr(method, "__name__", type(method).__name__)
    try:
        with showing(progress):
            result = function(image, **params)
    except SegxaiError:
        raise
    except Exception as error:
        raise SegxaiError(
            f"The segmenter {name!r} failed with {type(error).__name__}: {error}"
        ) from error
    if not isinstance(result, Regions):
        result = Regions.from_labels(result, method=name)
    return check_shape(result, image, f"The segmenter {name!r} returned regions")


def as_regions(image: np.ndarray, regions: RegionsLike, *, progress: Progress = None) -> Regions:
    """Convert what `explain` accepts as regions: `Regions`, an (H, W) label map, or a method for `segment`.

    progress: of the caller; a function is not called, for it counts what comes afterwards.
    Raises SegxaiValueError if they do not fit the image.
    """
    if isinstance(regions, str) or callable(regions):
        return segment(image, regions, progress=bars_only(progress))
    if not isinstance(regions, Regions):
        regions = Regions.from_labels(regions)
    return check_shape(regions, image, "The regions are")


def segment_into(image: np.ndarray, method: Method, n: int | None) -> Regions:
    """Segment into n regions, as nearly as the method allows (`Segmenter.for_count`), or by its defaults if n is None."""
    known = SEGMENTERS.get(method) if isinstance(method, str) else None
    if n is None or known is None or known.for_count is None:
        return segment(image, method)
    first, *others = known.for_count(n, image.shape)
    nearest = segment(image, method, **first)
    for params in others:
        if len(nearest) == n:
            break
        regions = segment(image, method, **params)
        if abs(len(regions) - n) < abs(len(nearest) - n):
            nearest = regions
    return nearest


def takes_count(method: Method) -> bool:
    """Whether `segment_into` can choose the number of regions of this method."""
    return (
        isinstance(method, str)
        and method in SEGMENTERS
        and SEGMENTERS[method].for_count is not None
    )


def check_method(method: Any) -> None:
    """Raise SegxaiValueError unless `method` is one of `segmenters()`, two of them joined by "+", or a function."""
    if isinstance(method, str):
        for name in _names(method):
            if name not in SEGMENTERS:
                raise unknown_name("segmenter", name, SEGMENTERS)
    elif not callable(method):
        raise SegxaiValueError(
            f"A segmenter must be a name ({', '.join(SEGMENTERS)}) or a function of an image; got {method!r}."
        )


def why_unavailable(method: str) -> str:
    """What a segmenter needs but is missing on this machine, in a few words; "" if it can be used."""
    return next((why for name in _names(method) if (why := SEGMENTERS[name].why_unavailable())), "")


def sliders(method: str) -> list[Slider]:
    """The sliders for a segmenter's parameters; for "coarse+finer", those of the finer one."""
    *coarse, last = _names(method)
    return [
        s._replace(label=f"Finer: {s.label.lower()}") if coarse else s
        for s in SEGMENTERS[last].sliders
    ]


def check_shape(regions: Regions, image: np.ndarray, subject: str) -> Regions:
    """Return the regions if they have the image's height and width; otherwise raise a SegxaiValueError that starts with `subject`."""
    if regions.shape != image.shape[:2]:
        (height, width), (rows, columns) = image.shape[:2], regions.shape
        raise SegxaiValueError(
            f"{subject} {rows} x {columns} pixels; the image has {height} x {width}."
        )
    return regions


def _names(method: str) -> list[str]:
    return [name.strip() for name in method.split("+", 1)]


def _check_params(function, name, params):
    known = list(inspect.signature(function).parameters)[1:]
    for param in params:
        if param not in known:
            raise unknown_name(f"parameter of {name!r}:", param, known)
