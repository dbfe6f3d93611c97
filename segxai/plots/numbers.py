"""Format numbers and intervals for tables and figures."""

from __future__ import annotations

ARROWS = {"up": "↑", "down": "↓", "zero": "→ 0", "": ""}


def format_number(value: float) -> str:
    """A number with two decimals, or fewer if it is large."""
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def format_interval(summary: dict) -> str:
    """A mean with its interval, from {"mean", "low", "high"}; a dash if there is no mean."""
    if summary["mean"] is None:
        return "–"
    interval = "" if summary["low"] is None else f" [{format_number(summary['low'])}, {format_number(summary['high'])}]"
    return f"{format_number(summary['mean'])}{interval}"
