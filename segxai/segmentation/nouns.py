"""Nouns by the classes of the project's own FCN-8s, each with the probability that it is right.

References
----------
Deng et al. 2012, "Hedging Your Bets" (the most specific noun that is sure enough).
"""

from typing import NamedTuple

import numpy as np

from ..regions import Evidence
from ..weights.semantic import semantic_head

# Nouns that cover several classes of the head, for regions where no single class is sure enough.
GROUPS = {
    "head": ("face", "hair", "hat", "glasses"),
    "person": ("face", "hair", "skin", "clothes", "shoes", "bag", "hat", "glasses"),
    "animal": ("cow", "horse", "sheep", "bird", "cat", "dog", "animal"),
    "vehicle": ("car", "truck", "bus", "bicycle", "motorbike", "boat", "aeroplane", "train"),
    "plants": ("tree", "grass", "plant", "flower"),
}
LEAST = 0.55  # of the probabilities of classes pooled over a region; below it has no noun
KNOWN_BEST, LEAST_KNOWN = ("tree", "grass"), 0.45  # less is enough for these
# A class that is so probable is not overruled by the classifier's noun of another class.
SURE_CLASS = 0.8
MAIN = 0.7  # a class with this share of its group's probability is named instead of the group
# The share of names that are right where a source gives them a probability: the head's measured by
# benchmarks/nouns.py, the classifier's read on contact sheets of photographs of two other sources.
CURVES = {
    "semantic": ((0.0, 0.55, 0.7, 0.85, 0.93, 0.97, 1.0), (0.4, 0.65, 0.75, 0.84, 0.9, 0.95, 0.98)),
    "classifier": ((0.0, 0.5, 0.8, 1.0), (0.65, 0.8, 0.9, 0.96)),
}


class Noun(NamedTuple):
    """A noun.

    Attributes
    ----------
    name : str
        The noun itself.
    evidence : Evidence
        Its source, and the probability that it is right.
    basis : str
        The class or group of classes of the head that it rests on, "" for the classifier's nouns.
    sure : bool
        Whether it is too probable to be overruled by another noun.
    """

    name: str
    evidence: Evidence
    basis: str = ""
    sure: bool = False


def class_noun(row: np.ndarray) -> Noun | None:
    """Choose the most specific noun that is sure enough.

    Parameters
    ----------
    row : (C,) array
        Probabilities of the head's classes.

    Returns
    -------
    noun : Noun or None
        A class, or a group of classes.
    """
    # The last class is "object", which names nothing.
    name = semantic_head().names[int(row[:-1].argmax())]
    own = probability(name, row)
    # "animal" says little, and the head is the least sure of it.
    if own >= (SURE_CLASS if name == "animal" else LEAST):
        return Noun(name, evidence("semantic", own), name, own >= SURE_CLASS)
    for group, members in GROUPS.items():
        if (p := probability(group, row)) >= LEAST:
            if name in members and own >= MAIN * p:
                return None if name == "animal" else Noun(name, evidence("semantic", own), name)
            return Noun(group, evidence("semantic", p), group, p >= SURE_CLASS)
    if name in KNOWN_BEST and own >= LEAST_KNOWN:
        return Noun(name, evidence("semantic", own), name)
    return None


def probability(name: str, row: np.ndarray) -> float:
    """Add up the probabilities (C,) of the classes that a noun covers."""
    column = semantic_head().names.index
    return float(row[[column(member) for member in GROUPS.get(name, (name,))]].sum())


def evidence(source: str, p: float) -> Evidence:
    """Look up the share of names that are right where a source gives them this probability.

    Parameters
    ----------
    source : "semantic" or "classifier"
        The network.
    p : float
        The probability that it gives.

    Returns
    -------
    evidence : Evidence
        The source with the measured share.
    """
    return Evidence(source, float(np.interp(p, *CURVES[source])))


def kinds(classes: np.ndarray) -> np.ndarray:
    """Add up the probabilities of all animals, and of all vehicles.

    A photograph seldom holds two kinds of them that touch, and the head confuses them most.

    Parameters
    ----------
    classes : (N, C) array
        Probabilities of the head's classes.

    Returns
    -------
    kinds : (N, K) array
        The sums, and the other classes; the last is "object".
    """
    names = semantic_head().names
    of_class = [
        next((group for group in ("animal", "vehicle") if name in GROUPS[group]), name)
        for name in names
    ]
    columns = list(dict.fromkeys(of_class))
    table = np.zeros((len(names), len(columns)))
    table[np.arange(len(names)), [columns.index(kind) for kind in of_class]] = 1
    return classes @ table
