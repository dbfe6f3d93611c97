"""Contours of a photograph.

The network is HED on VGG16's convolutions (`nets.contours`), trained on outlines drawn by
people (BSDS500).
"""

import hashlib
import threading

import numpy as np

from ..errors import SegxaiError, SegxaiFileError
from ..images import ImageLike, as_image, reduced_size, resize
from ..progress import Progress, showing, track
from ..weights import assign_weights
from ..weights.loaded import loaded, recent
from ..weights.published import contours_weights

# Pixels, the longest side of the network's input; its memory grows with the area.
WORKING_SIDE = 512
WITHOUT_WEIGHTS = (
    "These segmenters need no weights: grid, slic, felzenszwalb, quickshift, watershed, chan_vese."
)
KEPT = 4  # number of photographs whose maps are cached, 6 MB each

_maps: dict[bytes, np.ndarray] = {}  # the most recently used one last
_one_at_a_time = threading.Lock()  # two runs at once would need twice the memory


def contours(image: ImageLike, *, progress: Progress = None) -> np.ndarray:
    """Find how likely each pixel is to lie on the outline of an object or one of its parts.

    A photograph with a side of more than 512 pixels is reduced for the network, and the map is
    enlarged. Smaller ones are not resized; the network was trained at 481 pixels. (Enlarging
    photographs of 64 to 320 pixels to twice their size would improve the correlation with outlines
    drawn by people only from 0.58 to 0.61.) The maps of the last few photographs are cached.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    progress : bool or callable, optional
        See `segxai.progress.track`.

    Returns
    -------
    strength : (H, W) array of float32
        Contour strength, 0 to 1, at the photograph's size.

    Raises
    ------
    SegxaiError
        If the weights are missing and cannot be downloaded.

    References
    ----------
    Xie and Tu 2015, "Holistically-Nested Edge Detection".
    """
    return _maps_of(image, np.s_[:1], progress=progress)[..., 0]


def side_outputs(image: ImageLike, *, progress: Progress = None) -> tuple[np.ndarray, ...]:
    """Compute the five side outputs that `contours` fuses.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph.
    progress : bool or callable, optional
        See `segxai.progress.track`.

    Returns
    -------
    maps : tuple of 5 (H, W) arrays of float32
        Contour strength, 0 to 1, from fine (conv1_2) to coarse (conv5_3).

    Raises
    ------
    SegxaiError
        As for `contours`.
    """
    return tuple(np.moveaxis(_maps_of(image, np.s_[1:], progress=progress), -1, 0))


def content_key(image: np.ndarray) -> bytes:
    """Return a key for what is kept of an image; equal for images with equal pixels."""
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).digest()


def _maps_of(image, channels, *, progress) -> np.ndarray:
    """(H, W, C) float32, of the photograph's size, some of the maps that `_run` computes."""
    image = as_image(image)
    copy = resize(image, reduced_size(image.shape[:2], WORKING_SIDE))
    with showing(progress), _one_at_a_time:
        maps = recent(_maps, content_key(copy), KEPT, lambda: _run(copy))
    return resize(maps[..., channels], image.shape[:2])


def _run(copy) -> np.ndarray:
    """(h, w, 6) float32 at the working size: the fused contours and the five side outputs."""
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
    """HED for one photograph of any size: (1, h, w, 3) to (1, h, w, 6), as a whole or by stages.

    Returned are the graph, its two ends, and the score and the pool of each stage.
    """
    from ..nets import contours as network
    from ..nets.graph import GraphSession, tf

    try:
        weights = contours_weights()
    except SegxaiError as error:
        raise SegxaiFileError(f"{error} {WITHOUT_WEIGHTS}") from error
    net = GraphSession()
    with net.build():
        images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
        fused, sides, ends = network.hed(images)
        maps = tf.sigmoid(tf.concat([fused, *sides], axis=-1))
    assign_weights(net, weights)
    stages = [(ends[f"score_{stage}"], ends[f"pool{stage}"]) for stage in range(1, len(sides) + 1)]
    return net, images, maps, stages
