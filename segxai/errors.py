"""The errors segxai raises: what was wrong, what was expected, what to do next."""

import difflib
import operator


class SegxaiError(Exception):
    """Any bad input or missing piece; the message is written for the person who made the call."""


class SegxaiValueError(SegxaiError, ValueError):
    """A value that does not fit: wrong shape, unknown name, number out of range."""


class SegxaiFileError(SegxaiError, OSError):
    """A file that cannot be used: unreadable, damaged, or not what its name says."""


class SegxaiFileNotFoundError(SegxaiFileError, FileNotFoundError):
    """A file that is not there."""


def unknown_name(what: str, name: object, known) -> SegxaiValueError:
    """The error for a name that is not among `known`, with the nearest known names as suggestions."""
    known = [str(k) for k in known]
    lowered = {k.lower(): k for k in known}
    near = [lowered[n] for n in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.5)]
    if near:
        hint = "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    else:
        hint = "Known: " + ", ".join(known[:20]) + (" ..." if len(known) > 20 else "") + "."
    return SegxaiValueError(f"Unknown {what} {name!r}. {hint}")


def whole_number(name: str, value, least: int = 0) -> int:
    """`value` as an int; SegxaiValueError where it is not a whole number of at least `least` (True and False are none)."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise SegxaiValueError(f"{name} is a whole number of at least {least}; got {value!r}.")
    return number
