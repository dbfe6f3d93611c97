"""Silence for libraries that write to standard error whatever their log level."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard what the process, including C++ code, writes to standard error inside the block.

    TensorFlow's libraries print their CPU features while they are loaded, before any log level
    takes effect.
    """
    try:
        saved = os.dup(2)
    except OSError:  # the process has no standard error
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
