"""The registry of segmenters, and `segment`, which calls them by name."""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, one_of, quoted
from ..images import ImageLike, as_image
from ..masks import fit, read_ids
from ..progress import Progress, bars_only, showing
from ..regions import Regions
from . import classic, deeplab, features, tree
from .compose import refine
from .record import Slider, check_number

Method: TypeAlias = str | Callable  # see `segment`
RegionsLike: TypeAlias = Regions | np.ndarray | Method  # whatever `as_regions` accepts
SEGMENTERS = {s.name: s for family in (tree, features, deeplab, classic) for s in family.SEGMENTERS}


def segmenters() -> tuple[str, ...]:
    """List the names of the segmenters, as `segment` accepts them."""
    return tuple(SEGMENTERS)


def segment(
    image: ImageLike, method: Method = "deep", *, progress: Progress = None, **params: Any
) -> Regions:
    """Divide a photograph into named regions.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    method : str or callable
        One of `segmenters()`; two of them joined as "coarse+finer", e.g. "pascal+deep", which
        divides the regions of the first by those of the second (see `refine`); or any function from
        an image (a copy, which it may change) to (H, W) integer labels or `Regions`.
    progress : bool or callable, optional
        See `segxai.progress.track`.
    **params
        Parameters of the method, e.g. n_regions for "deep" or n_segments for "slic", as listed in
        its docstring; for "coarse+finer", those of the finer one.

    Returns
    -------
    regions : Regions
        With names, and with the parts and the tree that the method knows.

    Raises
    ------
    SegxaiValueError
        For an unknown method or parameter.
    SegxaiError
        If the method fails.
    """
    image = as_image(image)
    check_method(method)
    if isinstance(method, str):
        *coarse, name = _names(method)
        if coarse:
            return refine(
                segment(image, coarse[0], progress=progress),
                segment(image, name, progress=progress, **params),
            )
        function, limits = SEGMENTERS[name].function, SEGMENTERS[name].limits
        known = list(inspect.signature(function).parameters)[1:]
        for param, value in params.items():
            one_of(f"parameter of {name!r}:", param, known)
            if param in limits:
                check_number(param, value, *limits[param])
    else:
        function, name = method, getattr(method, "__name__", type(method).__name__)
    try:
        with showing(progress):
            result = function(image.copy(), **params)  # which it may write into
    except SegxaiError:
        raise
    except Exception as error:
        raise SegxaiError(
            f"The segmenter {name!r} failed with {type(error).__name__}: {quoted(error)}"
        ) from error
    if not isinstance(result, Regions):
        result = Regions.from_labels(result, method=name)
    return result.fitted(image.shape[:2], f"What the segmenter {name!r} returned")


def as_regions(image: np.ndarray, regions: RegionsLike, *, progress: Progress = None) -> Regions:
    """Convert what `explain` accepts as regions.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    regions : Regions, (H, W) label map, or method for `segment`
        Its regions, or how to find them.
    progress : bool or callable, optional
        Of the caller; a function is not called, for it counts what comes afterwards.

    Returns
    -------
    regions : Regions
        Of the image's shape; reduced where the photograph was reduced on reading.

    Raises
    ------
    SegxaiValueError
        If they do not fit the image.
    """
    if isinstance(regions, str) or callable(regions):
        return segment(image, regions, progress=bars_only(progress))
    if not isinstance(regions, Regions):
        labels = read_ids(regions, "The label map")
        # Reduced first, for the sake of time.
        return Regions.from_labels(fit(labels, image.shape[:2], "The label map"))
    return regions.fitted(image.shape[:2], "The label map")


def segment_into(image: np.ndarray, method: Method, n: int | None) -> Regions:
    """Segment into n regions, as nearly as the method allows.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    method : str or callable
        As for `segment`.
    n : int or None
        None for the method's defaults.

    Returns
    -------
    regions : Regions
        By the best of `Segmenter.for_count`.
    """
    known = SEGMENTERS.get(method) if isinstance(method, str) else None
    if n is None or known is None or known.for_count is None:
        return segment(image, method)
    found: list[Regions] = []
    for params in known.for_count(n, image.shape):
        found.append(segment(image, method, **params))
        if len(found[-1]) == n:
            break
    return min(found, key=lambda regions: abs(len(regions) - n))


def check_method(method: Any) -> None:
    """Raise SegxaiValueError unless `method` is one that `segment` accepts."""
    if isinstance(method, str):
        for name in _names(method):
            one_of("segmenter", name, SEGMENTERS)
    elif not callable(method):
        raise SegxaiValueError(
            f"A segmenter must be a name ({', '.join(SEGMENTERS)}) or a function of an image; "
            f"got {quoted(method)}."
        )


def why_unavailable(method: str) -> str:
    """Say in a few words what a segmenter needs and is missing here; "" if it can be used."""
    return next((why for name in _names(method) if (why := SEGMENTERS[name].why_unavailable())), "")


def sliders(method: str) -> list[Slider]:
    """List the sliders for a segmenter's parameters; for "coarse+finer", those of the finer one."""
    *coarse, last = _names(method)
    return [
        s._replace(label=f"Finer: {s.label.lower()}") if coarse else s
        for s in SEGMENTERS[last].sliders
    ]


def _names(method: str) -> list[str]:
    return [name.strip() for name in method.split("+", 1)]
