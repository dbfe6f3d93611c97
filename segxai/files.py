"""Files out: written to a temporary name and renamed, so that a file is either whole or not there."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from .errors import SegxaiError


@contextmanager
def replacing(path):
    """A temporary path beside `path` to write to; it takes the name of `path` once the block has succeeded.

    Raises SegxaiError when the folder cannot be written or the disk is full; what stood at `path` before
    is then untouched.
    """
    path = Path(path)
    try:
        temporary = path.with_name(f".{path.stem}.{token_hex(4)}{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.open("xb").close()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise SegxaiError(f"{str(path)!r} cannot be written: {_reason(error)}. Choose another name or folder.") from error
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise SegxaiError(f"{str(path)!r} could not be written: {_reason(error)}. Nothing was changed.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _reason(error) -> str:
    return getattr(error, "strerror", None) or str(error)
