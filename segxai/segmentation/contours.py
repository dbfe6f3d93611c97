"""Contour strength: how likely each pixel of a photograph lies on the outline of an object or one of its parts.

The network is HED on VGG16's convolutions (`nets.contours`), trained on outlines drawn by people (BSDS500).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from ..errors import SegxaiError, SegxaiFileError
from ..images import ImageLike, as_image, resize
from ..progress import Progress, showing, track
from ..weights import assign_weights
from ..weights.contours import contours_path, contours_weights
from ..weights.loaded import loaded

WORKING_SIDE = (
    512  # pixels, the longest side of the network's input; its memory grows with the area
)
WITHOUT_WEIGHTS = (
    "These segmenters need no weights: grid, slic, felzenszwalb, quickshift, watershed, chan_vese."
)
KEPT = 4  # number of photographs whose maps are cached, 6 MB each

_maps: OrderedDict[bytes, np.ndarray] = OrderedDict()
_one_at_a_time = threading.Lock()  # two runs at once would need twice the memory


def contours(image: ImageLike, *, progress: Progress = None) -> np.ndarray:
    """Contour strength, (H, W) float32 in 0..1, at the photograph's size.

    A photograph with a side of more than 512 pixels is reduced for the network, and the map is enlarged. Smaller ones are not
    resized; the network was trained at 481 pixels. (Enlarging photographs of 64 to 320 pixels to twice their size would improve
    the correlation with outlines drawn by people only from 0.58 to 0.61.)
    The maps of the last few photographs are cached. Missing weights are downloaded; raises SegxaiError if that fails.
    progress: see `segxai.progress.track`.
    Source: Xie and Tu 2015, "Holistically-Nested Edge Detection".
    """
    image = as_image(image)
    with showing(progress):
        return resize(_working_maps(image)[..., :1], image.shape[:2])[..., 0]


def side_outputs(image: ImageLike, *, progress: Progress = None) -> tuple[np.ndarray, ...]:
    """The five side outputs that `contours` fuses, each (H, W) float32 in 0..1, from fine (conv1_2) to coarse (conv5_3)."""
    image = as_image(image)
    with showing(progress):
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
    net, images, maps, stages = loaded("hed", _network)
    with track(len(stages), "computing contours") as advance:
        # One stage at a time for the progress bar, because the network takes seconds on one thread.
        feed, scores = {images: copy[None]}, {}
        for score, pool in stages:
            scores[score], pooled = net.run([score, pool], feed)
            feed = {pool: pooled}
            advance(1)
        return net.run(maps, {images: copy[None], **scores})[0]


def _network() -> tuple:
    """HED for one photograph of any size: (1, h, w, 3) images to (1, h, w, 6) maps, as a whole or stage by stage.

    Returned are the graph, its two ends, and the score and the pool of each stage.
    """
    from ..nets import contours as network
    from ..nets.graph import GraphSession, tf

    try:
        path = contours_path()
    except SegxaiError as error:
        raise SegxaiFileError(f"{error} {WITHOUT_WEIGHTS}") from error
    weights = contours_weights(path)
    net = GraphSession()
    with net.build():
        images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
        fused, sides, ends = network.hed(network.preprocess(images))
        maps = tf.sigmoid(tf.concat([fused, *sides], axis=-1))
    assign_weights(net, weights)
    stages = [(ends[f"score_{stage}"], ends[f"pool{stage}"]) for stage in range(1, len(sides) + 1)]
    return net, images, maps, stages
