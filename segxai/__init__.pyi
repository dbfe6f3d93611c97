"""The public names of the package, of which `segxai/__init__.py` loads those that are used."""

from . import data, metrics
from . import plots as plots
from . import widgets as widgets
from .classifiers.classifier import Classifier
from .classifiers.load import load_classifier
from .errors import SegxaiError
from .explanation.checks import placebo_test, robustness
from .explanation.explain import evaluate_coalitions, explain, save_explorer
from .explanation.explanation import Explanation
from .explanation.loading import load_explanation
from .fcn.annotation import load_regions
from .fcn.crf import crf_refine
from .fcn.network import FCN
from .fcn.training import finetune
from .images import Bands, load_image
from .nets.upsampling import bilinear_upsample_weights, get_kernel_size, upsample_filt
from .regions import Regions
from .segmentation.compose import from_class_map, from_mask_list
from .segmentation.contours import contours
from .segmentation.registry import segment, segmenters
from .study.comparison import compare
from .study.many import explain_many

__version__: str
__all__ = [
    "FCN",
    "Bands",
    "Classifier",
    "Explanation",
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
    "from_class_map",
    "from_mask_list",
    "get_kernel_size",
    "load_classifier",
    "load_explanation",
    "load_image",
    "load_regions",
    "metrics",
    "placebo_test",
    "robustness",
    "save_explorer",
    "segment",
    "segmenters",
    "upsample_filt",
]
