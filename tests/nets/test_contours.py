"""Oracle: the same network built of Keras' layers, with weights that the test itself reads.

It reads them from the same file.
"""

import h5py
import numpy as np
import pytest

import segxai
from segxai.images import resize
from segxai.nets import contours as network
from segxai.nets.graph import GraphSession, tf
from segxai.segmentation.contours import contours, side_outputs
from segxai.weights import assign_weights
from segxai.weights.downloads import cached
from segxai.weights.published import contours_weights

MEAN_BGR = np.array([104.00699, 116.66877, 122.67892], np.float32)
ODD = [("astronaut", (301, 451)), ("cat", (333, 211)), ("coffee", (97, 145))]


@pytest.fixture(scope="module")
def path():
    found = cached("contours")
    if found is None:
        pytest.skip("the contour network's weights are not here: python -m segxai fetch contours")
    return found


@pytest.fixture(scope="module")
def reference(path):
    """A Keras model of the stages' last convolutions, of five sides and of the fused map.

    It takes blue-green-red images less the mean.
    """
    import keras
    from keras import layers

    named, images = {}, keras.Input((None, None, 3))
    net, ends, scores = images, [], []
    for stage, count in enumerate((2, 2, 3, 3, 3), start=1):
        if stage > 1:
            net = layers.MaxPooling2D(2, 2, padding="same")(net)
        for index in range(count):
            key = f"block{stage}/layers/conv2d" + (f"_{index}" if index else "")
            named[key] = layers.Conv2D(
                min(512, 32 * 2**stage), 3, padding="same", activation="relu"
            )
            net = named[key](net)
        ends.append(net)
        named[f"dsn{stage}"] = layers.Conv2D(1, 1)
        scores.append(named[f"dsn{stage}"](net))
    model = keras.Model(images, [*ends, *scores])
    with h5py.File(path) as file:
        for key, layer in named.items():
            layer.set_weights([file[f"{key}/vars/{i}"][()] for i in range(2)])
        fuse, bias = (file[f"fuse/vars/{i}"][()] for i in range(2))

    def outputs(photograph):
        *ends, s1, s2, s3, s4, s5 = model((photograph[..., ::-1] - MEAN_BGR)[None])
        size = photograph.shape[:2]
        logits = [
            np.asarray(keras.ops.image.resize(score, size, "bilinear"))[0, ..., 0]
            for score in (s1, s2, s3, s4, s5)
        ]
        fused = sum(weight * side for weight, side in zip(fuse.ravel(), logits, strict=True)) + bias
        return [np.asarray(end)[0] for end in ends], [
            1 / (1 + np.exp(-side)) for side in (*logits, fused)
        ]

    return outputs


def photograph(name, size):
    return np.rint(resize(segxai.data.photograph(name), size)).astype(np.uint8)


@pytest.mark.parametrize(("name", "size"), ODD)
def test_contours_and_side_outputs_equal_keras(name, size, reference):
    image = photograph(name, size)
    *sides, fused = reference(image.astype(np.float32))[1]
    found = contours(image)
    assert found.shape == size
    assert found.dtype == np.float32
    assert np.abs(found - fused).mean() < 0.002  # .005 were allowed
    for ours, theirs in zip(side_outputs(image), sides, strict=True):
        assert np.abs(ours - theirs).mean() < 0.002


def test_sides_that_are_multiples_of_16_leave_no_difference(reference):
    image = photograph("cat", (160, 224))
    assert np.abs(contours(image) - reference(image.astype(np.float32))[1][-1]).max() < 1e-4


@pytest.mark.parametrize(("name", "size"), ODD)
def test_the_convolutions_equal_keras(name, size, path, reference):
    image = photograph(name, size).astype(np.float32)
    with GraphSession() as net:
        with net.build():
            images = tf.placeholder(tf.float32, (None, None, None, 3))
            _, _, ends = network.hed(images)
        assign_weights(net, contours_weights())
        ours = net.run(
            [ends[f"stride_{stride}"] for stride in network.STRIDES], {images: image[None]}
        )
    for found, expected in zip(ours, reference(image)[0], strict=True):
        assert found[0].shape == expected.shape
        assert np.abs(found[0] - expected).max() < 1e-4 * np.abs(expected).max()


def test_the_graph_holds_vgg16_s_convolutions_and_nothing_idle():
    with GraphSession() as net:
        with net.build():
            network.hed(tf.placeholder(tf.float32, (1, None, None, 3)))
        shapes = {
            v.op.name: tuple(v.shape)
            for v in net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
        }
    assert len(shapes) == 2 * (13 + 5 + 1)
    assert shapes["vgg_16/conv1/conv1_1/weights"] == (3, 3, 3, 64)
    assert shapes["hed/score_5/weights"] == (1, 1, 512, 1)
    assert shapes["hed/fuse/weights"] == (1, 1, 5, 1)
    assert (
        sum(np.prod(shape) for shape in shapes.values())
        == 14_714_688 + (64 + 128 + 256 + 512 + 512 + 5) + 6
    )
