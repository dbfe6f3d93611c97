"""Make the regions of the lesson "Learn names from a thousand photographs".

Each row of data/lesson_regions.npz is one region: what a photograph shows of one class, or half of
it if that is large. It has what the score heads of an FCN-8s see there, reduced to 90 numbers by a
principal component analysis, and its class. Neither photographs nor label maps are copied.

    python data/lesson_regions.py FOLDER --work WORK [--out FILE]

FOLDER holds msrc, ccp and imagenet, and WORK what train_semantic_head.py, which lies beside this
file, has measured on them.

Arrays of the file: `features` (N, 90) int8, in eighths; `classes` (N,), numbers of `names`;
`sources` (N,), numbers of `source_names`; `by_people` (N,), whether a person drew the label, or a
network; `held_out` (N,), whether the photograph is left out of training; `photographs` (N,), a
number for each photograph; `mean` (472,) and `reduce` (472, 90), with which features of another
photograph become (features - mean) @ reduce. Rows of `unnamed_features` have a name in
`unnamed_names` that is no class: people as a whole, and helmets.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from train_semantic_head import BODY, FACE, KINDS, NAMES, PURE, kept_in, targets, training

from segxai.files import replacing

SOURCES = {"msrc": "Cambridge", "ccp": "fashion", "imagenet": "single things"}
COMPONENTS = 90
EIGHTHS = 8  # steps of a feature, whose deviations are .6 to 3
SMALLEST = 0.004  # share of the photograph
HALVED = 0.08  # a larger region gives two rows
FEWEST = {False: 20, True: 5}  # rows that a class needs, to learn from and held out
MOST = {False: 200, True: 60}  # rows of a class from one source, but for "object"
HELMETS = ("n03127747_crash_helmet", "n03379051_football_helmet")
MSRC = {number: name for name, kind in KINDS.items() for number in kind.msrc} | {FACE: "face"}


class Row(NamedTuple):
    features: np.ndarray
    name: str
    source: int
    by_people: bool
    held_out: bool
    photograph: int


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path(".cache/semantic_head"), metavar="WORK")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("lesson_regions.npz"), metavar="FILE"
    )
    arguments = parser.parse_args()
    rows, unnamed = [], []
    for number, source in enumerate(SOURCES):
        paths = sorted((arguments.folder / source).glob("*.jpg"))
        learned = set(training(source, paths))
        for path in paths:
            m = dict(np.load(kept_in(arguments.work, source, path), allow_pickle=False))
            photograph = len(rows) and rows[-1].photograph + 1
            for features, name, by_people in regions_of(source, path, m):
                rows.append(Row(features, name, number, by_people, path not in learned, photograph))
            unnamed += unnamed_of(source, path, m)
    write(balanced(rows), unnamed, arguments.out)


def regions_of(source: str, path: Path, m: dict[str, np.ndarray]):
    """Yield the features, the name and who gave it, of each region of a photograph."""
    may, weight = targets(source, path, m)
    single = (may.sum(axis=1) == 1) & (weight > 0)
    names = np.where(single, np.array(NAMES)[may.argmax(axis=1)], "")
    if source == "msrc":  # the numbers themselves: a face with hair is a face
        names = np.array([MSRC.get(int(k), "") for k in m["label"]])
        names[m["purity"] <= PURE] = ""
    by_people = m["label"] > 0 if source != "imagenet" else np.zeros(len(names), bool)
    for name in sorted(set(names.tolist()) - {""}):
        segments = np.flatnonzero(names == name)
        if m["area"][segments].sum() >= SMALLEST:
            for part in halves(segments, m):
                yield mean_features(part, m), name, bool(by_people[part].all())


def halves(segments: np.ndarray, m: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Divide a large region across its longer axis."""
    if m["area"][segments].sum() < HALVED or len(segments) < 2:
        return [segments]
    place = np.stack([m["row"][segments], m["col"][segments]], axis=1)
    place -= place.mean(axis=0)
    order = segments[np.argsort(place @ np.linalg.svd(place, full_matrices=False)[2][0])]
    share = np.cumsum(m["area"][order]) / m["area"][order].sum()
    middle = int(np.clip(np.searchsorted(share, 0.5) + 1, 1, len(order) - 1))
    return [order[:middle], order[middle:]]


def mean_features(segments: np.ndarray, m: dict[str, np.ndarray]) -> np.ndarray:
    return np.average(m["f448"][segments].astype(float), axis=0, weights=m["area"][segments])


def unnamed_of(source: str, path: Path, m: dict[str, np.ndarray]) -> list[tuple[np.ndarray, str]]:
    """What is there to be named, but is no class."""
    if source == "msrc":
        person = np.flatnonzero((m["label"] == BODY) & (m["purity"] > PURE))
        if m["area"][person].sum() >= 2 * SMALLEST:
            return [(mean_features(person, m), "person")]
    if path.stem in HELMETS:
        may, weight = targets(source, path, m)
        thing = np.flatnonzero((may.sum(axis=1) == 1) & (weight == 1))
        return [(mean_features(thing, m), "helmet")]
    return []


def balanced(rows: list[Row]) -> list[Row]:
    """Leave out classes with too few rows, and rows of those with very many."""
    there = Counter((row.name, row.held_out) for row in rows)
    names = {name for name in NAMES if all(there[name, part] >= FEWEST[part] for part in FEWEST)}
    names -= {"animal"}  # as good as every other class of animals
    kept, count = [], Counter()
    for k in np.random.default_rng(0).permutation(len(rows)):
        row = rows[k]
        group = row.name, row.source, row.held_out
        count[group] += 1
        enough = row.name == "object" or count[group] <= MOST[row.held_out]
        if row.name in names and enough:
            kept.append(k)
    return [rows[k] for k in sorted(kept)]


def write(rows: list[Row], unnamed: list[tuple[np.ndarray, str]], out: Path) -> None:
    names = [name for name in NAMES if name in {row.name for row in rows}]
    features = np.array([row.features for row in rows])
    held_out = np.array([row.held_out for row in rows])
    mean, reduce = components(features[~held_out])

    def reduced(values):
        eighths = np.rint((values - mean) @ reduce.astype(float) * EIGHTHS)
        return np.clip(eighths, -127, 127).astype(np.int8)

    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.array(names),
            source_names=np.array(list(SOURCES.values())),
            features=reduced(features),
            classes=np.array([names.index(row.name) for row in rows], np.uint8),
            sources=np.array([row.source for row in rows], np.uint8),
            by_people=np.array([row.by_people for row in rows]),
            held_out=held_out,
            photographs=np.array([row.photograph for row in rows], np.uint16),
            mean=mean,
            reduce=reduce,
            unnamed_features=reduced(np.array([values for values, _ in unnamed])),
            unnamed_names=np.array([name for _, name in unnamed]),
        )
    print(
        f"{out}: {len(rows):,} regions of {len({row.photograph for row in rows}):,} photographs, "
        f"{len(names)} classes, {out.stat().st_size / 1000:.0f} kB"
    )


def components(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (D,) float32, and (D, COMPONENTS) float16: principal components, each divided by the
    root of its deviation.

    Directions in which photographs differ much so keep a part of their weight: they generalise.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-3
    _, size, axes = np.linalg.svd((features - mean) / deviation, full_matrices=False)
    spread = size[:COMPONENTS] / np.sqrt(len(features))
    reduce = axes[:COMPONENTS].T / np.sqrt(spread) / deviation[:, None]
    return mean.astype(np.float32), reduce.astype(np.float16)


if __name__ == "__main__":
    main()
