"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

Importing segxai is quick; TensorFlow is imported when a network is first needed.
"""

from . import data
from .classify import Classifier, load_classifier
from .coalitions import Coalitions, evaluate_coalitions
from .errors import SegxaiError, SegxaiFileError, SegxaiValueError
from .explain import Explanation, explain
from .fills import FILLS
from .images import load_image
from .regions import Regions
from .segment import segment, segmenters

__version__ = "0.1.0"

__all__ = [
    "FILLS",
    "Classifier",
    "Coalitions",
    "Explanation",
    "Regions",
    "SegxaiError",
    "SegxaiFileError",
    "SegxaiValueError",
    "data",
    "evaluate_coalitions",
    "explain",
    "load_classifier",
    "load_image",
    "segment",
    "segmenters",
]
