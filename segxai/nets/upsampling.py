"""Bilinear upsampling by a transposed convolution, and its kernels.

Source: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation",
section 3.3.
The kernels are plain NumPy; only `bilinear_upsample` needs TensorFlow.
"""

from typing import Any

import numpy as np

from ..errors import whole_number


def get_kernel_size(factor: int) -> int:
    """Return the side of the bilinear kernel that upsamples by `factor`: 2 factor - factor % 2.

    Parameters
    ----------
    factor : int
        At least 1.

    Returns
    -------
    size : int
        In pixels.

    Raises
    ------
    SegxaiValueError
        If the factor is not a whole number of at least 1.

    Examples
    --------
    >>> get_kernel_size(2), get_kernel_size(3)
    (4, 5)
    """
    whole_number("An upsampling factor", factor, 1)
    return int(2 * factor - factor % 2)


def upsample_filt(size: int) -> np.ndarray:
    """Return a 2-D bilinear kernel for upsampling by ``(size + 1) // 2``.

    Parameters
    ----------
    size : int
        Side of the kernel in pixels, at least 1.

    Returns
    -------
    kernel : (size, size) ndarray of float64
        Falls off linearly from its centre; for an odd size its peak is 1.

    Raises
    ------
    SegxaiValueError
        If the size is not a whole number of at least 1.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks", section 3.3.

    Examples
    --------
    >>> upsample_filt(3)
    array([[0.25, 0.5 , 0.25],
           [0.5 , 1.  , 0.5 ],
           [0.25, 0.5 , 0.25]])
    """
    whole_number("A kernel size", size, 1)
    factor = (size + 1) // 2
    # The centre of an even kernel lies between two pixels.
    slope = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
    return slope[:, None] * slope[None, :]


def bilinear_upsample_weights(factor: int, number_of_classes: int) -> np.ndarray:
    """Return the weights of a transposed convolution that upsamples each class separately.

    Parameters
    ----------
    factor : int
        Of the upsampling, at least 1.
    number_of_classes : int
        C, at least 1.

    Returns
    -------
    weights : (k, k, C, C) ndarray of float32
        With ``k = get_kernel_size(factor)``: the bilinear kernel where the input and the output
        class are the same, zero elsewhere.

    Raises
    ------
    SegxaiValueError
        If an argument is not a whole number of at least 1.

    Examples
    --------
    >>> bilinear_upsample_weights(2, 3).shape
    (4, 4, 3, 3)
    """
    whole_number("number_of_classes", number_of_classes, 1)
    kernel = upsample_filt(get_kernel_size(factor)).astype(np.float32)
    return kernel[:, :, None, None] * np.eye(number_of_classes, dtype=np.float32)


def bilinear_upsample(net: Any, factor: int, number_of_classes: int, name: str = "upsample") -> Any:
    """Upsample each class of a feature map by a transposed convolution with a fixed kernel.

    This is bilinear interpolation; at the border the outermost values are repeated, where a plain
    transposed convolution would fade to zero.

    Parameters
    ----------
    net : (N, h, w, C) tensor
    factor : int
    number_of_classes : int
        C.
    name : str
        Of the operations.

    Returns
    -------
    upsampled : (N, factor h, factor w, C) tensor
    """
    from .graph import tf

    # The diagonal of `bilinear_upsample_weights`, all that is not zero between classes: as a full
    # convolution it grows with the square of their number. (Not each class as an image of its own,
    # for whose gradient oneDNN wants 54 GB on some processors.)
    kernel = upsample_filt(get_kernel_size(factor)).astype(np.float32)[:, :, None, None]
    with tf.name_scope(name):
        padded = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        number, height, width, _ = tf.unstack(tf.shape(padded))
        larger = tf.nn.depthwise_conv2d_backprop_input(
            [number, factor * height, factor * width, number_of_classes],
            tf.tile(kernel, [1, 1, number_of_classes, 1]),
            padded,
            strides=[1, factor, factor, 1],
            padding="SAME",
        )
        return larger[:, factor:-factor, factor:-factor, :]
