"""Oracle: PyTorch's own logits for the same weights and a fixed random input."""

import numpy as np
import pytest

from segxai.nets import efficientnet_lite
from segxai.nets.graph import GraphSession, tf
from segxai.weights import assign_weights
from segxai.weights.published import efficientnet_lite0_weights


@pytest.fixture(scope="module")
def net():
    with GraphSession() as net:
        with net.build():
            net.images = tf.placeholder(tf.float32, (None, None, None, 3))
            net.logits, net.end_points = efficientnet_lite.efficientnet_lite0(net.images)
        assign_weights(net, efficientnet_lite0_weights())
        yield net


def test_logits_equal_the_reference(net, root):
    reference = np.load(root / "tests/data/efficientnet_lite0_logits.npz")["logits"]
    images = np.random.RandomState(0).randn(2, 3, 224, 224).astype("f").transpose(0, 2, 3, 1)
    logits = net.run(net.logits, {net.images: 128 * images + 127})
    assert np.abs(logits - reference).max() < 1e-4


@pytest.mark.parametrize("size", [(224, 224), (100, 157)])
def test_end_points_have_their_strides(net, size):
    ends = net.run(net.end_points, {net.images: np.zeros((1, *size, 3))})
    for stride in (2, 4, 8, 16, 32):
        assert ends[f"stride_{stride}"].shape[1:3] == tuple(-(-side // stride) for side in size)


def test_a_closed_network_says_so():
    net = GraphSession()
    net.close()
    with pytest.raises(RuntimeError, match="closed"):
        net.run(None)
