"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

Importing segxai is quick; TensorFlow is imported when a network is first needed.
"""

from . import data
from .classify import Classifier, load_classifier
from .coalitions import Coalitions, evaluate_coalitions
from .crf import crf_refine
from .errors import SegxaiError, SegxaiFileError, SegxaiValueError
from .explain import Explanation, explain
from .fcn import FCN
from .fills import FILLS
from .finetune import FineTuned, Step, finetune, finetune_steps
from .images import load_image
from .nets.upsampling import bilinear_upsample_weights, get_kernel_size, upsample_filt
from .regions import Regions
from .segment import segment, segmenters
from .segment.learned import LearnedSegmenter

__version__ = "0.1.0"

__all__ = [
    "FCN",
    "FILLS",
    "Classifier",
    "Coalitions",
    "Explanation",
    "FineTuned",
    "LearnedSegmenter",
    "Regions",
    "SegxaiError",
    "SegxaiFileError",
    "SegxaiValueError",
    "Step",
    "bilinear_upsample_weights",
    "crf_refine",
    "data",
    "evaluate_coalitions",
    "explain",
    "finetune",
    "finetune_steps",
    "get_kernel_size",
    "load_classifier",
    "load_image",
    "segment",
    "segmenters",
    "upsample_filt",
]
