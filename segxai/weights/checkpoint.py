"""The arrays of TensorFlow's checkpoints, which TensorFlow's own reader cannot read in pieces.

Both versions are tables in the format of LevelDB: blocks of keys and values, and a block of the
other blocks' places. The values of version 1 contain the arrays, those of version 2 their places in
another file. Every block and every array of version 2 has a checksum.

Sources: "table_format.md" of LevelDB; "saved_tensor_slice.proto" (version 1) and
"tensor_bundle.proto" (version 2) of TensorFlow.
"""

import os
from collections.abc import Iterator
from functools import cache, partial, reduce
from math import prod

import google_crc32c
import numpy as np

from ..files import as_path, reading
from .stored import MOST_LINKS, Stored, in_pieces, opened

_MAGIC = bytes.fromhex("57fb808b247547db")  # at the end of a table
_MOST = 2_000_000_000  # bytes of a table; VGG16 with the variables of Adam takes 1.7 GB
_LONGEST_KEY = 1000  # bytes
_SMALL = 1_000_000  # bytes of a block that is checked at once, and of what describes arrays
_FLOATS = b"\x2a"  # the tag of packed floats in version 1: field 5, of a known length
_MASK = 0xA282EAD8  # TensorFlow rotates checksums and adds it


def checkpoint_arrays(path: str | os.PathLike, advice: str = "") -> dict[str, Stored]:
    """List the arrays of a checkpoint by their names.

    Parameters
    ----------
    path : str or path
        The file of version 1, or the common prefix of the files (.index, .data-...) of version 2.
    advice : str
        What to do, for error messages.

    Returns
    -------
    stored : dict of str to Stored
        Without arrays of other types than float in version 1.

    Raises
    ------
    SegxaiFileError
        If the checkpoint is missing or damaged.
    """
    from ..nets import graph  # noqa: F401  (silences TensorFlow before it is imported)

    path = as_path(path)
    second = not os.path.isfile(path) and os.path.isfile(f"{path}.index")
    table = f"{path}.index" if second else path
    with reading(table, "a TensorFlow checkpoint", advice), open(table, "rb") as file:
        # Each part of a file is verified once, before the first of its arrays is read.
        return (_second_version if second else _first_version)(file, path, cache(_verify))


def _first_version(file, path, verify):
    from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

    stored: dict[str, Stored] = {}
    table = _table(file)
    _, size, _ = next(table)  # what it holds
    described = SavedTensorSlices.FromString(file.read(min(size, _SMALL))).meta
    shapes = {tensor.name: _shape(tensor) for tensor in described.tensor}
    for key, size, block in table:
        name = key[1:].partition(b"\0\1")[0].decode()
        # An entry ends with the array's values, behind a tag and their size in bytes.
        held = 4 * prod(shapes[name])
        digits = (held.bit_length() + 6) // 7
        file.seek(size - held - digits - 1, os.SEEK_CUR)
        if file.read(1) == _FLOATS and _varint(file) == held:
            start = partial(opened, path, file.tell(), partial(verify, path, *block))
            stored[name] = Stored(shapes[name], np.dtype("<f4"), held, start)
    return stored


def _second_version(file, path, verify):
    from tensorflow.core.protobuf.tensor_bundle_pb2 import BundleEntryProto, BundleHeaderProto

    from ..nets.graph import tf2

    stored: dict[str, Stored] = {}
    table = _table(file)
    _, size, _ = next(table)
    files = BundleHeaderProto.FromString(file.read(min(size, _SMALL))).num_shards
    for key, size, _ in table:
        entry = BundleEntryProto.FromString(file.read(min(size, _SMALL)))
        data = path.with_name(f"{path.name}.data-{entry.shard_id:05d}-of-{files:05d}")
        dtype = np.dtype(tf2.as_dtype(entry.dtype).as_numpy_dtype)
        check = partial(verify, data, entry.offset, entry.size, entry.crc32c)
        start = partial(opened, data, entry.offset, check)
        # An array in several parts has no size of its own.
        held = entry.size * (entry.size == prod(_shape(entry)) * dtype.itemsize)
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
            _verify(file.name, *block)
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


def _verify(path, start, size, checksum) -> None:
    """Compare the CRC-32C of a part of a file, masked as TensorFlow does."""
    with opened(path, start) as file:
        found = reduce(google_crc32c.extend, in_pieces(file, size), 0)
    if ((found >> 15 | found << 17) + _MASK) & 0xFFFFFFFF != checksum:
        raise ValueError("its checksum is wrong")
