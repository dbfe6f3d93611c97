"""Read names of regions and classes, and make them fit to be shown."""

import numbers
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from .errors import SegxaiValueError, listed

# Whatever `read_names` accepts.
NamesLike: TypeAlias = Sequence[str] | Mapping[Any, Any]


def read_names(
    names: NamesLike, what: str = "The names", ids: Collection[int] | None = None
) -> dict[int, str]:
    """Read names in any of the forms in which people keep them.

    Parameters
    ----------
    names : sequence of str, or mapping
        In order, or as {id: name}, {"0": name} (as JSON has it) or {name: id}.
    what : str
        Begins the messages, e.g. "class_names".
    ids : collection of int, optional
        What a sequence names, one by one; by default 0, 1, 2 ...

    Returns
    -------
    names : dict of int to str
        By id. A mapping may lack some of the ids, or have others.

    Raises
    ------
    SegxaiValueError
        For anything else, and for a sequence of another length than `ids`.

    Examples
    --------
    >>> read_names(["sky", "dog"]) == read_names({"0": "sky", "1": "dog"})
    True
    >>> read_names({"sky": 0, "dog": 7})
    {0: 'sky', 7: 'dog'}
    """
    if isinstance(names, Mapping):
        return _read_mapping(names, what)
    if isinstance(names, (str, bytes)):
        raise SegxaiValueError(
            f"{what} must be a list of strings or a mapping {{id: name}}; got a single value, "
            f"{names!r}."
        )
    given = listed(names, what)
    ids = range(len(given)) if ids is None else ids
    if len(given) != len(ids):
        raise SegxaiValueError(
            f"{what} must be one for each of the {len(ids)} regions; got {len(given)}."
        )
    strange = [name for name in given if not isinstance(name, str)]
    if strange:
        raise SegxaiValueError(
            f"{what} must be strings; one is of type {type(strange[0]).__name__}."
        )
    return dict(zip(ids, map(plain_text, given), strict=True))


def list_names(names: NamesLike, what: str = "The names") -> tuple[str, ...]:
    """Read the names of classes that are numbered from 0 without gaps, as `read_names` does.

    Parameters
    ----------
    names : sequence of str, or mapping
        As for `read_names`.
    what : str
        Begins the messages, e.g. "class_names".

    Returns
    -------
    names : tuple of str
        In the order of the classes.

    Raises
    ------
    SegxaiValueError
        In addition, for no names, and for a mapping that leaves out a class.
    """
    found = read_names(names, what)
    if not found or set(found) != set(range(len(found))):
        raise SegxaiValueError(
            f"{what} must have one name for each class from 0 on; the mapping names "
            f"{', '.join(map(str, sorted(found)[:8])) or 'none'}."
        )
    return tuple(found[k] for k in range(len(found)))


def distinct_names(names: Sequence[str]) -> list[str]:
    """Make names distinct by numbering repeated ones: "blue, left", "blue, left 2".

    >>> distinct_names(["cup", "saucer", "cup"])
    ['cup', 'saucer', 'cup 2']
    """
    repeats, taken = Counter(names), dict[str, None]()  # in order
    for name in names:
        candidate, number = name, 1
        while candidate in taken or (number > 1 and candidate in repeats):
            number += 1
            candidate = f"{name} {number}"
        taken[candidate] = None
    return list(taken)


def plain_text(text: str) -> str:
    """Remove control characters and unpaired surrogates, so that any page can contain it."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(
        " " if unicodedata.category(c) == "Cc" or c in "\ufffe\uffff" else c for c in whole
    ).strip()


def _read_mapping(names, what) -> dict[int, str]:
    pairs = listed(names.items(), what)
    if all(isinstance(value, numbers.Integral) for _, value in pairs):  # {name: id}
        pairs = [(number, name) for name, number in pairs]
    ids = [_id(key) for key, _ in pairs]
    if None in ids or not all(isinstance(name, str) for _, name in pairs):
        raise SegxaiValueError(
            f"{what} as a mapping are {{id: name}} or {{name: id}}, with whole numbers as ids and "
            "strings as names."
        )
    twice = [number for number, count in Counter(ids).items() if count > 1]
    if twice:
        raise SegxaiValueError(f"{what} have two names for {twice[0]}; one was expected.")
    return {int(key): plain_text(name) for key, name in pairs}


def _id(key) -> int | None:
    """Return the number that a key is, or None."""
    decimal = isinstance(key, str) and key.strip().removeprefix("-").isdecimal()
    return int(key) if decimal or isinstance(key, numbers.Integral) else None
