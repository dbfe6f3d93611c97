"""Combine segmenters, and convert the masks and class maps of other models to `Regions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import SegxaiValueError
from ..images import as_array, resize
from ..regions import Part, Regions
from .classes import regions_of_classes

SMALLEST_PIECE = (
    0.01  # share of the image; smaller intersections join the largest piece of their region
)


def refine(coarse: Regions, finer: Regions) -> Regions:
    """Divide each coarse region by the finer regions. The coarse regions keep their names; `expand` returns the pieces.

    Pieces smaller than 1 % of the image join the largest piece of their coarse region. Raises SegxaiValueError if the two
    have different shapes.
    """
    if coarse.shape != finer.shape:
        raise SegxaiValueError(
            f"Regions of shape {coarse.shape} cannot be refined by regions of shape {finer.shape}; they must be equal."
        )
    atoms = np.zeros(coarse.shape, np.int32)
    parts, number = [], 0
    for k, name in enumerate(coarse.names):
        mask = coarse.labels == k
        counts = np.bincount(finer.labels[mask], minlength=len(finer))
        kept = np.flatnonzero(counts >= SMALLEST_PIECE * mask.size)
        largest = int(counts.argmax())
        if len(kept) < 2:
            atoms[mask] = number
            parts.append(Part(name, (number,), evidence=coarse.name_evidence[k]))
            number += 1
            continue
        place = np.full(len(finer), np.searchsorted(kept, largest))
        place[kept] = np.arange(len(kept))
        atoms[mask] = number + place[finer.labels[mask]]
        children = tuple(
            Part(f"{name}: {finer.names[f]}", (number + i,), evidence=finer.name_evidence[f])
            for i, f in enumerate(kept)
        )
        parts.append(
            Part(
                name,
                tuple(range(number, number + len(kept))),
                children,
                evidence=coarse.name_evidence[k],
            )
        )
        number += len(kept)
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
    """Convert a list of masks, e.g. from a "segment anything" model, to `Regions`. Masks may overlap and need not cover the image.

    masks: (H, W) arrays or Pillow images, not 0 inside the region; or mappings with "segmentation" and optionally "score" (or
    "predicted_iou" and "stability_score") and "name", as Segment Anything makes them; or the entries of transformers'
    image-segmentation pipeline, with "mask", "label" and "score". Where masks overlap, the smaller one wins, because it is usually a
    part of the larger. Of nearly identical masks (intersection over union above 0.9) the one with the best score is kept. Empty
    masks, and those that smaller ones cover, are left out. Uncovered pixels become "rest".
    shape: (H, W), needed only for an empty list. Raises SegxaiValueError if the masks differ in shape.
    Source of the format: Kirillov et al. 2023, "Segment Anything".

    What SamAutomaticMaskGenerator().generate(image) returns:

    >>> whole, part = np.zeros((2, 4, 4), bool)
    >>> whole[:, 1:], part[:2, 2:] = True, True
    >>> automatic = [
    ...     {"segmentation": whole, "area": 12, "bbox": [1, 0, 3, 4], "predicted_iou": 0.98, "stability_score": 0.97},
    ...     {"segmentation": part, "area": 4, "bbox": [2, 0, 2, 2], "predicted_iou": 0.91, "stability_score": 0.95},
    ... ]
    >>> from_mask_list(automatic).names
    ('rest', 'mask 1', 'mask 2')

    What transformers.pipeline("image-segmentation")(image) returns:

    >>> from PIL import Image
    >>> answer = [
    ...     {"label": "cat", "mask": Image.fromarray(whole.astype(np.uint8) * 255), "score": 0.99},
    ...     {"label": "collar", "mask": Image.fromarray(part.astype(np.uint8) * 255), "score": None},
    ... ]
    >>> from_mask_list(answer)
    <3 Regions by masks, 4 x 4: rest, cat, collar>
    """
    entries = [_entry(_from_pipeline(mask), index) for index, mask in enumerate(masks)]
    shapes = {entry[0].shape for entry in entries} | (
        {tuple(shape)} if shape is not None else set()
    )
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise SegxaiValueError(
            f"All masks must have the same shape (height, width); got {sorted(shapes, key=str) or 'no masks'}."
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
    return _numbered(labels, names, method)


def from_class_map(
    classes: Any, names: Sequence[str] | Mapping[int, str] | None = None, method: str = "classes"
) -> Regions:
    """Convert a model's class ids (H, W) or class scores (H, W, C) to `Regions`, whose parts are their connected pieces.

    names: of the class ids, as a sequence or a mapping; by default "class 0", "class 1" ... Raises SegxaiValueError for any
    other shape or type.
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
    """A KerasHub image segmenter (DeepLabV3, SegFormer ...) as a function image -> `Regions`.

    model: a `keras_hub.models.ImageSegmenter`, or any object whose `predict(batch, verbose=0)` maps (1, H, W, 3) images to
    (1, H, W, C) scores. size: (H, W) of the model's input; by default that of its preprocessor or, without one, the image's.
    names: of the C classes.
    """

    def __init__(
        self,
        model: Any,
        size: tuple[int, int] | None = None,
        names: Sequence[str] | Mapping[int, str] | None = None,
    ):
        # The preprocessor is bypassed: it would crop the photograph, and the map would no longer be aligned with it.
        preprocessor = getattr(model, "preprocessor", None)
        self.model, self.size, self.names = (
            model,
            size or getattr(preprocessor, "image_size", None),
            names,
        )
        self.__name__ = getattr(model, "name", type(model).__name__)

    def __call__(self, image: np.ndarray) -> Regions:
        size = self.size or image.shape[:2]
        scores = np.asarray(self.model.predict(resize(image, size)[None], verbose=0))
        if scores.ndim != 4:
            raise SegxaiValueError(
                f"The segmenter returned shape {scores.shape}; (1, height, width, classes) was expected."
            )
        return from_class_map(
            resize(scores[0].astype(np.float32), image.shape[:2]), self.names, self.__name__
        )


def _entry(mask, index):
    if isinstance(mask, Mapping):
        if "segmentation" not in mask:
            raise SegxaiValueError(f"Mask {index} is a mapping without 'segmentation'.")
        try:
            score = float(
                mask.get("score", mask.get("predicted_iou", 0.0) + mask.get("stability_score", 0.0))
            )
        except (TypeError, ValueError) as error:
            raise SegxaiValueError(f"The score of mask {index} is not a number.") from error
        if isinstance(mask["segmentation"], Mapping):
            raise SegxaiValueError(
                f"Mask {index} is run-length encoded; let the generator return arrays (output_mode='binary_mask')."
            )
        return (
            as_array(mask["segmentation"], f"Mask {index}").astype(bool),
            score,
            str(mask.get("name", f"mask {index + 1}")),
        )
    return as_array(mask, f"Mask {index}").astype(bool), 0.0, f"mask {index + 1}"


def _from_pipeline(mask):
    """An entry of transformers' image-segmentation pipeline (its mask is a picture of 0 and 255) with the keys used here."""
    if not isinstance(mask, Mapping) or not {"mask", "label"} <= mask.keys():
        return mask
    entry = {"segmentation": as_array(mask["mask"], "The mask") > 0, "name": mask["label"]}
    if mask.get("score") is not None:  # semantic segmentation has no score
        entry["score"] = mask["score"]
    return entry


def _overlap(a, b) -> float:
    return (a & b).sum() / max((a | b).sum(), 1)


def _numbered(labels, names, method) -> Regions:
    values, atoms = np.unique(labels, return_inverse=True)
    return Regions(
        atoms.reshape(labels.shape),
        [Part(names[int(v)], (i,)) for i, v in enumerate(values)],
        method,
    )
