"""Paths, atomic writes, and the files that come with the package.

A file that is written here is either complete or absent.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from .errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    quoted,
)

PACKAGE = Path(__file__).parent


def as_path(path: Any) -> Path:
    """Return a path in which ``~`` stands for the user's home folder, as in a shell.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    path : Path

    Raises
    ------
    SegxaiValueError
        For anything else.
    """
    try:
        return Path(os.path.expanduser(path))
    except TypeError as error:
        raise SegxaiValueError(
            f"Expected the path of a file, e.g. 'why.html'; got {type(path).__name__}. "
            "A figure is drawn in memory by .plot().savefig(buffer)."
        ) from error


@contextmanager
def reading(
    path: Any, what: str, advice: str = "", *, passed: type[Exception] | tuple = SegxaiError
) -> Iterator[Path]:
    """Read a file of another library's format.

    Parameters
    ----------
    path : str or path
    what : str
        What the file should be, e.g. "a Keras weights file".
    advice : str
        What to do, for error messages.
    passed : type, or empty tuple
        Of the block's errors, those that say already what is wrong with the file.

    Yields
    ------
    path : Path

    Raises
    ------
    SegxaiFileError
        If there is no such file, and for whatever else the block raises: each library has its own
        errors for damaged files.
    """
    path = as_path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, does not raise for impossible file names
        raise SegxaiFileNotFoundError(f"There is no file {str(path)!r}. {advice}".rstrip())
    try:
        yield path
    except passed:
        raise
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} cannot be read as {what} ({type(error).__name__}: {quoted(error)}). "
            f"{advice}".rstrip()
        ) from error


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path next to `path`, and rename it to `path` when the block succeeds.

    Parameters
    ----------
    path : str or path
        The file to write; its folder is made where it is missing. A symbolic link stays one: the
        file that it leads to is written.

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
    path = as_path(path)
    try:
        target = Path(os.path.realpath(path))
        replaced = target.exists()
        # Renaming would put a file in the place of a folder's name or of a device.
        if replaced and not target.is_file():
            raise OSError("it is a folder or a device")
        # Not the whole stem: with it, a long name would become too long.
        temporary = target.with_name(f".{target.stem[:40]}.{token_hex(4)}{target.suffix}")
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if replaced else 0o666  # until it has the mode of the file that it replaces
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    # ValueError: an impossible file name, e.g. with a null byte.
    except (OSError, ValueError) as error:
        raise SegxaiError(
            f"{str(path)!r} cannot be written: {_reason(error)}. Choose another name or folder."
        ) from error
    try:
        yield temporary
        put_in_place(temporary, target)
    except OSError as error:
        raise SegxaiError(
            f"{str(path)!r} could not be written: {_reason(error)}. Nothing was changed."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, target: Path) -> None:
    """Rename a finished file so that a crash of the system leaves the old one or the new one.

    Parameters
    ----------
    temporary : Path
        In the same file system; it gets the mode of the file that it replaces.
    target : Path
        Not a symbolic link.
    """
    _flush(temporary, os.O_RDWR)
    # There may be no such file yet, or a file system without modes.
    with suppress(OSError):
        shutil.copymode(target, temporary)
    os.replace(temporary, target)
    # Not every system can flush a folder, and the file has its name already.
    with suppress(OSError):
        _flush(target.parent, os.O_RDONLY)


def _flush(path, flags) -> None:
    opened = os.open(path, flags)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def check_contents(path: Path, most: int) -> None:
    """Raise ValueError for a zip archive with a longer table of contents than is wanted.

    zipfile reads the table as a whole, and makes several objects of each entry.

    Parameters
    ----------
    path : Path
    most : int
        Size of the table in bytes.
    """
    with path.open("rb") as file:
        file.seek(-42, os.SEEK_END)
        end = file.read()
    size = int.from_bytes(end[-10:-6], "little")
    # "PK\6\7" would announce another table.
    if end[-22:-18] != b"PK\5\6" or end[:4] == b"PK\6\7" or size > most:
        raise ValueError("its table of contents is not one that segxai or Keras writes")


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
    installed = PACKAGE / "_data"
    path = (installed if installed.is_dir() else PACKAGE.parent / "data") / name
    if not path.is_file():
        raise SegxaiFileNotFoundError(
            f"{name} is missing from this installation; install segxai again."
        )
    return path


def _reason(error) -> str:
    return getattr(error, "strerror", None) or str(error)
