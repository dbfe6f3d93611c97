"""The cache of networks that stay loaded between calls: list them, measure them and free them.

At most MOST networks are kept, because Binder has 2 GB of memory; the least recently used one is dropped first. A dropped
network is not closed, because other code may still use it; its memory is freed with the last reference.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

MOST = 4  # the contour network, EfficientNet-Lite0 and DeepLab (2 MB) for regions and their names, and another classifier

T = TypeVar("T")
_networks: OrderedDict[tuple, Any] = OrderedDict()
_lock = threading.RLock()


def loaded(key: tuple | str, build: Callable[[], T]) -> T:
    """The network for this key; `build` creates it if it is not loaded or was closed."""
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
    """{name: bytes of its variables} for each loaded network, the most recently used one last."""
    with _lock:
        return {
            " ".join(map(str, key)): getattr(network, "nbytes", 0)
            for key, network in _networks.items()
        }


def close_networks() -> None:
    """Close all loaded networks; each is reloaded when it is needed again."""
    with _lock:
        while _networks:
            _, network = _networks.popitem()
            if hasattr(network, "close"):
                network.close()


class Network:
    """A graph session with its inputs and outputs as attributes."""

    def __init__(self, net: Any, **tensors: Any):
        self.net: Any = net
        self.__dict__.update(tensors)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def nbytes(self) -> int:
        return self.net.nbytes

    @property
    def closed(self) -> bool:
        return self.net.closed

    def close(self) -> None:
        self.net.close()
