"""The pages in examples/ run as they are, and what they print names what they explain."""

import importlib.util
import runpy
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from skimage.transform import resize

SCORES = "The values are scores, not probabilities: weights are differences of scores."


class Tensor:
    """Of PyTorch's tensors what the page uses, by NumPy."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __truediv__(self, number):
        return Tensor(self.array / np.float32(number))

    def permute(self, *order):
        return Tensor(self.array.transpose(order))

    def float(self):
        return Tensor(self.array.astype(np.float32))

    def softmax(self, dim):
        powers = np.exp(self.array - self.array.max(axis=dim, keepdims=True))
        return Tensor(powers / powers.sum(axis=dim, keepdims=True))

    def numpy(self):
        return self.array


class NoGradient:
    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass


class Linear:
    def __init__(self, inputs, outputs, bias):
        assert not bias
        self.weight = SimpleNamespace(data=Tensor(np.zeros((outputs, inputs))))

    def __call__(self, batch):
        return Tensor(batch.array @ self.weight.data.array.T)


class Sequential(list):
    def __init__(self, *layers):
        super().__init__(layers)

    def eval(self):
        return self

    def __call__(self, batch):
        assert batch.array.dtype == np.float32
        assert batch.array.shape[1] == 3
        for layer in self:
            batch = layer(batch)
        return batch


@pytest.fixture
def torch(monkeypatch):
    """PyTorch, or where it is not installed a stand-in for the calls that the page makes."""
    if importlib.util.find_spec("torch") is None:
        module = ModuleType("torch")
        module.no_grad, module.from_numpy, module.tensor, module.Tensor = (
            NoGradient,
            Tensor,
            Tensor,
            Tensor,
        )
        module.nn = SimpleNamespace(
            Sequential=Sequential,
            Linear=Linear,
            AdaptiveAvgPool2d=lambda size: (
                lambda batch: Tensor(batch.array.mean(axis=(2, 3), keepdims=True))
            ),
            Flatten=lambda: lambda batch: Tensor(batch.array.reshape(len(batch.array), -1)),
        )
        monkeypatch.setitem(sys.modules, "torch", module)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A tiny DeepLabV3 of KerasHub with random weights and four classes, as a local preset."""
    hub = pytest.importorskip(
        "keras_hub", reason="KerasHub is not installed (pip install 'segxai[test]')"
    )
    import keras

    keras.utils.set_random_seed(0)
    encoder = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64, 64],
        stackwise_num_blocks=[1, 1, 1],
        stackwise_num_strides=[1, 2, 2],
        block_type="basic_block",
        image_shape=(64, 64, 3),
    )
    backbone = hub.models.DeepLabV3Backbone(
        image_encoder=encoder,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        projection_filters=4,
        upsampling_size=4,
        dilation_rates=[6, 12, 18],
        image_shape=(64, 64, 3),
    )
    converter = hub.layers.DeepLabV3ImageConverter(image_size=(64, 64), scale=1 / 255)
    preprocessor = hub.models.DeepLabV3ImageSegmenterPreprocessor(converter)
    model = hub.models.DeepLabV3ImageSegmenter(
        backbone=backbone, num_classes=4, preprocessor=preprocessor
    )
    folder = tmp_path_factory.mktemp("preset")
    model.save_to_preset(str(folder))
    return str(folder)


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("detector", ["“box” most", SCORES]),
        ("segmentation_model", ["supports “share of the cat” most", SCORES]),
        ("one_sigmoid", ["supports “warm” most"]),
        ("grey_model", ["opposes “bright” most"]),
        ("five_bands", ["“field” supports “green” most", "“field” alone keeps “green” above half"]),
        ("pytorch_model", ["supports “warm” most"]),
        ("keras_hub_model", ["supports “Egyptian Mau” most"]),
        ("masks_of_other_models", ["'helmet'", "“helmet” supports “football helmet” most"]),
    ],
)
def test_runs_and_speaks_of_its_quantity(name, sentences, root, capsys, request, monkeypatch):
    if name == "pytorch_model":
        request.getfixturevalue("torch")
    if name == "keras_hub_model":
        monkeypatch.setattr(sys, "argv", [name, request.getfixturevalue("preset")])
    runpy.run_path(str(root / "examples" / f"{name}.py"))
    printed = capsys.readouterr().out
    assert all(sentence in printed for sentence in sentences), printed
    assert (SCORES in printed) == (SCORES in sentences)


def test_keras_hub_s_classes_fit_the_whole_photograph(root, preset, monkeypatch):
    """They are of the photograph scaled to the model's size, not of a square cut out of it."""
    monkeypatch.setattr(sys, "argv", ["keras_hub_model", preset])
    page = runpy.run_path(str(root / "examples" / "keras_hub_model.py"))
    image, regions = page["image"], page["regions"]
    scaled = resize(image, (64, 64), preserve_range=True)[None]
    scores = np.asarray(page["model"].predict(scaled, verbose=0))[0]
    expected = np.array(page["names"])[resize(scores, image.shape[:2]).argmax(-1)]
    assert (np.array(regions.names)[regions.labels] == expected).mean() > 0.999
    assert len(regions) > 1


def test_every_page_is_run(root):
    pages = {path.stem for path in (root / "examples").glob("*.py")}
    marks = [
        mark
        for mark in test_runs_and_speaks_of_its_quantity.pytestmark
        if mark.name == "parametrize"
    ]
    assert pages == {case[0] for mark in marks for case in mark.args[1]}
