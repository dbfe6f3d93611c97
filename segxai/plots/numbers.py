"""Numbers and their intervals as text, for tables and figures."""

from __future__ import annotations

ARROWS = {"up": "↑", "down": "↓", "zero": "→ 0", "": ""}


def format_number(value: float) -> str:
    """Two digits behind the point, or fewer where the number is large."""
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def format_interval(summary: dict) -> str:
    """A mean with its interval, {"mean", "low", "high"}; a dash where there is none."""
    if summary["mean"] is None:
        return "–"
    interval = "" if summary["low"] is None else f" [{format_number(summary['low'])}, {format_number(summary['high'])}]"
    return f"{format_number(summary['mean'])}{interval}"
