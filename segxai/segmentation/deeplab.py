"""DeepLabv3 on MobileNetV2: regions named by the classes of PASCAL VOC or of ADE20K.

`python -m segxai fetch deeplab ade20k` downloads the two models (2 MB each, Apache-2.0).

References
----------
Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation".
"""

import threading
from importlib.util import find_spec

import numpy as np

from ..errors import SegxaiFileError, SegxaiFileNotFoundError, extra_module, quoted
from ..images import resize
from ..regions import Evidence, Regions
from ..weights.downloads import DOWNLOADS, cached, usable
from ..weights.loaded import loaded
from .compose import regions_of_classes
from .record import Segmenter

# The first class means none of the others.
PASCAL_CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa",
    "train", "tv",
)  # fmt: skip
# The data set's own names list synonyms ("earth, ground"); of these, the everyday one is chosen.
ADE20K_CLASSES = (
    "other",
    "wall", "building", "sky", "floor", "tree", "ceiling", "road", "bed", "window", "grass",
    "cabinet", "sidewalk", "person", "ground", "door", "table", "mountain", "plant", "curtain",
    "chair", "car", "water", "painting", "sofa", "shelf", "house", "sea", "mirror", "rug", "field",
    "armchair", "seat", "fence", "desk", "rock", "wardrobe", "lamp", "bathtub", "railing",
    "cushion", "pedestal", "box", "column", "signboard", "chest of drawers", "counter", "sand",
    "sink", "skyscraper", "fireplace", "refrigerator", "grandstand", "path", "stairs", "runway",
    "display case", "pool table", "pillow", "screen door", "stairway", "river", "bridge",
    "bookcase", "blind", "coffee table", "toilet", "flower", "book", "hill", "bench", "countertop",
    "stove", "palm tree", "kitchen island", "computer", "swivel chair", "boat", "bar",
    "arcade machine", "hut", "bus", "towel", "light", "truck", "tower", "chandelier", "awning",
    "streetlight", "booth", "television", "airplane", "dirt track", "clothes", "pole", "land",
    "banister", "escalator", "ottoman", "bottle", "sideboard", "poster", "stage", "van", "ship",
    "fountain", "conveyor belt", "canopy", "washing machine", "toy", "swimming pool", "stool",
    "barrel", "basket", "waterfall", "tent", "bag", "motorbike", "cradle", "oven", "ball", "food",
    "step", "storage tank", "trade name", "microwave", "pot", "animal", "bicycle", "lake",
    "dishwasher", "projection screen", "blanket", "sculpture", "exhaust hood", "sconce", "vase",
    "traffic light", "tray", "trash can", "fan", "pier", "crt screen", "plate", "monitor",
    "bulletin board", "shower", "radiator", "glass", "clock", "flag",
)  # fmt: skip
SMALLEST = 0.003  # share of the image; smaller classes are treated as noise
_MODELS = {"pascal": "deeplab", "ade20k": "ade20k"}  # of each segmenter its name in DOWNLOADS
_ONE_AT_A_TIME = threading.Lock()  # an interpreter stores its input, so it is not thread-safe


def pascal(image: np.ndarray) -> Regions:
    """Divide a photograph into regions named by PASCAL VOC's 20 classes.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
        The photograph.

    Returns
    -------
    regions : Regions
        The connected pieces of a class are the parts of its region, for `expand`. Pixels of no
        class are "background", which ``segment(image, "pascal+deep")`` divides further.

    Raises
    ------
    SegxaiFileError
        If the model was not fetched or is damaged.

    References
    ----------
    Everingham et al. 2010, "The PASCAL Visual Object Classes (VOC) Challenge".
    """
    return regions_of_classes(
        classify(image, "pascal"), PASCAL_CLASSES, "pascal", Evidence("semantic")
    )


def ade20k(image: np.ndarray) -> Regions:
    """Divide a photograph into regions named by ADE20K's 150 classes of things and surroundings.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
        The photograph.

    Returns
    -------
    regions : Regions
        Nearly every pixel has a class, because walls, sky and ground are classes too; what has
        none is "other".

    Raises
    ------
    SegxaiFileError
        As for `pascal`.

    References
    ----------
    Zhou et al. 2017, "Scene Parsing through ADE20K Dataset".
    """
    return regions_of_classes(
        classify(image, "ade20k"), ADE20K_CLASSES, "ade20k", Evidence("semantic")
    )


def why_unavailable(segmenter: str = "pascal") -> str:
    """Return what "pascal" or "ade20k" needs but is missing on this machine, or ""."""
    if cached(_MODELS[segmenter]) is None:
        return f"needs python -m segxai fetch {_MODELS[segmenter]}"
    return "" if find_spec("ai_edge_litert") else "needs pip install 'segxai[pascal]'"


def classify(image: np.ndarray, segmenter: str) -> np.ndarray:
    """(H, W) ids of "pascal"'s or "ade20k"'s classes; small classes give way, see SMALLEST."""
    path = usable(_MODELS[segmenter])
    if path is None:
        download = DOWNLOADS[_MODELS[segmenter]]
        raise SegxaiFileNotFoundError(
            f"The segmenter {segmenter!r} needs a model that has not been fetched yet: "
            f"python -m segxai fetch {_MODELS[segmenter]} ({download.size / 1e6:.0f} MB)"
        )
    interpreter = loaded(("deeplab", path), lambda: _interpreter(str(path), segmenter))
    (entry,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    picture = resize(image, tuple(entry["shape"][1:3]))
    picture = np.rint(picture) if entry["dtype"] == np.uint8 else picture / 127.5 - 1
    with _ONE_AT_A_TIME:
        interpreter.set_tensor(entry["index"], picture.astype(entry["dtype"])[None])
        interpreter.invoke()
        # Looked at in place, because a copy of ADE20K's 151 scores for each pixel takes 160 MB.
        return _enlarged(interpreter.tensor(result["index"])()[0], image.shape[:2])


def _enlarged(output, size) -> np.ndarray:
    """Class ids of the image's size, with smooth borders, from a model's output.

    output: (h, w) ids, or (h, w, C) scores. The scores of each class, or its mask, are resized,
    one class at a time to save memory, and the largest value wins.
    """
    scored = output.ndim == 3
    ids = output.argmax(axis=-1) if scored else output
    large = np.bincount(ids.ravel()) >= SMALLEST * ids.size
    if not scored:
        ids = np.where(large[ids], ids, 0)
        large[0] = True
    best, winner = np.full(size, -np.inf, np.float32), np.zeros(size, np.int64)
    for value in np.flatnonzero(large):
        plane = output[..., value] if scored else ids == value
        soft = resize(plane.astype(np.float32)[..., None], size)[..., 0]
        stronger = soft > best
        best[stronger], winner[stronger] = soft[stronger], value
    return winner


def _interpreter(path: str, segmenter: str):
    litert = extra_module(
        "ai_edge_litert.interpreter",
        f"The segmenter {segmenter!r} needs ai-edge-litert: pip install 'segxai[pascal]'",
    )
    # XNNPACK, the default back end, would print to standard error that it was chosen.
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = litert.Interpreter(path, num_threads=2, experimental_op_resolver_type=plain)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise SegxaiFileError(
            f"{path!r} is not a readable model ({quoted(error)}); "
            f"run: python -m segxai fetch {_MODELS[segmenter]}"
        ) from error
    return interpreter


SEGMENTERS = (
    Segmenter(
        "pascal",
        pascal,
        "objects of 20 classes (DeepLabv3 on PASCAL VOC) and the background",
        why_unavailable=why_unavailable,
    ),
    Segmenter(
        "ade20k",
        ade20k,
        "things and surroundings of 150 classes (DeepLabv3 on ADE20K)",
        why_unavailable=lambda: why_unavailable("ade20k"),
    ),
)
