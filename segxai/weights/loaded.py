"""Networks that stay loaded between calls, in one place: which there are, what they hold, and how they are freed.

At most MOST of them stay, for Binder has 2 GB: of more, the one used longest ago is let go. It is not closed then, for somebody
may still hold it; its memory is freed with the last reference.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

MOST = 3

T = TypeVar("T")
_networks: OrderedDict[tuple, Any] = OrderedDict()
_lock = threading.RLock()


def loaded(key: tuple | str, build: Callable[[], T]) -> T:
    """The network of this key, made by `build` where none is loaded, or it was closed."""
    key = key if isinstance(key, tuple) else (key,)
    with _lock:
        network = _networks.pop(key, None)
        if network is None or getattr(network, "closed", False):
            network = build()
        _networks[key] = network
        while len(_networks) > MOST:
            _networks.popitem(last=False)
        return network


def loaded_networks() -> dict[str, int]:
    """{name: bytes of its variables} of the networks that are loaded, the one used last at the end."""
    with _lock:
        return {" ".join(map(str, key)): getattr(network, "nbytes", 0) for key, network in _networks.items()}


def close_networks() -> None:
    """Close every loaded network; each is loaded again when it is next needed."""
    with _lock:
        while _networks:
            _, network = _networks.popitem()
            if hasattr(network, "close"):
                network.close()
