"""Segmenters: a photograph in, `Regions` out. One registry, one file per family."""

from __future__ import annotations

import inspect

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, unknown_name
from ..images import as_image
from ..regions import Regions
from . import classic, deep, pascal
from .compose import expanded, refine

_REGISTRY = {
    "deep": deep.deep,
    "pascal": pascal.pascal,
    "grid": classic.grid,
    "slic": classic.slic,
    "felzenszwalb": classic.felzenszwalb,
    "quickshift": classic.quickshift,
    "watershed": classic.watershed,
    "chan_vese": classic.chan_vese,
}


def segmenters() -> tuple[str, ...]:
    """The names that `segment` knows."""
    return tuple(_REGISTRY)


def why_unavailable(name: str) -> str:
    """What is missing here for a segmenter, in a few words; "" when it can be used."""
    return pascal.why_unavailable() if "pascal" in name else ""


def segment(image, method="deep", **params) -> Regions:
    """Divide a photograph into named regions.

    method: one of `segmenters()`, two of them as "coarse+finer" ("pascal+deep": what has a name keeps it, and is divided
    further), or any function image -> (H, W) integer labels or `Regions`.
    params: the method's own, e.g. n_regions for "deep", n_segments for "slic"; its docstring lists them. Of "coarse+finer"
    they are the finer's.
    Raises SegxaiValueError for an unknown method or parameter.
    """
    image = as_image(image)
    if isinstance(method, str) and "+" in method:
        coarse, finer = method.split("+", 1)
        return expanded(refine(segment(image, coarse.strip()), segment(image, finer.strip(), **params)))
    if callable(method):
        function, name = method, getattr(method, "__name__", type(method).__name__)
    elif isinstance(method, str) and method in _REGISTRY:
        function, name = _REGISTRY[method], method
        _check_params(function, name, params)
    else:
        raise unknown_name("segmenter", method, _REGISTRY)
    try:
        result = function(image, **params)
    except SegxaiError:
        raise
    except Exception as error:
        raise SegxaiError(f"The segmenter {name!r} failed with {type(error).__name__}: {error}") from error
    if not isinstance(result, Regions):
        result = Regions.from_labels(result, method=name)
    if result.shape != image.shape[:2]:
        raise SegxaiValueError(
            f"The segmenter {name!r} returned regions of {result.shape[0]} x {result.shape[1]} "
            f"for an image of {image.shape[0]} x {image.shape[1]}."
        )
    return result


def as_regions(image: np.ndarray, regions) -> Regions:
    """What `explain` accepts as regions: `Regions`, a label map, or a method for `segment`."""
    if isinstance(regions, np.ndarray):
        regions = Regions.from_labels(regions)
    if not isinstance(regions, Regions):
        return segment(image, regions)
    if regions.shape != image.shape[:2]:
        raise SegxaiValueError(
            f"The regions are {regions.shape[0]} x {regions.shape[1]}, the image is {image.shape[0]} x {image.shape[1]}."
        )
    return regions


def _check_params(function, name, params):
    known = list(inspect.signature(function).parameters)[1:]
    for param in params:
        if param not in known:
            raise unknown_name(f"parameter of {name!r}:", param, known)
