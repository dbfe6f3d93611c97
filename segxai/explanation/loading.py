"""Read saved explanations, and check what is read before it is used."""

import json
import os
from dataclasses import replace
from typing import Any

import numpy as np

from ..classifiers.classifier import OUTPUTS
from ..errors import whole_number
from ..files import check_contents, reading
from ..images import Bands
from ..regions import Evidence, Part, Regions, plain_text, walk
from ..segmentation.binary import tree_of
from . import archive, checks, fills, methods, owen, surrogates
from .coalitions import Coalitions
from .descent import Descent
from .explanation import Explanation, from_coalitions
from .game import DEFAULT, Game
from .tree_explanation import from_descent


def load_explanation(path: str | os.PathLike) -> Explanation:
    """Read an explanation that `Explanation.save` wrote as ``.segxai``.

    Nothing in the file is run, and no classifier is evaluated to read it. Weights are computed
    again, from the classifier's outputs that are in the file. The default classifier is loaded
    when it is needed, e.g. by `sufficient` of a sample; for any other a SegxaiError says then that
    it is missing.

    Parameters
    ----------
    path : str or path
        Of the file.

    Returns
    -------
    explanation : Explanation
        As it was saved.

    Raises
    ------
    SegxaiFileError
        If the file does not exist, is damaged, too large, or of another version.

    Examples
    --------
    >>> import segxai
    >>> segxai.load_explanation("why.segxai").plot()                  # doctest: +SKIP
    """
    with reading(
        path,
        "an explanation",
        "Give what explanation.save('x.segxai') wrote; save it again if it is damaged.",
        passed=(),
    ) as path:
        return _explanation(*_unpacked(path))


def _unpacked(path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    check_contents(path, 10_000)
    with path.open("rb") as file, np.load(file, allow_pickle=False) as packed:
        if sum(entry.file_size for entry in packed.zip.infolist()) > archive.MOST_BYTES:
            raise ValueError(f"it unpacks to more than {archive.MOST_BYTES / 1e6:.0f} MB")
        kept = json.loads(packed["description"].tobytes()[: archive.MOST_TEXT])
        if kept["format"] != archive.FORMAT:
            raise ValueError(f"its format is {kept['format']}, not {archive.FORMAT}; update segxai")
        json.dumps(kept, allow_nan=False)  # refuses what is read as NaN or infinity
        return kept, dict(packed)


def _explanation(kept, arrays) -> Explanation:
    regions, rgb, pixels = _regions(kept, arrays["atoms"]), kept["rgb"], arrays["pixels"]
    picture = pixels if rgb is None else Bands(pixels, tuple(rgb))
    targets = tuple(whole_number("a target", target) for target in kept["targets"])
    names = tuple(plain_text(name) for name in kept["target_names"])
    grown = kept["method"] == "tree"
    tree = tree_of(regions.atoms, regions.tree, regions.method) if grown else None
    players = tree.leaves if tree else regions
    game = Game(
        picture, players, kept["classifier"], kept["fill"],
        fills.fill_image(pixels, players.labels, arrays["filled"]),
        whole_number("seed", kept["seed"]), kept["target"], targets,
    )  # fmt: skip
    masks, number, hierarchy = arrays["masks"], len(players), _nested(kept["hierarchy"])
    exact = len(masks) == 2**number
    wanted = {
        "pixels": (
            pixels.dtype if rgb else np.uint8,
            (*regions.shape, pixels.shape[-1] if rgb else 3),
        ),
        "masks": (bool, (len(masks), number)),
        "table": (np.float32, (len(masks), len(names))),
        **({} if exact or tree else {"log_importance": (float, (len(masks),))}),
    }
    if (
        any((arrays[name].dtype, arrays[name].shape) != each for name, each in wanted.items())
        or not all(np.isfinite(array).all() for array in arrays.values())
        or len(np.unique(masks, axis=0)) != len(masks)
        or not (masks.all(axis=1).any() and (~masks).all(axis=1).any())
        or len(targets) != len(names)
        or kept["fill"] not in (*fills.FILLS, fills.GIVEN)
        or kept["classifier"] not in (None, DEFAULT)
        or kept["output"] not in (*OUTPUTS, "output")
        or sorted(surrogates.members(hierarchy)) not in ([], list(range(number)))
    ):
        raise ValueError("its parts do not fit together")
    table = Coalitions(
        game, masks, arrays["table"], targets, names, targets[0], exact,
        whole_number("evaluations", kept["evaluations"], 1), arrays.get("log_importance"),
        kept["output"], hierarchy=hierarchy,
    ).for_target(kept["target"], kept["rival"])  # fmt: skip
    if tree:
        sampled, lengths = whole_number("sampled", kept["sampled"]), arrays["lengths"]
        if lengths.shape != (number if sampled else 0,):
            raise ValueError("the sample of its tree is not complete")
        arrays["masks"] = masks[: len(masks) - sampled]  # those that divide it
        division = owen.Division(*(arrays[name] for name in owen.Division._fields))
        explanation: Explanation = from_descent(Descent(tree, table, division, lengths), regions)
    else:
        settings = kept["method"], kept["kernel_width"], kept["alpha"]
        methods.check_method(*settings)
        explanation = from_coalitions(table, *settings)
    details = replace(
        explanation.details,
        checks=tuple(_check(*row) for row in kept["checks"]),
        sets_found={
            (kind, p): found and (tuple(regions.index(k) for k in found[0]), float(found[1]))
            for kind, p, found in kept["sets"]
        },
    )
    return replace(explanation, details=details)


def _regions(kept, atoms):
    parts: list[Part] = []
    for name, covered, children, cost, (source, probability), noun in kept["parts"]:
        below = tuple(parts[whole_number("a part", child)] for child in children)
        inside = sorted(atom for child in below for atom in child.atoms)
        if not covered or len(parts) > archive.MOST_PARTS or (below and inside != sorted(covered)):
            raise ValueError(f"the region {name!r} is not made of its parts")
        evidence = Evidence(plain_text(source), probability and float(probability))
        name, noun = plain_text(name), plain_text(noun)
        parts.append(Part(name, tuple(covered), below, float(cost), evidence, noun))
    shown = [parts[k] for k in kept["regions"]]
    tree = None if kept["tree"] is None else parts[kept["tree"]]
    if tree is not None and not {p.atoms for p in shown} <= {p.atoms for p in walk(tree)}:
        raise ValueError("a region is no node of the tree")
    if atoms.dtype != np.int32 or atoms.max() >= sum(len(part.atoms) for part in shown):
        raise ValueError("the label map has other regions")
    return Regions(atoms, shown, kept["segmenter"], tree)


def _check(kind, fields) -> checks.Robustness | checks.Placebo:
    made = {"Robustness": checks.Robustness, "Placebo": checks.Placebo}[kind](
        **{
            key: plain_text(value) if isinstance(value, str)
            else tuple(map(plain_text, value)) if key in ("names", "variants")
            else np.array(value, float)
            for key, value in fields.items()
        }
    )  # fmt: skip
    made.sentences()  # which needs all of it in the right shapes
    return made


def _nested(value) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else whole_number("region", value)
