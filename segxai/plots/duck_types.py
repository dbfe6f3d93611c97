"""What figures and pages read of an explanation.

Plots and reports lie below explanations in the package, so they cannot import their classes at run
time. They accept any object with the attributes that are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ..regions import Regions


class Explained(Protocol):
    """What is shown of an `Explanation` of K regions."""

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8."""

    @property
    def regions(self) -> Regions:
        """The K regions."""

    @property
    def coalitions(self) -> Any:
        """The `Coalitions` that were evaluated."""

    @property
    def method(self) -> str:
        """How the weights were computed."""

    @property
    def target(self) -> str:
        """The name of the class explained."""

    @property
    def weights(self) -> np.ndarray:
        """(K,) the weight of each region."""

    @property
    def intercept(self) -> float:
        """The surrogate's value with no region shown."""

    @property
    def r2(self) -> float:
        """The share of the variance that the surrogate explains."""

    @property
    def interval(self) -> np.ndarray:
        """(K, 2) 95 % confidence interval of each weight."""

    @property
    def kernel_width(self) -> float:
        """Of LIME's fit."""

    @property
    def alpha(self) -> float:
        """The penalty of LIME's fit."""

    @property
    def page_methods(self) -> Mapping[str, str]:
        """The methods that pages compute themselves, and what people call them."""

    @property
    def checks(self) -> tuple[Any, ...]:
        """What `examine` found."""

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the largest weight first."""

    def interactions(self) -> np.ndarray:
        """(K, K) the interaction of each pair of regions."""

    def in_words(self, *, search: bool = True) -> list[str]:
        """Summarise the explanation in sentences."""

    def plot(self) -> Any:
        """Make the `DescribedFigure` of the explanation."""


class TreeExplained(Explained, Protocol):
    """What is shown of a `TreeExplanation`."""

    @property
    def descent(self) -> Any:
        """The `Descent`: the values of the whole tree."""

    def coarsen(self, n_regions: int) -> TreeExplained:
        """Explain n coarser regions."""
