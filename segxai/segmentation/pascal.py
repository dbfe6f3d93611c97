"""DeepLabv3 trained on PASCAL VOC: regions named person, cat, bottle ...; 20 things and the background.

Sources: Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation"; Everingham et al. 2010 for
the classes. The model (2 MB, Apache-2.0) is fetched by `python -m segxai fetch deeplab`.
"""

from __future__ import annotations

import threading

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError
from ..images import resize
from ..regions import Regions
from ..weights.downloads import cached, usable
from ..weights.loaded import loaded
from .classes import regions_of_classes
from .segmenter import Segmenter

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip
_ONE_AT_A_TIME = threading.Lock()  # the interpreter holds the picture it works on
SMALLEST = 0.003  # share of the image; what is smaller is taken for noise


def pascal(image, objects: bool = False) -> Regions:
    """Regions named by PASCAL VOC class.

    objects: split each class into its connected pieces ("person 1", "person 2"); without it the pieces are its parts, for
    `expand`. What belongs to no class is "background"; `segment(image, "pascal+deep")` divides it further.
    Raises SegxaiFileError when the model was not fetched.
    """
    classes = pascal_classes(image)
    regions = regions_of_classes(classes, CLASSES, "pascal")
    if objects:
        for name in regions.names:
            if name != "background" and name in regions.expandable():
                regions = regions.expand(name)
    return regions


def why_unavailable() -> str:
    """What is missing for this segmenter, or ""."""
    from importlib.util import find_spec

    if cached("deeplab") is None:
        return "needs python -m segxai fetch deeplab"
    return "" if find_spec("ai_edge_litert") else "needs pip install 'segxai[pascal]'"


def pascal_classes(image) -> np.ndarray:
    """(H, W) PASCAL VOC class ids; specks smaller than SMALLEST of the image belong to the background."""
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
    counts = np.bincount(classes.ravel(), minlength=len(CLASSES))
    return np.where(counts[classes] < SMALLEST * classes.size, 0, classes)


def _enlarged(classes, size) -> np.ndarray:
    """A class map at another size: each class is resized as a soft mask and the strongest wins, so borders are smooth."""
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
            "The segmenter 'pascal' needs a model that was not fetched: python -m segxai fetch deeplab (2 MB)"
        )
    return path


def _interpreter(path: str):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise SegxaiError("The segmenter 'pascal' needs ai-edge-litert: pip install 'segxai[pascal]'") from error
    from ..nets.graph import silent_stderr

    try:
        with silent_stderr():  # it prints which of its back ends it takes
            interpreter = Interpreter(path, num_threads=2)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise SegxaiFileError(f"{path!r} is not a readable model ({error}); run: python -m segxai fetch deeplab") from error
    return interpreter


SEGMENTERS = (Segmenter("pascal", pascal, "DeepLabv3's 20 classes of things and the background", why_unavailable=why_unavailable),)
