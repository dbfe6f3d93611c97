"""An explanation's file: a zip of plain arrays (.npz) and a description in JSON, never a pickle.

What is in it is what cannot be computed: the photograph, the fill, the regions, and the
classifier's outputs on coalitions. All else follows from them, see `segxai.explanation.loading`.
"""

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SegxaiError
from ..files import replacing
from ..regions import Part
from .game import known_name

if TYPE_CHECKING:
    from .explanation import Explanation

FORMAT = "segxai explanation 1"
# What a file may unpack to, looked up before anything is unpacked.
MOST_BYTES, MOST_TEXT, MOST_PARTS = 256_000_000, 4_000_000, 10_000


def write(explanation: "Explanation", path: str | os.PathLike) -> None:
    """Write an explanation as a file that `load_explanation` reads.

    Parameters
    ----------
    explanation : Explanation
        Of its classifier only the name is written.
    path : str or path
        Of the file.

    Raises
    ------
    SegxaiError
        If the file cannot be written, or would be larger than can be read.
    """
    e, descent = explanation, getattr(explanation, "descent", None)
    table = (descent or e).coalitions
    game, details = table.game, e.details
    rows: list[tuple] = []
    kept = {
        "format": FORMAT, "method": e.method, "kernel_width": details.kernel_width,
        "alpha": details.alpha, "hierarchy": table.hierarchy, "fill": game.fill, "seed": game.seed,
        "rgb": getattr(game.picture, "rgb", None), "classifier": known_name(game.classifier),
        "targets": table.targets, "target_names": table.target_names, "target": table.target,
        "rival": table.rival, "output": table.output, "evaluations": table.evaluations,
        "segmenter": e.regions.method, "parts": rows,
        "regions": [_add(part, rows) for part in e.regions.parts],
        "tree": None if e.regions.tree is None else _add(e.regions.tree, rows),
        "checks": [(type(check).__name__, vars(check)) for check in details.checks],
        "sets": [(*key, found) for key, found in details.sets_found.items()],
    }  # fmt: skip
    arrays: dict[str, Any] = {
        "pixels": game.pixels, "filled": game.filled, "atoms": e.regions.atoms,
        "masks": table.masks, "table": table.table,
        **({} if table.log_importance is None else {"log_importance": table.log_importance}),
    }  # fmt: skip
    if descent:
        kept["sampled"] = descent.sampled
        arrays = descent.division._asdict() | arrays | {"lengths": descent.lengths}
    text = json.dumps(kept, default=lambda number: number.tolist()).encode()
    arrays["description"] = np.frombuffer(text, np.uint8)
    if (
        sum(array.nbytes for array in arrays.values()) > 0.99 * MOST_BYTES
        or len(text) > MOST_TEXT
        or len(rows) > MOST_PARTS
    ):
        raise SegxaiError(
            f"This explanation is larger than a file may be ({MOST_BYTES / 1e6:.0f} MB, "
            f"{MOST_PARTS:,} parts); explain a smaller copy of the photograph, or fewer regions."
        )
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _add(part: Part, rows: list[tuple]) -> int:
    """Append a part to the rows, after the parts that it is made of; return its row."""
    children = [_add(child, rows) for child in part.children]
    rows.append((part.name, part.atoms, children, part.cost, part.evidence, part.noun))
    return len(rows) - 1
