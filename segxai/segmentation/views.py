"""Nouns by a classifier that was trained on whole photographs, for the nodes of a region tree.

The project's own FCN-8s names sky, hair and road (`nouns`). What it calls an object or an animal,
the classifier may be able to name: it knows 364 everyday nouns. It is believed where several views
of the region agree: cut out, with dimmed surroundings, cropped, and by the features inside it
against those outside.

References
----------
Deng et al. 2012, "Hedging Your Bets" (the most specific noun that is sure enough).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import softmax

from ..images import resize
from ..regions import Part, coarsest, walk
from ..weights.imagenet import everyday_nouns
from ..weights.semantic import semantic_head
from .nouns import GROUPS, Noun, class_noun, evidence
from .seen import VIEW, WHOLE, Seen, areas_of, by_noun, deepest, pooled, specific

# Shares of the photograph: too few pixels to classify, too few around them.
SMALLEST, LARGEST = 0.005, 0.8
GREY = 127
# Contrast of the surroundings, and margin as a share of the longer side, of the three views.
VIEWS = {"grey": (0.0, 0.1), "dimmed": (0.35, 0.1), "crop": (1.0, 0.05)}
# The classifier looks at regions of cuts up to this number; smaller ones hardly ever have a noun.
LOOKED_AT = 14
# What a noun of the classifier needs, chosen on 99 photographs of ImageNet (benchmarks/nouns.py):
# the least probability in the mean of the views "grey" and "dimmed", in "dimmed" and in "crop"; the
# least logarithm of its probability by the features inside over that outside; and, unless the whole
# photograph supports it, the least mean of the three views and the features.
MEAN, DIMMED, CROP, RATIO = 0.4, 0.3, 0.3, 0.5
INSIDE = 0.1  # by the features; views of regions without any such noun are not worth their time
SUPPORT, UNSUPPORTED = 0.2, 0.6
# A dog and half of the lawn are no dog: the more the head sees of these classes in a node, the less
# a noun of another class fits it, and at this sum of their probabilities it names none.
CONTRARY = 0.5
OPPOSED = (
    *GROUPS["person"],
    *GROUPS["vehicle"],
    *("sky", "tree", "grass", "plant", "water", "mountain", "rock", "sand", "ground", "road"),
    *("floor", "wall", "ceiling", "building"),
)
# The noun of the whole photograph names the node that it fits best, if so probable in its crop.
WHOLE_CROP = 0.2


def object_nouns(
    image: np.ndarray, atoms: np.ndarray, root: Part, found: Seen
) -> dict[tuple[int, ...], Noun]:
    """Find the nodes of a tree that the classifier can name.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    atoms : (H, W) array of int
        The leaves of the tree.
    root : Part
        A binary tree over the leaves.
    found : Seen
        Of these leaves.

    Returns
    -------
    nouns : dict of atoms to Noun
        At most one node for each thing; see `chosen_nouns`.
    """
    nodes = upper(root, LOOKED_AT)
    rows, areas = pooled(nodes, found.areas, found.classes), areas_of(nodes, found.areas)
    kept = [
        k for k, row in enumerate(rows)
        if SMALLEST <= areas[k] <= LARGEST and _may_be_refined(class_noun(row))
    ]  # fmt: skip
    if not kept:
        return {}
    open_, against = [nodes[k] for k in kept], rows[kept] @ contrary()
    inside, outside = dense_nouns(open_, found)
    fit = fits(areas[kept], inside, outside) * np.where(against < CONTRARY, 1 - against, 0)
    views = np.zeros((len(open_), len(VIEWS), fit.shape[1]))

    def look(wanted, name):
        """Classify one view of the wanted nodes."""
        if wanted.any():
            masks = [np.isin(atoms, open_[i].atoms) for i in np.flatnonzero(wanted)]
            views[wanted, list(VIEWS).index(name)] = by_noun(
                [view(image, mask, *VIEWS[name]) for mask in masks]
            )

    # Each view is classified only where the others, which are known by then, allow a noun.
    allowed = (fit > 0) & (specific() > 0) & (inside >= INSIDE) & (ratios(inside, outside) >= RATIO)
    look(allowed.any(axis=1), "dimmed")
    allowed &= views[:, 1] >= DIMMED
    look(allowed.any(axis=1), "grey")
    allowed &= views[:, :2].mean(axis=1) >= MEAN
    wanted = np.any(allowed, axis=1)
    thing = deepest(found.whole, WHOLE)
    if thing is not None:
        wanted[int(fit[:, thing].argmax())] = True
    look(wanted, "crop")
    return chosen_nouns(open_, views, found.whole, fit, inside, outside)


def _may_be_refined(noun: Noun | None) -> bool:
    """Whether the classifier may know better: sky and hair it cannot, a bird may be an owl."""
    return (
        noun is None or not noun.sure or noun.name in GROUPS or noun.name in semantic_head().refined
    )


@lru_cache(maxsize=1)
def contrary() -> np.ndarray:
    """(C, nouns) bool: whether a class of the head is one of OPPOSED, and not of a noun's group."""
    group_of = {name: group for group in GROUPS.values() for name in group}
    kinds = [semantic_head().kinds[noun] for noun in everyday_nouns().names]
    return np.array(
        [
            [name in OPPOSED and kind not in group_of.get(name, (name,)) for kind in kinds]
            for name in semantic_head().names
        ]
    )


def upper(root: Part, n_regions: int) -> list[Part]:
    """Find the nodes that are regions in some cut of a tree.

    Parameters
    ----------
    root : Part
        A tree.
    n_regions : int
        Cuts into 1 to this many regions are considered.

    Returns
    -------
    nodes : list of Part
        All that are not within a region of the finest cut.
    """
    lowest = [set(part.atoms) for part in coarsest(root, n_regions)]
    return [node for node in walk(root) if not any(part > set(node.atoms) for part in lowest)]


def fits(areas: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Measure how much of a noun's evidence lies inside a node, and how little outside.

    Parameters
    ----------
    areas : (N,) array
        The nodes' shares of the photograph.
    inside, outside : (N, nouns) arrays
        Probabilities by the features inside and outside each node.

    Returns
    -------
    fit : (N, nouns) array
        The variance between inside and outside, 0 where there is less inside.

    References
    ----------
    Otsu 1979, "A Threshold Selection Method from Gray-Level Histograms" (for two classes).
    """
    return (areas * (1 - areas))[:, None] * np.square(np.maximum(inside - outside, 0))


def ratios(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the logarithms of the probabilities (N, nouns) inside over those outside."""
    return np.log((inside + 1e-4) / (outside + 1e-4))


def chosen_nouns(
    nodes: Sequence[Part],
    views: np.ndarray,
    whole: np.ndarray,
    fit: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
) -> dict[tuple[int, ...], Noun]:
    """Choose nouns on which the views agree.

    Parameters
    ----------
    nodes : sequence of Part
        N nodes of a tree.
    views : (N, 3, nouns) array
        Probabilities in the VIEWS of each node.
    whole : (nouns,) array
        Probabilities in the whole photograph.
    fit : (N, nouns) array
        As `fits` gives it; 0 for nouns that a node cannot have.
    inside, outside : (N, nouns) arrays
        Probabilities by the features inside and outside each node.

    Returns
    -------
    nouns : dict of atoms to Noun
        At most one node for each thing: of nested nodes the one that its noun fits best.
    """
    ratio = ratios(inside, outside)
    mean, agreed = views[:, :2].mean(axis=1), views.mean(axis=1)
    candidates: dict[int, int] = {}  # node: noun
    thing = deepest(whole, WHOLE)
    if thing is not None:
        best = int(fit[:, thing].argmax())
        if fit[best, thing] > 0 and views[best, 2, thing] >= WHOLE_CROP:
            candidates[best] = thing
    for i in range(len(nodes)):
        noun = deepest(mean[i], MEAN)
        if (
            noun is not None
            and views[i, 1, noun] >= DIMMED
            and views[i, 2, noun] >= CROP
            and ratio[i, noun] >= RATIO
            and fit[i, noun] > 0
            and (whole[noun] >= SUPPORT or (agreed[i, noun] + inside[i, noun]) / 2 >= UNSUPPORTED)
        ):
            candidates[i] = noun
    chosen: dict[tuple[int, ...], Noun] = {}
    for i, noun in sorted(candidates.items(), key=lambda candidate: -fit[candidate]):
        if all(set(nodes[i].atoms).isdisjoint(other) for other in chosen):
            chosen[nodes[i].atoms] = Noun(
                everyday_nouns().names[noun], evidence("classifier", float(agreed[i, noun]))
            )
    return chosen


def dense_nouns(nodes: Sequence[Part], found: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Compute the probabilities of everyday nouns by the features alone.

    Parameters
    ----------
    nodes : sequence of Part
        N nodes of a tree.
    found : Seen
        Of its leaves.

    Returns
    -------
    inside, outside : (N, nouns) arrays
        By the mean features inside and outside each node.
    """
    from ..weights.published import efficientnet_lite0_weights

    weights = efficientnet_lite0_weights()
    kernel, bias = (weights[f"efficientnet_lite0/logits/{part}"] for part in ("weights", "biases"))
    inside = pooled(nodes, found.areas, found.features)
    share = areas_of(nodes, found.areas)[:, None]
    outside = (found.areas @ found.features - share * inside) / np.maximum(1 - share, 1e-6)
    inside, outside = (
        softmax(features @ kernel + bias, axis=1) @ everyday_nouns().classes
        for features in (inside, outside)
    )
    return inside, outside


def view(image: np.ndarray, mask: np.ndarray, contrast: float, margin: float) -> np.ndarray:
    """Show a region in a square around its bounding box.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    mask : (H, W) array of bool
        True in the region.
    contrast : float
        Of the surroundings, which are drawn towards grey; 0 cuts the region out.
    margin : float
        Around the bounding box, as a share of its longer side.

    Returns
    -------
    picture : (VIEW, VIEW, 3) array of float32
        Grey outside the photograph.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = round(max(height, width) * (1 + 2 * margin)) + 1
    top, left = rows[0] - (side - height) // 2, columns[0] - (side - width) // 2
    window = np.s_[max(top, 0) : top + side, max(left, 0) : left + side]
    part = image[window].astype(np.float32)
    part = np.where(mask[window][..., None], part, GREY + contrast * (part - GREY))
    square = np.full((side, side, 3), GREY, np.float32)
    down, across = max(-top, 0), max(-left, 0)
    square[down : down + part.shape[0], across : across + part.shape[1]] = part
    return resize(square, (VIEW, VIEW))
