"""Threads around TensorFlow that are over before the interpreter ends."""

import threading
import weakref

from ...errors import SegxaiError, quoted


class Cancelled(BaseException):
    """Raised from a progress function, to give up what is under way.

    What catches each Exception, as of a library, does not take it for a failure.
    """


def problem(error: Exception) -> str:
    """Say what went wrong in a thread, above which nobody would see the error.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    line : str
    """
    if isinstance(error, SegxaiError):
        return str(error)
    return f"This failed with {type(error).__name__}: {quoted(error)}"


def start(owner, work, stop, name: str) -> threading.Thread:
    """Run some work in a thread that ends before the interpreter does.

    An interpreter that ends in the middle of a TensorFlow call crashes. When it ends, or when the
    owner is gone, `stop` is called and the thread waited for.

    Parameters
    ----------
    owner : object
        What the work is done for.
    work : callable
        The work.
    stop : callable
        Lets the work end soon; it must not refer to `owner`.
    name : str
        Of the thread.

    Returns
    -------
    thread : threading.Thread
        It runs already.
    """
    thread = threading.Thread(target=work, daemon=True, name=name)
    weakref.finalize(owner, _end, stop, thread)
    thread.start()
    return thread


def _end(stop, thread):
    stop()
    if thread is not threading.current_thread():
        thread.join(60)
