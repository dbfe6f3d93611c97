"""Format numbers and intervals for tables and figures."""

import numpy as np

# Weights below are written as 0, so they must not fill a scale of colours or bars.
FAINT = 0.0005
ARROWS = {"up": "↑", "down": "↓", "zero": "→ 0", "": ""}


def quantity(output: str, target: str) -> str:
    """Return the name of a classifier's value for a class, on an axis.

    Examples
    --------
    >>> quantity("probability", "cat"), quantity("logit", "cat")
    ('P(cat)', 'logit of cat')
    """
    return f"P({target})" if output == "probability" else f"{output} of {target}"


def percent(share: float, digits: int = 1) -> str:
    """Write a share as everywhere in figures, pages and widgets.

    Examples
    --------
    >>> percent(0.098), percent(0.5, 0)
    ('9.8 %', '50 %')
    """
    return f"{100 * share:z.{digits}f} %"


def format_output(value: float, output: str) -> str:
    """Write a classifier's value for a sentence; what is rounded to zero has no sign.

    Examples
    --------
    >>> format_output(0.5, "probability"), format_output(-2.5, "logit")
    ('50.0 %', 'logit -2.500')
    >>> format_output(-1e-9, "logit")
    'logit 0.000'
    """
    return percent(value) if output == "probability" else f"{output} {value:z.3f}"


def widest(*weights: np.ndarray) -> float:
    """Return the largest absolute weight, the end of a scale of colours and bars; at least FAINT.

    Examples
    --------
    >>> widest(np.array([-0.2, 0.1]), np.array([1e-12])), widest(np.array([1e-12]))
    (0.2, 0.0005)
    """
    return max(FAINT, *(float(np.abs(row).max()) for row in weights))


def strongest(weights: np.ndarray, most: int | None = None) -> np.ndarray:
    """Return which are the largest absolute weights, by default all, in descending order.

    Examples
    --------
    >>> strongest(np.array([0.1, -0.3, 0.2]), 2)
    array([2, 1])
    """
    kept = np.argsort(-np.abs(weights), kind="stable")[:most]
    return kept[np.argsort(-weights[kept], kind="stable")]


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign; what is rounded to zero has none.

    Examples
    --------
    >>> signed(0.12), signed(-0.0001)
    ('+0.120', '0')
    """
    text = f"{value:+.{digits}f}"
    return text if float(text) else "0"


def format_number(value: float) -> str:
    """Write a number with two decimals, or fewer if it is large."""
    return f"{value:z.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def format_interval(summary: dict) -> str:
    """Write a mean with its interval.

    Parameters
    ----------
    summary : dict
        With "mean", "low" and "high", each a float or None.

    Returns
    -------
    text : str
        A dash if there is no mean.
    """
    mean, low, high = (summary[key] for key in ("mean", "low", "high"))
    if mean is None:
        return "–"
    return format_number(mean) + (
        "" if low is None else f" [{format_number(low)}, {format_number(high)}]"
    )
