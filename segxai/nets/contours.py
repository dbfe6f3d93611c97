"""Contours of things: a fully convolutional VGG16 with a score map after each of its five stages, in tf-slim.

Source: Xie and Tu 2015, "Holistically-Nested Edge Detection" (HED), section 3.
"""

from __future__ import annotations

from . import vgg16
from .graph import slim, tf
from .upsampling import bilinear_upsample

SCOPE = "hed"
MEAN_RGB = (122.67892, 116.66877, 104.00699)
STRIDES = (1, 2, 4, 8, 16)  # of the last convolution in each stage


def preprocess(images):
    """RGB values 0..255, less the mean colour that HED was trained with."""
    return images - tf.constant(MEAN_RGB)


def hed(images):
    """Image batch (N, H, W, 3), preprocessed, of any size, to contour logits.

    Returns (fused, sides, end_points): fused (N, H, W, 1), the side outputs of the five stages as a list of
    (N, H, W, 1), all before the sigmoid; end_points are those of `vgg16.convolutions` and "score_1" ... "score_5",
    the side outputs at their own stride.
    """
    end_points = vgg16.convolutions(images)
    with (
        tf.variable_scope(SCOPE),
        slim.arg_scope(
            [slim.conv2d],
            kernel_size=[1, 1],
            activation_fn=None,
            weights_initializer=tf.zeros_initializer(),
            biases_initializer=tf.zeros_initializer(),
        ),
    ):
        sides = []
        for stage, stride in enumerate(STRIDES, start=1):
            score = slim.conv2d(end_points[f"stride_{stride}"], 1, scope=f"score_{stage}")
            end_points[f"score_{stage}"] = score
            sides.append(_at_size_of(images, score, stride, f"side_{stage}"))
        fused = slim.conv2d(tf.concat(sides, axis=-1), 1, scope="fuse")
    return fused, sides, end_points


def _at_size_of(images, score, stride, name):
    if stride == 1:
        return score
    # SAME pools round up, so a side that is no multiple of the stride leaves up to stride - 1 pixels too many. The weights
    # were trained with the whole map squeezed to the input's size: cropping instead would move every value by .04 to .08.
    # Upsampled twice as finely as needed, the map is squeezed without a loss that counts (.001).
    upsampled = bilinear_upsample(score, 2 * stride, 1, name)
    return tf.image.resize_bilinear(upsampled, tf.shape(images)[1:3], half_pixel_centers=True, name=f"{name}_resized")
