"""An explanation as the state of a canvas in a browser, which computes everything else from it.

Its readers in JavaScript are widgets/shared/algebra.js and widgets/shared/still.js. Pictures are
sent as small files: photographs as JPEG, cut-outs as WebP, numbers as PNG.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from .. import plots
from ..images import encoded, reduced, reduced_size, resize_labels
from ..regions import walk

SHOWN_SIDE = 640  # pixels; photographs are sent no larger than they are shown
MOST_NOUNS = 8  # of a region, where it is renamed

# The methods that pages compute themselves, by widgets/region_canvas/explain.js.
PAGE_METHODS = {"lime": "LIME", "shapley": "Shapley", "banzhaf": "Banzhaf"}


def regions_state(regions: Any, shape: tuple) -> dict[str, Any]:
    """Return what a canvas shows of regions.

    Parameters
    ----------
    regions : Regions
        K regions.
    shape : (H, W, ...)
        Of the photograph in pixels.

    Returns
    -------
    state : dict
        Labels as a `number_png`, the size of the photograph, which may be larger than what is
        shown, and for each region its name, its area, the place of its number, and the nouns that
        were found for it and its parts.
    """
    labels = resize_labels(regions.labels, reduced_size(shape[:2], SHOWN_SIDE))
    return {
        "labels": number_png(labels),
        "size": list(regions.shape),
        "names": list(regions.marked_names),
        "areas": [float(a) for a in regions.areas],
        "anchors": [anchor(labels == k) for k in range(len(regions))],
        "nouns": [
            list(dict.fromkeys(node.noun for node in walk(part) if node.noun))[:MOST_NOUNS]
            for part in regions.parts
        ],
        "segmenter": regions.method or "regions",
    }


def table_state(coalitions: Any) -> dict[str, Any]:
    """Return the table of every kept class, for algebra in the browser.

    Parameters
    ----------
    coalitions : Coalitions
        What was evaluated.

    Returns
    -------
    state : dict
        In "table" float32 outputs, row by row, a column for each of "classes"; in the order of the
        coalitions' codes (bit k: region k is shown) where the table is complete, else with the
        rows' packed "bits" and float64 "log_importance", empty where all rows count equally.
    """
    rows, bits = coalitions.table, np.packbits(coalitions.masks, axis=1, bitorder="little")
    weighted = not coalitions.exact and coalitions.log_importance is not None
    if coalitions.exact:
        rows, bits = rows[np.lexsort(coalitions.masks.T)], bits[:0]
    return {
        "table": np.ascontiguousarray(rows, "<f4").tobytes(),
        "bits": bits.tobytes(),
        "log_importance": coalitions.log_importance.astype("<f8").tobytes() if weighted else b"",
        "classes": list(coalitions.target_names),
        "fill": coalitions.fill,
        "output": coalitions.output,
    }


def tree_state(descent: Any) -> dict[str, Any]:
    """Return the nodes of a tree explanation, with the values of each kept class.

    Parameters
    ----------
    descent : Descent
        The values of the tree.

    Returns
    -------
    state : dict
        The nodes are numbered as in `BinaryTree`; the leaves are the regions.
    """
    return {
        "joins": descent.tree.joins.tolist(),
        "names": list(descent.tree.names),
        "areas": [float(a) for a in descent.tree.areas],
        "values": [
            replace(descent, coalitions=descent.coalitions.for_target(target)).values.tolist()
            for target in descent.coalitions.targets
        ],
    }


def depth_field(leaves: int) -> dict[str, Any]:
    """Return the control of how far a tree of a number of leaves is divided."""
    return {
        "key": "depth", "label": "Depth", "kind": "range", "min": 1, "max": leaves, "step": 1,
        "live": True, "local": True,
        "hint": "How many regions the photograph is divided into: few things, "
        "or many small parts. Their weights are sums",
    }  # fmt: skip


def settings_state(explanation: Any) -> dict[str, Any]:
    """Return how the table is summed up.

    Parameters
    ----------
    explanation : Explanation
        What is shown.

    Returns
    -------
    state : dict
        "versus" is the class that the target is contrasted with, "" where there is none.
    """
    e = explanation
    names = [e.coalitions.target_names[column] for column in e.coalitions.columns]
    target, versus = [*names, ""][:2]
    return {
        "target": target,
        "versus": versus,
        "method": e.method,
        "kernel_width": float(e.details.kernel_width),
        "alpha": float(e.details.alpha),
        "depth": len(e.regions),
    }


def weights_state(explanation: Any) -> dict[str, Any]:
    """Return the weights, for methods that the browser does not compute."""
    return {
        "weights": [float(w) for w in explanation.weights],
        "intercept": float(explanation.intercept),
        "r2": float(explanation.r2),
    }


def setting_fields(
    classes: Sequence[str], fills: Sequence[str], output: str, remote: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the controls of an explanation, as a form in the browser shows them.

    Parameters
    ----------
    classes, fills : sequence of str
        What can be chosen.
    output : str
        What the classifier's values are.
    remote : dict of str to str
        Methods that need a kernel, with their titles.

    Returns
    -------
    fields : list of dict
        Those that need no kernel are "local".
    """
    fields = [
        select_field(
            "target", "Class to explain", classes,
            hint=f"The class whose {output} the weights explain",
        ),
        select_field(
            "versus", "Rather than", [["", "–"], *([c, c] for c in classes)],
            hint="Explain why this class rather than another one",
        ),
        select_field(
            "method", "Method", (PAGE_METHODS | remote).items(), remote=list(remote),
            hint="How the classifier's outputs are summed up in one weight a region",
        ),
        {
            "key": "kernel_width", "label": "Kernel width", "kind": "range",
            "min": 0.05, "max": 5, "step": 0, "log": True, "live": True, "when": {"method": "lime"},
            "hint": "How far from the whole photograph LIME looks: narrow is local, wide is global",
        },
        select_field(
            "fill", "Fill hidden regions with", fills,
            hint="What is shown in place of a region that is off",
        ),
    ]  # fmt: skip
    local: list[dict[str, Any]] = [{**field, "local": True} for field in fields[:-1]]
    return [*local, fields[-1]] if len(fills) > 1 else local


def select_field(key: str, label: str, options: Iterable, **more: Any) -> dict[str, Any]:
    """Return a control that chooses one of several.

    Parameters
    ----------
    key, label : str
        Of the control.
    options : iterable of str or of (str, str)
        What can be chosen: names, or values with the texts that are shown for them.
    **more
        Further entries of the description, see `segxai.widgets.form.form.Form`.

    Returns
    -------
    field : dict
    """
    pairs = [[o, o] if isinstance(o, str) else list(o) for o in options]
    return {"key": key, "label": label, "kind": "select", "options": pairs, **more}


def as_json(state: dict[str, Any]) -> str:
    """Write a state as JSON that may stand in a page's script.

    Parameters
    ----------
    state : dict
        Of what JSON can hold, and bytes.

    Returns
    -------
    text : str
        Without "<", which could end the script; bytes stand once each, in "files".
    """
    files: dict[bytes, int] = {}

    def place(value):
        if not isinstance(value, bytes):
            raise TypeError(f"{type(value).__name__} is not part of a state.")
        return {"file": files.setdefault(value, len(files))}

    text = json.dumps(state, default=place)
    packed = json.dumps([base64.b64encode(file).decode() for file in files])
    return f'{{"state": {text}, "files": {packed}}}'.replace("<", "\\u003c")


def anchor(mask: np.ndarray) -> list[float]:
    """Find the place in a mask (H, W) where a number fits best: x, y, as shares of its sides."""
    if not mask.any():  # a region of a few pixels that is lost in the smaller copy
        return [0.5, 0.5]
    row, column = plots.widest_place(mask)
    return [(column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]]


def jpeg(image: np.ndarray, side: int = SHOWN_SIDE, quality: int = 90) -> bytes:
    """Pack a photograph, reduced to at most `side`, as JPEG, about a tenth of its size as PNG.

    Parameters
    ----------
    image : (H, W, 3) or (H, W) ndarray of uint8
        The photograph.
    side : int, optional
        The most pixels of the longer side.
    quality : int, optional
        Of the JPEG, up to 95.

    Returns
    -------
    file : bytes
    """
    return encoded(Image.fromarray(reduced(image, side)), "JPEG", quality=quality)


def number_png(numbers: np.ndarray) -> bytes:
    """Pack whole numbers as a PNG without loss.

    Parameters
    ----------
    numbers : (H, W) ndarray of int
        0 to 65535.

    Returns
    -------
    file : bytes
        With the low byte in red and the high byte in green.
    """
    pixels = np.stack([numbers & 255, numbers >> 8, 0 * numbers], axis=-1).astype(np.uint8)
    return encoded(Image.fromarray(pixels), "PNG", optimize=True)
