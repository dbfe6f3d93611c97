"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

TensorFlow is not imported until a network is first needed, `segxai.widgets` not until it is named.
"""

import lazy_loader

from . import data, metrics
from .classifiers import Classifier, load_classifier
from .errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from .explanation.checks import Placebo, Robustness, placebo_test, robustness
from .explanation.coalitions import Coalitions, evaluate_coalitions
from .explanation.explain import explain
from .explanation.explanation import Explanation
from .explanation.explorer_page import save_explorer
from .explanation.fills import FILLS
from .explanation.tree_explanation import TreeExplanation
from .fcn.crf import crf_refine
from .fcn.learned import LearnedSegmenter
from .fcn.network import FCN
from .fcn.training import FineTuned, Step, finetune, finetune_steps
from .images import Bands, load_image
from .nets.upsampling import bilinear_upsample_weights, get_kernel_size, upsample_filt
from .regions import Regions
from .segmentation.compose import KerasHubSegmenter, from_class_map, from_mask_list, refine
from .segmentation.contours import contours, side_outputs
from .segmentation.registry import segment, segmenters
from .study.comparing import compare
from .study.comparison import Comparison
from .study.many import ManyExplanations, explain_many

__version__ = "0.1.0"

__all__ = [
    "FCN",
    "FILLS",
    "Bands",
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
    "SegxaiFileNotFoundError",
    "SegxaiValueError",
    "Step",
    "TreeExplanation",
    "bilinear_upsample_weights",
    "compare",
    "contours",
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
    "save_explorer",
    "segment",
    "segmenters",
    "side_outputs",
    "upsample_filt",
]

__getattr__, _, _ = lazy_loader.attach(__name__, submodules=["widgets"])
