"""Process many photographs here or on a dask cluster, and keep results to resume a run.

The work on one photograph is a function `work(index, *job)` -> (index, outcome). An outcome that is
a string is the reason for a failure. `explain_many` and `compare` use this engine.
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
) -> tuple[dict[int, Any], dict[int, str]]:
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
    results : dict
        {index: outcome}.
    failures : dict
        {index: reason}.
    """
    kept = {job[0]: store.read(job) for job in jobs} if store else {}
    results = {index: outcome for index, outcome in kept.items() if outcome is not None}
    failures: dict[int, str] = {}
    waiting = {job[0]: job for job in jobs if job[0] not in results}
    here = (work(*job) for job in waiting.values())
    # One bar counts the photographs, so what is done on each of them shows none.
    with track(len(jobs), what, progress=progress) as advance, showing(False):
        advance(len(results))
        for index, outcome in here if client is None else _on(client, work, waiting):
            if isinstance(outcome, str):
                failures[index] = outcome
            else:
                results[index] = outcome
                if store:
                    store.write(waiting[index], outcome)
            advance(1)
    return dict(sorted(results.items())), dict(sorted(failures.items()))


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
    """A folder with a JSON file for each finished image, and the settings of the run.

    Each file names the settings and the version that it belongs to, and has a checksum.

    Parameters
    ----------
    folder : path
    settings : dict
        Of names and numbers.
    load : callable
        Makes an outcome from its fields, a dict as `dataclasses.asdict` returns it, whose arrays
        are lists.

    Raises
    ------
    SegxaiError
        If the folder contains results of other settings or of another version, or cannot be
        written.
    """

    def __init__(self, folder: str | os.PathLike, settings: dict, load: Callable[[dict], Any]):
        from .. import __version__

        self.folder, self._load = as_path(folder), load
        note = self.folder / "settings.json"
        text = json.dumps({"segxai": __version__, **settings}, indent=1).encode()
        self._belongs = {"segxai": __version__, "settings": hashlib.sha256(text).hexdigest()}
        if not os.path.isfile(note):  # Path.is_file raises for impossible file names
            try:
                with replacing(note) as temporary:
                    temporary.write_bytes(text)
                    _claim(temporary, note)
            except SegxaiError:
                if not os.path.isfile(note):  # else another run was first
                    raise
        if note.stat().st_size != len(text) or note.read_bytes() != text:
            raise SegxaiError(
                f"{str(self.folder)!r} contains results of other settings, or of another version "
                "of segxai; choose another folder, or delete it."
            )

    def read(self, job: tuple) -> Any:
        """Return the outcome of a finished job, or None."""
        try:
            path = self._path(job)
            if not path.is_file() or path.stat().st_size > _MOST_BYTES:
                return None
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept != self._entry(kept["outcome"]):
                return None
            return self._load(kept["outcome"] | {"index": job[0]})
        # Absent or damaged: it is run again. Or the picture cannot be read, which running it tells.
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def write(self, job: tuple, outcome: Any) -> None:
        """Keep the outcome of a job, a data class; SegxaiError if it cannot be written."""
        plain = json.dumps(asdict(outcome), default=lambda array: array.tolist())
        with replacing(self._path(job)) as temporary:
            entry = self._entry(json.loads(plain))
            temporary.write_text(json.dumps(entry, indent=1), encoding="utf-8")

    def _entry(self, outcome) -> dict:
        text = json.dumps([self._belongs, outcome])
        checksum = hashlib.sha256(text.encode()).hexdigest()
        return {**self._belongs, "sha256": checksum, "outcome": outcome}

    def _path(self, job) -> Path:
        """Name a file by the content of the job, so that image files may be renamed."""
        image = pixels_of(job[1])
        digest = hashlib.sha256(str(image.shape).encode() + image.tobytes())
        for given in job[2:]:
            if isinstance(given, Regions):
                digest.update(given.labels.tobytes() + "\n".join(given.names).encode())
            elif isinstance(given, np.ndarray):
                digest.update(given.tobytes())
        return self.folder / f"{digest.hexdigest()[:32]}.json"


def _claim(temporary, note) -> None:
    """Give a file its name if no other has it: a link is made whole, and only where there is none.

    Some file systems have no links. There the last run gives its settings the name, and what it
    finds of others is not taken for its own.
    """
    try:
        os.link(temporary, note)
    except FileExistsError:
        raise
    except OSError:
        pass


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


def run_metadata(specified: ClassifierLike, run: str | None, named: bool) -> dict:
    """Return the classifier and the name of the run as a `Store` records them.

    Parameters
    ----------
    specified : a `specification`
    run : str, optional
        Its name.
    named : bool
        Whether all other settings are names or numbers.

    Returns
    -------
    metadata : dict

    Raises
    ------
    SegxaiValueError
        If a function or model is used without a name for the run, because the folder cannot
        distinguish them.
    """
    if run is None and not (named and isinstance(specified, str)):
        raise SegxaiValueError(
            "With a function or a model, folder= also needs run=, a name for this run, because the "
            "folder cannot distinguish functions."
        )
    file = [specified, *_state(specified)] if isinstance(specified, str) else "given"
    return {"classifier": file, "run": run}


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
        Paths are sorted by name. What a folder contains beside pictures is skipped, and a warning
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
        named = [path for path in entries if path.suffix.lower() in ENDINGS]
        found = [path for path in named if path.is_file() and not path.name.startswith(".")]
        if not found:
            raise SegxaiFileError(
                f"The folder {str(folder)!r} contains no pictures ({', '.join(sorted(ENDINGS))}); "
                f"entries: {len(entries)}, of which hidden or folders though named like pictures: "
                f"{len(named)}."
            )
        if len(found) < len(entries):
            warn_caller(
                f"The folder {str(folder)!r} has {len(entries)} entries, of which {len(found)} are "
                f"pictures. Left out as hidden or folders: {len(named) - len(found)}; left out for "
                f"their endings: {len(entries) - len(named)}."
            )
        return found
    single = isinstance(images, np.ndarray) and images.ndim < 4
    if single or not isinstance(images, Iterable):
        given = "a single image" if single else repr(images)
        raise SegxaiValueError(f"{function} takes a list of images or a folder; got {given}.")
    return listed(images, "The images")


def common_output(results: Iterable) -> str:
    """Return the `output` that all results have; "output" where they differ."""
    kinds = {result.output for result in results}
    return kinds.pop() if len(kinds) == 1 else "output"


def fingerprint(value: Any) -> str:
    """Return a setting as a string: names and paths unchanged, of arrays a hash."""
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    return hashlib.sha256(np.asarray(value).tobytes()).hexdigest()
