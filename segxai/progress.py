"""Progress bars for long computations, in a terminal or a notebook."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeAlias

from tqdm import tqdm

# None: a bar if the work takes long. True: a bar at once. False: no bar. A function: called as progress(done, total).
Progress: TypeAlias = Callable[[int, int], object] | bool | None
_around: ContextVar[Progress] = ContextVar("progress", default=None)  # see `showing`


@contextlib.contextmanager
def track(total: int, what: str, *, progress: Progress = None) -> Iterator[Callable[[int], Any]]:
    """Yield a function to be called with the number of items just completed.

    progress: None shows a bar if the work takes longer than two seconds, True shows it immediately, False never;
    a function is called as progress(done, total). Within `showing`, None stands for its choice.
    """
    progress = _around.get() if progress is None else progress
    if callable(progress):
        done = 0

        def advance(count):
            nonlocal done
            done += count
            progress(done, total)

        yield advance
    elif progress is False or (progress is None and not _is_interactive()):
        yield lambda count: None
    else:
        bar = _notebook_bar if _in_notebook() else _terminal_bar
        with bar(total, what, 0 if progress else 2) as advance:
            yield advance


@contextlib.contextmanager
def showing(choice: Progress) -> Iterator[None]:
    """Let everything inside the block that is not told otherwise show its progress in this way.

    Work may be deep inside something that knows nothing of progress, such as a segmenter.
    """
    token = _around.set(_around.get() if choice is None else choice)
    try:
        yield
    finally:
        _around.reset(token)


def bars_only(choice: Progress) -> bool | None:
    """The same choice for work that a progress function does not count: no bar beside it."""
    return False if callable(choice) else choice


@contextlib.contextmanager
def _terminal_bar(total, what, delay):
    with tqdm(total=total, desc=what, delay=delay, leave=False) as bar:
        yield bar.update


@contextlib.contextmanager
def _notebook_bar(total, what, delay):
    from IPython.display import display
    from tqdm.notebook import tqdm as notebook_tqdm

    bar, shown, started = (
        notebook_tqdm(total=total, desc=what, leave=False, display=False),
        None,
        time.monotonic(),
    )

    def advance(count):
        nonlocal shown
        bar.update(count)
        if shown is None and time.monotonic() - started >= delay:
            shown = display(bar.container, display_id=True)

    try:
        yield advance
    finally:
        bar.close()
        close_widget(bar.container)
        if shown is not None:  # otherwise a reopened notebook reports a missing widget
            shown.update({"text/plain": ""}, raw=True)


def close_widget(widget: Any) -> None:
    """Close a widget and everything inside it: ipywidgets keeps every open widget in memory, and `close` spares its children."""
    for child in getattr(widget, "children", ()):
        close_widget(child)
    for part in (getattr(widget, "style", widget), widget.layout, widget):
        part.close()


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    return True


def _is_interactive() -> bool:
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())
