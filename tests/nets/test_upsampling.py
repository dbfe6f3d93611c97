"""Oracles: kernels worked out by hand; scikit-image's and SciPy's linear interpolation."""

import numpy as np
import pytest
from scipy.ndimage import zoom
from skimage.transform import rescale

from segxai import SegxaiError, bilinear_upsample_weights, get_kernel_size, upsample_filt
from segxai.nets.graph import GraphSession, tf
from segxai.nets.upsampling import bilinear_upsample


@pytest.mark.parametrize(
    ("factor", "size"), [(1, 1), (2, 4), (3, 5), (4, 8), (8, 16), (16, 32), (32, 64)]
)
def test_kernel_sizes(factor, size):
    assert get_kernel_size(factor) == size


def test_kernels_by_hand():
    two = np.array([1, 3, 3, 1]) / 4
    three = np.array([1, 2, 3, 2, 1]) / 3
    assert np.allclose(upsample_filt(4), np.outer(two, two))
    assert np.allclose(upsample_filt(5), np.outer(three, three))
    assert upsample_filt(5).max() == 1


def test_weights_are_zero_between_classes():
    weights = bilinear_upsample_weights(3, 4)
    assert weights.shape == (5, 5, 4, 4)
    assert weights.dtype == np.float32
    for i in range(4):
        for j in range(4):
            assert np.allclose(weights[:, :, i, j], upsample_filt(5) if i == j else 0)


def upsampled(values, factor, plain=False):
    with GraphSession() as net:
        with net.build():
            images = tf.placeholder(tf.float32, values.shape)
            classes = values.shape[-1]
            if plain:
                height, width = values.shape[1] * factor, values.shape[2] * factor
                weights = bilinear_upsample_weights(factor, classes)
                result = tf.nn.conv2d_transpose(
                    images,
                    weights,
                    (len(values), height, width, classes),
                    [1, factor, factor, 1],
                    "SAME",
                )
            else:
                result = bilinear_upsample(images, factor, classes)
        return net.run(result, {images: values})


@pytest.mark.parametrize("factor", [2, 3, 4, 8, 16])
@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("plain", [True, False])
def test_upsampling_equals_linear_interpolation(factor, classes, plain):
    values = np.random.default_rng(factor).normal(size=(1, 6, 5, classes)).astype(np.float32)
    found = upsampled(values, factor, plain)[0]
    expected = rescale(
        values[0], factor, order=1, mode="edge", channel_axis=-1, anti_aliasing=False
    )
    inner = (
        (slice(factor, -factor),) * 2 if plain else (slice(None),) * 2
    )  # ours is right at the border, too
    assert found.shape == expected.shape
    assert np.allclose(found[inner], expected[inner], atol=1e-5)
    scipys = zoom(values[0], (factor, factor, 1), order=1, mode="nearest", grid_mode=True)
    assert np.allclose(found[inner], scipys[inner], atol=1e-5)


def test_each_class_by_itself_equals_the_kernel_of_all_classes():
    """Inside, where neither the border is padded nor the plain convolution fades."""
    for factor, classes in ((2, 3), (3, 2), (8, 5), (32, 2)):
        values = np.random.default_rng(factor).normal(size=(2, 4, 5, classes)).astype(np.float32)
        inner = (slice(None), slice(factor, -factor), slice(factor, -factor))
        found, expected = (upsampled(values, factor, plain)[inner] for plain in (False, True))
        assert np.abs(found - expected).max() <= 1e-6


def test_no_constant_of_the_graph_grows_with_the_square_of_the_classes():
    sizes = []
    for classes in (2, 200):
        with GraphSession() as net, net.build():
            bilinear_upsample(tf.placeholder(tf.float32, (1, None, None, classes)), 8, classes)
            sizes.append(len(net.graph.as_graph_def().SerializeToString()))
    assert sizes[1] < sizes[0] + 100


@pytest.mark.parametrize("bad", [0, -1, 1.5, "2", True, None])
def test_factors_and_sizes_that_cannot_be(bad):
    for function in (get_kernel_size, upsample_filt, lambda n: bilinear_upsample_weights(2, n)):
        with pytest.raises(SegxaiError):
            function(bad)


def test_a_gradient_of_the_largest_factor_takes_no_more_memory_than_the_picture():
    """The scores of a photograph at stride 32, whose gradient the fit of one photograph needs."""
    values = np.random.default_rng(0).normal(size=(1, 21, 32, 3)).astype(np.float32)
    with GraphSession() as net:
        with net.build():
            scores = tf.placeholder(tf.float32, values.shape)
            slope = tf.gradients(bilinear_upsample(scores, 32, 3), scores)[0]
        found = net.run(slope, {scores: values})
    assert np.allclose(found, 32 * 32, rtol=1e-5)  # every score is shared out whole
