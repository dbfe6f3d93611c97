"""Format numbers and intervals for tables and figures."""

from __future__ import annotations

ARROWS = {"up": "↑", "down": "↓", "zero": "→ 0", "": ""}


def quantity(output: str, target: str) -> str:
    """The name of a classifier's value for a class, on an axis: "P(cat)", "logit of cat"."""
    return f"P({target})" if output == "probability" else f"{output} of {target}"


def format_output(value: float, output: str) -> str:
    """A classifier's value in a sentence.

    >>> format_output(0.5, "probability"), format_output(-2.5, "logit")
    ('50.0%', 'logit -2.500')
    """
    return f"{value:.1%}" if output == "probability" else f"{output} {value:.3f}"


def format_number(value: float) -> str:
    """A number with two decimals, or fewer if it is large."""
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def format_interval(summary: dict) -> str:
    """A mean with its interval, from {"mean", "low", "high"}; a dash if there is no mean."""
    if summary["mean"] is None:
        return "–"
    interval = "" if summary["low"] is None else f" [{format_number(summary['low'])}, {format_number(summary['high'])}]"
    return f"{format_number(summary['mean'])}{interval}"
