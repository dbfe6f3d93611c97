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

from ..classifiers.networks import default_classifier
from ..images import resize
from ..regions import COLOUR_AND_PLACE, Evidence, Part
from ..weights.imagenet import imagenet_class_names
from . import deeplab as pascal

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

    image: (h, w, 3) uint8. atoms: (h, w) integers, the tree's leaves. parts: those that are classified, all in the first call;
    smaller ones are named by DeepLab's classes alone.
    """

    def __init__(self, image: np.ndarray, atoms: np.ndarray, parts: Sequence[Part]):
        self.image, self.atoms, self.parts = image, atoms.astype(np.int32), parts

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        return [self._named(part) if part.evidence == COLOUR_AND_PLACE else part for part in parts]

    def _named(self, part) -> Part:
        known = self._covering(part)
        # A guess, which is for the whole part, is better than the name of a thing that the part is only a piece of.
        if not (known and known.main) and part.atoms in self._guesses:
            noun, probability = self._guesses[part.atoms]
            return replace(part, name=noun, evidence=Evidence("guess", probability))
        if known:
            name = known.name if known.main else f"{known.name}: {part.name}"
            return replace(part, name=name, evidence=Evidence("DeepLab", known.share))
        return part

    def surest(self) -> list[Part]:
        """The parts that have a noun on which two views agree, the surest first."""
        return sorted((part for part in self.parts if part.atoms in self._guesses), key=lambda part: -self._guesses[part.atoms][1])

    def _covering(self, part) -> Covering | None:
        if self._counts is None:
            return None
        return covering_class(self._counts[list(part.atoms)].sum(axis=0), self._counts.sum(axis=0))

    @cached_property
    def _guesses(self) -> dict[tuple[int, ...], tuple[str, float]]:
        """{atoms: (noun, probability)} of the parts that have one."""
        masks = {part.atoms: np.isin(self.atoms, part.atoms) for part in self.parts if part.evidence == COLOUR_AND_PLACE}
        masks = {atoms: mask for atoms, mask in masks.items() if SMALLEST <= mask.mean() <= LARGEST}
        found = zip(masks, guess_nouns(self.image, list(masks.values())), strict=True)
        return {atoms: noun for atoms, noun in found if noun}

    @cached_property
    def _counts(self) -> np.ndarray | None:
        """(A, 21) the pixels of each DeepLab class in each leaf, or None where DeepLab was not fetched."""
        if pascal.why_unavailable():
            return None
        leaves, classes = self.atoms.max() + 1, len(pascal.PASCAL_CLASSES)
        pairs = self.atoms * classes + pascal.pascal_classes(self.image)
        return np.bincount(pairs.ravel(), minlength=leaves * classes).reshape(leaves, classes)


class Covering(NamedTuple):
    """A class, the share of a region that it covers, and whether the region holds most of the class."""

    name: str
    share: float
    main: bool


def covering_class(inside: np.ndarray, everywhere: np.ndarray) -> Covering | None:
    """The DeepLab class that covers at least COVERED of a region; None if there is none, or only background.

    inside, everywhere: (21,) the pixels of each PASCAL VOC class in the region and in the image.
    """
    best = int(inside.argmax())
    share = float(inside[best] / inside.sum())
    if best == 0 or share < COVERED:
        return None
    return Covering(pascal.PASCAL_CLASSES[best], share, bool(inside[best] >= MAIN * everywhere[best]))


def guess_nouns(image: np.ndarray, masks: Sequence[np.ndarray]) -> list[tuple[str, float] | None]:
    """The `agreed_noun` of each region by EfficientNet-Lite0. image: (h, w, 3) uint8. masks: (h, w) bool.

    Few regions are sure enough when cut out, so only these are looked at with their surroundings.
    """
    alone = _classified([view(image, mask, 0) for mask in masks])
    # The other view gives 1 at most.
    hopeful = [k for k, row in enumerate(alone) if _by_noun(row).max() >= 2 * SURE - 1]
    dimmed = _classified([view(image, masks[k], DIMMED) for k in hopeful])
    found: list[tuple[str, float] | None] = [None] * len(masks)
    for k, row in zip(hopeful, dimmed, strict=True):
        found[k] = agreed_noun(np.stack([alone[k], row]))
    return found


def _classified(views) -> list[np.ndarray]:
    """The class probabilities of each view."""
    network = default_classifier()
    return [
        row
        for start in range(0, len(views), BATCH)
        for row in network.net.run(network.probabilities, {network.images: np.stack(views[start : start + BATCH])})
    ]


def agreed_noun(probabilities: np.ndarray) -> tuple[str, float] | None:
    """The noun that is the most probable in both views, with the mean of its two probabilities; None if there is none.

    probabilities: (2, 1000), added up over classes with the same noun. The mean must be at least SURE, each at least SUPPORTED.
    """
    both = np.stack([_by_noun(row) for row in probabilities])
    best = int(both.sum(axis=0).argmax())
    agreed = (both.argmax(axis=1) == best).all() and both[:, best].min() >= SUPPORTED and both[:, best].mean() >= SURE
    return (_nouns()[0][best], float(both[:, best].mean())) if agreed else None


def _by_noun(probabilities) -> np.ndarray:
    """The probability of each noun, from those of the 1000 classes."""
    names, column = _nouns()
    return np.bincount(column, probabilities, len(names))


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
