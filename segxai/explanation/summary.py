"""What a table of coalition values tells, in sentences."""

from __future__ import annotations

import numpy as np


def sentences(explanation, search: bool = True) -> list[str]:
    """The largest weight, the sufficient and necessary sets, the strongest interaction, parts, and the findings.

    search: whether sets that no complete table holds may be searched for with the classifier.
    """
    e = explanation
    name, weight = max(e.ranking(), key=lambda pair: abs(pair[1]))
    told = [f"“{name}” {'supports' if weight >= 0 else 'speaks against'} “{e.target}” most ({e.method} weight {weight:+.3f})."]
    if not e.coalitions.exact:
        told.append(halving(len(e.regions), len(e.coalitions.masks)))
    if e.coalitions.full > 0:
        can_search = search and e.classifier is not None and e.coalitions.target >= 0
        for kind, sentence in (("sufficient", _sufficient), ("necessary", _necessary)):
            if e.coalitions.exact or can_search or (kind, 0.5) in e.sets_found:
                told.append(sentence(e, e.find_set(kind, 0.5)))
    if e.coalitions.exact and e.coalitions.full > 0:
        told += _interaction(e)
        told += _parts(e)
    return [*told, *e.findings]


def halving(number: int, evaluated: int) -> str:
    """How many evaluations would halve the intervals of a sample: they shrink with its square root."""
    needed = 4 * evaluated
    if needed < 2**number:
        return f"{evaluated:,} of 2**{number} coalitions were evaluated; about {needed:,} evaluations would halve the intervals."
    return f"{evaluated:,} of {2**number:,} coalitions were evaluated; with all of them the weights would be exact."


def _sufficient(e, found) -> str:
    names, value = found
    if not names:
        return f"Even with nothing shown, “{e.target}” keeps above half of its value ({_of_whole(e, value)})."
    verb = "alone keeps" if len(names) == 1 else "alone keep"
    return f"{_joined(names)} {verb} “{e.target}” above half of its value ({_of_whole(e, value)}){_by_search(e)}."


def _necessary(e, found) -> str:
    if found is not None:
        names, value = found
        return f"Without {_joined(names)} it falls below half ({value:.3f}){_by_search(e)}."
    if e.coalitions.exact:
        return f"No set of regions is necessary: whatever is taken away, “{e.target}” keeps above half of its value."
    return f"No necessary set was found: whatever was taken away, “{e.target}” kept above half of its value."


def _by_search(e) -> str:
    return "" if e.coalitions.exact else ", the smallest set that was found"


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


def _of_whole(e, value) -> str:
    return f"{value:.3f}; the whole photograph gives {e.coalitions.full:.3f}"


def _joined(names) -> str:
    return " + ".join(f"“{name}”" for name in names)
