"""Summarise an explanation in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .explanation import Explanation


def sentences(explanation: Explanation) -> list[str]:
    """Sentences on the largest weight, the smallest sufficient and necessary sets, the strongest interaction, parts and findings."""
    e = explanation
    name, weight = max(e.ranking(), key=lambda pair: abs(pair[1]))
    found = [f"“{name}” {'supports' if weight >= 0 else 'opposes'} “{e.target}” most ({e.method} weight {weight:+.3f})."]
    if e.coalitions.exact and e.coalitions.full > 0:
        found.append(_sufficient(e))
        found.append(_necessary(e))
        found += _interaction(e)
        found += _parts(e)
    return [*found, *e.findings]


def _sufficient(e) -> str:
    names = e.sufficient(0.5)
    if not names:
        return f"With no region shown, “{e.target}” still keeps more than half of its value ({_of_whole(e, e.coalitions.empty)})."
    verb = "alone keeps" if len(names) == 1 else "alone keep"
    return f"{_joined(names)} {verb} “{e.target}” above half of its value ({_of_whole(e, _value(e, names))})."


def _necessary(e) -> str:
    names = e.necessary(0.5)
    if names is None:
        return f"No set of regions is necessary: whatever is removed, “{e.target}” keeps more than half of its value."
    left = _value(e, [n for n in e.regions.names if n not in names])
    return f"Without {_joined(names)} it falls below half ({left:.3f})."


def _interaction(e) -> list[str]:
    matrix = e.interactions()
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    if i == j:  # no two regions interact
        return []
    pair = _joined((e.regions.names[i], e.regions.names[j]))
    kind = (
        "have a larger effect together than the sum of their separate effects"
        if matrix[i, j] >= 0
        else "have a smaller effect together than the sum of their separate effects"
    )
    return [f"{pair} {kind} (interaction {matrix[i, j]:+.3f}, the strongest of all pairs)."]


def _parts(e) -> list[str]:
    """For each region that was replaced by its parts, the sum of their weights."""
    if e.method != "owen":
        return []
    groups = [_members(node) for node in e.hierarchy if isinstance(node, tuple)]
    return [
        f"The weights of the parts {_joined(e.regions.names[k] for k in members)} add up to the whole region's {sum(e.weights[members]):+.3f}."
        for members in groups
    ]


def _members(node) -> list[int]:
    return [k for child in node for k in _members(child)] if isinstance(node, tuple) else [node]


def _value(e, names) -> float:
    return e.coalitions.value_of(np.isin(e.regions.names, names))


def _of_whole(e, value) -> str:
    return f"{value:.3f}; the whole photograph gives {e.coalitions.full:.3f}"


def _joined(names) -> str:
    return " + ".join(f"“{name}”" for name in names)
