"""Write efficientnet_lite0.txt: where each tensor lies in the published file of EfficientNet-Lite0's weights.

    python data/index_efficientnet_lite0.py

The file, which segxai reads only if its hash is the published one, is in the layout of torch.save before PyTorch 1.6: four pickles
(magic number, protocol version, system description, the tensors), a pickled list of storage keys, and for each key the number of
elements (int64) and the raw values. A line of the index has a tensor's name, its place in bytes, and its shape there; all are float32
and row-major. Kernels were converted from TensorFlow, so they are stored in its layout: (height, width, in, out), or (height, width,
channels, 1) for depthwise ones. Only this script unpickles anything, and only what a dictionary of tensors needs.
"""

import collections
import pickle
from math import prod
from pathlib import Path

from segxai.weights.downloads import obtain


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda key, offset, shape, strides, *_: (
                key,
                offset,
                shape,
                strides,
            ),
            ("torch", "FloatStorage"): "float",
            ("torch", "LongStorage"): "int",
        }
        return known[module, name]

    def persistent_load(self, pid):
        _, kind, key, *_ = pid
        return kind, key


def index(path):
    """Return {name: (place in bytes, shape there)} of the float tensors in a file."""
    with open(path, "rb") as file:
        *_, state, keys = (Unpickler(file).load() for _ in range(5))
        sizes = {key: 4 if kind == "float" else 8 for (kind, key), *_ in state.values()}
        places = {}
        for key in keys:
            count = int.from_bytes(file.read(8), "little")
            places[key] = file.tell()
            file.seek(count * sizes[key], 1)
    found = {}
    for name, ((kind, key), offset, shape, strides) in state.items():
        if kind == "float":
            axes = sorted(range(len(shape)), key=lambda axis: -strides[axis])
            stored = [shape[axis] for axis in axes]
            # Axes of length 1 have any stride.
            assert all(
                shape[axis] == 1 or strides[axis] == prod(stored[at + 1 :])
                for at, axis in enumerate(axes)
            )
            found[name] = (places[key] + 4 * offset, stored)
    return found


if __name__ == "__main__":
    lines = [
        f"{name} {place} {' '.join(map(str, shape))}".rstrip()
        for name, (place, shape) in index(obtain("efficientnet_lite0")).items()
    ]
    Path(__file__).with_name("efficientnet_lite0.txt").write_text(
        "\n".join(lines) + "\n", encoding="utf-8"
    )
