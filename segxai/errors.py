"""The errors that segxai raises.

Each message states what was wrong, what was expected and what to do.
"""

import difflib
import importlib
import numbers
from collections.abc import Collection, Iterable, Sequence
from typing import Any


class SegxaiError(Exception):
    """Base class of all errors caused by bad input or by something that is missing."""


class SegxaiValueError(SegxaiError, ValueError):
    """An invalid value: a wrong shape, an unknown name or a number out of range."""


class SegxaiFileError(SegxaiError, OSError):
    """A file that cannot be used: it is unreadable, damaged or of an unexpected type."""


class SegxaiFileNotFoundError(SegxaiFileError, FileNotFoundError):
    """A file that does not exist."""


SUGGESTED = 5  # names in a message
QUOTED = 300  # characters at most; the errors of some libraries fill pages


def quoted(value: object) -> str:
    """Return what an error of another library says, or how a value is written, in one short line.

    Parameters
    ----------
    value : object
        An error, or anything else that a message has to name.

    Returns
    -------
    line : str
        At most QUOTED characters; only the type of an object that cannot be written.
    """
    try:
        line = " ".join((str if isinstance(value, BaseException) else repr)(value).split())
    except Exception:  # an object of somebody else's may fail at this, too
        line = f"a {type(value).__name__}"
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 4]} ..."


def listed(values: Any, what: str) -> list:
    """Return the items of a list or of anything else that can be gone through.

    Parameters
    ----------
    values : iterable
        Its own errors become a SegxaiValueError.
    what : str
        Begins the message, e.g. "Masks".

    Returns
    -------
    items : list
    """
    try:
        return list(values)
    except Exception as error:
        raise SegxaiValueError(f"{what} cannot be listed: {quoted(error)}.") from error


def extra_module(name: str, message: str) -> Any:
    """Import a module of a package that is optional.

    Parameters
    ----------
    name : str
        E.g. "distributed".
    message : str
        What needs the package, and how it is installed.

    Returns
    -------
    module : module

    Raises
    ------
    SegxaiError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SegxaiError(message) from error


def known_explanation(value: Any) -> Any:
    """Return an explanation, or raise SegxaiValueError for anything else."""
    if not hasattr(value, "coalitions"):
        raise SegxaiValueError(f"An explanation was expected; got {quoted(value)}.")
    return value


def folded(name: str) -> str:
    """Return a name in the spelling by which names are compared: "Tiger_Cat" is "tiger cat"."""
    return " ".join(name.replace("_", " ").split()).casefold()


def unknown_name(
    what: str, name: object, known: Iterable, meant: Sequence[str] = ()
) -> SegxaiValueError:
    """Return the error for an unknown name, whose message suggests the closest known names.

    Parameters
    ----------
    what : str
        What the name should have been, e.g. "segmenter".
    name : object
        The unknown name.
    known : iterable
        The names that would have been accepted.
    meant : sequence of str
        Those that are suggested; by default those with the same word, or a similar spelling.

    Returns
    -------
    error : SegxaiValueError
        To be raised by the caller.
    """
    known = [str(k) for k in known]
    near = list(meant)
    if not near and isinstance(name, str):
        spelled, wanted = {folded(k): k for k in known}, folded(name)
        near = [k for spelling, k in spelled.items() if wanted in spelling.split()] or [
            # A lower cutoff finds "castle" for "cat".
            spelled[n]
            for n in difflib.get_close_matches(wanted, spelled, n=3, cutoff=0.7)
        ]
    more = f", or another of {len(near)}" if len(near) > SUGGESTED else ""
    hint = (
        f"Did you mean {' or '.join(map(repr, near[:SUGGESTED]))}{more}?"
        if near
        else f"Known: {', '.join(known[:20] + [f'... {k}' for k in known[20:][-1:]])}."
    )
    return SegxaiValueError(f"Unknown {what} {quoted(name)}. {hint}")


def one_of(what: str, name: Any, known: Collection) -> str:
    """Return a name that is known.

    Parameters
    ----------
    what : str
        What the name should be, e.g. "encoder".
    name : str
        Anything else is refused.
    known : collection of str
        The names that are accepted.

    Returns
    -------
    name : str
        The same.

    Raises
    ------
    SegxaiValueError
        For an unknown name, see `unknown_name`.
    """
    if not isinstance(name, str) or name not in known:
        raise unknown_name(what, name, known)
    return name


def is_number(value: object) -> bool:
    """Return whether a value is a real number of Python or NumPy; booleans are not.

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


def whole_number(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """Return a whole number as an int.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    value : int
        Of Python or NumPy; booleans are refused.
    least : int, default: 0
        The smallest number that is accepted.
    most : int, optional
        The largest one.

    Returns
    -------
    number : int
        The same number.

    Raises
    ------
    SegxaiValueError
        Unless `value` is a whole number from `least` to `most`.
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < least:
        raise SegxaiValueError(
            f"{name} must be a whole number of at least {least}; got {quoted(value)}."
        )
    if most is not None and int(value) > most:
        raise SegxaiValueError(f"{name} must be at most {most}; got {quoted(value)}.")
    return int(value)
