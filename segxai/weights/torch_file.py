"""Read the tensors of a PyTorch file without PyTorch, and without trusting the file.

A ``.pth`` file is a pickle, and unpickling can call any function. Only ordered dictionaries,
tensors and storages of numbers are allowed here; anything else is refused before it is executed.

Supported is the layout of ``torch.save`` before PyTorch 1.6: four consecutive pickles (magic
number, protocol version, system description, the object), a pickled list of storage keys, and for
each key the number of elements (int64) and the raw values.
"""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class _StorageType(NamedTuple):
    dtype: str


class _Storage(NamedTuple):
    key: str
    dtype: str
    numel: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple


class _RebuildTensor:
    # No attributes, because a malicious pickle may try to set some.
    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        if not isinstance(storage, _Storage):
            raise pickle.UnpicklingError("a tensor without a storage")
        whole = (offset, *shape, *strides)
        if len(shape) != len(strides) or not all(isinstance(n, int) and n >= 0 for n in whole):
            raise pickle.UnpicklingError("a tensor with an impossible shape")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _RebuildTensor()
        if module == "torch" and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        raise pickle.UnpicklingError(
            f"it refers to {module}.{name}, which a dictionary of tensors does not need"
        )

    def persistent_load(self, pid):
        kind, storage_type, key, _location, numel, *_ = pid
        if (
            kind != "storage"
            or not isinstance(storage_type, _StorageType)
            or not isinstance(numel, int)
        ):
            raise pickle.UnpicklingError("an unknown kind of reference")
        return _Storage(str(key), storage_type.dtype, numel)


def read_torch_file(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the tensors of a PyTorch state dictionary in the old layout.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    tensors : dict of str to ndarray

    Raises
    ------
    SegxaiFileError
        If the file is missing, truncated, in another layout, or contains anything except tensors
        and containers; no code from such a file is executed.
    """
    path = Path(path)
    if not path.is_file():
        raise SegxaiFileNotFoundError(f"There is no weights file {str(path)!r}.")
    try:
        with path.open("rb") as file:
            magic, protocol, _system = (_RestrictedUnpickler(file).load() for _ in range(3))
            if magic != _MAGIC or protocol != _PROTOCOL:
                raise pickle.UnpicklingError("it is not in the layout of torch.save")
            state = _RestrictedUnpickler(file).load()
            keys = _RestrictedUnpickler(file).load()
            tensors = {
                name: value for name, value in dict(state).items() if isinstance(value, _Tensor)
            }
            dtypes = {t.storage.key: t.storage.dtype for t in tensors.values()}
            storages = {key: _read_storage(file, dtypes[key], path) for key in keys}
    except SegxaiError:
        raise
    except Exception as error:  # damaged or malicious pickles raise many types of error
        raise SegxaiFileError(
            f"{str(path)!r} is not a readable PyTorch dictionary of tensors: {error}. "
            "Nothing was loaded; download the file again from its source."
        ) from error
    return {name: _as_array(name, tensor, storages, path) for name, tensor in tensors.items()}


def _read_storage(file, dtype, path):
    numel = int.from_bytes(file.read(8), "little")
    size = numel * np.dtype(dtype).itemsize
    if size > path.stat().st_size:
        raise pickle.UnpicklingError("a storage is larger than the file")
    raw = file.read(size)
    if len(raw) != size:
        raise pickle.UnpicklingError("the file is truncated")
    return np.frombuffer(raw, dtype)


def _as_array(name, tensor, storages, path):
    storage = storages.get(tensor.storage.key)
    last = tensor.offset + sum(
        (n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True)
    )
    if storage is None or (0 not in tensor.shape and last >= storage.size):
        raise SegxaiFileError(
            f"{str(path)!r}: tensor {name!r} reaches beyond its storage; the file is damaged."
        )
    strides = tuple(s * storage.itemsize for s in tensor.strides)
    view = np.lib.stride_tricks.as_strided(
        storage[tensor.offset :], tensor.shape, strides, writeable=False
    )
    return np.array(view)
