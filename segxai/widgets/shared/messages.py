"""The one protocol for what is no state of a widget: {"type": ..., further fields}, and buffers of bytes beside it.

The types are listed at its other end, messages.js. What comes from a browser may come from anybody: a message that is no
mapping, or of an unknown type, is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def send(widget, type_: str, fields: Mapping, buffers=()) -> None:
    """Send one message to every view of the widget."""
    widget.send({"type": type_, **fields}, buffers=list(buffers))


def receive(widget, handlers: Mapping[str, Callable]) -> None:
    """Call handlers[type](fields, buffers) for each message of the page."""

    def received(_, content, buffers):
        handler = handlers.get(content.get("type", "")) if isinstance(content, dict) else None
        if handler is not None:
            handler(content, [bytes(b) for b in buffers or ()])

    widget.on_msg(received)
