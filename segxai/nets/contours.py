"""HED, a network for object contours, in tf-slim.

It is a fully convolutional VGG16 with a score head after each of its five stages.
Source: Xie and Tu 2015, "Holistically-Nested Edge Detection" (HED), section 3.
"""

from . import vgg16
from .graph import Tensor, slim, tf
from .upsampling import bilinear_upsample

SCOPE = "hed"
MEAN_RGB = (122.67892, 116.66877, 104.00699)  # over HED's training
STRIDES = (1, 2, 4, 8, 16)  # of the last convolution in each stage


def hed(images: Tensor) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
    """Build the network.

    Parameters
    ----------
    images : (N, H, W, 3) tensor
        RGB values 0..255, of any size.

    Returns
    -------
    fused : (N, H, W, 1) tensor
        The fused contour logits.
    sides : list of five (N, H, W, 1) tensors
        The logits of the stages.
    end_points : dict of str to tensor
        Those of `vgg16.convolutions`, and "score_1" ... "score_5", the score heads at their own
        stride.

    References
    ----------
    Xie and Tu 2015, "Holistically-Nested Edge Detection", section 3.
    """
    end_points = vgg16.convolutions(images, MEAN_RGB)
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
            side = slim.conv2d(end_points[f"stride_{stride}"], 1, scope=f"score_{stage}")
            end_points[f"score_{stage}"] = side
            if stride > 1:
                # SAME pooling rounds up, so for a side that is not a multiple of the stride the map
                # covers up to stride - 1 pixels too many. The weights were trained with the whole
                # map resized to the input; cropping instead would change values by 0.04 to 0.08.
                # Upsampling to twice the resolution first keeps the error of the resizing at 0.001.
                larger = bilinear_upsample(side, 2 * stride, 1, f"side_{stage}")
                side = tf.image.resize_bilinear(
                    larger,
                    tf.shape(images)[1:3],
                    half_pixel_centers=True,
                    name=f"side_{stage}_resized",
                )
            sides.append(side)
        fused = slim.conv2d(tf.concat(sides, axis=-1), 1, scope="fuse")
    return fused, sides, end_points
