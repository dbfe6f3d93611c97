"""Progress of long work, on a terminal or in a notebook."""

from __future__ import annotations

import contextlib
import sys


@contextlib.contextmanager
def track(total: int, what: str, progress=None):
    """Yields a function to call with the number of items just done.

    progress: None shows a bar once the work takes longer than two seconds; True at once; False never;
    a function is called with (done, total).
    """
    if callable(progress):
        done = 0

        def advance(count):
            nonlocal done
            done += count
            progress(done, total)

        yield advance
    elif progress is False or (progress is None and not _somebody_watches()):
        yield lambda count: None
    else:
        from tqdm.auto import tqdm

        with tqdm(total=total, desc=what, delay=0 if progress else 2, leave=False) as bar:
            yield bar.update


def _somebody_watches() -> bool:
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())
