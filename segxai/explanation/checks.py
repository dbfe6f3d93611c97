"""Check an explanation: robustness to other fills and shifted borders, and a placebo test of each region's shape."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots
from ..classifiers.classifier import batches
from ..errors import SegxaiValueError, whole_number
from ..images import pixels_of
from ..plots.numbers import FAINT, quantity
from ..progress import Progress, track
from ..regions import Regions
from .fills import GIVEN, Fill, distinct_fills, fill_name, in_type_of

if TYPE_CHECKING:
    from ..plots import DescribedFigure
    from ..plots.duck_types import Explained

FILLS_COMPARED = ("mean", "blur", "grey", "noise")
# The sign of a weight below this share of the largest one is not interpreted.
NEGLIGIBLE = 0.02


@dataclass(frozen=True, eq=False)
class Robustness:
    """The weights of the regions under several variants of the fill and the borders.

    names: (K,) of the regions. target: the class explained. variants: (V,) descriptions, the unchanged explanation first.
    weights: (V, K), changes of the target's probability, or of what else `output` names.
    """

    names: tuple[str, ...]
    target: str
    variants: tuple[str, ...]
    weights: np.ndarray
    output: str = "probability"

    @property
    def interval(self) -> np.ndarray:
        """(K, 2) the lowest and the highest weight of each region."""
        return np.stack([self.weights.min(axis=0), self.weights.max(axis=0)], axis=1)

    @property
    def flips(self) -> np.ndarray:
        """(K,) bool: whether a region's weight is positive under some variants and negative under others."""
        return sign_flips(self.weights)

    def sentences(self) -> list[str]:
        """One sentence for each region whose sign depends on the variant, or one stating that none does."""
        what = f"{len(self.variants)} variants ({', '.join(self.variants)})"
        by_fill = sign_flips(
            self.weights[[variant.startswith("fill") for variant in self.variants]]
        )
        if not self.flips.any():
            return [f"No region's sign changes across {what}."]
        return [
            f"The sign of “{name}” depends on the {'fill' if fill else 'exact border'}: its weight ranges from {low:+z.3f} to {high:+z.3f} across {what}."
            for name, (low, high), flips, fill in zip(
                self.names, self.interval, self.flips, by_fill, strict=True
            )
            if flips
        ]

    def plot(self) -> DescribedFigure:
        """Each region's weights under all variants, as points on one line."""
        return plots.plot_robustness(self)


def sign_flips(weights: np.ndarray) -> np.ndarray:
    """(K,) bool: whether weights (V, K) take both signs.

    Each must exceed NEGLIGIBLE times the largest absolute weight. Weights that are written as 0
    have no sign, however small all the others are.
    """
    limit = max(FAINT, NEGLIGIBLE * np.abs(weights).max())
    return (weights.min(axis=0) < -limit) & (weights.max(axis=0) > limit)


def robustness(
    explanation: Explained,
    *,
    fills: Sequence[Fill] = FILLS_COMPARED,
    borders: int = 2,
    progress: Progress = None,
) -> Robustness:
    """Repeat the explanation with each of `fills`, and with all borders shifted by `borders` pixels in both directions.

    The shift first grows the smaller of two neighbouring regions, then shrinks it. A weight whose sign depends on the fill
    reflects the fill more than the region. Takes one table of evaluations for each variant. Raises SegxaiError if the
    explanation holds no classifier, or for `fills` that are no sequence of at least one.
    Source: Sturmfels et al. 2020, "Visualizing the Impact of Feature Attribution Baselines".
    """
    e = explanation
    e.need_classifier("robustness()")
    whole_number("borders (pixels)", borders)
    if (
        isinstance(fills, (str, os.PathLike))
        or not isinstance(fills, Iterable)
        or not (fills := list(fills))
    ):
        raise SegxaiValueError(
            f"fills must be a sequence with at least one fill, e.g. {FILLS_COMPARED}; got {fills!r}."
        )
    others: list[tuple[str, dict[str, Any]]] = [
        (f"fill {name}", {"fill": fill})
        for name, fill in ((fill_name(fill), fill) for fill in distinct_fills(fills))
        if name == GIVEN or name != e.coalitions.fill
    ]
    if borders:
        fill = e.coalitions.filled if e.coalitions.fill == GIVEN else e.coalitions.fill
        others += [
            (f"borders {shift:+d} px", {"fill": fill, "shift": shift})
            for shift in (borders, -borders)
        ]
    weights = [e.weights]
    with track(
        len(others) * e.evaluations, "other fills and borders", progress=progress
    ) as advance:
        for _, changes in others:
            weights.append(e.weights_again(**changes))
            advance(e.evaluations)
    variants = (f"fill {e.coalitions.fill}", *(name for name, _ in others))
    return Robustness(e.regions.names, e.target, variants, np.array(weights), e.coalitions.output)


def shift_borders(regions: Regions, pixels: int) -> Regions:
    """The same regions with all borders shifted: smaller regions grow by `pixels`, or shrink if it is negative.

    A region that would vanish keeps its pixels.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    order = np.argsort(-regions.areas, kind="stable")  # the smallest region gets the highest rank
    rank = np.empty(len(regions), np.int32)
    rank[order] = np.arange(len(regions))
    size = 2 * abs(pixels) + 1
    moved = (maximum_filter if pixels > 0 else minimum_filter)(
        rank[regions.labels], size=size, mode="nearest"
    )
    labels = order[moved]
    # Restoring one region may cover the last pixels of another, so repeat until none is missing; failing that, keep the old borders.
    for _ in range(len(regions)):
        missing = np.setdiff1d(np.arange(len(regions)), labels)
        for k in missing:
            labels[regions.labels == k] = k
        if missing.size == 0:
            break
    else:
        labels = regions.labels
    return Regions.from_labels(labels, regions.names, regions.method)


@dataclass(frozen=True, eq=False)
class Placebo:
    """The effect of covering each region, compared with covering its shape at other places.

    effects: (K,) decrease of the target's probability, or of what else `output` names, when region k is covered. placebos: (K, P) the
    same for P copies of its shape at random places. areas: (K,) the regions' shares of the image.
    """

    names: tuple[str, ...]
    target: str
    effects: np.ndarray
    placebos: np.ndarray
    areas: np.ndarray
    output: str = "probability"

    @property
    def p_values(self) -> np.ndarray:
        """(K,) the share of placements, the region's own included, whose effect is at least that of the region."""
        return placebo_p_values(self.effects, self.placebos)

    def sentences(self) -> list[str]:
        """One sentence on the region with the largest effect."""
        k, value = int(np.argmax(self.effects)), quantity(self.output, f"“{self.target}”")
        return [
            f"Covering “{self.names[k]}” lowers {value} by {self.effects[k]:z.3f}; covering the same shape elsewhere lowers it by "
            f"{self.placebos[k].mean():z.3f} on average ({self.placebos.shape[1]} placebos, p = {self.p_values[k]:.3f})."
        ]

    def plot(self) -> DescribedFigure:
        """Each region's effect next to those of its placebos, with its p-value."""
        return plots.plot_placebo(self)


def placebo_p_values(effects: np.ndarray, placebos: np.ndarray) -> np.ndarray:
    """(K,) one-sided permutation p-values, never zero, of effects (K,) against placebo effects (K, P).

    Source: Phipson and Smyth 2010, "Permutation P-values Should Never Be Zero".
    """
    return (1 + (placebos >= effects[:, None]).sum(axis=1)) / (1 + placebos.shape[1])


def placebo_test(
    explanation: Explained, *, placements: int = 39, seed: int = 0, progress: Progress = None
) -> Placebo:
    """Test whether covering a region lowers the probability more than covering the same shape elsewhere does.

    Large regions have large effects wherever they are. The test therefore moves each region's shape to `placements` random
    places, wrapping around the image's edges to preserve its area and overlapping the region by at most half where possible.
    Each place is covered with the explanation's fill (for "mean", the mean colour of that place). Evaluates the classifier on
    K (placements + 1) images. Raises SegxaiError if the explanation holds no classifier.
    """
    e = explanation
    classifier = e.need_classifier("placebo_test()")
    whole_number("placements", placements, 1)
    rng = np.random.default_rng(whole_number("seed", seed))
    number = len(e.regions)
    values = np.empty((number, placements + 1))
    with track(values.size, "placebos", progress=progress) as advance:
        for k in range(number):
            mask = e.regions.labels == k
            places = [mask] + [_moved(mask, rng) for _ in range(placements)]
            for batch in batches(len(places), classifier.batch_size):
                pictures = [_covered(e, place) for place in places[batch]]
                values[k, batch] = classifier.predict_batch(pictures)[:, e.coalitions.target]
                advance(len(pictures))
    effects = e.coalitions.full - values
    return Placebo(
        e.regions.names,
        e.target,
        effects[:, 0],
        effects[:, 1:],
        e.regions.areas,
        e.coalitions.output,
    )


def _moved(mask, rng, tries=30):
    """The mask at a random place: the first of `tries` that overlaps the original by at most half, else the least overlapping."""
    best, least = mask, mask.sum() + 1
    for _ in range(tries):
        moved = np.roll(
            mask, (rng.integers(mask.shape[0]), rng.integers(mask.shape[1])), axis=(0, 1)
        )
        shared = (moved & mask).sum()
        if shared < least:
            best, least = moved, shared
        if least <= mask.sum() / 2:
            break
    return best


def _covered(explanation, mask):
    picture = pixels_of(explanation.picture).copy()
    if explanation.coalitions.fill == "mean":
        picture[mask] = in_type_of(picture, picture[mask].mean(axis=0))
    else:
        picture[mask] = explanation.coalitions.filled[mask]
    return picture
