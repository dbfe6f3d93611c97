"""DeepLabv3 trained on PASCAL VOC: regions named by its 20 classes (person, cat, bottle ...) and background.

Sources: Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation"; Everingham et al. 2010 for
the classes. `python -m segxai fetch deeplab` downloads the model (2 MB, Apache-2.0).
"""

from __future__ import annotations

import threading
from importlib.util import find_spec

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError
from ..images import resize
from ..regions import Evidence, Regions
from ..weights.downloads import cached, usable
from ..weights.loaded import loaded
from .classes import regions_of_classes
from .segmenter import Segmenter

PASCAL_CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip
_ONE_AT_A_TIME = threading.Lock()  # the interpreter stores its input, so it is not thread-safe
SMALLEST = 0.003  # share of the image; smaller classes are treated as noise


def pascal(image: np.ndarray, objects: bool = False) -> Regions:
    """Regions named by PASCAL VOC class.

    objects: whether to split each class into its connected pieces ("person 1", "person 2"); otherwise the pieces are its parts,
    for `expand`. Pixels of no class are "background", which `segment(image, "pascal+deep")` divides further.
    Raises SegxaiFileError if the model was not fetched.
    """
    classes = pascal_classes(image)
    regions = regions_of_classes(classes, PASCAL_CLASSES, "pascal", Evidence("DeepLab"))
    if objects:
        for name in regions.names:
            if name != "background" and name in regions.expandable():
                regions = regions.expand(name)
    return regions


def why_unavailable() -> str:
    """What this segmenter needs but is missing, or ""."""
    if cached("deeplab") is None:
        return "needs python -m segxai fetch deeplab"
    return "" if find_spec("ai_edge_litert") else "needs pip install 'segxai[pascal]'"


def pascal_classes(image: np.ndarray) -> np.ndarray:
    """(H, W) PASCAL VOC class ids; classes smaller than SMALLEST of the image become background."""
    path = str(_model_path())
    interpreter = loaded(("deeplab", path), lambda: _interpreter(path))
    (entry,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    size = tuple(entry["shape"][1:3])
    picture = np.rint(resize(image, size)).astype(np.uint8)[None]
    with _ONE_AT_A_TIME:
        interpreter.set_tensor(entry["index"], picture)
        interpreter.invoke()
        found = interpreter.get_tensor(result["index"])[0].copy()
    classes = _enlarged(found, image.shape[:2])
    counts = np.bincount(classes.ravel(), minlength=len(PASCAL_CLASSES))
    return np.where(counts[classes] < SMALLEST * classes.size, 0, classes)


def _enlarged(classes, size) -> np.ndarray:
    """Resize a class map with smooth borders: each class is resized as a soft mask, and the largest value wins."""
    present = np.unique(classes)
    best, winner = np.zeros(size, np.float32), np.zeros(size, np.int64)
    for value in present:
        soft = resize((classes == value).astype(np.float32)[..., None], size)[..., 0]
        stronger = soft > best
        best[stronger], winner[stronger] = soft[stronger], value
    return winner


def _model_path():
    path = usable("deeplab")
    if path is None:
        raise SegxaiFileNotFoundError(
            "The segmenter 'pascal' needs a model that was not fetched yet: python -m segxai fetch deeplab (2 MB)"
        )
    return path


def _interpreter(path: str):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise SegxaiError("The segmenter 'pascal' needs ai-edge-litert: pip install 'segxai[pascal]'") from error
    from ..nets.graph import silent_stderr

    try:
        with silent_stderr():  # the interpreter prints its choice of back end
            interpreter = Interpreter(path, num_threads=2)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise SegxaiFileError(f"{path!r} is not a readable model ({error}); run: python -m segxai fetch deeplab") from error
    return interpreter


SEGMENTERS = (
    Segmenter(
        "pascal", pascal, "objects of 20 classes (DeepLabv3 on PASCAL VOC) and the background", why_unavailable=why_unavailable
    ),
)
