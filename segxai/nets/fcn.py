"""Fully convolutional networks for segmentation: an encoder, score heads, skips, upsampling.

Source: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation",
section 4.2.
"""

from . import efficientnet_lite, vgg16
from .graph import Tensor, slim, tf
from .upsampling import bilinear_upsample

SCOPE = "fcn"


def efficientnet_features(images: Tensor) -> dict[int, Tensor]:
    """Build the encoder EfficientNet-Lite0.

    Parameters
    ----------
    images : (1, H, W, 3) tensor
        RGB values 0..255.

    Returns
    -------
    features : dict of int to (1, h, w, C) tensor
        The last feature map at strides 8, 16 and 32, scaled.
    """
    _, ends = efficientnet_lite.efficientnet_lite0(images, num_classes=None)
    return {stride: scale(ends[f"stride_{stride}"]) for stride in (32, 16, 8)}


def vgg16_features(
    images: Tensor, is_training: bool | Tensor, fc_width: int, fc6_kernel: int
) -> dict[int, Tensor]:
    """Build the encoder VGG16.

    Parameters
    ----------
    images : (1, H, W, 3) tensor
        RGB values 0..255.
    is_training : bool or tensor
        Whether dropout is on.
    fc_width, fc6_kernel : int
        See `vgg16.vgg16`; without fully connected layers if `fc_width` is 0.

    Returns
    -------
    features : dict of int to (1, h, w, C) tensor
        At strides 8, 16 and 32 pool3, pool4 and the convolutional fc7, scaled, as published. If
        `fc_width` is 0, the last maps of the convolutions instead, each channel standardised.
    """
    if not fc_width:
        ends = vgg16.convolutions(images)
        names, normalise = ("stride_8", "stride_16", "pool5"), standardise
    else:
        _, ends = vgg16.vgg16(
            images,
            num_classes=None,
            is_training=is_training,
            fc_conv_padding="SAME",
            fc_width=fc_width,
            fc6_kernel=fc6_kernel,
        )
        names, normalise = ("pool3", "pool4", "fc7"), scale
    return {stride: normalise(ends[name]) for stride, name in zip((8, 16, 32), names, strict=True)}


def scale(net: Tensor) -> Tensor:
    """Divide a feature map (1, h, w, C) by its root mean square.

    The magnitude of features differs by orders between encoders and between stages (Long et al.
    scale pool4 by 1/100 and pool3 by 1/10000). This scaling works for all of them.
    """
    return net / tf.stop_gradient(tf.sqrt(tf.reduce_mean(tf.square(net)) + 1e-6))


def standardise(net: Tensor) -> Tensor:
    """Give each channel of a feature map (1, h, w, C) mean 0 over the photograph, variance below 1.

    After a ReLU no feature is negative, so the first steps of a score head would shift the scores
    of the whole photograph together. With centred features they distinguish positions from the
    first step on. The mean variance of all channels is added to each one's, so that channels that
    hardly vary, of which a network has many, count little: otherwise the first steps, in which
    Adam moves all weights alike, overshoot.

    References
    ----------
    Ulyanov, Vedaldi, Lempitsky 2016, "Instance Normalization", equation 4 (Ioffe and Szegedy 2015
    for one image).
    """
    mean, variance = tf.nn.moments(net, [1, 2], keepdims=True)
    return (net - mean) / tf.sqrt(variance + tf.reduce_mean(variance) + 1e-6)


def fcn_scores(features: dict[int, Tensor], num_classes: int, stride: int) -> Tensor:
    """Score the classes of each pixel.

    Stride 32 upsamples the coarsest scores only; strides 16 and 8 first add the scores of finer
    maps. All score heads are initialised to zero, so initially all classes are equally likely and a
    skip has no effect until it is trained.

    Parameters
    ----------
    features : dict of int to (N, h, w, C) tensor
        The feature maps at strides 8, 16 and 32.
    num_classes : int
    stride : int
        32, 16 or 8.

    Returns
    -------
    scores : (N, 32 h, 32 w, num_classes) tensor
        At the size of the padded image; h and w are those of stride 32.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation", section 4.2.
    """
    with tf.variable_scope(SCOPE):
        scores = _score(features[32], num_classes, "score_32")
        for finer in (16, 8):
            if stride <= finer:
                scores = bilinear_upsample(scores, 2, num_classes, f"upsample_{finer}")
                scores += _score(features[finer], num_classes, f"score_{finer}")
        return bilinear_upsample(scores, stride, num_classes, "upsample")


def _score(net, num_classes, scope):
    return slim.conv2d(
        net,
        num_classes,
        [1, 1],
        activation_fn=None,
        weights_initializer=tf.zeros_initializer(),
        biases_initializer=tf.zeros_initializer(),
        scope=scope,
    )
