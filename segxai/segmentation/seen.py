"""What the networks see of each leaf of a region tree: its classes and its last features.

References
----------
Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation", section 4.2 (score
heads).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from ..images import resize
from ..regions import Part
from ..weights.imagenet import everyday_nouns
from ..weights.semantic import SIDE, semantic_head

VIEW = 224  # pixels, what the classifier is shown
BATCH = 16
WHOLE = 0.4  # with this probability, the noun of the whole photograph is that of a thing in it


class Seen(NamedTuple):
    """What the networks see of each leaf of a tree, and of the whole photograph.

    Attributes
    ----------
    areas : (L,) array
        Shares of the photograph.
    classes : (L, C) array
        Probabilities of the head's classes.
    features : (L, 1280) array
        The classifier's last features, before its linear layer.
    whole : (nouns,) array
        Probabilities of everyday nouns in the whole photograph.
    """

    areas: np.ndarray
    classes: np.ndarray
    features: np.ndarray
    whole: np.ndarray

    def over(self, coarser: np.ndarray) -> "Seen":
        """Average over coarser regions.

        Parameters
        ----------
        coarser : (L,) array of int
            The region of each leaf.

        Returns
        -------
        seen : Seen
            Of the coarser regions.
        """
        nodes = [Part("", tuple(np.flatnonzero(coarser == k))) for k in range(coarser.max() + 1)]
        return Seen(
            areas_of(nodes, self.areas),
            pooled(nodes, self.areas, self.classes),
            pooled(nodes, self.areas, self.features),
            self.whole,
        )


def seen(image: np.ndarray, atoms: np.ndarray) -> Seen:
    """Pool both networks' outputs over the leaves of a tree, and classify the whole photograph.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    atoms : (h, w) array of int
        The leaves, values 0..L-1, at any size.

    Returns
    -------
    seen : Seen
        Of each leaf.
    """
    maps = mirrored_end_points(image, SIDE)
    scores = semantic_head().biases + sum(
        pool(maps[f"stride_{stride}"] @ kernel, atoms)
        for stride, kernel in semantic_head().kernels.items()
    )
    areas = np.bincount(atoms.ravel()) / atoms.size
    whole = resize(image, (VIEW, VIEW))
    nouns = by_noun([whole, whole[:, ::-1]]).mean(axis=0)
    return Seen(areas, scipy.special.softmax(scores, axis=1), pool(maps["head"], atoms), nouns)


def by_noun(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Classify pictures by everyday nouns.

    Parameters
    ----------
    pictures : sequence of (VIEW, VIEW, 3) arrays
        N pictures, values 0 to 255.

    Returns
    -------
    probabilities : (N, nouns) array
        Of each noun, with those of all nouns below it.
    """
    from ..backbone import efficientnet_lite0

    net = efficientnet_lite0()
    rows = [
        net.run(net.probabilities, {net.images: np.stack(pictures[first : first + BATCH])})
        for first in range(0, len(pictures), BATCH)
    ]
    return np.concatenate(rows) @ everyday_nouns().classes


def deepest(row: np.ndarray, least: float) -> int | None:
    """Return the most specific noun that is probable enough.

    Parameters
    ----------
    row : (nouns,) array
        Probabilities of everyday nouns.
    least : float
        What a noun must have.

    Returns
    -------
    noun : int or None
        Its index; None if no noun has so much.
    """
    sure = np.where(row >= least, specific(), 0)
    return int((sure + np.minimum(row, 0.999) * (sure > 0)).argmax()) if sure.any() else None


@lru_cache(maxsize=1)
def specific() -> np.ndarray:
    """(nouns,) how many nouns are above each; 0 for "animal" and others that only group nouns."""
    nouns = everyday_nouns()
    return np.array([len(nouns.above(k)) - 1 for k in range(len(nouns.names))])


def for_network(image: np.ndarray, longest: int, multiple: int = 1) -> np.ndarray:
    """Resize a photograph to sides of at least the 32 pixels that the network needs.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    longest : int
        Its longest side afterwards, in pixels.
    multiple : int
        Of which the sides are whole multiples.

    Returns
    -------
    copy : (h, w, 3) array of float32
    """
    scale = longest / max(image.shape[:2]) / multiple
    return resize(image, tuple(max(32, multiple * round(side * scale)) for side in image.shape[:2]))


def mirrored_end_points(image: np.ndarray, longest: int) -> dict[str, np.ndarray]:
    """Compute the end points of a photograph, averaged with those of the mirrored one.

    So both have the same nouns. The maps at strides 8, 16 and 32 are divided by their root mean
    square, as `nets.fcn.scale` does.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    longest : int
        Pixels, its longest side in the network.

    Returns
    -------
    maps : dict of str to (h, w, D) array
        "stride_8", "stride_16", "stride_32" and "head".
    """
    from ..backbone import efficientnet_lite0

    copy = for_network(image, longest, 32)
    names = [*(f"stride_{stride}" for stride in semantic_head().kernels), "head"]
    found = efficientnet_lite0().features(np.stack([copy, copy[:, ::-1]]), names)
    for name in names[:-1]:
        square = np.square(found[name]).mean(axis=(1, 2, 3), keepdims=True)
        found[name] = found[name] / np.sqrt(square + 1e-6)
    return {name: (value[0] + value[1, :, ::-1]) / 2 for name, value in found.items()}


def pool(feature_map: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average a feature map, bilinearly upsampled to the size of a label map, over each label.

    The upsampled map, with hundreds of channels at full size, is never computed. Both averaging
    and interpolation are linear, so their weights are first summed for each label and position of
    the map.

    Parameters
    ----------
    feature_map : (h, w, D) array
        The features, at any stride.
    labels : (H, W) array of int
        A label map with values 0..B-1.

    Returns
    -------
    means : (B, D) array
        Of each label.
    """
    rows, columns = map(_bilinear, labels.shape, feature_map.shape[:2])
    pixels = np.ones(labels.size), (labels.ravel(), np.arange(labels.size))
    weights = scipy.sparse.coo_array(pixels).tocsr() @ scipy.sparse.kron(rows, columns, "csr")
    means = weights @ feature_map.reshape(-1, feature_map.shape[-1])
    return means / np.bincount(labels.ravel())[:, None]


def _bilinear(full: int, small: int):
    """(full, small) weights of the positions that each pixel is interpolated from."""
    at = np.clip((np.arange(full) + 0.5) * small / full - 0.5, 0, small - 1)
    low = at.astype(int)
    pairs = np.tile(np.arange(full), 2), np.concatenate([low, np.minimum(low + 1, small - 1)])
    weights = np.concatenate([1 - (at - low), at - low])
    return scipy.sparse.coo_array((weights, pairs), shape=(full, small))


def pooled(nodes: Sequence[Part], areas: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average values of the leaves over nodes.

    Parameters
    ----------
    nodes : sequence of Part
        N nodes.
    areas : (L,) array
        The leaves' shares of the photograph.
    values : (L, D) array
        Of the leaves.

    Returns
    -------
    means : (N, D) array
        Of the nodes.
    """
    atoms = [list(node.atoms) for node in nodes]
    return np.array([np.average(values[row], axis=0, weights=areas[row]) for row in atoms])


def areas_of(nodes: Sequence[Part], areas: np.ndarray) -> np.ndarray:
    """Add up the areas (L,) of the leaves over N nodes, (N,)."""
    return np.array([areas[list(node.atoms)].sum() for node in nodes])
