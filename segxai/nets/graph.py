"""Static TensorFlow graphs with their sessions; the only module that imports TensorFlow 1-style code and tf-slim.

tf-slim builds static graphs. TensorFlow 2 still runs them alongside eager code, provided that each has its own ``tf.Graph``
and session. Eager execution is not disabled.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiError


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard everything that the process, including C++ code, writes to standard error inside the block.

    TensorFlow's libraries print their CPU features while they are loaded, before any log level takes effect.
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


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silent_stderr(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import tensorflow as tf2
        import tf_slim as slim
    except ImportError as error:
        raise SegxaiError(
            f"TensorFlow or tf-slim is missing ({error}). Choose a build: pip install 'segxai[cpu]' or pip install 'segxai[gpu]'"
        ) from error

tf = tf2.compat.v1
Tensor: TypeAlias = Any  # a tensor of a static graph; TensorFlow comes without types
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["GraphSession", "Tensor", "silent_stderr", "slim", "tf", "tf2"]


class ClosedError(SegxaiError, RuntimeError):
    """A network was used after it was closed."""

    def __init__(self):
        super().__init__("This network was closed; build or load it again.")


class GraphSession:
    """A graph with the session that runs it; a context manager that frees both.

    >>> with GraphSession() as net:            # doctest: +SKIP
    ...     with net.build():
    ...         logits = slim.conv2d(images, ...)
    ...     net.run(logits, {images: batch})
    """

    def __init__(self, seed: int | None = None):
        self.graph = tf.Graph()
        self._session = None
        if seed is not None:
            with self.graph.as_default():
                tf.set_random_seed(seed)

    @property
    def closed(self) -> bool:
        return self.graph is None

    @property
    def nbytes(self) -> int:
        """The size of the graph's variables in bytes; 0 once it is closed."""
        if self.closed:
            return 0
        return sum(
            v.dtype.size * v.shape.num_elements()
            for v in self.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
        )

    def build(self) -> contextlib.AbstractContextManager[None]:
        """A context in which tf-slim adds layers to this graph, with its deprecation warnings suppressed."""
        if self.closed:
            raise ClosedError()
        return _Building(self.graph)

    @property
    def session(self) -> Any:
        """The session that runs the graph, created when it is first needed."""
        if self.closed:
            raise ClosedError()
        if self._session is None:
            self._session = tf.Session(graph=self.graph, config=_session_config())
        return self._session

    def run(self, fetches: Any, feed_dict: dict | None = None) -> Any:
        """Evaluate tensors, or a structure of tensors, as NumPy arrays."""
        return self.session.run(fetches, feed_dict)

    def assign(self, values: Iterable[tuple[Any, np.ndarray]]) -> None:
        """Set variables to NumPy arrays, given as (variable, array) pairs.

        Feeds the variables' initialisers, so that loading weights does not add operations to the graph.
        """
        self.run(
            [v.initializer for v, _ in values],
            {v.initializer.inputs[1]: value for v, value in values},
        )

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = self.graph = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Building(contextlib.AbstractContextManager[None]):
    def __init__(self, graph):
        self._contexts = [graph.as_default(), warnings.catch_warnings()]

    def __enter__(self):
        for context in self._contexts:
            context.__enter__()
        warnings.filterwarnings("ignore", message=".*layer.apply.*")
        warnings.filterwarnings("ignore", category=UserWarning, module="tf_slim.*")

    def __exit__(self, *error):
        for context in reversed(self._contexts):
            context.__exit__(*error)


def _session_config():
    config = tf.ConfigProto()
    # TensorFlow chooses the number of threads unless OMP_NUM_THREADS is set, as on Binder, which has one CPU but
    # reports the host's number of cores.
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and int(threads) > 0:
        config.intra_op_parallelism_threads = int(threads)
        config.inter_op_parallelism_threads = int(threads)
    config.gpu_options.allow_growth = True
    return config
