"""Bilinear upsampling by a transposed convolution, and its kernels.

Source: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation", section 3.3.
The kernels are plain NumPy; only `bilinear_upsample` needs TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import whole_number

if TYPE_CHECKING:
    from .graph import Tensor


def get_kernel_size(factor: int) -> int:
    """The side of the bilinear kernel that upsamples by the integer `factor`: 2 factor - factor % 2.

    Raises SegxaiValueError unless the factor is a whole number of at least 1.

    >>> get_kernel_size(2), get_kernel_size(3)
    (4, 5)
    """
    whole_number("An upsampling factor", factor, 1)
    return int(2 * factor - factor % 2)


def upsample_filt(size: int) -> np.ndarray:
    """A 2-D bilinear kernel for upsampling by (size + 1) // 2.

    Returns a (size, size) float64 array that decreases linearly from its centre; for an odd size its peak is 1.
    Raises SegxaiValueError unless the size is a whole number of at least 1.

    >>> upsample_filt(3)
    array([[0.25, 0.5 , 0.25],
           [0.5 , 1.  , 0.5 ],
           [0.25, 0.5 , 0.25]])
    """
    whole_number("A kernel size", size, 1)
    factor = (size + 1) // 2
    # The centre of an even kernel lies between two pixels.
    centre = factor - 1 if size % 2 == 1 else factor - 0.5
    slope = 1 - np.abs(np.arange(size) - centre) / factor
    return slope[:, None] * slope[None, :]


def bilinear_upsample_weights(factor: int, number_of_classes: int) -> np.ndarray:
    """The weights of a transposed convolution that upsamples each class separately by `factor`.

    Returns (k, k, C, C) float32 with k = get_kernel_size(factor): the bilinear kernel where the input and the output class
    are the same, zero elsewhere. Raises SegxaiValueError unless both arguments are whole numbers of at least 1.

    >>> bilinear_upsample_weights(2, 3).shape
    (4, 4, 3, 3)
    """
    whole_number("number_of_classes", number_of_classes, 1)
    size = get_kernel_size(factor)
    weights = np.zeros((size, size, number_of_classes, number_of_classes), np.float32)
    diagonal = np.arange(number_of_classes)
    weights[:, :, diagonal, diagonal] = upsample_filt(size)[:, :, None]
    return weights


def bilinear_upsample(
    net: Tensor, factor: int, number_of_classes: int, name: str = "upsample"
) -> Tensor:
    """Upsample a feature map (N, h, w, C) to (N, factor h, factor w, C) by a transposed convolution with fixed weights.

    This is bilinear interpolation; at the border the outermost values are repeated, where a plain transposed convolution
    would fade to zero.
    """
    from .graph import tf

    with tf.name_scope(name):
        weights = tf.constant(bilinear_upsample_weights(factor, number_of_classes))
        padded = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        shape = tf.shape(padded)
        size = tf.stack([shape[0], shape[1] * factor, shape[2] * factor, number_of_classes])
        upsampled = tf.nn.conv2d_transpose(
            padded, weights, size, strides=[1, factor, factor, 1], padding="SAME"
        )
        return upsampled[:, factor:-factor, factor:-factor, :]
