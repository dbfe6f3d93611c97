"""Explain a classifier's answer by the regions of the photograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import surrogates
from .classify import default_classifier, load_classifier
from .coalitions import Coalitions, evaluate_coalitions
from .errors import SegxaiError, SegxaiValueError, unknown_name
from .images import as_image
from .regions import Regions
from .segment import as_regions

METHODS = ("lime", "shapley", "banzhaf")


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each region of a photograph does to one class's probability.

    weights: (K,) probability added by showing region k. intercept: the surrogate's value with nothing
    shown. r2: how much of the table the weights tell (1 is all). interval: (K, 2) 95 %, zero width when
    every coalition was asked about. target: the class explained.
    """

    image: np.ndarray
    regions: Regions
    coalitions: Coalitions
    method: str
    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray
    kernel_width: float
    alpha: float

    @property
    def target(self) -> str:
        """The name of the class that is explained."""
        return self.coalitions.target_name

    def __repr__(self):
        told = ", ".join(f"{name} {weight:+.2f}" for name, weight in self.ranking()[:3])
        return f"<Explanation of {self.target!r} ({self.coalitions.full:.2f}) by {self.method}: {told}, ...>"

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the strongest support first."""
        order = np.argsort(-self.weights, kind="stable")
        return [(self.regions.names[i], float(self.weights[i])) for i in order]

    def refit(self, method=None, *, kernel_width=None, alpha=None, target=None) -> Explanation:
        """The same table read another way: another method, kernel width, penalty or target. No model calls."""
        coalitions = self.coalitions if target is None else self.coalitions.for_target(target)
        return _fit(
            self.image,
            self.regions,
            coalitions,
            self.method if method is None else method,
            self.kernel_width if kernel_width is None else kernel_width,
            self.alpha if alpha is None else alpha,
        )

    def interactions(self) -> np.ndarray:
        """(K, K) Shapley interaction index of each pair of regions; see `surrogates.shapley_interactions`."""
        self._need_exact("interactions()")
        return surrogates.shapley_interactions(self.coalitions.masks, self.coalitions.values)

    def sufficient(self, p: float = 0.5) -> tuple[str, ...]:
        """The fewest regions that alone keep at least the share p of the whole image's probability.

        Among sets of equal size the one with the highest probability. All 2**K coalitions are looked
        through, so no smaller set exists; raises SegxaiError when the table is only a sample.
        """
        if not 0 < p <= 1:
            raise SegxaiValueError(f"p is a share of the whole image's probability, above 0 and up to 1; got {p!r}.")
        self._need_exact("sufficient()")
        table = self.coalitions
        enough = np.flatnonzero(table.values >= p * table.full)
        sizes = table.masks[enough].sum(axis=1)
        smallest = enough[sizes == sizes.min()]
        best = smallest[np.argmax(table.values[smallest])]
        return tuple(self.regions.names[k] for k in np.flatnonzero(table.masks[best]))

    def to_lime(self):
        """The same explanation as lime's own `ImageExplanation`, for code written for lime."""
        from lime.lime_image import ImageExplanation

        explanation = ImageExplanation(self.image, np.asarray(self.regions.labels))
        label = self.coalitions.target
        order = np.argsort(-np.abs(self.weights), kind="stable")
        explanation.top_labels = [label]
        explanation.local_exp = {label: [(int(k), float(self.weights[k])) for k in order]}
        explanation.intercept = {label: self.intercept}
        explanation.local_pred = {label: np.array([self.intercept + self.weights.sum()])}
        explanation.score = {label: self.r2}
        return explanation

    def plot(self):
        """The photograph, its regions with names, their weights in colour, and as bars with numbers."""
        from .plots import plot_explanation

        return plot_explanation(self)

    def save(self, path) -> None:
        """Write a self-contained web page (``.html``) or a picture (``.png``, ``.pdf``, ``.svg``)."""
        from .report import save_explanation

        save_explanation(self, path)

    def _repr_html_(self) -> str:
        from .report import explanation_fragment

        return explanation_fragment(self)

    def _need_exact(self, what):
        if not self.coalitions.exact:
            number = len(self.regions)
            raise SegxaiError(
                f"{what} needs every coalition, and {number} regions have 2**{number}; this table is a sample of "
                f"{len(self.coalitions.masks)}. Use at most 10 regions, or raise max_evaluations."
            )


def explain(
    image,
    regions="deep",
    classifier=None,
    target=None,
    *,
    method: str = "lime",
    fill="mean",
    max_evaluations: int = 1024,
    kernel_width: float = 0.25,
    alpha: float = 0.0,
    seed: int = 0,
    progress=None,
) -> Explanation:
    """Which regions of the photograph does the classifier use?

    image: array, PIL image or path. regions: `Regions`, an (H, W) label map, or a method for `segment`.
    classifier: a `Classifier` or whatever `load_classifier` accepts; EfficientNet-Lite0 when None.
    target: class name or number; the most probable class when None. method: "lime", "shapley" or
    "banzhaf". fill: what switched-off regions show. max_evaluations: how many coalitions may be asked
    about; up to K regions with 2**K <= max_evaluations the answer is exact.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    image = as_image(image)
    classifier = default_classifier() if classifier is None else load_classifier(classifier)
    regions = as_regions(image, regions)
    coalitions = evaluate_coalitions(
        classifier, image, regions, target, fill=fill, max_evaluations=max_evaluations, seed=seed, progress=progress
    )
    return _fit(image, regions, coalitions, method, kernel_width, alpha)


def _fit(image, regions, coalitions, method, kernel_width, alpha) -> Explanation:
    masks, values, exact = coalitions.masks, coalitions.values, coalitions.exact
    if method == "lime":
        fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha)
    elif method == "shapley":
        fit = surrogates.fit_shapley(masks, values, exact)
    elif method == "banzhaf":
        fit = surrogates.fit_banzhaf(masks, values, exact)
    else:
        raise unknown_name("method", method, METHODS)
    return Explanation(image, regions, coalitions, method, *fit, kernel_width=kernel_width, alpha=alpha)
