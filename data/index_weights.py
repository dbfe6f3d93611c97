"""Write *_index.txt: where each array lies in a published file of weights.

    python data/index_weights.py

segxai reads such a file only if its hash is the published one, so it never changes, and needs to
understand nothing of its format. A line of an index has an array's name, its place in bytes, and
its shape there; all are float32, row-major and in TensorFlow's layout of kernels: (height, width,
in, out), or (height, width, channels, 1) for depthwise ones.

EfficientNet-Lite0's file is in the layout of torch.save before PyTorch 1.6: four pickles (magic
number, protocol version, system description, the tensors), a pickled list of storage keys, and for
each key the number of elements (int64) and the raw values. Only this script unpickles anything, and
only what a dictionary of tensors needs. HED's file is HDF5, in the layout of Keras 3.
"""

import collections
import pickle
from math import prod
from pathlib import Path

import h5py

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


def efficientnet_lite0(path):
    """Return {tensor: (place in bytes, shape there)} of the float tensors, by PyTorch's names."""
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


def contours(path):
    """Return {variable: (place in bytes, shape there)}, named as in `nets.contours`."""
    layers = {"hed/fuse": "fuse"}
    for stage, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        layers[f"hed/score_{stage}"] = f"dsn{stage}"
        for number in range(convolutions):
            layer = f"block{stage}/layers/conv2d{f'_{number}' if number else ''}"
            layers[f"vgg_16/conv{stage}/conv{stage}_{number + 1}"] = layer
    with h5py.File(path) as file:
        arrays = {
            f"{name}/{part}": file[f"{layer}/vars/{index}"]
            for name, layer in layers.items()
            for index, part in enumerate(("weights", "biases"))
        }
        assert all(array.dtype == "<f4" and not array.chunks for array in arrays.values())
        return {name: (array.id.get_offset(), list(array.shape)) for name, array in arrays.items()}


if __name__ == "__main__":
    for index in (efficientnet_lite0, contours):
        name = index.__name__
        lines = [
            " ".join(map(str, (array, place, *shape)))
            for array, (place, shape) in index(obtain(name)).items()
        ]
        Path(__file__).with_name(f"{name}_index.txt").write_text(
            "\n".join(lines) + "\n", encoding="utf-8"
        )
