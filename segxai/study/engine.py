"""Process many photographs here or on a dask cluster, and keep results to resume a run.

`explain_many` and `compare` use this engine: their work on one photograph is a function, of which
a SegxaiError is the reason for a failure.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier, Target
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    extra_module,
    listed,
    quoted,
    whole_number,
)
from ..explanation.fills import Fill, distinct_fills
from ..explanation.game import DEFAULT, known_name
from ..explanation.methods import ALPHA, KERNEL_WIDTH, check_method
from ..files import as_path, replacing
from ..images import ENDINGS, pixels_of, warn_caller
from ..progress import Progress, showing, track
from ..regions import Regions
from ..weights.loaded import loaded

_MOST_BYTES = 2**26  # of a result
RETRIES = 3  # for an image whose worker died


def checked_options(
    method: str,
    fill: Fill,
    max_evaluations: int,
    seed: int,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
) -> dict[str, Any]:
    """Check options of `explain` before the first photograph, where they would fail on each.

    Parameters
    ----------
    method, fill, max_evaluations, seed, kernel_width, alpha
        As for `segxai.explain`.

    Returns
    -------
    options : dict
        The same, with one spelling for each fill.

    Raises
    ------
    SegxaiError
        For those that are not possible.
    """
    check_method(method, kernel_width, alpha)
    return {
        "method": method,
        "fill": distinct_fills([fill])[0],
        "max_evaluations": whole_number("max_evaluations", max_evaluations, 2),
        "seed": whole_number("seed", seed),
        "kernel_width": kernel_width,
        "alpha": alpha,
    }


def run_all(
    work: Callable,
    images: list,
    given: Sequence,
    settings: dict,
    load: Callable[[dict], Any],
    *,
    classifier: ClassifierLike,
    target: Target,
    folder: str | os.PathLike | None,
    run: str | None,
    client: Any,
    progress: Progress,
    what: str,
) -> tuple[tuple, tuple[tuple[int, str], ...], Classifier]:
    """Run the work on every image, in the same way.

    Parameters
    ----------
    work : callable
        Called as ``work(index, image, given, classifier, target, **settings)``, it returns the
        outcome, a data class.
    images : list of images or paths
    given : sequence
        What comes with each image: an array, `Regions` or None.
    settings : dict
        What is the same for all images, see `Store`.
    load : callable
        See `Store`.
    classifier, target, folder, run, client, progress
        See `segxai.compare`. Images whose outcome is in the folder are skipped. The images of a
        worker that dies are resubmitted, and each is counted once.
    what : str
        Is done, for the progress bar.

    Returns
    -------
    results : tuple
        The outcomes in the order of the images, without failures.
    failures : tuple of (int, str)
        (index, reason).
    classifier : Classifier
        As it was loaded here.

    Raises
    ------
    SegxaiError
        For a target that the classifier does not know, and a folder that cannot be used.
    """
    specified = specification(classifier)
    loaded_here = classifier_of(specified)
    loaded_here.check_target(target)
    jobs = list(zip(range(len(images)), images, given, strict=True))
    store = (
        None
        if folder is None
        else Store(folder, settings | {"target": str(target), "classifier": specified}, load, run)
    )
    outcomes: list[Any] = [store.read(job) if store else None for job in jobs]
    waiting = [job for job, outcome in zip(jobs, outcomes, strict=True) if outcome is None]
    one = partial(_attempt, work, specified, target, settings)
    # One bar counts the photographs, so what is done on each of them shows none.
    with track(len(jobs), what, progress=progress) as advance, showing(False):
        advance(len(jobs) - len(waiting))
        finished = starmap(one, waiting) if client is None else _on(client, one, waiting)
        for index, outcome in finished:
            outcomes[index] = outcome
            if store and not isinstance(outcome, str):
                store.write(jobs[index], outcome)
            advance(1)
    return (
        tuple(outcome for outcome in outcomes if not isinstance(outcome, str)),
        tuple(pair for pair in enumerate(outcomes) if isinstance(pair[1], str)),
        loaded_here,
    )


def _attempt(work, specified, target, settings, index, image, given) -> tuple[int, Any]:
    """Return the outcome of one image, here or on a worker, or why there is none."""
    try:
        return index, work(index, image, given, classifier_of(specified), target, **settings)
    except SegxaiError as error:
        why = str(error)
        if isinstance(image, (str, os.PathLike)):  # reports are shared, folders are private
            why = why.replace(str(as_path(image)), Path(image).name)
        return index, why


def _on(client, one, jobs) -> Iterator[tuple[int, Any]]:
    """Yield the outcomes of jobs as they come from a cluster."""
    from distributed import as_completed

    futures = {client.submit(one, *job, pure=False, retries=RETRIES): job[0] for job in jobs}
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
    distributed = extra_module(
        "distributed", "A cluster needs dask's distributed: pip install 'segxai[dask]'"
    )
    try:
        return distributed.Client(address, timeout="10s")
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
        Of what JSON can hold, arrays, paths, and functions or models, which are not told apart.
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

        self._folder, self._load, self._run = as_path(folder), load, run
        named = {"segxai": __version__, "run": run} | settings
        self._belongs = json.loads(json.dumps(named, default=self._told_apart))

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
        return {"sha256": sha256(json.dumps(entry).encode()).hexdigest(), **entry}

    def _path(self, job) -> Path:
        """Name a file by the content of the job, so that image files may be renamed."""
        content = json.dumps([self._belongs, pixels_of(job[1]), *job[2:]], default=self._told_apart)
        return self._folder / f"{sha256(content.encode()).hexdigest()[:32]}.json"

    def _told_apart(self, value) -> Any:
        """Return what JSON has instead of a value: of an array its hash."""
        if isinstance(value, Regions):
            return [value.labels, value.names]
        if isinstance(value, (np.ndarray, np.generic)):
            return [value.shape, sha256(value.tobytes()).hexdigest()]
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if self._run is None:
            raise SegxaiValueError(
                "With a function or a model, folder= also needs run=, a name for this run, "
                "because the folder cannot distinguish functions."
            )
        return "function"


def specification(classifier: ClassifierLike) -> Any:
    """Return what to send to a worker instead of a classifier.

    Parameters
    ----------
    classifier : as for `segxai.explain`

    Returns
    -------
    specified : str, tuple or the classifier itself
        The built-in network's name, because its session cannot be pickled; or a path as a string,
        with the file's time of modification and size, by which its replacement is noticed.
    """
    if classifier is None or known_name(classifier):
        return DEFAULT
    if not isinstance(classifier, (str, os.PathLike)):
        return classifier
    path = as_path(classifier)
    # An impossible file name does not exist, either.
    state = (os.path.getmtime(path), os.path.getsize(path)) if os.path.exists(path) else ()
    return str(classifier), *state


def classifier_of(specified: Any) -> Classifier:
    """Return the classifier for a `specification`; each process loads a path once."""
    if isinstance(specified, tuple):
        return loaded(specified, lambda: load_classifier(specified[0]))
    return load_classifier(specified)


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
