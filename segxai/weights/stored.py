"""Arrays in files of any format: one check of all that is declared, before anything is read.

A file may declare more than it holds, or lead to other files. So nothing is read unless the network
has it, and nothing that the file does not hold in full, uncompressed.
"""

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ..errors import SegxaiFileError, quoted
from ..files import as_path, check_contents, reading


class Stored(NamedTuple):
    """An array that has not been read yet.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    held : int
        How many bytes of it the file holds; 0 where it is compressed, or in another file.
    open : callable
        A context manager that yields the file where the values begin, in row-major order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    held: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]

    @property
    def whole(self) -> bool:
        """Whether the file holds all of it."""
        return self.held >= prod(self.shape) * self.dtype.itemsize

    def pieces(self) -> Iterator[np.ndarray]:
        """Read the values in order, at most `PIECE` of them at once."""
        with self.open() as file:
            for content in in_pieces(file, prod(self.shape), self.dtype.itemsize):
                yield np.frombuffer(content, self.dtype)

    def read(self) -> np.ndarray:
        """Read the array."""
        size = prod(self.shape) * self.dtype.itemsize
        content = np.empty(size + 64, np.uint8)
        start = -content.ctypes.data % 64  # where TensorFlow needs no copy of its own
        values = content[start : start + size].view(self.dtype)
        start = 0
        for piece in self.pieces():
            values[start : start + piece.size] = piece
            start += piece.size
        return values.reshape(self.shape)


Shape = tuple[int | range, ...]
PIECE = 2**18  # values
MOST_CONTENTS = 200_000  # bytes of an archive's table of contents, some 2,000 arrays
MOST_CONFIG = 20_000_000  # bytes of a saved model's description; those of Keras' models take 1 MB
_KERAS_CLASSES = {"Functional": "Model", "Model": "Model", "Sequential": "Sequential"}
MOST_LINKS = 10_000  # of an HDF5 file, looked at in 3 s; Keras' largest models have 8,000


def take(
    stored: Mapping[str, Any], expected: Mapping[str, Shape], source: str, advice: str = ""
) -> dict[str, np.ndarray]:
    """Read the arrays of a network, after the values of all of them were checked in pieces.

    Parameters
    ----------
    stored : mapping of str to Stored or ndarray
    expected : mapping of str to tuple
        The shape of each array; a side may be a range.
    source : str
        Where the arrays come from, and `advice` what to do; for error messages.

    Returns
    -------
    arrays : dict of str to ndarray of float32

    Raises
    ------
    SegxaiFileError
        If an array is missing, has another shape or another type, is not held by the file or
        cannot be read, or contains values that are not finite.
    """

    def refused(why):
        return SegxaiFileError(f"{source}: {why}. {advice}".rstrip())

    for name, shape in expected.items():
        array = stored.get(name)
        if array is None:
            raise refused(f"there is no array {name!r}, so these are weights of another network")
        found = tuple(array.shape)
        fits = len(found) == len(shape) and all(
            side in np.atleast_1d(wanted) for side, wanted in zip(found, shape, strict=True)
        )
        if not fits or array.dtype.kind != "f":
            wanted = ", ".join(f"1 to {s[-1]}" if isinstance(s, range) else str(s) for s in shape)
            raise refused(
                f"{name!r} has shape {found} and type {array.dtype}; "
                f"floats of shape ({wanted}) were expected"
            )
        if isinstance(array, Stored) and not array.whole:
            raise refused(
                f"{name!r} is not in the file in full: it is compressed, elsewhere or damaged"
            )

    def done(work, name):
        try:
            return work(stored[name])
        except Exception as error:  # each format has its own
            raise refused(
                f"{name!r} cannot be read ({quoted(error)}); the file is damaged"
            ) from error

    for name in expected:
        if not done(_finite, name):
            raise refused(f"{name!r} contains values that are not finite; the file is damaged")
    return {name: done(_read, name) for name in expected}


def _finite(array) -> bool:
    pieces = array.pieces() if isinstance(array, Stored) else [array]
    return all(np.isfinite(piece.astype(np.float32, copy=False)).all() for piece in pieces)


def _read(array) -> np.ndarray:
    return (array.read() if isinstance(array, Stored) else array).astype(np.float32, copy=False)


def assign_weights(
    net: Any,
    weights: Mapping[str, Any],
    variables: list | None = None,
    source: str = "Weights",
) -> None:
    """Set the variables of a graph by name.

    Parameters
    ----------
    net : GraphSession
    weights : mapping of str to ndarray or Stored
        An array for each variable's name; others are left out.
    variables : list of tf.Variable, optional
        All variables of the graph by default.
    source : str
        Of the weights, for error messages.

    Raises
    ------
    SegxaiError
        For a missing name or a different shape; see `take`.
    """
    from ..nets.graph import tf

    if variables is None:
        variables = net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    shapes = {variable.op.name: tuple(variable.shape.as_list()) for variable in variables}
    arrays = take(weights, shapes, source)
    net.assign([(variable, arrays[variable.op.name]) for variable in variables])


def in_pieces(file: IO[bytes], number: int, itemsize: int = 1) -> Iterator[bytes]:
    """Read values of so many bytes each, at most `PIECE` of them at once.

    Parameters
    ----------
    file : binary file
    number : int
    itemsize : int

    Yields
    ------
    content : bytes

    Raises
    ------
    EOFError
        If the file ends before.
    """
    while number:
        content = file.read(min(number, PIECE) * itemsize)
        if not content:
            raise EOFError("the file ends too early")
        yield content
        number -= len(content) // itemsize


@contextmanager
def opened(
    path: str | os.PathLike, start: int, check: Callable[[], object] = lambda: None
) -> Iterator[IO[bytes]]:
    """Open a file where the values of an array begin.

    Parameters
    ----------
    path : str or path
    start : int
        In bytes.
    check : callable, optional
        Called before; it raises if the values are not as they were written.

    Yields
    ------
    file : binary file
    """
    check()
    with open(path, "rb") as file:
        file.seek(start)
        yield file


def hdf5_arrays(
    path: str | os.PathLike, advice: str = "", content: str | os.PathLike = ""
) -> dict[str, Stored]:
    """List the arrays of an HDF5 file by their paths in it.

    Parameters
    ----------
    path : str or path
    advice : str
        What to do, for error messages.
    content : str or path, optional
        The HDF5 file that was found in the archive at `path`.

    Returns
    -------
    stored : dict of str to Stored

    Raises
    ------
    SegxaiFileError
        If the file is missing or damaged, or contains a link to another place or another file.
    """
    import h5py

    stored: dict[str, Stored] = {}
    left = MOST_LINKS

    def look(name, link):
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"more than {MOST_LINKS:,} groups and arrays")
        if not isinstance(link, h5py.HardLink):
            return name  # ends the visit
        array = file[name]
        if isinstance(array, h5py.Dataset):
            inside = not (array.external or array.is_virtual or array.chunks)
            held = array.id.get_storage_size() if inside else 0
            start = partial(opened, content or path, array.id.get_offset())
            stored[name] = Stored(array.shape, array.dtype, held, start)
        return None

    with reading(path, "a Keras weights file", advice), h5py.File(content or path, "r") as file:
        if elsewhere := file.visititems_links(look):
            raise SegxaiFileError(
                f"{str(path)!r} is refused: {elsewhere!r} is a link, perhaps to another file "
                f"of this machine. {advice}".rstrip()
            )
    return stored


@contextmanager
def keras_file(path: str | os.PathLike) -> Iterator[tuple[dict, Path, list[Stored]]]:
    """Take a saved model apart, without Keras.

    Parameters
    ----------
    path : str or path
        Ends in ``.keras``, an archive, or ``.h5``.

    Yields
    ------
    description : dict
        Of the model and its layers.
    weights : Path
        The HDF5 file of its weights.
    arrays : list of Stored
        All that this file holds.

    Raises
    ------
    SegxaiFileError
        If the file is damaged, or anything in it is elsewhere or larger than what the file holds.
    """
    import h5py

    advice = "Give what model.save('x.keras') wrote; save it again if it is damaged."
    with tempfile.TemporaryDirectory() as folder, reading(path, "a Keras model", advice) as path:
        packed = path.suffix == ".keras"
        weights = _unpacked(path, folder) if packed else path
        stored = hdf5_arrays(path, content=weights)
        for name, array in stored.items():
            if not array.whole:
                raise SegxaiFileError(
                    f"{str(path)!r}: {name!r} is not in the file in full; save the model again, "
                    "without compression."
                )
        if weights.stat().st_size - sum(array.held for array in stored.values()) > MOST_CONFIG:
            raise ValueError("there is too much in it besides the weights")
        if packed:
            description = json.loads(weights.with_name("config.json").read_bytes())
        else:
            with h5py.File(weights) as file:
                description = json.loads(file.attrs["model_config"])
            # Only an archive says where a class comes from.
            if public := _KERAS_CLASSES.get(description["class_name"]):
                description |= {"module": "keras", "class_name": public, "registered_name": None}
        yield {**description, "compile_config": None}, weights, list(stored.values())


def _unpacked(path, folder) -> Path:
    """Copy the contents of a saved model to files: in memory they might not fit."""
    check_contents(path, MOST_CONTENTS)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename not in ("config.json", "metadata.json", "model.weights.h5"):
                raise ValueError(f"{info.filename!r} does not belong to a model of pictures")
            most = MOST_CONFIG if info.filename.endswith(".json") else info.compress_size
            # Keras compresses nothing.
            if info.file_size > min(info.compress_size, most):
                raise ValueError(f"{info.filename!r} is not as Keras writes it")
        archive.extract("config.json", folder)
        return Path(archive.extract("model.weights.h5", folder))


def npz_arrays(path: str | os.PathLike) -> dict[str, Stored]:
    """List the arrays of an ``.npz`` file by their names.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    stored : dict of str to Stored

    Raises
    ------
    OSError, ValueError, zipfile.BadZipFile
        If the file is damaged.
    """
    path = as_path(path)
    check_contents(path, MOST_CONTENTS)
    stored = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                shape, by_columns, dtype = _npy_header(member)
            # segxai writes neither.
            odd = by_columns or info.compress_type != zipfile.ZIP_STORED
            held = 0 if odd else info.compress_size
            start = partial(_opened_member, path, info.filename)
            stored[info.filename.removesuffix(".npy")] = Stored(shape, dtype, held, start)
    return stored


@contextmanager
def _opened_member(path, name) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as member:
        _npy_header(member)
        yield member


def _npy_header(file):
    one = np.lib.format.read_magic(file) == (1, 0)
    return getattr(np.lib.format, f"read_array_header_{2 - one}_0")(file)
