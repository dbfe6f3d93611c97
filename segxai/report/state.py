"""An explanation as the state of a canvas in a browser, which computes everything else from it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import plots
from ..images import resize_labels
from ..plots.duck_types import Explained
from .pictures import number_png, shown_size

METHODS = {
    "lime": "LIME",
    "shapley": "Shapley",
    "banzhaf": "Banzhaf",
}  # that the browser computes (widgets/shared/algebra.js)


def finest(explanation: Any) -> tuple[Any, Any]:
    """The regions and the table that a canvas is given: of a tree its leaves and theirs, which it joins by itself."""
    e = explanation
    return (
        (e.descent.tree.leaves, e.descent.coalitions)
        if e.method == "tree"
        else (e.regions, e.coalitions)
    )


def regions_state(regions: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """What a canvas shows of `Regions` of a photograph of `shape`."""
    labels = resize_labels(regions.labels, shown_size(shape))
    return {
        "labels": number_png(labels),
        "size": list(regions.shape),  # of the photograph, which may be larger than what is shown
        "names": list(regions.names),
        "areas": [float(a) for a in regions.areas],
        "anchors": [_anchor(labels == k) for k in range(len(regions))],
        "segmenter": regions.method or "regions",
    }


def table_state(coalitions: Any) -> dict[str, Any]:
    """The table of every kept class, for algebra in the browser.

    table: float32 outputs, row by row, a column for each of `classes`; in the order of the coalitions' codes (bit k: region k
    is shown) where the table is complete, else with the rows' packed bits and float64 log_importance, empty where all rows count equally.
    """
    kept = coalitions
    rows, bits = kept.table, np.packbits(kept.masks, axis=1, bitorder="little")
    if kept.exact:
        rows, bits = rows[np.lexsort(kept.masks.T)], bits[:0]
    return {
        "table": np.ascontiguousarray(rows, "<f4").tobytes(),
        "bits": bits.tobytes(),
        "log_importance": b""
        if kept.exact or kept.log_importance is None
        else kept.log_importance.astype("<f8").tobytes(),
        "classes": list(kept.target_names),
        "fill": kept.fill,
        "output": kept.output,
    }


def tree_state(descent: Any) -> dict[str, Any]:
    """The nodes of a tree explanation, numbered as in `BinaryTree`, with the values of each kept class; the leaves are the regions."""
    kept = descent.coalitions
    return {
        "joins": descent.tree.joins.tolist(),
        "names": list(descent.tree.names),
        "areas": [float(a) for a in descent.tree.areas],
        "values": [
            [float(v) for v in descent.read(kept.for_target(target)).values]
            for target in kept.targets
        ],
    }


def depth_field(leaves: int) -> dict[str, Any]:
    """The control of how far a tree is taken apart."""
    return {
        "key": "depth", "label": "Depth", "kind": "range", "min": 1, "max": leaves, "step": 1, "live": True, "local": True,
        "hint": "How many regions the photograph is taken apart into: few things, or many small parts. Their weights are sums",
    }  # fmt: skip


def settings_state(explanation: Explained) -> dict[str, Any]:
    """How the table is summed up; and the weights, for methods that the browser does not compute."""
    e, (target, versus) = explanation, target_and_rival(explanation.coalitions)
    return {
        "target": target,
        "versus": versus,
        "method": e.method,
        "kernel_width": float(e.kernel_width),
        "alpha": float(e.alpha),
        "weights": [float(w) for w in e.weights],
        "intercept": float(e.intercept),
        "r2": float(e.r2),
        "depth": len(e.regions),
    }


def target_and_rival(coalitions: Any) -> tuple[str, str]:
    """The class that is explained, and the one that it is contrasted with, "" where there is none."""
    names = [coalitions.target_names[column] for column in coalitions.columns]
    return names[0], names[1] if len(names) > 1 else ""


def setting_fields(
    classes: Sequence[str], fills: Sequence[str], output: str
) -> list[dict[str, Any]]:
    """The controls of an explanation, as a form in the browser shows them. output: what the classifier's values are."""
    fields = [
        _select("target", "Class to explain", classes, f"The class whose {output} the weights explain"),
        _select("versus", "Rather than", [["", "–"], *([c, c] for c in classes)], "Explain why this class rather than another one"),
        _select("method", "Method", list(METHODS.items()), "How the classifier's outputs are summed up in one weight a region"),
        {
            "key": "kernel_width", "label": "Kernel width", "kind": "range", "min": 0.05, "max": 5, "step": 0, "log": True, "live": True,
            "when": {"method": "lime"}, "hint": "How far from the whole photograph LIME looks: narrow is local, wide is global",
        },
        _select("fill", "Fill hidden regions with", fills, "What is shown in place of a region that is off"),
    ]  # fmt: skip
    local: list[dict[str, Any]] = [
        {**field, "local": True} for field in fields[:-1]
    ]  # the page needs no kernel for them
    return [*local, fields[-1]] if len(fills) > 1 else local


def as_json(state: dict[str, Any]) -> str:
    """A state as JSON that may stand in a page's script: no "<", which could end the script; bytes once each, in "files"."""
    files: dict[bytes, int] = {}

    def place(value):
        if not isinstance(value, bytes):
            raise TypeError(f"{type(value).__name__} is no part of a state.")
        return {"file": files.setdefault(value, len(files))}

    text = json.dumps(state, default=place)
    whole = f'{{"state": {text}, "files": {json.dumps([base64.b64encode(file).decode() for file in files])}}}'
    return whole.replace("<", "\\u003c")


def _select(key, label, options, hint) -> dict:
    pairs = [[o, o] if isinstance(o, str) else list(o) for o in options]
    return {"key": key, "label": label, "kind": "select", "options": pairs, "hint": hint}


def _anchor(mask) -> list[float]:
    """(x, y), as shares of width and height, of the place where a number fits best."""
    if not mask.any():  # a region of a few pixels that is lost in the smaller copy
        return [0.5, 0.5]
    row, column = plots.widest_place(mask)
    return [(column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]]
