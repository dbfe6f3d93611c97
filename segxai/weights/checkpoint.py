"""Read TensorFlow checkpoints of version 1 (one file) and version 2 (.index and .data-...)."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError
from ..files import as_path
from .stored import Stored


def read_checkpoint(path: str | os.PathLike, scope: str, advice: str = "") -> dict[str, Stored]:
    """List the variables under a scope, without those of optimisers.

    Parameters
    ----------
    path : str or path
        The ``.ckpt`` file, or the common prefix of the files of a version 2 checkpoint.
    scope : str
    advice : str
        Appended to error messages.

    Returns
    -------
    stored : dict of str to Stored
        By the variables' names.

    Raises
    ------
    SegxaiFileError
        If the checkpoint does not exist or cannot be read.
    SegxaiError
        If it contains another network.
    """
    from ..nets.graph import tf2

    path = as_path(path)
    own = path.suffix in (".index", ".meta") or path.suffix.startswith(".data-")
    prefix = path.with_suffix("") if own else path
    if os.path.isdir(prefix):
        prefix = Path(tf2.train.latest_checkpoint(prefix) or prefix / "checkpoint")
    if not os.path.isfile(prefix) and not os.path.isfile(f"{prefix}.index"):
        raise SegxaiFileNotFoundError(f"There is no checkpoint {str(path)!r}. {advice}".strip())
    try:
        reader = tf2.train.load_checkpoint(str(prefix))
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is not a readable TensorFlow checkpoint; "
            f"it may be truncated or renamed. {advice}".strip()
        ) from error
    kinds = ("/weights", "/biases", "/depthwise_weights")
    names = [name for name in shapes if name.startswith(f"{scope}/") and name.endswith(kinds)]
    if not names:
        some = ", ".join(sorted(shapes)[:3]) or "nothing"
        raise SegxaiError(
            f"{str(path)!r} is a checkpoint of another network: it contains {some}, "
            f"but nothing under {scope!r}. {advice}".strip()
        )
    held = sum(os.path.getsize(file) for file in prefix.parent.glob(f"{prefix.name}*"))
    return {
        name: Stored(
            tuple(shapes[name]),
            np.dtype(types[name].as_numpy_dtype),
            held,
            partial(reader.get_tensor, name),
        )
        for name in names
    }
