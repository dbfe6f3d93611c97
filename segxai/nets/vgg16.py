"""VGG16 as a fully convolutional tf-slim graph, with the variable names of the slim checkpoint.

Sources: Simonyan and Zisserman 2015, "Very Deep Convolutional Networks", configuration D; Long et
al. 2015, "Fully Convolutional Networks", section 3.1, for fully connected layers as convolutions.

The pools are padded ("SAME"), whereas those of slim's own `vgg_16` are not ("VALID"). A padded pool
rounds an odd side up, an unpadded one rounds it down, and both halve an even one: the classifier's
224 pixels become 7 either way, but 225 become 8 here and 7 in slim. Rounding up leaves no border
pixel without a score: a map of stride s covers the whole photograph, and upsampling by s and
cropping restores its size. slim's map can fall short by up to 31 pixels.
"""

import contextlib

from .graph import Tensor, slim, tf

SCOPE = "vgg_16"
INPUT_SIZE = 224
MEAN_RGB = (123.68, 116.779, 103.939)  # over ImageNet
STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # number of convolutions, channels


def convolutions(images: Tensor, mean: tuple[float, float, float] = MEAN_RGB) -> dict[str, Tensor]:
    """Build only the thirteen convolutions.

    Parameters
    ----------
    images : (N, H, W, 3) tensor
        RGB values 0..255.
    mean : tuple of float
        The mean colour of the photographs in training, which is subtracted.

    Returns
    -------
    end_points : dict of str to tensor
        "stride_1" ... "stride_16", the last convolution at each stride, and "pool1" ... "pool5".
    """
    net = images - tf.constant(mean)
    end_points = {}
    with _scope():
        for stage, (repeats, channels) in enumerate(STAGES, start=1):
            net = slim.repeat(net, repeats, slim.conv2d, channels, [3, 3], scope=f"conv{stage}")
            end_points[f"stride_{2 ** (stage - 1)}"] = net
            net = slim.max_pool2d(net, [2, 2], padding="SAME", scope=f"pool{stage}")
            end_points[f"pool{stage}"] = net
    return end_points


def vgg16(
    images: Tensor,
    num_classes: int | None = 1000,
    *,
    is_training: bool | Tensor = False,
    fc_conv_padding: str = "VALID",
    fc_width: int = 4096,
    fc6_kernel: int = 7,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Build the network.

    Parameters
    ----------
    images : (N, H, W, 3) tensor
        RGB values 0..255.
    num_classes : int or None
        None leaves out fc8, the scores.
    is_training : bool or boolean tensor
        Enables dropout (rate 0.5, on fc6 and fc7).
    fc_conv_padding : str
        "VALID" gives a single score for a 224 x 224 image, like the classifier; "SAME" gives a map
        of stride 32.
    fc_width, fc6_kernel : int
        The number of channels of fc6 and fc7, and fc6's kernel size; reduce them on machines with
        little memory, because fc6 has 103 of VGG16's 138 million weights. Chen et al. 2015
        (DeepLab-LargeFOV, section 4.1) use 1024 channels and a 3 x 3 kernel.

    Returns
    -------
    scores : (N, h, w, num_classes) tensor, or None
    end_points : dict of str to tensor
        Those of `convolutions`, "fc6", and "fc7" after dropout.

    References
    ----------
    Simonyan and Zisserman 2015, "Very Deep Convolutional Networks", configuration D.
    """
    end_points = convolutions(images)
    with _scope():
        net = slim.conv2d(
            end_points["pool5"], fc_width, fc6_kernel, padding=fc_conv_padding, scope="fc6"
        )
        end_points["fc6"] = net
        net = _dropout(net, is_training, "dropout6")
        net = slim.conv2d(net, fc_width, [1, 1], scope="fc7")
        net = _dropout(net, is_training, "dropout7")
        end_points["fc7"] = net
        if num_classes is None:
            return None, end_points
        scores = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, scope="fc8")
    return scores, end_points


@contextlib.contextmanager
def _scope():
    with (
        tf.variable_scope(SCOPE),
        slim.arg_scope(
            [slim.conv2d],
            activation_fn=tf.nn.relu,
            weights_initializer=tf.initializers.he_normal(),
            biases_initializer=tf.zeros_initializer(),
            padding="SAME",
        ),
    ):
        yield


def _dropout(net, is_training, name):
    # The rate is a tensor, because gradients do not flow through the conditional branch of
    # slim.dropout.
    return tf.nn.dropout(net, rate=0.5 * tf.cast(is_training, tf.float32), name=name)
