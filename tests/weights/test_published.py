"""The weights that come in pip packages: read by an index of a file, whatever its format.

Such a file never changes.
"""

import itertools
import pickle
import runpy

import numpy as np
import pytest

from segxai.files import data_file
from segxai.weights.downloads import obtain
from segxai.weights.published import efficientnet_lite0_weights, published_arrays


@pytest.fixture(scope="module")
def script(root):
    return runpy.run_path(str(root / "data" / "index_weights.py"))


@pytest.mark.parametrize("name", ["efficientnet_lite0", "contours"])
def test_an_index_is_what_its_script_writes(name, script):
    found = script[name](obtain(name))
    lines = [" ".join(map(str, (array, place, *shape))) for array, (place, shape) in found.items()]
    assert data_file(f"{name}_index.txt").read_text(encoding="utf-8").splitlines() == lines
    places = sorted((place, 4 * int(np.prod(shape))) for place, shape in found.values())
    assert all(end >= start + size for (start, size), (end, _) in itertools.pairwise(places))


def test_the_script_unpickles_only_tensors(script, tmp_path):
    (tmp_path / "bad.pth").write_bytes(pickle.dumps(print))
    with pytest.raises(KeyError, match="print"):
        script["efficientnet_lite0"](tmp_path / "bad.pth")


def test_a_batch_normalisation_becomes_a_factor_and_a_bias():
    tensors, weights = published_arrays("efficientnet_lite0"), efficientnet_lite0_weights()
    gamma, beta, mean, var = (
        tensors[f"_blocks.2._bn1.{name}"]
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    image = np.random.default_rng(0).normal(size=tensors["_blocks.2._depthwise_conv.weight"].shape)
    before = (image * tensors["_blocks.2._depthwise_conv.weight"]).sum(axis=(0, 1, 3))
    name = "efficientnet_lite0/block_2/depthwise"
    after = (image * weights[f"{name}/depthwise_weights"]).sum(axis=(0, 1, 3)) + weights[
        f"{name}/biases"
    ]
    assert np.allclose(after, gamma * (before - mean) / np.sqrt(var + 1e-3) + beta, atol=1e-4)
