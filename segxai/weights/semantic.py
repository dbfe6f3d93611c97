"""The trained score heads of the project's own FCN-8s, written by data/train_semantic_head.py."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..files import data_file
from .imagenet import everyday_nouns

SIDE = 448  # pixels, the longest side of the photographs that the heads were trained on


class SemanticHead(NamedTuple):
    """Linear score heads on EfficientNet-Lite0's end points.

    Attributes
    ----------
    names : tuple of str
        C classes; the last one, "object", stands for things of any other class.
    kernels : dict of int to (D, C) array of float32
        For each stride, 8, 16 and 32, on the end point divided by its root mean square.
    biases : (C,) array of float32
    kinds : dict of str to str
        The class of each everyday noun, e.g. "clothes" of "helmet".
    """

    names: tuple[str, ...]
    kernels: dict[int, np.ndarray]
    biases: np.ndarray
    kinds: dict[str, str]

    @property
    def refined(self) -> set[str]:
        """The classes that everyday nouns are more specific than."""
        return {kind for noun, kind in self.kinds.items() if noun != kind}

    def variables(self) -> dict[str, np.ndarray]:
        """Return the variables of `nets.fcn.fcn_scores`, {name: array}."""
        return {
            f"fcn/score_{stride}/{part}": values
            for stride, kernel in self.kernels.items()
            for part, values in (
                ("weights", kernel[None, None]),
                ("biases", self.biases * (stride == 32)),
            )
        }


@lru_cache(maxsize=1)
def semantic_head() -> SemanticHead:
    """Return the score heads that come with the package."""
    with np.load(data_file("semantic_head.npz"), allow_pickle=False) as file:
        return SemanticHead(
            tuple(map(str, file["names"])),
            {stride: file[f"kernel_{stride}"].astype(np.float32) for stride in (8, 16, 32)},
            file["biases"].astype(np.float32),
            dict(zip(everyday_nouns().names, map(str, file["kinds"]), strict=True)),
        )
