"""Threads around TensorFlow that are over before the interpreter ends."""

from __future__ import annotations

import threading
import weakref


class Cancelled(Exception):
    """Raised from a progress function, to give up what is under way."""


def start(owner, work, stop, name: str) -> threading.Thread:
    """Run `work` in a thread. When the interpreter ends, or `owner` is gone, `stop` is called and the thread waited for.

    An interpreter that ends in the middle of a TensorFlow call crashes. `stop` lets `work` end soon; it must not refer to `owner`.
    """

    def run():
        try:
            work()
        finally:
            ending.detach()

    thread = threading.Thread(target=run, daemon=True, name=name)
    ending = weakref.finalize(owner, _end, stop, thread)
    thread.start()
    return thread


def _end(stop, thread):
    stop()
    if thread is not threading.current_thread():
        thread.join(60)
