"""Process many photographs here or on a dask cluster, and keep results to resume a run.

The work on one photograph is a function `work(index, image, ...)` -> (index, outcome). An outcome
that is a string is the reason for a failure. `explain_many` and `compare` use this engine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    listed,
    quoted,
)
from ..explanation.game import DEFAULT, known_name
from ..files import as_path, replacing
from ..images import ENDINGS, pixels_of, warn_caller
from ..progress import Progress, showing, track
from ..regions import Regions
from ..weights.loaded import loaded

_MOST_BYTES = 2**26  # of a result
RETRIES = 3  # for an image whose worker died


def run(
    work: Callable,
    jobs: list[tuple],
    *,
    store: Store | None = None,
    client: Any = None,
    progress: Progress = None,
    what: str = "working",
) -> tuple[tuple, tuple[tuple[int, str], ...]]:
    """Run ``work(*job)`` for every job.

    Parameters
    ----------
    work : callable
        Returns (index, outcome).
    jobs : list of tuples
        Each (index, image, ...).
    store : Store, optional
        Jobs whose outcome it contains are skipped.
    client : dask.distributed.Client, optional
        The jobs of a worker that dies are resubmitted, and each is counted once.
    progress : optional
        See `segxai.progress.track`.
    what : str
        Is done, for the progress bar.

    Returns
    -------
    results : tuple
        The outcomes in the order of the jobs, without failures.
    failures : tuple of (int, str)
        (index, reason).
    """
    kept = {job[0]: store.read(job) for job in jobs} if store else {}
    found = {index: outcome for index, outcome in kept.items() if outcome is not None}
    waiting = {job[0]: job for job in jobs if job[0] not in found}
    outcomes = _on(client, work, waiting) if client else (work(*job) for job in waiting.values())
    # One bar counts the photographs, so what is done on each of them shows none.
    with track(len(jobs), what, progress=progress) as advance, showing(False):
        advance(len(found))
        for index, outcome in outcomes:
            found[index] = outcome
            if store and not isinstance(outcome, str):
                store.write(waiting[index], outcome)
            advance(1)
    ordered = sorted(found.items())
    return (
        tuple(outcome for _, outcome in ordered if not isinstance(outcome, str)),
        tuple(pair for pair in ordered if isinstance(pair[1], str)),
    )


def _on(client, work, jobs):
    from distributed import as_completed

    futures = {client.submit(work, *job, pure=False, retries=RETRIES): i for i, job in jobs.items()}
    # Each future finishes exactly once, even if its work is retried, so no image is counted twice.
    for future in as_completed(futures):
        error = future.exception()
        yield (futures[future], f"its worker failed: {quoted(error)}") if error else future.result()
        future.release()


def cluster(address: str) -> Any:
    """Connect to a dask cluster.

    Parameters
    ----------
    address : str
        Of its scheduler.

    Returns
    -------
    client : dask.distributed.Client
        Also a context manager, which closes it.

    Raises
    ------
    SegxaiError
        If dask is not installed or the scheduler cannot be reached.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SegxaiError(
            "A cluster needs dask's distributed, which is not installed: pip install 'segxai[dask]'"
        ) from error
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise SegxaiError(
            f"No dask scheduler can be reached at {address!r}: {quoted(error)}. "
            "Start one with: dask scheduler"
        ) from error


class Store:
    """A folder with a JSON file for each finished image.

    Each file holds the settings and the version that it belongs to, and a checksum. Its name
    depends on them, so results of different settings may lie in one folder.

    Parameters
    ----------
    folder : path
    settings : dict
        Of what JSON can hold, arrays, and functions or models, which are not told apart.
    load : callable
        Makes an outcome from its fields, a dict as `dataclasses.asdict` returns it, whose arrays
        are lists.
    run : str, optional
        A name that distinguishes this run from others.

    Raises
    ------
    SegxaiError
        For a function or a model among the settings of a run without a name.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        settings: dict,
        load: Callable[[dict], Any],
        run: str | None = "",
    ):
        from .. import __version__

        def plain(value):
            if isinstance(value, (np.ndarray, np.generic)):
                return fingerprint(value)
            if isinstance(value, os.PathLike):
                return os.fspath(value)
            if run is None:
                raise SegxaiValueError(
                    "With a function or a model, folder= also needs run=, a name for this run, "
                    "because the folder cannot distinguish functions."
                )
            return "function"

        self._folder, self._load = as_path(folder), load
        named = {"segxai": __version__, "run": run} | settings
        self._belongs = json.loads(json.dumps(named, default=plain))

    def read(self, job: tuple) -> Any:
        """Return the outcome of a finished job, or None."""
        try:
            path = self._path(job)
            if path.is_file() and path.stat().st_size <= _MOST_BYTES:
                kept = json.loads(path.read_text(encoding="utf-8"))
                if kept == self._entry(kept["outcome"]):
                    return self._load(kept["outcome"] | {"index": job[0]})
        # Absent or damaged: it is run again. Or the picture cannot be read, which running it tells.
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            pass
        return None

    def write(self, job: tuple, outcome: Any) -> None:
        """Keep the outcome of a job, a data class; SegxaiError if it cannot be written."""
        plain = json.loads(json.dumps(asdict(outcome), default=np.ndarray.tolist))
        with replacing(self._path(job)) as temporary:
            temporary.write_text(json.dumps(self._entry(plain), indent=1), encoding="utf-8")

    def _entry(self, outcome) -> dict:
        entry = {"settings": self._belongs, "outcome": outcome}
        return {"sha256": _hash(json.dumps(entry).encode()), **entry}

    def _path(self, job) -> Path:
        """Name a file by the content of the job, so that image files may be renamed."""
        content = [self._belongs, *map(fingerprint, (pixels_of(job[1]), *job[2:]))]
        return self._folder / f"{_hash(json.dumps(content).encode())[:32]}.json"


def specification(classifier: ClassifierLike) -> ClassifierLike:
    """Return what to send to a worker instead of a classifier.

    Parameters
    ----------
    classifier : as for `segxai.explain`

    Returns
    -------
    specified : str or the classifier itself
        The built-in network's name, because its session cannot be pickled, or a path as a string.
    """
    if classifier is None or known_name(classifier):
        return DEFAULT
    return str(classifier) if isinstance(classifier, os.PathLike) else classifier


def classifier_of(specified: ClassifierLike) -> Classifier:
    """Return the classifier for a `specification`; each process loads a named one once."""
    if not isinstance(specified, str) or specified == DEFAULT:
        return load_classifier(specified)
    return loaded((specified, *_state(specified)), lambda: load_classifier(specified))


def kept_name(specified: ClassifierLike) -> Any:
    """Return a classifier as a `Store` records it: a model's file with its state."""
    return [specified, *_state(specified)] if isinstance(specified, str) else specified


def _state(name: str) -> tuple:
    """Modification time and size of a model's file, to notice its replacement; () for a network."""
    path = as_path(name)
    if not os.path.exists(path):  # an impossible file name does not exist, either
        return ()
    return os.path.getmtime(path), os.path.getsize(path)


def as_image_list(images: Any, function: str) -> list:
    """Return the given images as a list, or the paths of all pictures in a folder.

    Parameters
    ----------
    images : iterable of images, or the path of a folder
    function : str
        The caller, for messages.

    Returns
    -------
    images : list
        Paths are sorted by name. What a folder contains besides pictures is skipped, and a warning
        counts it.

    Raises
    ------
    SegxaiError
        If the folder does not exist or contains no pictures, or for a single image.
    """
    if isinstance(images, (str, os.PathLike)):
        folder = as_path(images)
        if not os.path.isdir(folder):  # Path.is_dir raises for impossible folder names
            raise SegxaiFileNotFoundError(
                f"There is no folder {str(folder)!r}; pass a folder or a list of images."
            )
        entries = sorted(folder.iterdir())
        found = [
            path
            for path in entries
            if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(".")
        ]
        rest = (
            f"{len(entries) - len(found)} entries that are hidden, folders or have other endings "
            f"than {', '.join(sorted(ENDINGS))}"
        )
        if not found:
            raise SegxaiFileError(
                f"The folder {str(folder)!r} contains no pictures; it has {rest}."
            )
        if len(found) < len(entries):
            warn_caller(f"The folder {str(folder)!r} has {len(found)} pictures; left out: {rest}.")
        return found
    if isinstance(images, np.ndarray) and images.ndim < 4:
        raise SegxaiValueError(
            f"{function} takes a list of images or a folder; got a single image."
        )
    return listed(images, "The images")


def common_output(results: Iterable) -> str:
    """Return the `output` that all results have; "output" where they differ."""
    kinds = {result.output for result in results}
    return kinds.pop() if len(kinds) == 1 else "output"


def fingerprint(value: Any) -> str:
    """Return a hash of an array or of `Regions`, and "" for anything else."""
    if isinstance(value, Regions):
        return f"{fingerprint(value.labels)} {value.names}"
    if isinstance(value, (np.ndarray, np.generic)):
        return _hash(str(value.shape).encode() + value.tobytes())
    return ""


def _hash(content) -> str:
    return hashlib.sha256(content).hexdigest()
