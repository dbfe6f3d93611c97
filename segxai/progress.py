"""Progress bars for long computations, in a terminal or a notebook.

Every long computation takes an argument ``progress``, which chooses how it is shown:

- None: a bar in a notebook or a terminal, if the work takes longer than two seconds,
- True: a bar at once,
- False: no bar,
- a function: called as ``progress(done, total)`` whenever something is done; what it raises ends
  the work.
"""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeAlias

with warnings.catch_warnings(action="ignore"):  # a kernel without ipywidgets has bars of text
    from tqdm.auto import tqdm

Progress: TypeAlias = Callable[[int, int], object] | bool | None
# What None stands for, see `showing`. Nobody waits before a page that needs no kernel.
_around: ContextVar[Progress] = ContextVar(
    "progress", default=False if os.environ.get("SEGXAI_STILL") else None
)


class _Quiet(tqdm):
    """A bar without tqdm's own thread, which would outlive it."""

    monitor_interval = 0


def _emptied(base: Any) -> Any:
    """Derive bars for notebooks, of which nothing is left at the end.

    tqdm closes the widget but leaves its output, which then says that a model was not found, and
    leaves the widgets inside open.
    """

    class Bar(base):
        displayed: bool

        def display(self, *args, check_delay=True, **options):
            super().display(*args, check_delay=False, **options)
            if (check_delay or self.delay <= 0) and not self.displayed:
                from IPython.display import display

                self.displayed = True
                self.output = display(self.container, display_id=True)

        def close(self):
            if self.disable:  # or closed already
                return
            super().close()
            if self.displayed:
                self.output.update({"text/plain": ""}, raw=True)
            close_widget(self.container)

    return partial(Bar, display=False)  # not by tqdm itself


_in_notebook = any(base.__module__ == "tqdm.notebook" for base in _Quiet.__mro__)
_Bar: Any = _emptied(_Quiet) if _in_notebook else _Quiet


@contextlib.contextmanager
def track(total: int, what: str, *, progress: Progress = None) -> Iterator[Callable[[int], Any]]:
    """Show how far some work has come.

    Parameters
    ----------
    total : int
        Number of items to be done.
    what : str
        What is being done, written next to the bar.
    progress : bool or callable, optional
        None shows a bar if the work takes longer than two seconds, True shows it at once, False
        never; a function is called as ``progress(done, total)``. Within `showing`, None stands
        for its choice.

    Yields
    ------
    advance : callable
        To be called with the number of items just completed.
    """
    progress = _around.get() if progress is None else progress
    if callable(progress):
        done = 0

        def advance(count):
            nonlocal done
            done += count
            progress(done, total)

        yield advance
        return
    with _Bar(
        total=total, desc=what, leave=False, miniters=1,
        delay=0 if progress else 2,  # seconds
        disable=None if progress is None else not progress,  # None: unless somebody looks
    ) as bar:  # fmt: skip
        yield bar.update


@contextlib.contextmanager
def showing(choice: Progress) -> Iterator[None]:
    """Choose how everything inside the block that is not told otherwise shows its progress.

    Work may be deep inside something that does not report progress, such as a segmenter.

    Parameters
    ----------
    choice : bool or callable, optional
        As for `track`; None leaves the choice as it is.
    """
    token = _around.set(_around.get() if choice is None else choice)
    try:
        yield
    finally:
        _around.reset(token)


def bars_only(choice: Progress) -> bool | None:
    """Return the same choice for work that a progress function does not count: no second bar.

    Parameters
    ----------
    choice : bool or callable, optional
        As for `track`.

    Returns
    -------
    choice : bool or None
        False in place of a function.
    """
    return False if callable(choice) else choice


def inside(widget: Any) -> Iterator[Any]:
    """Yield everything inside a widget, and the widget itself at last.

    Parameters
    ----------
    widget : ipywidgets.Widget
        Any widget of ipywidgets, or of anywidget.

    Yields
    ------
    part : ipywidgets.Widget
    """
    for child in getattr(widget, "children", ()):
        yield from inside(child)
    yield from (getattr(widget, "style", widget.layout), widget.layout, widget)


def close_widget(widget: Any) -> None:
    """Close a widget and everything inside it.

    ipywidgets keeps every open widget in memory, and ``close`` spares a widget's children.

    Parameters
    ----------
    widget : ipywidgets.Widget
        Any widget of ipywidgets, or of anywidget.
    """
    for part in list(inside(widget)):
        part.close()
