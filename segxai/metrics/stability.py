"""Would the explanation be the same again? Over the seeds of the sample, and over a little noise on the photograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SegxaiValueError, whole_number
from ..explanation.coalitions import evaluate_coalitions
from ..progress import track


@dataclass(frozen=True, eq=False)
class Stability:
    """spread: the mean over regions of a weight's standard deviation. weights: (R, K), one row for each repetition.

    relative: the same as a share of the largest mean weight, for weights get smaller as regions get more. calls: images evaluated.
    """

    over: str
    spread: float
    relative: float
    names: tuple[str, ...]
    weights: np.ndarray
    calls: int


def seed_stability(explanation, repeats: int = 5, *, progress=None) -> Stability:
    """Explain again with other seeds for the sample of coalitions. Down is better; range 0 upwards, in units of probability.

    Exactly 0, without a model call, when the table is exact: there is nothing to draw. Otherwise `repeats` tables of the same
    size are drawn, the explanation's own not among them. Source: Visani et al. 2022, "Statistical stability indices for LIME".
    """
    e = explanation
    whole_number("repeats", repeats, 2)  # one has no spread
    if e.coalitions.exact:
        return _stability(e, "seeds", np.repeat(e.weights[None], repeats, axis=0), 0)
    tables = [(e.image, e.coalitions.filled, e.coalitions.seed + 1 + i) for i in range(repeats)]
    return _again(e, "seeds", tables, progress)


def noise_stability(explanation, sigma: float = 4.0, repeats: int = 5, seed: int = 0, *, progress=None) -> Stability:
    """Explain the photograph with a little noise on it, by the same regions and coalitions. Down is better; range 0 upwards.

    sigma: standard deviation of the Gaussian noise, in grey levels of 255; 4 can hardly be seen. The regions are kept, for weights of
    other regions could not be compared: this is the stability of the weights, not of the segmenter.
    Source: Alvarez-Melis and Jaakkola 2018, "On the Robustness of Interpretability Methods".
    """
    e = explanation
    whole_number("repeats", repeats, 2)  # one has no spread
    if not isinstance(sigma, (int, float)) or isinstance(sigma, bool) or not 0 <= sigma <= 255:
        raise SegxaiValueError(f"sigma is the noise's standard deviation in grey levels, 0 to 255; got {sigma!r}.")
    rng = np.random.default_rng(whole_number("seed", seed))
    fill = e.coalitions.filled if e.coalitions.fill == "given" else e.coalitions.fill
    tables = []
    for _ in range(repeats):
        noisy = np.clip(np.rint(e.image + rng.normal(0, sigma, e.image.shape)), 0, 255).astype(np.uint8)
        tables.append((noisy, fill, e.coalitions.seed))
    return _again(e, "noise", tables, progress)


def _again(e, over, tables, progress) -> Stability:
    e.need_classifier("This metric")
    number, weights = len(e.coalitions.masks), []
    with track(len(tables) * number, f"explaining again, other {over}", progress) as advance:
        for image, fill, seed in tables:
            table = evaluate_coalitions(
                e.classifier, image, e.regions, e.coalitions.target, fill=fill, max_evaluations=number, seed=seed, progress=False,
                method=e.method, kernel_width=e.kernel_width,
            )  # fmt: skip
            weights.append(e.with_coalitions(table).weights)
            advance(number)
    return _stability(e, over, np.array(weights), len(tables) * number)


def _stability(e, over, weights, calls) -> Stability:
    spread = float(weights.std(axis=0, ddof=1).mean()) if calls else 0.0
    largest = np.abs(weights.mean(axis=0)).max()
    return Stability(over, spread, float(spread / largest) if largest > 0 else 0.0, e.regions.names, weights, calls)
