"""Contours of things: how likely each pixel of a photograph lies on the outline of an object or of one of its parts.

The network is HED on VGG16's convolutions (`nets.contours`), the weights are trained on outlines that people drew (BSDS500).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from ..errors import SegxaiError, SegxaiFileError
from ..images import as_image, resize
from ..progress import track
from ..weights import assign_weights
from ..weights.contours import contours_path, contours_weights
from ..weights.loaded import loaded

WORKING_SIDE = 512  # pixels, the longest side that the network is given; its memory grows with the area
WITHOUT_WEIGHTS = "These segmenters need no weights: grid, slic, felzenszwalb, quickshift, watershed, chan_vese."
KEPT = 4  # photographs whose maps are kept, 6 MB each

_maps: OrderedDict[bytes, np.ndarray] = OrderedDict()
_one_at_a_time = threading.Lock()  # two runs at once would need twice the memory


def contours(image) -> np.ndarray:
    """Contour strength as a (H, W) float32 array in 0..1, at the photograph's own size.

    A photograph with a side longer than 512 pixels is reduced for the network, and the map enlarged. A smaller one is
    taken as it is; 481 pixels are the size that the network was trained at. (Enlarged to twice its size, one of 64 to 320
    pixels would agree with people's outlines a little better: correlation .61 rather than .58.)
    The maps of the last few photographs are kept. Where the weights are missing they are fetched.
    Source: Xie and Tu 2015, "Holistically-Nested Edge Detection".
    """
    image = as_image(image)
    return resize(_working_maps(image)[..., :1], image.shape[:2])[..., 0]


def side_outputs(image) -> tuple[np.ndarray, ...]:
    """The five side outputs that `contours` fuses, each (H, W) float32 in 0..1: from fine (conv1_2) to coarse (conv5_3)."""
    image = as_image(image)
    return tuple(np.moveaxis(resize(_working_maps(image)[..., 1:], image.shape[:2]), -1, 0))


def _working_maps(image) -> np.ndarray:
    """(h, w, 6) float32 at the working size: the fused contours and the five side outputs."""
    scale = min(1, WORKING_SIDE / max(image.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    copy = resize(image, (height, width))
    key = hashlib.sha256(copy.tobytes() + repr(copy.shape).encode()).digest()
    with _one_at_a_time:
        if key not in _maps:
            _maps[key] = _run(copy)
            while len(_maps) > KEPT:
                _maps.popitem(last=False)
        _maps.move_to_end(key)
        return _maps[key]


def _run(copy) -> np.ndarray:
    network = loaded("hed", _Network)
    with track(len(network.stages), "computing contours") as advance:
        # A stage at a time, for the bar: on one thread the whole takes seconds.
        feed, scores = {network.images: copy[None]}, {}
        for score, pool in network.stages:
            scores[score], pooled = network.net.run([score, pool], feed)
            feed = {pool: pooled}
            advance(1)
        return network.net.run(network.maps, {network.images: copy[None], **scores})[0]


class _Network:
    """HED for one photograph of any size: (1, h, w, 3) to maps (1, h, w, 6), as a whole or stage by stage."""

    def __init__(self):
        from ..nets import contours as network
        from ..nets.graph import GraphSession, tf

        try:
            path = contours_path()
        except SegxaiError as error:
            raise SegxaiFileError(f"{error} {WITHOUT_WEIGHTS}") from error
        weights = contours_weights(path)
        self.net = GraphSession()
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
            fused, sides, ends = network.hed(network.preprocess(self.images))
            self.maps = tf.sigmoid(tf.concat([fused, *sides], axis=-1))
        self.stages = [(ends[f"score_{stage}"], ends[f"pool{stage}"]) for stage in range(1, len(sides) + 1)]
        assign_weights(self.net, weights)

    @property
    def nbytes(self) -> int:
        return self.net.nbytes

    @property
    def closed(self) -> bool:
        return self.net.closed

    def close(self) -> None:
        self.net.close()
