"""Read the tensors of a PyTorch file without PyTorch, and without trusting the file.

A ``.pth`` file is a pickle, and unpickling can call any function. Only ordered dictionaries,
tensors and storages of numbers are allowed here; anything else is refused before it is executed.

Supported is the layout of ``torch.save`` before PyTorch 1.6: four consecutive pickles (magic
number, protocol version, system description, the object), a pickled list of storage keys, and for
each key the number of elements (int64) and the raw values.
"""

import collections
import io
import math
import os
import pickle
from typing import NamedTuple

import numpy as np

from ..files import reading

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MOST = 100_000_000  # bytes; EfficientNet-Lite0 takes a fifth of them
_HEAD = 1_000_000  # bytes; the pickles before the values take a tenth of them
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


class _Tensor(NamedTuple):
    key: str  # of its storage
    dtype: str
    offset: int
    shape: tuple
    strides: tuple


class _RebuildTensor:
    # No attributes, because a malicious pickle may try to set some.
    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        key, dtype = storage
        return _Tensor(key, dtype, offset, tuple(shape), tuple(strides))


# The one in Python: the one in C reserves memory as a pickle of 42 bytes asks.
class _RestrictedUnpickler(pickle._Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _RebuildTensor()
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(
            f"it refers to {module}.{name}, which a dictionary of tensors does not need"
        )

    def persistent_load(self, pid):
        _kind, dtype, key, *_ = pid
        if not isinstance(key, str) or dtype not in _DTYPES.values():
            raise pickle.UnpicklingError("an unknown kind of reference")
        return key, dtype


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
    advice = "Nothing was loaded; download the file again from its source."
    with (
        reading(path, "a PyTorch dictionary of tensors", advice) as path,
        path.open("rb") as file,
    ):
        if path.stat().st_size > _MOST:
            raise ValueError(f"it is larger than {_MOST / 1e6:.0f} MB")
        head = io.BytesIO(file.read(_HEAD))
        magic, protocol, _system, state, keys = (
            _RestrictedUnpickler(head).load() for _ in range(5)
        )
        if magic != _MAGIC or protocol != _PROTOCOL:
            raise pickle.UnpicklingError("it is not in the layout of torch.save")
        tensors = {name: value for name, value in dict(state).items() if isinstance(value, _Tensor)}
        dtypes = {tensor.key: np.dtype(tensor.dtype) for tensor in tensors.values()}
        wanted = sum(math.prod(t.shape) * dtypes[t.key].itemsize for t in tensors.values())
        if wanted > path.stat().st_size:
            raise pickle.UnpicklingError("its tensors are larger than the file")
        file.seek(head.tell())
        storages = {}
        for key in keys:
            size = int.from_bytes(file.read(8), "little") * dtypes[key].itemsize
            storages[key] = np.frombuffer(file.read(size), dtypes[key])
        return {name: _as_array(tensor, storages[tensor.key]) for name, tensor in tensors.items()}


def _as_array(tensor, storage):
    sides = list(zip(tensor.shape, tensor.strides, strict=True))
    whole = (tensor.offset, *tensor.shape, *tensor.strides)
    last = tensor.offset + sum((n - 1) * s for n, s in sides)
    if min(whole) < 0 or (0 not in tensor.shape and last >= storage.size):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage; the file is damaged")
    strides = [s * storage.itemsize for s in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides).copy()
