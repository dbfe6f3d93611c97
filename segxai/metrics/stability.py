"""Stability: how much the weights vary with the seed of the sample, and with slight noise on the photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import SegxaiValueError, is_number, whole_number
from ..explanation.explanation import Explanation
from ..explanation.fills import GIVEN, in_type_of, value_range
from ..explanation.tree_explanation import TreeExplanation
from ..images import Bands, pixels_of
from ..progress import Progress, track
from .metric import Metric


@dataclass(frozen=True, eq=False)
class Stability:
    """spread: the standard deviation of a weight over the repetitions, averaged over regions. weights: (R, K), one row per repetition.

    relative: spread divided by the largest mean weight, because weights shrink as the number of regions grows. over: what was
    varied. names: (K,) of the regions. calls: images evaluated.
    """

    over: str
    spread: float
    relative: float
    names: tuple[str, ...]
    weights: np.ndarray
    calls: int


def seed_stability(
    explanation: Explanation, repeats: int = 5, *, progress: Progress = None
) -> Stability:
    """Repeat the explanation with other seeds for the sample of coalitions. Down is better; range 0 upwards, in units of probability.

    Exactly 0, without model calls, for an exact table and exact Owen values, because nothing is sampled. Otherwise `repeats` new
    tables of the same size are evaluated; the explanation's own table is not one of them. Raises SegxaiError if the explanation
    holds no classifier. Source: Visani et al. 2022, "Statistical stability indices for LIME".
    """
    e = explanation
    whole_number("repeats", repeats, 2)  # a single one has no spread
    if e.coalitions.exact or (isinstance(e, TreeExplanation) and not e.descent.sampled):
        return _stability(e, "seeds", np.repeat(e.weights[None], repeats, axis=0), 0)
    return _repeat(
        e, "seeds", [{"seed": e.coalitions.seed + 1 + i} for i in range(repeats)], progress=progress
    )


def noise_stability(
    explanation: Explanation,
    sigma: float = 4.0,
    repeats: int = 5,
    seed: int = 0,
    *,
    progress: Progress = None,
) -> Stability:
    """Repeat the explanation with slight noise on the photograph, for the same regions and coalitions. Down is better; range 0 upwards.

    sigma: standard deviation of the Gaussian noise in grey levels, 0 to 255; 4 is hardly visible. Of `Bands` that are not uint8, 255
    is the range of each channel. The regions are kept, because weights
    of different regions cannot be compared; this measures the stability of the weights, not of the segmenter.
    Raises SegxaiError if the explanation holds no classifier.
    Source: Alvarez-Melis and Jaakkola 2018, "On the Robustness of Interpretability Methods".
    """
    e = explanation
    whole_number("repeats", repeats, 2)  # a single one has no spread
    if not is_number(sigma) or not 0 <= sigma <= 255:
        raise SegxaiValueError(
            f"sigma must be the noise's standard deviation in grey levels, 0 to 255; got {sigma!r}."
        )
    rng = np.random.default_rng(whole_number("seed", seed))
    fill = e.coalitions.filled if e.coalitions.fill == GIVEN else e.coalitions.fill
    pixels, changes = pixels_of(e.picture), []
    low, high = value_range(pixels)
    for _ in range(repeats):
        noise = rng.normal(0, sigma, pixels.shape) * ((high - low) / 255)
        noisy = in_type_of(pixels, np.clip(pixels + noise, low, high))
        changes.append(
            {
                "image": replace(e.picture, pixels=noisy)
                if isinstance(e.picture, Bands)
                else noisy,
                "fill": fill,
            }
        )
    return _repeat(e, "noise", changes, progress=progress)


def _repeat(e, over, changes, *, progress) -> Stability:
    e.need_classifier("This metric")
    weights = []
    with track(
        len(changes) * e.evaluations, f"repeating the explanation over {over}", progress=progress
    ) as advance:
        for change in changes:
            weights.append(e.weights_again(**change))
            advance(e.evaluations)
    return _stability(e, over, np.array(weights), len(changes) * e.evaluations)


def _stability(e, over, weights, calls) -> Stability:
    spread = float(weights.std(axis=0, ddof=1).mean()) if calls else 0.0
    largest = np.abs(weights.mean(axis=0)).max()
    return Stability(
        over,
        spread,
        float(spread / largest) if largest > 0 else 0.0,
        e.regions.names,
        weights,
        calls,
    )


METRICS = (
    Metric("seed_stability", "down", "mean standard deviation of a weight over 3 seeds", lambda e: seed_stability(e, 3, progress=False).spread),
    Metric("noise_stability", "down", "mean standard deviation of a weight over 3 noisy copies", lambda e: noise_stability(e, repeats=3, progress=False).spread),
)  # fmt: skip
