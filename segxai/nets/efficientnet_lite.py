"""EfficientNet-Lite0 as a tf-slim graph, with batch normalisation folded into the convolutions.

Source: Tan and Le 2019, "EfficientNet", table 1, with the changes of the Lite variant: no
squeeze-and-excitation, ReLU6 instead of swish, and an unscaled stem and head.
"""

from .graph import Tensor, slim, tf

INPUT_SIZE = 224
SCOPE = "efficientnet_lite0"
# Receptive field of position i of "stride_4" along one axis of an even-sized input: pixels 4 i - 6
# to 4 i + 12. It results from 3 x 3 convolutions of strides 2, 1, 2 and 1; at stride 2, SAME
# padding adds pixels only at the end of an axis of even size.
STRIDE_4_WINDOW = (-6, 12)

# Kernel, stride, expansion, input channels, output channels.
BLOCKS = (
    (3, 1, 1, 32, 16),
    (3, 2, 6, 16, 24), (3, 1, 6, 24, 24),
    (5, 2, 6, 24, 40), (5, 1, 6, 40, 40),
    (3, 2, 6, 40, 80), (3, 1, 6, 80, 80), (3, 1, 6, 80, 80),
    (5, 1, 6, 80, 112), (5, 1, 6, 112, 112), (5, 1, 6, 112, 112),
    (5, 2, 6, 112, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192),
    (3, 1, 6, 192, 320),
)  # fmt: skip


def efficientnet_lite0(
    images: Tensor, num_classes: int | None = 1000
) -> tuple[Tensor, dict[str, Tensor]]:
    """Build the network.

    Parameters
    ----------
    images : (N, H, W, 3) tensor
        RGB values 0..255, with sides of at least 32 pixels.
    num_classes : int or None
        None leaves out everything after the last feature map.

    Returns
    -------
    logits : (N, num_classes) tensor, or None
    end_points : dict of str to tensor
        "stride_2" ... "stride_32", the last feature map at each stride, and "head", the 1280
        channels before pooling.

    References
    ----------
    Tan and Le 2019, "EfficientNet", table 1.
    """
    end_points = {}
    with (
        tf.variable_scope(SCOPE),
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            padding="SAME",
            activation_fn=tf.nn.relu6,
            normalizer_fn=None,
        ),
    ):
        # Scaled as in its training.
        net = slim.conv2d((images - 127.0) / 128.0, 32, 3, stride=2, scope="stem")
        stride = 2
        for index, (kernel, step, expansion, _, channels) in enumerate(BLOCKS):
            if step == 2:
                end_points[f"stride_{stride}"] = net
                stride *= 2
            net = _inverted_residual(net, kernel, step, expansion, channels, scope=f"block_{index}")
        end_points[f"stride_{stride}"] = net
        if num_classes is None:
            return None, end_points
        net = slim.conv2d(net, 1280, 1, scope="head")
        end_points["head"] = net
        net = tf.reduce_mean(net, axis=[1, 2])
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")
    return logits, end_points


def _inverted_residual(net, kernel, stride, expansion, channels, scope):
    # Expansion, depthwise convolution and projection.
    # Source: Sandler et al. 2018, "MobileNetV2", section 3.3.
    shortcut = net
    with tf.variable_scope(scope):
        if expansion != 1:
            net = slim.conv2d(net, expansion * net.shape[-1], 1, scope="expand")
        # num_outputs=None omits the pointwise half of the separable convolution.
        net = slim.separable_conv2d(net, None, kernel, stride=stride, scope="depthwise")
        net = slim.conv2d(net, channels, 1, activation_fn=None, scope="project")
        return net + shortcut if stride == 1 and shortcut.shape[-1] == channels else net
