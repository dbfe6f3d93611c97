"""Read TensorFlow checkpoints of version 1 (one file) and version 2 (.index and .data-...)."""

from __future__ import annotations

import os
from functools import partial

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
    if not os.path.isfile(path) and not os.path.isfile(f"{path}.index"):
        raise SegxaiFileNotFoundError(f"There is no checkpoint {str(path)!r}. {advice}".strip())
    try:
        reader = tf2.train.load_checkpoint(str(path))
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
    parts = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    held = sum(map(os.path.getsize, parts))
    return {
        name: Stored(
            tuple(shapes[name]),
            np.dtype(types[name].as_numpy_dtype),
            held,
            partial(reader.get_tensor, name),
        )
        for name in names
    }
