"""The pages in examples/ run as they are, and what they print names what they explain."""

import importlib.util
import runpy
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("detector", ["“box” most", SCORES]),
        ("segmentation_model", ["supports “share of the cat” most", SCORES]),
        ("one_sigmoid", ["supports “warm” most"]),
        ("grey_model", ["opposes “bright” most"]),
        ("five_bands", ["“field” supports “green” most", "“field” alone keeps “green” above half"]),
        ("pytorch_model", ["supports “warm” most"]),
        ("masks_of_other_models", ["'helmet'", "“helmet” supports “football helmet” most"]),
    ],
)
def test_runs_and_speaks_of_its_quantity(name, sentences, root, capsys, request):
    if name == "pytorch_model":
        request.getfixturevalue("torch")
    runpy.run_path(str(root / "examples" / f"{name}.py"))
    printed = capsys.readouterr().out
    assert all(sentence in printed for sentence in sentences), printed
    assert (SCORES in printed) == (SCORES in sentences)


def test_every_page_is_run(root):
    pages = {path.stem for path in (root / "examples").glob("*.py")}
    marks = [
        mark
        for mark in test_runs_and_speaks_of_its_quantity.pytestmark
        if mark.name == "parametrize"
    ]
    assert pages == {case[0] for mark in marks for case in mark.args[1]}
