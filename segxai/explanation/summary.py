"""What a table of coalition values tells, in sentences."""

from __future__ import annotations

import numpy as np


def sentences(explanation) -> list[str]:
    """The largest weight, the smallest sufficient and necessary sets, the strongest interaction, parts, and the findings."""
    e = explanation
    name, weight = max(e.ranking(), key=lambda pair: abs(pair[1]))
    told = [f"“{name}” {'supports' if weight >= 0 else 'speaks against'} “{e.target}” most ({e.method} weight {weight:+.3f})."]
    if e.coalitions.exact and e.coalitions.full > 0:
        told.append(_sufficient(e))
        told.append(_necessary(e))
        told += _interaction(e)
        told += _parts(e)
    return [*told, *e.findings]


def _sufficient(e) -> str:
    names = e.sufficient(0.5)
    if not names:
        return f"Even with nothing shown, “{e.target}” keeps above half of its value ({_of_whole(e, e.coalitions.empty)})."
    verb = "alone keeps" if len(names) == 1 else "alone keep"
    return f"{_joined(names)} {verb} “{e.target}” above half of its value ({_of_whole(e, _value(e, names))})."


def _necessary(e) -> str:
    names = e.necessary(0.5)
    if names is None:
        return f"No set of regions is necessary: whatever is taken away, “{e.target}” keeps above half of its value."
    left = _value(e, [n for n in e.regions.names if n not in names])
    return f"Without {_joined(names)} it falls below half ({left:.3f})."


def _interaction(e) -> list[str]:
    matrix = e.interactions()
    i, j = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
    if i == j:  # no two regions interact
        return []
    pair = _joined((e.regions.names[i], e.regions.names[j]))
    kind = (
        "do more together than their effects alone add up to"
        if matrix[i, j] >= 0
        else "do less together than their effects alone add up to"
    )
    return [f"{pair} {kind} (interaction {matrix[i, j]:+.3f}, the strongest of all pairs)."]


def _parts(e) -> list[str]:
    """What each thing that was taken apart weighs as a whole."""
    if e.method != "owen":
        return []
    groups = [_members(node) for node in e.hierarchy if isinstance(node, tuple)]
    return [
        f"The parts {_joined(e.regions.names[k] for k in members)} of one region add up to its {sum(e.weights[members]):+.3f}."
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
