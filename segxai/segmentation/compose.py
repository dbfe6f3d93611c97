"""Combine segmenters, and convert the masks and class maps of other models to `Regions`."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from skimage import measure

from ..errors import SegxaiValueError, listed, quoted
from ..files import as_path
from ..images import as_image
from ..masks import IGNORE, read_ids, read_map, read_mask
from ..names import NamesLike, read_names
from ..regions import GIVEN, Evidence, Part, Regions

# Share of the image; smaller intersections join the largest piece of their region.
SMALLEST_PIECE = 0.01
SMALLEST_PART = 0.002  # share of the image; smaller connected pieces of a class do not become parts


def refine(coarse: Regions, finer: Regions) -> Regions:
    """Divide each coarse region by the finer regions.

    Parameters
    ----------
    coarse, finer : Regions
        Of the same photograph.

    Returns
    -------
    regions : Regions
        The pieces, "person: top left"; those smaller than 1 % of the image join the largest piece
        of their coarse region.
    """
    atoms = np.zeros(coarse.shape, np.int32)
    pieces: list[Part] = []
    for k, (whole, evidence) in enumerate(zip(coarse.names, coarse.name_evidence, strict=True)):
        mask = coarse.labels == k
        counts = np.bincount(finer.labels[mask], minlength=len(finer))
        kept = np.flatnonzero(counts >= SMALLEST_PIECE * mask.size)
        number = len(pieces)
        # What is not kept joins the largest piece.
        place = np.full(len(finer), number + np.searchsorted(kept, int(counts.argmax())))
        place[kept] = number + np.arange(len(kept))
        atoms[mask] = place[finer.labels[mask]]
        if len(kept) < 2:
            pieces.append(Part(whole, (number,), evidence=evidence))
        else:
            pieces += [
                Part(f"{whole}: {finer.names[f]}", (number + i,), evidence=finer.name_evidence[f])
                for i, f in enumerate(kept)
            ]
    methods = [regions.method or "regions" for regions in (coarse, finer)]
    return Regions(atoms, pieces, "+".join(methods))


def from_mask_list(
    masks: Iterable,
    shape: tuple[int, int] | None = None,
    method: str = "masks",
    *,
    threshold: float | None = None,
) -> Regions:
    """Convert a list of masks, e.g. from a "segment anything" model, to `Regions`.

    Parameters
    ----------
    masks : sequence
        (H, W) arrays or Pillow images, 0 outside and 1 or 255 inside the region, or COCO's run
        lengths; or mappings with "segmentation" and optionally "score" (or "predicted_iou" and
        "stability_score") and "name", as Segment Anything makes them; or the entries of
        transformers' image-segmentation pipeline, with "mask", "label" and "score". Masks may
        overlap and need not cover the image.
    shape : (H, W), optional
        Needed only for an empty list.
    method : str
        The name of the segmenter.
    threshold : float, optional
        For masks of other values: larger ones are inside, e.g. 0.5 for probabilities, 0 for logits.

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
        If the masks differ in shape, or have other values and no `threshold`.

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
    <3 Regions by masks, 4 x 4: rest; cat; collar>
    """
    if isinstance(masks, (str, Mapping)) or not isinstance(masks, Iterable):
        raise SegxaiValueError(
            f"Masks must be a list, e.g. [mask, other]; got {type(masks).__name__}. "
            "With names, {name: mask}, they are given to Regions.from_masks."
        )
    entries = [_entry(mask, index, threshold) for index, mask in enumerate(listed(masks, "Masks"))]
    shapes = {entry[0].shape for entry in entries} | ({tuple(shape)} if shape else set())
    if len(shapes) != 1:
        raise SegxaiValueError(
            "All masks must have the same shape (height, width); "
            f"got {sorted(shapes) or 'no masks'}."
        )
    kept: list = []
    for mask, score, name in sorted(entries, key=lambda entry: -entry[1]):
        ious = [(mask & other).sum() / (mask | other).sum() for other, _, _ in kept]
        if mask.any() and max(ious, default=0) <= 0.9:
            kept.append((mask, score, name))
    labels = np.zeros(next(iter(shapes)), np.int32)
    names = {0: "rest"}
    for index, (mask, _, name) in enumerate(
        sorted(kept, key=lambda entry: -entry[0].sum()), start=1
    ):
        labels[mask] = index
        names[index] = name
    return Regions.from_labels(labels, names, method)


def from_class_map(
    classes: Any,
    names: NamesLike | None = None,
    method: str = "classes",
    *,
    colours: Mapping[str, Sequence[int]] | str | os.PathLike | None = None,
) -> Regions:
    """Convert a model's class ids or class scores, or a picture of classes, to `Regions`.

    Parameters
    ----------
    classes : array, PIL image or path
        (H, W) class ids, or (H, W, C) scores, perhaps with a first dimension of 1; or a palette or
        grey picture of class ids, as PASCAL VOC has them; or, with `colours`, any picture. A file
        is PNG, BMP, TIFF or GIF.
    names : sequence of str, {id: name} or {name: id}, optional
        Of the class ids; by default those that come with a file, or "class 0", "class 1" ... In a
        palette picture, 255 is "void".
    method : str
        The name of the segmenter.
    colours : mapping or path, optional
        The classes' colours, {"cat": (64, 0, 0)}, or the path of a labelmap.txt of CVAT.

    Returns
    -------
    regions : Regions
        One for each class, whose parts are its connected pieces.

    Raises
    ------
    SegxaiError
        For any other shape or type, channels first, NaN, and colours that are not in the table.

    Examples
    --------
    >>> picture = np.zeros((2, 3, 3), np.uint8)
    >>> picture[:, 2] = 64, 0, 0
    >>> from_class_map(picture, colours={"cat": (64, 0, 0), "wall": (0, 0, 0)}).names
    ('cat', 'wall')
    """
    found = read_map(classes, "The class map", rgb=colours is not None)
    if colours is not None:
        table = _colour_table(colours)
        ids, own = _ids_of_colours(as_image(found.values), table), list(table)
    else:
        ids, own = found.values, found.names or []
    known = {IGNORE: "void"} if found.palette and colours is None else {}
    known |= read_names(own if names is None else names, "The class names")
    ids = _ids_of_scores(ids, known)
    checked = Regions.from_labels(ids, known or None)  # validates the map
    values = np.unique(ids).astype(int)
    return regions_of_classes(
        checked.labels, [known.get(int(v), f"class {v}") for v in values], method
    )


def regions_of_classes(
    classes: np.ndarray,
    names: Sequence[str] | Mapping[int, str],
    method: str,
    evidence: Evidence = GIVEN,
) -> Regions:
    """Convert a map of class ids to regions.

    Parameters
    ----------
    classes : (H, W) array of int
        The class of each pixel.
    names : sequence of str, or mapping of int to str
        Of the class ids.
    method : str
        The segmenter's name.
    evidence : Evidence
        For the names.

    Returns
    -------
    regions : Regions
        One for each class; its parts are its connected pieces, the largest first.
    """
    atoms = np.zeros(classes.shape, np.int32)
    parts, number = [], 0
    for value in np.unique(classes):
        mask = classes == value
        pieces = measure.label(mask, connectivity=2)[mask] - 1
        areas = np.bincount(pieces)
        rank = np.argsort(np.argsort(-areas, kind="stable"))  # of the largest 0
        kept = max(1, int((areas >= SMALLEST_PART * classes.size).sum()))
        # Small pieces join the largest one, so that every pixel of the class belongs to a part.
        atoms[mask] = number + np.where(rank < kept, rank, 0)[pieces]
        parts.append(numbered_part(names[value], range(number, number + kept), evidence))
        number += kept
    return Regions(atoms, parts, method)


def numbered_part(name: str, atoms: Iterable[int], evidence: Evidence) -> Part:
    """Make a part of atoms that are its numbered parts, e.g. "person 1" and "person 2".

    Parameters
    ----------
    name : str
        What each of them is.
    atoms : iterable of int
        What it covers.
    evidence : Evidence
        For the name.

    Returns
    -------
    part : Part
        Without further parts if it covers a single atom.
    """
    atoms = tuple(map(int, atoms))
    children = tuple(
        Part(f"{name} {i}", (atom,), evidence=evidence, noun=name)
        for i, atom in enumerate(atoms, start=1)
    )
    return Part(name, atoms, children if len(atoms) > 1 else (), evidence=evidence)


def _ids_of_scores(scores, names) -> np.ndarray:
    """Return the best class of each pixel; class ids as they are."""
    if scores.ndim == 4 and len(scores) == 1:
        scores = scores[0]
    if scores.ndim != 3 or scores.dtype.kind not in "biuf" or (scores == scores[..., :1]).all():
        return read_ids(scores, "The class map")
    if np.isnan(scores).any():
        raise SegxaiValueError(
            "The class scores contain NaN, which is not a score; check the model."
        )
    shape, channels = scores.shape, scores.shape[-1]
    with np.errstate(invalid="ignore", over="ignore"):
        first, last = (np.allclose(scores.sum(axis), 1, atol=0.01) for axis in (0, -1))
    known = last or (len(names) == channels and scores.dtype.kind == "f")
    if not known and channels in (3, 4) and scores.min() >= 0:
        raise SegxaiValueError(
            f"An array of shape {shape} without negative values looks like a picture: axis 2 would "
            'be red, green and blue. Give colours={"cat": (64, 0, 0)} for a picture of classes, or '
            "scores.argmax(axis=-1) if these are scores."
        )
    if not known and (first or len(names) == shape[0] or channels >= min(shape[:2])):
        raise SegxaiValueError(
            f"Class scores must have shape (height, width, classes), but axis 2 of {shape} is "
            "hardly that of the classes. If axis 0 is, give numpy.moveaxis(scores, 0, -1); if "
            "axis 2 is after all, scores.argmax(axis=-1)."
        )
    return scores.argmax(axis=-1)


def _ids_of_colours(picture, table) -> np.ndarray:
    """Return the place of each pixel's colour in a table."""
    ids = np.full(picture.shape[:2], -1)
    for index, colour in enumerate(table.values()):
        ids[(picture == colour).all(axis=-1)] = index
    if (ids < 0).any():
        colours = np.unique(picture[ids < 0], axis=0)
        raise SegxaiValueError(
            f"{(ids < 0).mean():.2%} of the pixels have colours that `colours` lacks: "
            f"{', '.join(str(tuple(map(int, each))) for each in colours[:5])}"
            f'{" ..." if len(colours) > 5 else ""}. Add them, e.g. as "void"; many of them come '
            "from JPEG or soft borders."
        )
    return ids


def _colour_table(colours) -> dict[str, tuple[int, ...]]:
    try:
        if isinstance(colours, (str, os.PathLike)):  # name:red,green,blue:parts:actions
            lines = as_path(colours).read_text(encoding="utf-8").splitlines()
            rows = [line.split(":") for line in lines if line.strip() and line[0] != "#"]
            colours = {name.strip(): colour.split(",") for name, colour, *_ in rows}
        table = {name: tuple(int(each) for each in colour) for name, colour in colours.items()}
        sound = {len(colour) for colour in table.values()} == {3}
    except Exception as error:
        raise SegxaiValueError(
            'colours must be {"cat": (64, 0, 0)}, or the path of a labelmap.txt of CVAT; '
            f"got {type(colours).__name__} ({quoted(error)})."
        ) from error
    if not sound or len(set(table.values())) < len(table):
        raise SegxaiValueError(
            f"colours must give each class its own (red, green, blue); got {quoted(table)}."
        )
    return table


def _entry(mask, index, threshold):
    """(mask, score, name) of an array or of an entry of either model."""
    what, name = f"Mask {index}", f"mask {index + 1}"
    if not isinstance(mask, Mapping) or "counts" in mask:
        mask = {"segmentation": mask}
    if {"mask", "label"} <= mask.keys():  # the pipeline's; semantic segmentation has no score
        mask = {
            "segmentation": mask["mask"],
            "name": mask["label"],
            "score": mask.get("score") or 0,
        }
    if "segmentation" not in mask:
        raise SegxaiValueError(f"{what} is a mapping without 'segmentation'.")
    try:
        quality = mask.get("predicted_iou", 0.0) + mask.get("stability_score", 0.0)
        score = float(mask.get("score", quality))
    except (TypeError, ValueError) as error:
        raise SegxaiValueError(f"The score of mask {index} is not a number.") from error
    return read_mask(mask["segmentation"], what, threshold), score, str(mask.get("name") or name)
