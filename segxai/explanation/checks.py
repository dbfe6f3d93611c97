"""Does an explanation hold? Other fills, shifted borders, and placebos: regions that are nothing but a shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import plots
from ..classifiers.classifier import batches
from ..errors import whole_number
from ..progress import track
from ..regions import Regions
from .coalitions import evaluate_coalitions

FILLS_COMPARED = ("mean", "blur", "grey", "noise")
# A weight below this share of the largest one is too small to have a sign worth speaking of.
NEGLIGIBLE = 0.02


@dataclass(frozen=True, eq=False)
class Robustness:
    """A region's weight under several fills and borders.

    variants: what was varied, the explanation itself first. weights: (V, K). interval: (K, 2) lowest and highest.
    flips: (K,) whether the weight has one sign under some variants and the other under others.
    """

    names: tuple[str, ...]
    target: str
    variants: tuple[str, ...]
    weights: np.ndarray

    @property
    def interval(self) -> np.ndarray:
        return np.stack([self.weights.min(axis=0), self.weights.max(axis=0)], axis=1)

    @property
    def flips(self) -> np.ndarray:
        return sign_flips(self.weights)

    def sentences(self) -> list[str]:
        """One sentence for the regions whose sign depends on the choice, or that none does."""
        what = f"{len(self.variants)} choices ({', '.join(self.variants)})"
        by_fill = sign_flips(self.weights[[variant.startswith("fill") for variant in self.variants]])
        if not self.flips.any():
            return [f"No region's sign changes over {what}."]
        return [
            f"“{name}” depends on the {'fill' if fill else 'exact border'}: its weight goes from {low:+.3f} to {high:+.3f} over {what}."
            for name, (low, high), flips, fill in zip(self.names, self.interval, self.flips, by_fill, strict=True)
            if flips
        ]

    def plot(self):
        """Each region's weights over all variants, as points on one line."""
        return plots.plot_robustness(self)


def sign_flips(weights: np.ndarray) -> np.ndarray:
    """(V, K) weights -> (K,) bool: both signs occur, each above NEGLIGIBLE times the largest absolute weight."""
    limit = NEGLIGIBLE * np.abs(weights).max()
    return (weights.min(axis=0) < -limit) & (weights.max(axis=0) > limit)


def robustness(explanation, *, fills=FILLS_COMPARED, borders: int = 2, progress=None) -> Robustness:
    """Explain again with each of `fills`, and with every border shifted by `borders` pixels one way and the other.

    Shifting: first the smaller of two neighbours grows into the larger, then it shrinks. The weight of a region should say
    something of the region; one that changes its sign says more of the fill (Sturmfels et al. 2020, "Visualizing the
    Impact of Feature Attribution Baselines").
    """
    e = explanation
    e.need_classifier("robustness()")
    whole_number("borders (pixels)", borders)
    others = [
        (f"fill {fill if isinstance(fill, str) else 'given'}", e.regions, fill)
        for fill in fills
        if not (isinstance(fill, str) and fill == e.coalitions.fill)
    ]
    if borders:
        fill = e.coalitions.filled if e.coalitions.fill == "given" else e.coalitions.fill
        others += [
            (f"borders {borders:+d} px", shift_borders(e.regions, borders), fill),
            (f"borders {-borders:+d} px", shift_borders(e.regions, -borders), fill),
        ]
    weights = [e.weights]
    number = len(e.coalitions.masks)
    with track(len(others) * number, "other fills and borders", progress) as advance:
        for _, regions, fill in others:
            table = evaluate_coalitions(
                e.classifier,
                e.image,
                regions,
                e.coalitions.target,
                fill=fill,
                max_evaluations=max(number, 2),
                seed=e.coalitions.seed,
                progress=False,
                method=e.method,
                kernel_width=e.kernel_width,
            )
            weights.append(e.with_coalitions(table).weights)
            advance(number)
    variants = (f"fill {e.coalitions.fill}", *(name for name, _, _ in others))
    return Robustness(e.regions.names, e.target, variants, np.array(weights))


def shift_borders(regions: Regions, pixels: int) -> Regions:
    """The same regions with every border moved: smaller regions grow by `pixels`, or shrink where it is negative.

    A region that would vanish keeps the pixels that it has.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    order = np.argsort(-regions.areas, kind="stable")  # the smallest region gets the highest rank
    rank = np.empty(len(regions), np.int32)
    rank[order] = np.arange(len(regions))
    size = 2 * abs(pixels) + 1
    moved = (maximum_filter if pixels > 0 else minimum_filter)(rank[regions.labels], size=size, mode="nearest")
    labels = order[moved]
    # Giving one back may cover the last pixels of another, so until none is missing; where that goes on, nothing is moved.
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
    """What covering a region does, beside what covering the same shape elsewhere does.

    effects: (K,) how much less probable the target is without region k. placebos: (K, P) the same for P copies of
    its shape elsewhere. areas: (K,) the regions' shares of the image. p_values: (K,) the share of copies (the region
    counted among them) that do at least as much.
    """

    names: tuple[str, ...]
    target: str
    effects: np.ndarray
    placebos: np.ndarray
    areas: np.ndarray

    @property
    def p_values(self) -> np.ndarray:
        return placebo_p_values(self.effects, self.placebos)

    def sentences(self) -> list[str]:
        """One sentence for the region with the largest effect."""
        k = int(np.argmax(self.effects))
        return [
            f"Covering “{self.names[k]}” takes {self.effects[k]:+.3f} from “{self.target}”; the same shape elsewhere takes "
            f"{self.placebos[k].mean():+.3f} on average ({self.placebos.shape[1]} placebos, p = {self.p_values[k]:.3f})."
        ]

    def plot(self):
        """Each region's effect beside those of its placebos, with its p-value."""
        return plots.plot_placebo(self)


def placebo_p_values(effects: np.ndarray, placebos: np.ndarray) -> np.ndarray:
    """(K,) effects and (K, P) placebo effects -> (K,) one-sided permutation p-values, never zero.

    Source: Phipson and Smyth 2010, "Permutation P-values Should Never Be Zero".
    """
    return (1 + (placebos >= effects[:, None]).sum(axis=1)) / (1 + placebos.shape[1])


def placebo_test(explanation, *, placements: int = 39, seed: int = 0, progress=None) -> Placebo:
    """Is it the region, or would any hole of its size and shape do? Large regions always seem important.

    The region's shape is moved to `placements` random places, wrapping around the image's edges so that its area stays,
    overlapping the region itself by at most half where it can. Each place is covered by the explanation's fill (with "mean",
    by its own mean colour) and the classifier evaluated: K (placements + 1) images.
    """
    e = explanation
    e.need_classifier("placebo_test()")
    whole_number("placements", placements, 1)
    rng = np.random.default_rng(whole_number("seed", seed))
    number = len(e.regions)
    values = np.empty((number, placements + 1))
    with track(values.size, "placebos", progress) as advance:
        for k in range(number):
            mask = e.regions.labels == k
            places = [mask] + [_moved(mask, rng) for _ in range(placements)]
            for batch in batches(len(places), e.classifier.batch_size):
                pictures = [_covered(e, place) for place in places[batch]]
                values[k, batch] = e.classifier.predict(pictures)[:, e.coalitions.target]
                advance(len(pictures))
    effects = e.coalitions.full - values
    return Placebo(e.regions.names, e.target, effects[:, 0], effects[:, 1:], e.regions.areas)


def _moved(mask, rng, tries=30):
    """The mask at a random place, the first of `tries` that shares at most half of its pixels with where it was, else the best."""
    best, least = mask, mask.sum() + 1
    for _ in range(tries):
        moved = np.roll(mask, (rng.integers(mask.shape[0]), rng.integers(mask.shape[1])), axis=(0, 1))
        shared = (moved & mask).sum()
        if shared < least:
            best, least = moved, shared
        if least <= mask.sum() / 2:
            break
    return best


def _covered(explanation, mask):
    picture = explanation.image.copy()
    if explanation.coalitions.fill == "mean":
        picture[mask] = np.rint(explanation.image[mask].mean(axis=0)).astype(np.uint8)
    else:
        picture[mask] = explanation.coalitions.filled[mask]
    return picture
