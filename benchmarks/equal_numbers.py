"""Is the default explanation behind superpixels of the same number?

For each photograph its most probable class is explained, with the mean fill and, by default, every
coalition: by the K regions of `deep`, and by about K regions of slic, felzenszwalb and `features`;
K is the automatic number, or that of --regions.
Regions are shown and taken away in the order of their weights, with a blurred fill. Prints for LIME
and for Shapley values the mean areas under the insertion and the deletion curve, and the
differences of the default explanation from the others, photograph by photograph. Intervals: 95 %,
bootstrap over photographs.

    python benchmarks/equal_numbers.py --photographs FOLDER [FOLDER ...] [--limit N] [--split K/N]
        [--regions K] [--evaluations N] [--classifier squeezenet]

--limit takes N of each folder, evenly spaced by name (ImageNet's names are in the order of its
classes), --split every N-th of these from the K-th on (1/2 and 2/2 are halves).
With --evaluations, coalitions are sampled where there are more than N.
"""

import argparse
from pathlib import Path

import numpy as np
from classifiers import CLASSIFIERS, add_option
from default import told

import segxai
from segxai.metrics import deletion, insertion
from segxai.segmentation.registry import segment_into

METHODS = ("lime", "shapley")
FIRST = "deep"


def measure(path, classifier, number, evaluations):
    """{name: (2, 2 and 1) insertion and deletion of each method, and the number of regions}"""
    image = segxai.load_image(path)
    target = int(np.argmax(classifier.predict(image)[0]))
    regions = segxai.segment(image, FIRST, n_regions=number)
    divisions = {FIRST: regions} | {
        name: segment_into(image, name, len(regions))
        for name in ("slic", "felzenszwalb", "features")
    }
    found = {}
    for name, regions in divisions.items():
        e = segxai.explain(
            image, regions, classifier, target, max_evaluations=evaluations, progress=False
        )
        areas = [
            (insertion(one, fill="blur").area, deletion(one, fill="blur").area)
            for one in map(e.refit, METHODS)
        ]
        found[name] = np.append(areas, len(e.regions))
    return found


def spaced(folder, limit):
    """The folder's photographs, at most `limit` of them, evenly spaced by name."""
    paths = sorted(folder.glob("*.jpg"))
    number = min(limit or len(paths), len(paths))
    return [paths[k * len(paths) // number] for k in range(number)]


def report(rows):
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    print(f"\n{len(rows)} photographs")
    for i, method in enumerate(METHODS):
        print(f"\n{method:14} {'insertion ↑':25} {'deletion ↓':25} {'regions':>8}")
        for name, values in table.items():
            columns = [told(values[:, 2 * i + k]) for k in range(2)]
            print(f"{name:14} {'  '.join(columns)} {values[:, -1].mean():8.1f}")
        print(f"{FIRST} minus")
        for name in list(table)[1:]:
            difference = table[FIRST] - table[name]
            columns = [told(difference[:, 2 * i + k]) for k in range(2)]
            print(f"{name:14} {'  '.join(columns)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", type=Path, nargs="+", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--split", default="1/1")
    parser.add_argument("--regions", type=int, default="auto", metavar="K")
    parser.add_argument("--evaluations", type=int, default=1024)
    add_option(parser)
    args = parser.parse_args()
    part, parts = map(int, args.split.split("/"))
    paths = [
        path
        for folder in args.photographs
        for path in spaced(folder, args.limit)[part - 1 :: parts]
    ]
    classifier, rows = CLASSIFIERS[args.classifier](), []
    for path in paths:
        rows.append(measure(path, classifier, args.regions, args.evaluations))
        insertions = ", ".join(f"{name} {row[0]:.3f}" for name, row in rows[-1].items())
        print(f"{path.stem}: {insertions}", flush=True)
    report(rows)


if __name__ == "__main__":
    main()
