"""EfficientNet-Lite0 as a tf-slim graph, with batch normalisation already folded into the convolutions.

Source: Tan and Le 2019, "EfficientNet", table 1, and the Lite variant's changes to it: no
squeeze-and-excitation, ReLU6 in place of swish, stem and head not scaled.
"""

from __future__ import annotations

from .graph import slim, tf

INPUT_SIZE = 224
NUM_CLASSES = 1000
SCOPE = "efficientnet_lite0"
# The pixels that the feature at position i of "stride_4" sees along one axis of an even-sized input: 4 i - 6 to 4 i + 12.
# Three convolutions of 3 at strides 2, 1, 2 and one of stride 1 after them; SAME padding of an even size pads only behind at stride 2.
STRIDE_4_WINDOW = (-6, 12)

# kernel, stride, expansion, input channels, output channels
BLOCKS = (
    (3, 1, 1, 32, 16),
    (3, 2, 6, 16, 24), (3, 1, 6, 24, 24),
    (5, 2, 6, 24, 40), (5, 1, 6, 40, 40),
    (3, 2, 6, 40, 80), (3, 1, 6, 80, 80), (3, 1, 6, 80, 80),
    (5, 1, 6, 80, 112), (5, 1, 6, 112, 112), (5, 1, 6, 112, 112),
    (5, 2, 6, 112, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192),
    (3, 1, 6, 192, 320),
)  # fmt: skip


def preprocess(images):
    """RGB values 0..255 to the range the network was trained on: (x - 127) / 128."""
    return (images - 127.0) / 128.0


def efficientnet_lite0(images, num_classes: int | None = NUM_CLASSES):
    """Image batch (N, H, W, 3), preprocessed, to logits and end points.

    Returns (logits, end_points): logits (N, num_classes), or None where num_classes is None; end_points
    maps "stride_2" ... "stride_32" to the last feature map at that stride, and "head" to the 1280
    channels before pooling. Any height and width >= 32.
    """
    end_points = {}
    with (
        tf.variable_scope(SCOPE),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], padding="SAME", activation_fn=tf.nn.relu6, normalizer_fn=None),
    ):
        net = slim.conv2d(images, 32, 3, stride=2, scope="stem")
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
    """Expand, filter each channel, project: Sandler et al. 2018, "MobileNetV2", section 3.3."""
    shortcut = net
    with tf.variable_scope(scope):
        if expansion != 1:
            net = slim.conv2d(net, expansion * net.shape[-1], 1, scope="expand")
        # num_outputs=None leaves out the pointwise half of the separable convolution.
        net = slim.separable_conv2d(net, None, kernel, stride=stride, scope="depthwise")
        net = slim.conv2d(net, channels, 1, activation_fn=None, scope="project")
        return net + shortcut if stride == 1 and shortcut.shape[-1] == channels else net
