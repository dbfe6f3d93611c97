"""Atomic writes, and the files that come with the package.

A file that is written here is either complete or absent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from .errors import SegxaiError, SegxaiFileNotFoundError

_PACKAGE = Path(__file__).parent


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block succeeds.

    Parameters
    ----------
    path : str or path
        The file to write; its folder is made where it is missing.

    Yields
    ------
    temporary : Path
        An empty file in the same folder, with the same ending.

    Raises
    ------
    SegxaiError
        When the folder cannot be written or the disk is full; an existing file at `path` is then
        left unchanged.
    """
    path = Path(path)
    try:
        temporary = path.with_name(f".{path.stem}.{token_hex(4)}{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.open("xb").close()
    # ValueError: an impossible file name, e.g. with a null byte.
    except (OSError, ValueError) as error:
        raise SegxaiError(
            f"{str(path)!r} cannot be written: {_reason(error)}. Choose another name or folder."
        ) from error
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise SegxaiError(
            f"{str(path)!r} could not be written: {_reason(error)}. Nothing was changed."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def data_file(name: str) -> Path:
    """Return the path of a file of the project's data folder, which an installed package contains.

    Parameters
    ----------
    name : str
        Relative to the folder, e.g. "nouns.txt".

    Returns
    -------
    path : Path
        Of an existing file.

    Raises
    ------
    SegxaiFileNotFoundError
        If the file is missing.
    """
    # In a checkout the folder lies beside the package.
    installed = _PACKAGE / "_data"
    path = (installed if installed.is_dir() else _PACKAGE.parent / "data") / name
    if not path.is_file():
        raise SegxaiFileNotFoundError(
            f"{name} is missing from this installation; install segxai again."
        )
    return path


def _reason(error) -> str:
    return getattr(error, "strerror", None) or str(error)
