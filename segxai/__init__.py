"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

Importing segxai is quick; TensorFlow is imported when a network is first needed.
"""

from . import data, metrics
from .checks import Placebo, Robustness, placebo_test, robustness
from .classify import Classifier, load_classifier
from .coalitions import Coalitions, evaluate_coalitions
from .compare import compare
from .comparison import Comparison
from .crf import crf_refine
from .errors import SegxaiError, SegxaiFileError, SegxaiValueError
from .explain import Explanation, explain
from .fcn import FCN
from .fills import FILLS
from .finetune import FineTuned, Step, finetune, finetune_steps
from .images import load_image
from .many import ManyExplanations, explain_many
from .nets.upsampling import bilinear_upsample_weights, get_kernel_size, upsample_filt
from .regions import Regions
from .segment import segment, segmenters
from .segment.compose import KerasHubSegmenter, from_class_map, from_mask_list, refine
from .segment.learned import LearnedSegmenter
from .suggest import suggest_names

__version__ = "0.1.0"

__all__ = [
    "FCN",
    "FILLS",
    "Classifier",
    "Coalitions",
    "Comparison",
    "Explanation",
    "FineTuned",
    "KerasHubSegmenter",
    "LearnedSegmenter",
    "ManyExplanations",
    "Placebo",
    "Regions",
    "Robustness",
    "SegxaiError",
    "SegxaiFileError",
    "SegxaiValueError",
    "Step",
    "bilinear_upsample_weights",
    "compare",
    "crf_refine",
    "data",
    "evaluate_coalitions",
    "explain",
    "explain_many",
    "finetune",
    "finetune_steps",
    "from_class_map",
    "from_mask_list",
    "get_kernel_size",
    "load_classifier",
    "load_image",
    "metrics",
    "placebo_test",
    "refine",
    "robustness",
    "segment",
    "segmenters",
    "suggest_names",
    "upsample_filt",
]
