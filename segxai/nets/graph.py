"""Static TensorFlow graphs with their sessions.

This is the only module that imports TensorFlow 1-style code and tf-slim, which builds static
graphs. TensorFlow 2 still runs them alongside eager code, provided that each has its own
``tf.Graph`` and session. Eager execution is not disabled.
"""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiError, quoted


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Discard what C++ libraries write to standard error, whatever their log level."""
    try:
        saved = os.dup(2)
    except OSError:  # the process has none
        saved = os.open(os.devnull, os.O_WRONLY)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings(action="ignore"), _without_stderr():
    try:
        import tensorflow as tf2
        import tf_slim as slim
    except ImportError as error:
        raise SegxaiError(
            f"TensorFlow or tf-slim is missing ({quoted(error)}). Choose a build: "
            "pip install 'segxai[cpu]' or pip install 'segxai[gpu]'"
        ) from error

tf = tf2.compat.v1
Tensor: TypeAlias = Any  # a tensor of a static graph; TensorFlow comes without types
logging.getLogger("tensorflow").setLevel(logging.ERROR)

_process: list[int] = []  # the one that ran the first network

__all__ = ["ClosedError", "GraphSession", "Tensor", "check_process", "slim", "tf", "tf2"]


class ClosedError(SegxaiError, RuntimeError):
    """A network was used after it was closed."""

    def __init__(self):
        super().__init__("This network was closed; build or load it again.")


def check_process() -> None:
    """Raise SegxaiError in a process that was forked after a network had run.

    TensorFlow's threads do not exist there, and a network would wait for them for ever.
    """
    _process[:] = _process or [os.getpid()]
    if _process[0] != os.getpid():
        raise SegxaiError(
            "Networks cannot run in this process, because it was forked after one had run: "
            "TensorFlow's threads are missing here. Start processes with "
            "multiprocessing.get_context('spawn'), or run the first network in the child processes."
        )


class GraphSession(contextlib.AbstractContextManager):
    """A graph with the session that runs it; a context manager that frees both.

    Parameters
    ----------
    seed : int, optional
        Of the graph's random numbers.

    Attributes
    ----------
    graph : tf.Graph
        None once it is closed.

    Examples
    --------
    >>> with GraphSession() as net:  # doctest: +SKIP
    ...     with net.build():
    ...         logits = slim.conv2d(images, ...)
    ...     net.run(logits, {images: batch})
    """

    def __init__(self, seed: int | None = None):
        self.graph = tf.Graph()
        self.graph.seed = seed
        self._session = None

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self.graph is None

    @contextlib.contextmanager
    def build(self) -> Iterator[None]:
        """Let tf-slim add layers to this graph, without its deprecation warnings."""
        if self.closed:
            raise ClosedError()
        with self.graph.as_default(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*layer.apply.*")
            warnings.filterwarnings("ignore", category=UserWarning, module="tf_slim.*")
            yield

    @property
    def session(self) -> Any:
        """The session that runs the graph, created when it is first needed."""
        if self.closed:
            raise ClosedError()
        check_process()
        if self._session is None:
            self._session = tf.Session(graph=self.graph, config=_session_config())
        return self._session

    def run(self, fetches: Any, feed_dict: dict | None = None) -> Any:
        """Evaluate tensors, or a structure of tensors, as NumPy arrays."""
        try:
            return self.session.run(fetches, feed_dict)
        except Exception as error:
            if self.closed:  # by another thread, just before it ran
                raise ClosedError() from error
            raise

    def assign(self, values: Iterable[tuple[Any, np.ndarray]]) -> None:
        """Set variables to NumPy arrays, given as (variable, array) pairs.

        Feeds the variables' initialisers, so that loading weights does not add operations to the
        graph.
        """
        self.run(
            [v.initializer for v, _ in values],
            {v.initializer.inputs[1]: value for v, value in values},
        )

    def close(self) -> None:
        """Free the graph and its session, once no other thread runs it any more."""
        # TensorFlow may crash where a session is closed explicitly while it runs.
        self.graph = self._session = None

    def __exit__(self, *_):
        self.close()


def _session_config():
    # TensorFlow chooses the number of threads, as 0 says, unless OMP_NUM_THREADS is set, as on
    # Binder, which has one CPU but reports the host's number of cores.
    threads = os.environ.get("OMP_NUM_THREADS", "")
    number = int(threads) if threads.isdigit() else 0
    return tf.ConfigProto(
        intra_op_parallelism_threads=number,
        inter_op_parallelism_threads=number,
        gpu_options=tf.GPUOptions(allow_growth=True),
    )
