"""segxai: explain image classifiers by named regions.

>>> import segxai
>>> segxai.explain("photo.jpg", regions="deep").plot()      # doctest: +SKIP

The public names are listed in ``__init__.pyi`` and imported on first use; TensorFlow is imported
only when a network is needed.
"""

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # `python -m segxai` looks for modules in the folder that it is run in, whose files may be
    # anybody's: a tqdm.py among them is not imported.
    sys.path.pop(0)

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
# `from segxai import *` loads neither Matplotlib nor Jupyter.
__all__ = [name for name in __all__ if name not in ("plots", "widgets")]
