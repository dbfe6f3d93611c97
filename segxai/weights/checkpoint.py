"""The arrays of TensorFlow's checkpoints, which TensorFlow's own reader cannot read in pieces.

Both versions are tables in the format of LevelDB: blocks of keys and values, and a block of the
other blocks' places. The values of version 1 contain the arrays, those of version 2 their places in
another file. Every block and every array of version 2 has a checksum.

Sources: "table_format.md" of LevelDB; "saved_tensor_slice.proto" (version 1) and
"tensor_bundle.proto" (version 2) of TensorFlow.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from .stored import MOST_LINKS, Stored

_MAGIC = bytes.fromhex("57fb808b247547db")  # at the end of a table
_MOST = 2_000_000_000  # bytes of a table; VGG16 with the variables of Adam takes 1.7 GB
_LONGEST_KEY = 1000  # bytes
_SMALL = 1_000_000  # bytes of a block that is checked at once, and of what describes arrays
_DATA, _SLICE, _NAME, _VALUES = 2, 3, 1, 5  # numbers of fields in version 1
# Modulo the polynomial of CRC-32C, x ** (64 * 5685) = x ** (64 * 1362) + x ** (64 * 426) + 1: a
# word of 64 bits counts as much as three later ones, that many words away.
_LATER = (5685 - 1362, 5685 - 426, 5685)
_BYTES: Any = np.arange(256, dtype=np.uint32)  # the checksums of single bytes
for _ in range(8):
    _BYTES = _BYTES >> 1 ^ (_BYTES & 1) * np.uint32(0x82F63B78)
_BYTES = _BYTES.tolist()


def checkpoint_arrays(path: Path) -> dict[str, Stored]:
    """List the arrays of a checkpoint by their names.

    Parameters
    ----------
    path : Path
        The file of version 1, or the common prefix of the files (.index, .data-...) of version 2.

    Returns
    -------
    stored : dict of str to Stored
        Without arrays of other types than float in version 1.

    Raises
    ------
    Exception
        If the checkpoint is damaged; of various types.
    """
    from ..nets import graph  # noqa: F401  (silences TensorFlow before it is imported)

    first = path.is_file()
    with (path if first else path.with_name(f"{path.name}.index")).open("rb") as file:
        return (_first_version if first else _second_version)(file, path)


def _first_version(file, path):
    from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

    stored: dict[str, Stored] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    verified: set[tuple[Path, tuple[int, int, int]]] = set()
    for key, size, block in _table(file):
        if not key:
            described = SavedTensorSlices.FromString(file.read(min(size, _SMALL))).meta
            shapes = {tensor.name: _shape(tensor) for tensor in described.tensor}
        elif found := _floats(file, file.tell() + size):
            name, held = found
            start = partial(_opened, path, file.tell(), block, verified)
            stored[name] = Stored(shapes[name], np.dtype("<f4"), held, start)
    return stored


def _second_version(file, path):
    from tensorflow.core.protobuf.tensor_bundle_pb2 import BundleEntryProto, BundleHeaderProto

    from ..nets.graph import tf2

    stored: dict[str, Stored] = {}
    verified: set[tuple[Path, tuple[int, int, int]]] = set()
    files = 0
    for key, size, _ in _table(file):
        value = file.read(min(size, _SMALL))
        if not key:
            files = BundleHeaderProto.FromString(value).num_shards
            continue
        entry = BundleEntryProto.FromString(value)
        data = path.with_name(f"{path.name}.data-{entry.shard_id:05d}-of-{files:05d}")
        dtype = np.dtype(tf2.as_dtype(entry.dtype).as_numpy_dtype)
        place = (entry.offset, entry.size, entry.crc32c)
        # An array in several parts has no size of its own.
        held = entry.size * (entry.size == prod(_shape(entry)) * dtype.itemsize)
        start = partial(_opened, data, entry.offset, place, verified)
        stored[key.decode()] = Stored(_shape(entry), dtype, held, start)
    return stored


def _shape(described) -> tuple[int, ...]:
    return tuple(side.size for side in described.shape.dim)


def _table(file) -> Iterator[tuple[bytes, int, tuple[int, int, int]]]:
    """Yield each key, its value's size and its block; the file is where the value starts."""
    if file.seek(-8, os.SEEK_END) > _MOST or file.read() != _MAGIC:
        raise ValueError("it is not a table of at most 2 GB")
    file.seek(-48, os.SEEK_END)
    _, _, start, size = (_varint(file) for _ in range(4))
    left = MOST_LINKS
    for _, place, _ in _block(file, start, size):
        file.seek(place)
        start, size = _varint(file), _varint(file)
        entries = _block(file, start, size)
        left -= len(entries)
        if left < 0:
            raise ValueError(f"more than {MOST_LINKS:,} arrays")
        file.seek(start + size + 1)
        block = start, size + 1, int.from_bytes(file.read(4), "little")
        if size <= _SMALL:
            _verify(file, *block)
        for key, place, length in entries:
            file.seek(place)
            yield key, length, block


def _block(file, start, size) -> list[tuple[bytes, int, int]]:
    """List the keys of a block, with the place and the size of each value."""
    file.seek(start + size - 4)
    end = start + size - 4 * (1 + int.from_bytes(file.read(4), "little"))
    if file.read(1) != b"\0":
        raise ValueError("it is compressed or cut")
    file.seek(start)
    key, entries = b"", list[tuple[bytes, int, int]]()
    while file.tell() < end:
        shared, new, length = _varint(file), _varint(file), _varint(file)
        key = key[:shared] + file.read(min(new, _LONGEST_KEY))
        if len(key) > _LONGEST_KEY or len(entries) == MOST_LINKS:
            raise ValueError("too long names, or too many")
        entries.append((key, file.tell(), length))
        file.seek(length, os.SEEK_CUR)
    return entries


def _varint(file) -> int:
    """Read a whole number of 7 bits a byte, the last ones first."""
    number = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)[0]
        number |= (byte & 127) << shift
        if byte < 128:
            break
    return number


def _floats(file, end) -> tuple[str, int] | None:
    """Go to the floats of a value of version 1; return the array's name and their size."""
    name, outer = "", [_DATA, _SLICE, _VALUES]
    while file.tell() < end:
        number, size = _varint(file), _varint(file)
        if number >> 3 == outer[0]:
            if outer.pop(0) == _VALUES:
                return name, size
        elif number >> 3 == _NAME and outer[0] == _SLICE:
            name = file.read(min(size, _LONGEST_KEY)).decode()
        elif number & 7:  # else it was a number
            file.seek(size, os.SEEK_CUR)
    return None


@contextmanager
def _opened(path, place, block, verified) -> Iterator[IO[bytes]]:
    """Open a file at a byte, once the block around it is known to be as it was written."""
    with path.open("rb") as file:
        if (path, block) not in verified:
            _verify(file, *block)
            verified.add((path, block))
        file.seek(place)
        yield file


def _verify(file, start, size, checksum) -> None:
    """Compare the CRC-32C of a part of a file, masked as TensorFlow does."""
    file.seek(start)
    rest, left = b"", size
    while left:
        content = file.read(min(left, 2**20))
        if not content:
            raise EOFError("the file ends too early")
        content = np.frombuffer(rest + content, np.uint8).copy()
        if left == size:
            content[:4] ^= 255
        left -= len(content) - len(rest)
        words = content[: len(content) // 8 * 8].view(np.uint64)
        stop = max(0, len(words) - _LATER[-1])
        for first in range(0, stop, _LATER[0]):
            folded = words[first : min(first + _LATER[0], stop)]
            for later in _LATER:
                words[first + later :][: len(folded)] ^= folded
        rest = content[8 * stop :].tobytes()
    found = 0
    for byte in rest:
        found = found >> 8 ^ _BYTES[(found ^ byte) & 255]
    found ^= 0xFFFFFFFF
    if ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF != checksum:
        raise ValueError("its checksum is wrong")
