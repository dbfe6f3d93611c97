"""Read TensorFlow checkpoints of version 1 (one file) and version 2 (.index and .data-...)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError


def read_checkpoint(path: str | os.PathLike, scope: str, advice: str = "") -> dict[str, np.ndarray]:
    """The variables under `scope` in a checkpoint, as {name: array}, without those of optimisers.

    path: the ``.ckpt`` file, or the common prefix of the files of a version 2 checkpoint. advice: appended to error messages.
    Raises SegxaiFileError if the checkpoint does not exist or cannot be read, and SegxaiError if it contains another network.
    """
    from ..nets.graph import tf2

    path = Path(path)
    prefix = (
        path.with_suffix("")
        if path.suffix in (".index", ".meta") or path.suffix.startswith(".data-")
        else path
    )
    if os.path.isdir(prefix):
        prefix = Path(tf2.train.latest_checkpoint(prefix) or prefix / "checkpoint")
    if not os.path.isfile(prefix) and not os.path.isfile(f"{prefix}.index"):
        raise SegxaiFileNotFoundError(f"There is no checkpoint {str(path)!r}. {advice}".strip())
    try:
        reader = tf2.train.load_checkpoint(str(prefix))
        shapes = reader.get_variable_to_shape_map()
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is not a readable TensorFlow checkpoint; it may be truncated or renamed. {advice}".strip()
        ) from error
    names = [
        n
        for n in shapes
        if n.startswith(scope + "/")
        and n.rsplit("/", 1)[-1] in ("weights", "biases", "depthwise_weights")
    ]
    if not names:
        some = ", ".join(sorted(shapes)[:3]) or "nothing"
        raise SegxaiError(
            f"{str(path)!r} is a checkpoint of another network: it contains {some}, but nothing under {scope!r}. {advice}".strip()
        )
    try:
        return {name: reader.get_tensor(name) for name in names}
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is damaged: a variable in it cannot be read. {advice}".strip()
        ) from error
