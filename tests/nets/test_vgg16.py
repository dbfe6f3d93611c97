"""Oracle: Keras' own VGG16 with random weights, converted, gives the same answers.

So the conversion fits any weights.
"""

import numpy as np
import pytest

import segxai
from segxai.nets import vgg16
from segxai.nets.fcn import standardise
from segxai.nets.graph import GraphSession, slim, tf
from segxai.weights import assign_weights
from segxai.weights.vgg16 import vgg16_weights


@pytest.fixture(scope="module")
def keras_vgg16():
    import keras

    keras.utils.set_random_seed(0)
    # Without a final softmax, so that logits are compared, which differ where probabilities are all
    # alike.
    return keras.applications.VGG16(weights=None, classifier_activation=None)


@pytest.fixture(scope="module")
def photograph():
    from segxai.images import resize

    return resize(segxai.data.photograph("astronaut"), (224, 224))


def test_logits_equal_keras(keras_vgg16, photograph):
    import keras

    with GraphSession() as net:
        with net.build():
            images = tf.placeholder(tf.float32, (None, None, None, 3))
            scores, ends = vgg16.vgg16(images)
        assign_weights(net, vgg16_weights(keras_vgg16))
        ours, ends = net.run([scores, ends], {images: photograph[None]})
    expected = keras_vgg16.predict_on_batch(
        keras.applications.vgg16.preprocess_input(photograph[None].copy())
    )
    assert ours.shape == (1, 1, 1, 1000)
    assert np.abs(ours[0, 0, 0] - expected[0]).max() < 1e-3 * max(1, np.abs(expected).max())
    assert {name: ends[name].shape[1] for name in ("pool1", "pool3", "pool5", "fc6")} == {
        "pool1": 112,
        "pool3": 28,
        "pool5": 7,
        "fc6": 1,
    }


def test_a_keras_vgg16_is_a_classifier_of_ours(keras_vgg16, photograph):
    import keras

    with_softmax = keras.Sequential([keras_vgg16, keras.layers.Softmax()])
    expected = with_softmax.predict_on_batch(
        keras.applications.vgg16.preprocess_input(photograph[None].copy())
    )
    classifier = segxai.load_classifier("vgg16", weights=keras_vgg16)
    found = classifier.predict(photograph.astype(np.float64))
    classifier.close()
    # The photograph is rounded to whole numbers on its way in.
    assert np.abs(found - expected).max() < 1e-3
    assert classifier.class_names[291] == "lion"


def test_the_variables_are_those_of_the_slim_checkpoint():
    with GraphSession() as net:
        with net.build():
            vgg16.vgg16(tf.placeholder(tf.float32, (1, 224, 224, 3)))
        shapes = {
            v.op.name: tuple(v.shape)
            for v in net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
        }
    assert len(shapes) == 32
    assert shapes["vgg_16/conv1/conv1_1/weights"] == (3, 3, 3, 64)
    assert shapes["vgg_16/conv5/conv5_3/biases"] == (512,)
    assert shapes["vgg_16/fc6/weights"] == (7, 7, 512, 4096)
    assert shapes["vgg_16/fc8/biases"] == (1000,)
    assert sum(np.prod(s) for s in shapes.values()) == 138_357_544


def test_same_padding_keeps_a_map_and_dropout_is_switched():
    with GraphSession(seed=0) as net:
        with net.build():
            images = tf.placeholder(tf.float32, (1, None, None, 3))
            training = tf.placeholder_with_default(False, ())
            scores, _ = vgg16.vgg16(
                images, 5, is_training=training, fc_conv_padding="SAME", fc_width=16, fc6_kernel=3
            )
            start = tf.global_variables_initializer()
        net.run(start)
        picture = np.random.default_rng(0).normal(size=(1, 64, 96, 3))
        still = [net.run(scores, {images: picture}) for _ in range(2)]
        moving = [net.run(scores, {images: picture, training: True}) for _ in range(2)]
    assert still[0].shape == (1, 2, 3, 5)
    assert np.array_equal(*still)
    assert not np.allclose(*moving)


@pytest.mark.parametrize(("side", "ours", "slims"), [(224, 7, 7), (225, 8, 7), (500, 16, 15)])
def test_an_odd_side_is_rounded_up_here_and_down_by_slim(side, ours, slims):
    with GraphSession() as net, net.build():
        images = tf.placeholder(tf.float32, (1, side, side, 3))
        assert vgg16.convolutions(images)["pool5"].shape[1] == ours
        for _ in range(5):
            images = slim.max_pool2d(images, [2, 2])
        assert images.shape[1] == slims


def test_a_standardised_map_has_mean_0_and_less_variance_where_it_hardly_varies():
    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(size=(1, 12, 17, 5)), 0) * [1, 10, 0.5, 3, 0] + [0, 0, 7, 0, 2]
    with GraphSession() as net:
        with net.build():
            images = tf.placeholder(tf.float32, (1, None, None, 5))
            standardised = standardise(images)
        found = net.run(standardised, {images: values})
    assert found.mean(axis=(0, 1, 2)) == pytest.approx(np.zeros(5), abs=1e-5)
    variance = values.var(axis=(0, 1, 2))
    assert found.var(axis=(0, 1, 2)) == pytest.approx(
        variance / (variance + variance.mean()), abs=1e-4
    )
    assert found.var(axis=(0, 1, 2))[1] > 0.7
    assert found.var(axis=(0, 1, 2))[2] < 0.1
    assert not found[..., 4].any()  # a silent channel stays silent
