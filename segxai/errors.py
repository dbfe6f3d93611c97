"""The errors that segxai raises.

Each message states what was wrong, what was expected and what to do.
"""

import difflib
import numbers
import operator
from collections.abc import Iterable
from typing import Any


class SegxaiError(Exception):
    """Base class of all errors caused by bad input or by something that is missing."""


class SegxaiValueError(SegxaiError, ValueError):
    """An invalid value: a wrong shape, an unknown name or a number out of range."""


class SegxaiFileError(SegxaiError, OSError):
    """A file that cannot be used: it is unreadable, damaged or of an unexpected type."""


class SegxaiFileNotFoundError(SegxaiFileError, FileNotFoundError):
    """A file that does not exist."""


def unknown_name(what: str, name: object, known: Iterable) -> SegxaiValueError:
    """Return the error for an unknown name, whose message suggests the closest known names.

    Parameters
    ----------
    what : str
        What the name should have been, e.g. "segmenter".
    name : object
        The unknown name.
    known : iterable
        The names that would have been accepted.

    Returns
    -------
    error : SegxaiValueError
        To be raised by the caller.
    """
    known = [str(k) for k in known]
    lowered = {k.lower(): k for k in known}
    near = [
        lowered[n] for n in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.5)
    ]
    if near:
        hint = "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    else:
        hint = "Known: " + ", ".join(known[:20]) + (" ..." if len(known) > 20 else "") + "."
    return SegxaiValueError(f"Unknown {what} {name!r}. {hint}")


def is_number(value: object) -> bool:
    """Return whether a value is a real number of Python or NumPy; booleans are none.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    number : bool
        Also True for NaN and infinities.
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """Return a whole number as an int.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    value : int
        Of Python or NumPy; booleans are refused.
    least : int, default: 0
        The smallest number that is accepted.

    Returns
    -------
    number : int
        The same number.

    Raises
    ------
    SegxaiValueError
        Unless `value` is a whole number of at least `least`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise SegxaiValueError(f"{name} must be a whole number of at least {least}; got {value!r}.")
    return number
