"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

TensorFlow is not imported until a network is first needed, `segxai.widgets` not until it is named.
"""

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # `python -m segxai` looks for modules in the folder that it is run in, whose files may be
    # anybody's: a tqdm.py among them is not imported.
    sys.path.pop(0)

import lazy_loader

from . import data, metrics
from .classifiers import Classifier, load_classifier
from .errors import SegxaiError
from .explanation.checks import placebo_test, robustness
from .explanation.coalitions import evaluate_coalitions
from .explanation.explain import explain
from .explanation.explanation import Explanation
from .explanation.explorer_page import save_explorer
from .explanation.loading import load_explanation
from .fcn.annotation import load_regions
from .fcn.crf import crf_refine
from .fcn.learned import LearnedSegmenter
from .fcn.network import FCN
from .fcn.training import finetune, finetune_steps
from .images import Bands, load_image
from .nets.upsampling import bilinear_upsample_weights, get_kernel_size, upsample_filt
from .regions import Regions
from .segmentation.compose import from_class_map, from_mask_list, refine
from .segmentation.contours import contours
from .segmentation.registry import segment, segmenters
from .study.comparing import compare
from .study.many import explain_many

__version__ = "0.1.0"

__all__ = [
    "FCN",
    "Bands",
    "Classifier",
    "Explanation",
    "LearnedSegmenter",
    "Regions",
    "SegxaiError",
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
    "load_explanation",
    "load_image",
    "load_regions",
    "metrics",
    "placebo_test",
    "refine",
    "robustness",
    "save_explorer",
    "segment",
    "segmenters",
    "upsample_filt",
]

__getattr__, _, _ = lazy_loader.attach(__name__, submodules=["widgets"])
