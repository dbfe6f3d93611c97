"""Nouns for regions, with their evidence: a class of DeepLab that covers the region, or a noun on which two views of it agree.

A classifier trained on whole photographs names a region with confidence even where it is wrong, because one view of it suffices to
mislead: its outline on a plain background, or its surroundings. So the region is classified twice, cut out on grey and with its
surroundings dimmed, and only a noun that both views give is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ..images import resize
from ..regions import COLOUR_AND_PLACE, Evidence, Part
from ..weights.imagenet import imagenet_class_names
from . import pascal
from .encoder import encoder

COVERED = 0.6  # a DeepLab class names a region if it covers at least this share of it
MAIN = 0.5  # and if the region holds at least this share of the class; otherwise the region is only a part of the thing
SURE = 0.76  # the least probability of a noun in the mean of the two views
SUPPORTED = 0.25  # and in each of them
SMALLEST, LARGEST = 0.01, 0.7  # shares of the image: too few pixels to classify, and hardly any surroundings to compare with
SIDE = 224  # pixels of a view
MARGIN = 0.1  # around the region's bounding box, as a share of its longer side
DIMMED = 0.35  # contrast of the surroundings
GREY = 127
BATCH = 16
# Compounds that are not a kind of what their last word says.
_WHOLE = (
    "baseball player", "bottle cap", "can opener", "fire screen", "guinea pig", "gymnastic horizontal bar", "hot dog",
    "keyboard space bar", "lens cap", "letter opener", "loupe magnifying glass", "one-piece bathing suit", "punching bag",
    "salt shaker", "sea cucumber", "sea lion", "sleeping bag", "teddy bear", "waffle iron",
)  # fmt: skip
_SPECIAL = {
    "a cat having a striped coat": "cat",
    "traffic or street sign": "street sign",
    "vaulted or arched ceiling": "ceiling",
}


class Nouns:
    """A function that renames parts of a region tree by nouns, as `Regions` takes it. Names from other sources stay.

    image: (h, w, 3) uint8. atoms: (h, w) integers, the tree's leaves. Each part is looked at once; the results are kept.
    """

    def __init__(self, image: np.ndarray, atoms: np.ndarray):
        self.image, self.atoms = image, atoms.astype(np.int32)
        self.found: dict[tuple[int, ...], tuple[str, Evidence] | None] = {}

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        new = [part for part in parts if part.evidence == COLOUR_AND_PLACE and part.atoms not in self.found]
        if new:
            masks = [np.isin(self.atoms, part.atoms) for part in new]
            for part, noun in zip(new, self._nouns(masks, [part.name for part in new]), strict=True):
                self.found[part.atoms] = noun
        return [self._named(part) for part in parts]

    def _named(self, part) -> Part:
        noun = self.found[part.atoms] if part.evidence == COLOUR_AND_PLACE else None
        return replace(part, name=noun[0], evidence=noun[1]) if noun else part

    def _nouns(self, masks, places) -> list[tuple[str, Evidence] | None]:
        covering = [None if self._classes is None else covering_class(self._classes, mask) for mask in masks]
        found: list[tuple[str, Evidence] | None] = []
        for known, place in zip(covering, places, strict=True):
            # A part of a thing is not the thing: the person's hair is "person: dark brown, top".
            if known is None:
                found.append(None)
            else:
                found.append((known.name if known.main else f"{known.name}: {place}", Evidence("DeepLab", known.share)))
        unsure = [
            k for k, (mask, known) in enumerate(zip(masks, covering, strict=True))
            if not (known and known.main) and SMALLEST <= mask.mean() <= LARGEST
        ]  # fmt: skip
        for k, noun in zip(unsure, guess_nouns(self.image, [masks[k] for k in unsure]), strict=True):
            if noun:
                found[k] = noun[0], Evidence("guess", noun[1])
        return found

    @cached_property
    def _classes(self) -> np.ndarray | None:
        """DeepLab's class ids (h, w), or None where it was not fetched."""
        return None if pascal.why_unavailable() else pascal.pascal_classes(self.image)


class Covering(NamedTuple):
    """A class, the share of a region that it covers, and whether the region holds most of the class."""

    name: str
    share: float
    main: bool


def covering_class(classes: np.ndarray, mask: np.ndarray) -> Covering | None:
    """The DeepLab class that covers at least COVERED of a region; None if there is none, or only background.

    classes: (h, w) PASCAL VOC class ids. mask: (h, w) bool.
    """
    inside = np.bincount(classes[mask], minlength=len(pascal.CLASSES))
    best = int(inside.argmax())
    share = float(inside[best] / mask.sum())
    if best == 0 or share < COVERED:
        return None
    return Covering(pascal.CLASSES[best], share, bool(inside[best] >= MAIN * (classes == best).sum()))


def guess_nouns(image: np.ndarray, masks: Sequence[np.ndarray]) -> list[tuple[str, float] | None]:
    """The `agreed_noun` of each region by EfficientNet-Lite0. image: (h, w, 3) uint8. masks: (h, w) bool."""
    views = [view(image, mask, contrast) for mask in masks for contrast in (0, DIMMED)]
    network = encoder()
    rows = [
        network.net.run(network.probabilities, {network.images: np.stack(views[start : start + BATCH])})
        for start in range(0, len(views), BATCH)
    ]
    return [agreed_noun(pair) for pair in np.concatenate(rows).reshape(len(masks), 2, -1)] if masks else []


def agreed_noun(probabilities: np.ndarray) -> tuple[str, float] | None:
    """The noun that is the most probable in both views, with the mean of its two probabilities; None if there is none.

    probabilities: (2, 1000), added up over classes with the same noun. The mean must be at least SURE, each at least SUPPORTED.
    """
    names, column = _nouns()
    both = np.stack([np.bincount(column, row, len(names)) for row in probabilities])
    best = int(both.sum(axis=0).argmax())
    agreed = (both.argmax(axis=1) == best).all() and both[:, best].min() >= SUPPORTED and both[:, best].mean() >= SURE
    return (names[best], float(both[:, best].mean())) if agreed else None


def view(image: np.ndarray, mask: np.ndarray, contrast: float) -> np.ndarray:
    """(SIDE, SIDE, 3) float32: a region in a square around its bounding box, with its surroundings drawn towards grey.

    contrast: of the surroundings; 0 cuts the region out.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = round(max(height, width) * (1 + 2 * MARGIN)) + 1
    top, left = rows[0] - (side - height) // 2, columns[0] - (side - width) // 2
    window = np.s_[max(top, 0) : top + side, max(left, 0) : left + side]
    part = image[window].astype(np.float32)
    part = np.where(mask[window][..., None], part, GREY + contrast * (part - GREY))
    square = np.full((side, side, 3), GREY, np.float32)
    down, across = max(-top, 0), max(-left, 0)
    square[down : down + part.shape[0], across : across + part.shape[1]] = part
    return resize(square, (SIDE, SIDE))


@lru_cache(maxsize=1)
def _nouns() -> tuple[tuple[str, ...], np.ndarray]:
    """The nouns, and for each ImageNet class the index of its noun: its last word if other classes have the same one."""
    full = [re.split(r" \(| / | or |, ", _SPECIAL.get(name, name))[0].lower() for name in imagenet_class_names()]
    last = [name if name in _WHOLE else name.split()[-1] for name in full]
    repeats = Counter(last)
    nouns = [word if repeats[word] > 1 else name for word, name in zip(last, full, strict=True)]
    names, column = np.unique(nouns, return_inverse=True)
    return tuple(map(str, names)), column
