"""Process many photographs, locally or on a dask cluster, and keep results on disk so that an interrupted run can be resumed.

The work on one photograph is a function `work(index, *job)` -> (index, outcome). An outcome that is a string is the reason for a
failure. `explain_many` and `compare` use this engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier
from ..classifiers.load import ClassifierLike, load_classifier
from ..classifiers.networks import NetClassifier
from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..files import replacing
from ..images import pixels_of
from ..progress import Progress, showing, track
from ..regions import Regions
from ..weights.loaded import loaded

RETRIES = 3  # for an image whose worker died
# The errors of numpy and json for truncated files and files of another kind.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
_PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"}


def run(
    work: Callable,
    jobs: list[tuple],
    *,
    store: Store | None = None,
    client: Any = None,
    progress: Progress = None,
    what: str = "working",
) -> tuple[dict[int, Any], dict[int, str]]:
    """Run `work(*job)` for every job (index, image, ...). Returns {index: outcome} and {index: reason of the failure}.

    store: a `Store`; jobs whose outcome it contains are skipped. client: a `dask.distributed.Client`; the jobs of a worker that
    dies are resubmitted, and each is counted once.
    """
    kept = {job[0]: store.read(job) for job in jobs} if store is not None else {}
    results = {index: outcome for index, outcome in kept.items() if outcome is not None}
    failures: dict[int, str] = {}
    waiting = {job[0]: job for job in jobs if job[0] not in results}
    # One bar counts the photographs, so what is done on each of them shows none.
    with track(len(jobs), what, progress=progress) as advance, showing(False):
        advance(len(results))
        for index, outcome in (
            _here(work, waiting) if client is None else _on(client, work, waiting)
        ):
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

    futures = {
        client.submit(work, *job, pure=False, retries=RETRIES): index for index, job in jobs.items()
    }
    # Each future finishes exactly once, even if its work is retried, so no image is counted twice.
    for future in as_completed(futures):
        error = future.exception()
        yield (
            (futures[future], f"its worker failed: {error}")
            if error is not None
            else future.result()
        )
        future.release()


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[Any]:
    """A context manager with a `dask.distributed.Client` for the scheduler at `address`, or None if there is no address.

    Raises SegxaiError if dask is not installed or the scheduler cannot be reached.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SegxaiError(
            "A cluster needs dask's distributed, which is not installed: pip install 'segxai[dask]'"
        ) from error
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise SegxaiError(
            f"No dask scheduler can be reached at {address!r}: {error}. Start one with: dask scheduler"
        ) from error
    with client:
        yield client


class Store:
    """A folder with a file for each finished image, and the settings of the run.

    save(file, outcome) writes an outcome to a binary file; load(file, index) reads it. ending: the suffix of the files.
    Raises SegxaiError if the folder contains results of other settings or cannot be written.
    """

    def __init__(
        self, folder: str | os.PathLike, settings: dict, save: Callable, load: Callable, ending: str
    ):
        self.folder, self._save, self._load, self._ending = Path(folder), save, load, ending
        note = self.folder / "settings.json"
        if os.path.isfile(note):  # Path.is_file raises for impossible file names
            try:
                before = json.loads(note.read_text(encoding="utf-8"))
            except ValueError:
                before = None
            if before != settings:
                raise SegxaiError(
                    f"{str(self.folder)!r} contains results of other settings; choose another folder, or delete it."
                )
        else:
            with replacing(note) as temporary:
                temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def read(self, job: tuple) -> Any:
        """The outcome of a finished job, or None."""
        try:
            with self._path(job).open("rb") as file:
                return self._load(file, job[0])
        except _DAMAGED:  # absent or damaged: the job is run again
            return None

    def write(self, job: tuple, outcome: Any) -> None:
        """Keep the outcome of a job. Raises SegxaiError if it cannot be written."""
        with replacing(self._path(job)) as temporary, temporary.open("wb") as file:
            self._save(file, outcome)

    def _path(self, job) -> Path:
        """A path derived from the content of the image (and of given regions or masks), so that image files may be renamed."""
        image = pixels_of(job[1])
        digest = hashlib.sha256(str(image.shape).encode() + image.tobytes())
        for given in job[2:]:
            if isinstance(given, Regions):
                digest.update(given.labels.tobytes() + "\n".join(given.names).encode())
            elif isinstance(given, np.ndarray):
                digest.update(given.tobytes())
        return self.folder / f"{digest.hexdigest()[:32]}{self._ending}"


def specification(classifier: ClassifierLike) -> ClassifierLike:
    """What to send to a worker: the built-in network's name, because its session cannot be pickled, or the classifier itself."""
    if classifier is None or (
        isinstance(classifier, NetClassifier) and classifier.name == "efficientnet_lite0"
    ):
        return "efficientnet_lite0"
    return str(classifier) if isinstance(classifier, os.PathLike) else classifier


def classifier_of(specified: ClassifierLike) -> Classifier:
    """The classifier for a `specification`; each process loads a named classifier once."""
    if not isinstance(specified, str) or specified == "efficientnet_lite0":
        return load_classifier(specified)
    return loaded((specified, *_state(specified)), lambda: load_classifier(specified))


def run_metadata(specified: ClassifierLike, run: str | None, named: bool) -> dict:
    """The classifier and the name of the run as a `Store` records them. named: whether all other settings are names or numbers.

    Raises SegxaiValueError if a function or model is used without a name for the run, because the folder cannot distinguish them.
    """
    if run is None and not (named and isinstance(specified, str)):
        raise SegxaiValueError(
            "With a function or a model, folder= also needs run=, a name for this run, because the folder cannot distinguish functions."
        )
    return {
        "classifier": [specified, *_state(specified)] if isinstance(specified, str) else "given",
        "run": run,
    }


def _state(name: str) -> tuple:
    """Modification time and size of a model's file, to notice its replacement; () for the name of a network."""
    try:
        found = os.stat(name)
    except (OSError, ValueError):
        return ()
    return (found.st_mtime_ns, found.st_size)


def as_image_list(images: Any, function: str) -> list:
    """The given images as a list, or the paths of all pictures in a folder, sorted by name.

    Raises SegxaiError if the folder does not exist or contains no pictures, or for a single image.
    """
    if isinstance(images, (str, Path)):
        folder = Path(images)
        if not os.path.isdir(folder):  # Path.is_dir raises for impossible folder names
            raise SegxaiFileNotFoundError(
                f"There is no folder {str(folder)!r}; pass a folder or a list of images."
            )
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in _PICTURES)
        if not found:
            raise SegxaiFileError(
                f"The folder {str(folder)!r} contains no pictures ({', '.join(sorted(_PICTURES))})."
            )
        return found
    if isinstance(images, np.ndarray) and images.ndim < 4:
        raise SegxaiValueError(
            f"{function} takes a list of images or a folder, but a single image was given."
        )
    if not isinstance(images, Iterable):
        raise SegxaiValueError(f"{function} takes a list of images or a folder; got {images!r}.")
    return list(images)


def common_output(results: Iterable) -> str:
    """The `output` that all results have; "output" where they differ."""
    kinds = {result.output for result in results}
    return kinds.pop() if len(kinds) == 1 else "output"


def fingerprint(value: Any) -> str:
    """A setting as a string: names and paths unchanged, arrays as a hash of their content."""
    return (
        os.fspath(value)
        if isinstance(value, (str, os.PathLike))
        else hashlib.sha256(np.asarray(value).tobytes()).hexdigest()
    )
