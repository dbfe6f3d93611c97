"""What networks might see, made by hand."""

import numpy as np

from segxai.regions import Part
from segxai.segmentation.seen import Seen
from segxai.weights.imagenet import everyday_nouns
from segxai.weights.semantic import semantic_head

NOUNS = everyday_nouns()
CLASSES = semantic_head().names


def row(**known):
    """(C,) hand-made probabilities of classes; "object" has what is left."""
    p = np.zeros(len(CLASSES))
    for name, value in known.items():
        p[CLASSES.index(name)] = value
    p[-1] += 1 - p.sum()
    return p


def shares(**known):
    """(nouns,) hand-made probabilities of everyday nouns, and of all nouns above them."""
    p = np.zeros(len(NOUNS.names))
    for name, value in known.items():
        for above in NOUNS.above(NOUNS.names.index(name)):
            p[above] = max(p[above], value)
    return p


def stripes():
    """A tree over four stripes: a cat of two, a helmet, and sky."""
    leaves = [Part("", (i,)) for i in range(4)]
    cat = Part("", (0, 1), tuple(leaves[:2]), 1.0)
    right = Part("", (2, 3), tuple(leaves[2:]), 2.0)
    root = Part("", (0, 1, 2, 3), (cat, right), 3.0)
    atoms = np.arange(4).repeat(6)[None].repeat(12, 0)
    classes = np.stack([row(cat=0.9), row(cat=0.5, wall=0.2), row(clothes=0.5), row(sky=0.95)])
    found = Seen(np.full(4, 0.25), classes, np.zeros((4, 8)), shares())
    return atoms, root, found
