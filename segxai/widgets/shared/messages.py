"""The one protocol for what is no state of a widget.

A message is ``{"type": ..., further fields}``, with buffers of bytes beside it. The types are
listed at its other end, messages.js. What comes from a browser may come from anybody: a message
that is no mapping, or of an unknown type, is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def receive(widget: Any, handlers: Mapping[str, Any]) -> None:
    """Have the messages of the page handled.

    Parameters
    ----------
    widget : ipywidgets.Widget
        Whose messages.
    handlers : mapping of str to callable
        By type; ``handlers[type](fields, data)`` is called for each message, with the bytes that
        came beside it.
    """

    def received(_, content, buffers):
        handler = handlers.get(content.get("type", "")) if isinstance(content, dict) else None
        if handler is not None:
            handler(content, bytes(buffers[0]) if buffers else b"")

    widget.on_msg(received)
