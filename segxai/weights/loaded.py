"""What stays in memory between calls: the last few networks, and what was computed with them.

At most MOST networks are kept, because Binder has 2 GB of memory; the least recently used one is
dropped first. A dropped network is not closed, because other code may still use it; its memory is
freed with the last reference.
"""

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

# The contour network, EfficientNet-Lite0 and DeepLab (2 MB) for regions and their names, and
# another classifier.
MOST = 4

T = TypeVar("T")
_networks: dict[tuple | str, Any] = {}  # the most recently used one last
_lock = threading.RLock()
if hasattr(os, "register_at_fork"):  # not on Windows; no other thread holds the lock in the child
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


def loaded(key: tuple | str, build: Callable[[], T]) -> T:
    """Return the network for this key.

    Parameters
    ----------
    key : tuple or str
    build : callable
        Creates the network if it is not loaded or was closed.
    """
    key = (os.getpid(), key)  # a network's threads do not exist in a forked child
    with _lock:
        if getattr(_networks.get(key), "closed", False):
            del _networks[key]
        return recent(_networks, key, MOST, build)


def recent(kept: dict[Any, T], key: Any, most: int, make: Callable[[], T]) -> T:
    """Return what is kept for a key, or make it; the least recently used value is dropped first.

    Parameters
    ----------
    kept : dict
        The most recently used value last.
    key : hashable
        Of the value that is wanted.
    most : int
        How many values are kept.
    make : callable
        Returns the value if it is not kept.

    Returns
    -------
    value : object
    """
    value = kept.pop(key, None)
    if value is None:
        value = make()
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]
    return value
