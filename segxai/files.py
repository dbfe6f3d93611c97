"""Files out: written to a temporary name and renamed, so that a file is either whole or not there."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .errors import SegxaiError


@contextmanager
def replacing(path):
    """A temporary path beside `path` to write to; it takes the name of `path` once the block has succeeded.

    Raises SegxaiError when the folder cannot be written or the disk is full; what stood at `path` before
    is then untouched.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise SegxaiError(f"{str(path)!r} cannot be written: {error.strerror}. Choose another folder.") from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; give the result the permissions any new file would have.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        raise SegxaiError(f"{str(path)!r} could not be written: {error.strerror or error}. Nothing was changed.") from error
    finally:
        temporary.unlink(missing_ok=True)
