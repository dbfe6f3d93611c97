"""Work on many photographs: here or on a dask cluster, with finished ones kept on disk so that a stopped run goes on.

What is done with one photograph is a function `work(index, *job)` -> (index, outcome); an outcome that is a text is the
reason why it failed. `explain_many` and `compare` are two such functions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..classifiers.classifier import Classifier
from ..classifiers.load import load_classifier
from ..classifiers.networks import NetClassifier
from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..files import replacing
from ..images import as_image
from ..progress import track
from ..regions import Regions
from ..weights.loaded import loaded

RETRIES = 3  # of an image whose worker died
# What numpy and json raise for a file that was cut short or is something else.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
_PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"}


def run(work, jobs, *, store=None, client=None, progress=None, what="working") -> tuple[dict, dict]:
    """Do `work(*job)` for every job (index, image, ...). Returns {index: outcome} and {index: why it failed}.

    store: a `Store`; jobs that it holds are not done again. client: a `dask.distributed.Client`; the jobs of a worker that dies
    are given to others, and each counts once.
    """
    kept = {job[0]: store.read(job) for job in jobs} if store is not None else {}
    results = {index: outcome for index, outcome in kept.items() if outcome is not None}
    failures: dict[int, str] = {}
    waiting = {job[0]: job for job in jobs if job[0] not in results}
    with track(len(jobs), what, progress) as advance:
        advance(len(results))
        for index, outcome in _here(work, waiting) if client is None else _on(client, work, waiting):
            if isinstance(outcome, str):
                failures[index] = outcome
            else:
                results[index] = outcome
                if store is not None:
                    store.write(waiting[index], outcome)
            advance(1)
    return dict(sorted(results.items())), dict(sorted(failures.items()))


def _here(work, jobs):
    for job in jobs.values():
        yield work(*job)


def _on(client, work, jobs):
    from distributed import as_completed

    futures = {client.submit(work, *job, pure=False, retries=RETRIES): index for index, job in jobs.items()}
    # Each future finishes once, however often its work was begun, so no image is counted twice.
    for future in as_completed(futures):
        error = future.exception()
        yield (futures[future], f"its worker failed: {error}") if error is not None else future.result()
        future.release()


@contextlib.contextmanager
def cluster(address):
    """A `dask.distributed.Client` of the scheduler at this address, closed in the end; None for no address."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SegxaiError("A cluster needs dask's distributed, which is not installed: pip install 'segxai[dask]'") from error
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise SegxaiError(f"No dask scheduler answers at {address!r}: {error}. Start one with: dask scheduler") from error
    with client:
        yield client


class Store:
    """A folder with one file for each finished image, and the settings that made them.

    save(file, outcome) writes an outcome to a binary file; load(file, index) reads it again. ending: of the files' names.
    """

    def __init__(self, folder, settings: dict, save, load, ending: str):
        self.folder, self._save, self._load, self._ending = Path(folder), save, load, ending
        note = self.folder / "settings.json"
        if os.path.isfile(note):  # Path.is_file would raise for a name that no file can have
            try:
                before = json.loads(note.read_text(encoding="utf-8"))
            except ValueError:
                before = None
            if before != settings:
                raise SegxaiError(f"{str(self.folder)!r} holds results of other settings; choose another folder, or delete it.")
        else:
            with replacing(note) as temporary:
                temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def read(self, job):
        """The outcome of a job that was finished before, or None."""
        try:
            with self._path(job).open("rb") as file:
                return self._load(file, job[0])
        except _DAMAGED:  # not there, or damaged: it is done again
            return None

    def write(self, job, outcome) -> None:
        with replacing(self._path(job)) as temporary, temporary.open("wb") as file:
            self._save(file, outcome)

    def _path(self, job) -> Path:
        """Named by the content of the picture (and of regions or a mask that were given), so that files may be renamed or reordered."""
        image = as_image(job[1])
        digest = hashlib.sha256(str(image.shape).encode() + image.tobytes())
        for given in job[2:]:
            if isinstance(given, Regions):
                digest.update(given.labels.tobytes() + "\n".join(given.names).encode())
            elif isinstance(given, np.ndarray):
                digest.update(given.tobytes())
        return self.folder / f"{digest.hexdigest()[:32]}{self._ending}"


def specification(classifier):
    """What is sent to a worker: the name of our own network, which holds a session and cannot travel, or the classifier."""
    if classifier is None or (isinstance(classifier, NetClassifier) and classifier.name == "efficientnet_lite0"):
        return "efficientnet_lite0"
    return str(classifier) if isinstance(classifier, os.PathLike) else classifier


def classifier_of(specified) -> Classifier:
    """The classifier that a `specification` stands for; each process loads a named one once."""
    if not isinstance(specified, str) or specified == "efficientnet_lite0":
        return load_classifier(specified)
    return loaded((specified, *_state(specified)), lambda: load_classifier(specified))


def run_metadata(specified, run, named: bool) -> dict:
    """What a `Store` keeps of the classifier and of the run, to recognise it. named: whether the other settings are names or numbers.

    Raises SegxaiValueError where functions or models, which look alike in a folder, came without a name for the run.
    """
    if run is None and not (named and isinstance(specified, str)):
        raise SegxaiValueError(
            "With a function or a model, folder= needs run=, a name for this run: the folder cannot distinguish functions."
        )
    return {"classifier": [specified, *_state(specified)] if isinstance(specified, str) else "given", "run": run}


def _state(name: str) -> tuple:
    """What changes when the file of a model is replaced; nothing for a network's name."""
    try:
        found = os.stat(name)
    except (OSError, ValueError):
        return ()
    return (found.st_mtime_ns, found.st_size)


def as_image_list(images, function: str) -> list:
    """A list of images: the list itself, or all pictures of a folder in the order of their names."""
    if isinstance(images, (str, Path)):
        folder = Path(images)
        if not os.path.isdir(folder):  # Path.is_dir would raise for a name that no folder can have
            raise SegxaiFileNotFoundError(f"There is no folder {str(folder)!r}; give a folder, or a list of images.")
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in _PICTURES)
        if not found:
            raise SegxaiFileError(f"The folder {str(folder)!r} holds no pictures ({', '.join(sorted(_PICTURES))}).")
        return found
    if isinstance(images, np.ndarray) and images.ndim < 4:
        raise SegxaiValueError(f"One image was given; {function} takes a list of images, or a folder.")
    if not isinstance(images, Iterable):
        raise SegxaiValueError(f"{function} takes a list of images, or a folder; got {images!r}.")
    return list(images)


def fingerprint(value) -> str:
    """A setting as text by which it is recognised: arrays by a hash of their content."""
    return value if isinstance(value, str) else hashlib.sha256(np.asarray(value).tobytes()).hexdigest()
