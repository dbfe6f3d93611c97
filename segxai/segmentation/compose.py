"""Combine segmenters, and convert the masks and class maps of other models to `Regions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import SegxaiValueError
from ..images import as_array, resize
from ..regions import Part, Regions
from .classes import regions_of_classes

# Share of the image; smaller intersections join the largest piece of their region.
SMALLEST_PIECE = 0.01


def refine(coarse: Regions, finer: Regions) -> Regions:
    """Divide each coarse region by the finer regions.

    Parameters
    ----------
    coarse : Regions
        They keep their names; `expand` returns the pieces.
    finer : Regions
        Of the same shape.

    Returns
    -------
    regions : Regions
        Pieces smaller than 1 % of the image join the largest piece of their coarse region.

    Raises
    ------
    SegxaiValueError
        If the two have different shapes.
    """
    if coarse.shape != finer.shape:
        raise SegxaiValueError(
            f"Regions of shape {coarse.shape} cannot be refined by regions of shape "
            f"{finer.shape}; they must be equal."
        )
    atoms = np.zeros(coarse.shape, np.int32)
    parts, number = [], 0
    for k, name in enumerate(coarse.names):
        mask = coarse.labels == k
        counts = np.bincount(finer.labels[mask], minlength=len(finer))
        kept = np.flatnonzero(counts >= SMALLEST_PIECE * mask.size)
        # What is not kept joins the largest piece.
        place = np.full(len(finer), np.searchsorted(kept, int(counts.argmax())))
        place[kept] = np.arange(len(kept))
        atoms[mask] = number + place[finer.labels[mask]]
        covered = tuple(range(number, number + max(1, len(kept))))
        pieces = tuple(
            Part(f"{name}: {finer.names[f]}", (number + i,), evidence=finer.name_evidence[f])
            for i, f in enumerate(kept)
        )
        children = pieces if len(pieces) > 1 else ()
        parts.append(Part(name, covered, children, evidence=coarse.name_evidence[k]))
        number += len(covered)
    # Regions of unknown origin are called "regions" elsewhere, too.
    methods = [regions.method or "regions" for regions in (coarse, finer)]
    return Regions(atoms, parts, "+".join(methods) if coarse.method or finer.method else "")


def expanded(regions: Regions) -> Regions:
    """Replace every region that has parts by these parts, one level down."""
    for name in regions.expandable():
        regions = regions.expand(name)
    return regions


def from_mask_list(
    masks: Sequence, shape: tuple[int, int] | None = None, method: str = "masks"
) -> Regions:
    """Convert a list of masks, e.g. from a "segment anything" model, to `Regions`.

    Parameters
    ----------
    masks : sequence
        (H, W) arrays or Pillow images, not 0 inside the region; or mappings with "segmentation" and
        optionally "score" (or "predicted_iou" and "stability_score") and "name", as Segment
        Anything makes them; or the entries of transformers' image-segmentation pipeline, with
        "mask", "label" and "score". Masks may overlap and need not cover the image.
    shape : (H, W), optional
        Needed only for an empty list.
    method : str
        The name of the segmenter.

    Returns
    -------
    regions : Regions
        Where masks overlap, the smaller one wins, because it is usually a part of the larger. Of
        nearly identical masks (intersection over union above 0.9) the one with the best score is
        kept. Empty masks, and those that smaller ones cover, are left out. Uncovered pixels become
        "rest".

    Raises
    ------
    SegxaiValueError
        If the masks differ in shape.

    References
    ----------
    Kirillov et al. 2023, "Segment Anything" (the format).

    Examples
    --------
    What SamAutomaticMaskGenerator().generate(image) returns:

    >>> whole, part = np.zeros((2, 4, 4), bool)
    >>> whole[:, 1:], part[:2, 2:] = True, True
    >>> automatic = [
    ...     {"segmentation": whole, "predicted_iou": 0.98, "stability_score": 0.97},
    ...     {"segmentation": part, "predicted_iou": 0.91, "stability_score": 0.95},
    ... ]
    >>> from_mask_list(automatic).names
    ('rest', 'mask 1', 'mask 2')

    What transformers.pipeline("image-segmentation")(image) returns:

    >>> from PIL import Image
    >>> answer = [
    ...     {"label": "cat", "mask": Image.fromarray(whole.astype(np.uint8) * 255), "score": 0.99},
    ...     {"label": "collar", "mask": Image.fromarray(part.astype(np.uint8) * 255)},
    ... ]
    >>> from_mask_list(answer)
    <3 Regions by masks, 4 x 4: rest, cat, collar>
    """
    entries = [_entry(mask, index) for index, mask in enumerate(masks)]
    shapes = {entry[0].shape for entry in entries}
    if shape is not None:
        shapes.add(tuple(shape))
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise SegxaiValueError(
            "All masks must have the same shape (height, width); "
            f"got {sorted(shapes, key=str) or 'no masks'}."
        )
    kept: list = []
    for mask, score, name in sorted(entries, key=lambda entry: -entry[1]):
        if mask.any() and all(_overlap(mask, other) <= 0.9 for other, _, _ in kept):
            kept.append((mask, score, name))
    labels = np.zeros(next(iter(shapes)), np.int32)
    names = {0: "rest"}
    for index, (mask, _, name) in enumerate(
        sorted(kept, key=lambda entry: -entry[0].sum()), start=1
    ):
        labels[mask] = index
        names[index] = name
    values, atoms = np.unique(labels, return_inverse=True)
    parts = [Part(names[int(value)], (i,)) for i, value in enumerate(values)]
    return Regions(atoms.reshape(labels.shape), parts, method)


def from_class_map(
    classes: Any, names: Sequence[str] | Mapping[int, str] | None = None, method: str = "classes"
) -> Regions:
    """Convert a model's class ids or class scores to `Regions`.

    Parameters
    ----------
    classes : (H, W) array of int, or (H, W, C) array of scores
        May have a first dimension of 1.
    names : sequence of str, or mapping of int to str, optional
        Of the class ids; by default "class 0", "class 1" ...
    method : str
        The name of the segmenter.

    Returns
    -------
    regions : Regions
        One for each class, whose parts are its connected pieces.

    Raises
    ------
    SegxaiValueError
        For any other shape or type.
    """
    classes = np.asarray(classes)
    if classes.ndim == 4 and len(classes) == 1:
        classes = classes[0]
    if classes.ndim == 3 and classes.shape[-1] > 1:
        classes = classes.argmax(axis=-1)
    checked = Regions.from_labels(classes)  # validates the map
    values = np.unique(classes).astype(int)
    known = names if isinstance(names, Mapping) else dict(enumerate(names or ()))
    return regions_of_classes(
        checked.labels, [str(known.get(int(v), f"class {v}")) for v in values], method
    )


class KerasHubSegmenter:
    """A KerasHub image segmenter (DeepLabV3, SegFormer ...) as a function of an image to `Regions`.

    Parameters
    ----------
    model : keras_hub.models.ImageSegmenter
        Or any object whose ``predict(batch, verbose=0)`` maps (1, H, W, 3) images to (1, H, W, C)
        scores.
    size : (H, W), optional
        Of the model's input; by default that of its preprocessor or, without one, the image's.
    names : sequence of str, or mapping of int to str, optional
        Of the C classes.
    """

    def __init__(
        self,
        model: Any,
        size: tuple[int, int] | None = None,
        names: Sequence[str] | Mapping[int, str] | None = None,
    ):
        # The preprocessor is bypassed: it would crop the photograph, and the map would no longer be
        # aligned with it.
        self.size = size or getattr(getattr(model, "preprocessor", None), "image_size", None)
        self.model, self.names = model, names
        self.__name__ = getattr(model, "name", type(model).__name__)

    def __call__(self, image: np.ndarray) -> Regions:
        """Divide a photograph (H, W, 3) by the model's classes."""
        size = self.size or image.shape[:2]
        scores = np.asarray(self.model.predict(resize(image, size)[None], verbose=0))
        if scores.ndim != 4:
            raise SegxaiValueError(
                f"The segmenter returned shape {scores.shape}; "
                "(1, height, width, classes) was expected."
            )
        return from_class_map(
            resize(scores[0].astype(np.float32), image.shape[:2]), self.names, self.__name__
        )


def _entry(mask, index):
    """(mask, score, name) of an array or of an entry of either model."""
    what, name = f"Mask {index}", f"mask {index + 1}"
    if not isinstance(mask, Mapping):
        return as_array(mask, what).astype(bool), 0.0, name
    if {"mask", "label"} <= mask.keys():  # the pipeline's; semantic segmentation has no score
        mask = {
            "segmentation": mask["mask"],
            "name": mask["label"],
            "score": mask.get("score") or 0,
        }
    if "segmentation" not in mask:
        raise SegxaiValueError(f"{what} is a mapping without 'segmentation'.")
    if isinstance(mask["segmentation"], Mapping):
        raise SegxaiValueError(
            f"{what} is run-length encoded; let the generator return arrays "
            "(output_mode='binary_mask')."
        )
    try:
        quality = mask.get("predicted_iou", 0.0) + mask.get("stability_score", 0.0)
        score = float(mask.get("score", quality))
    except (TypeError, ValueError) as error:
        raise SegxaiValueError(f"The score of mask {index} is not a number.") from error
    return as_array(mask["segmentation"], what).astype(bool), score, str(mask.get("name", name))


def _overlap(a, b) -> float:
    return (a & b).sum() / max((a | b).sum(), 1)
