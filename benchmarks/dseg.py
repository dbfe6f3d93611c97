"""The checks with which DSEG-LIME was published, for the segmenters of this package.

LIME with the fill "mean" and at most 512 evaluations explains the most probable class of each
photograph; the tree is `method="tree"` on `deep`, judged by its leaves. One to three regions are
selected by their weights (`segxai.metrics.select`). deletion: the class is lost without them;
preservation: it is kept by them alone; single deletion: it is lost without the one with the largest
weight; area: the share of the photograph that they cover, which makes the first two easy;
incremental deletion: the area under the deletion curve, regions in the order of their weights;
stability: the mean standard deviation of a weight over seeds, on the first photographs, 0 where all
coalitions were evaluated; s: to segment and explain, on this machine. Intervals: 95 %, bootstrap
over photographs.

    python benchmarks/dseg.py --photographs FOLDER [--limit 20] [--segmenters NAME ...] [--seeds N]

Source of the checks and of the published figures: Knab, Marton, Bartelt 2024, "DSEG-LIME", tables
for 20 photographs and EfficientNet-B4. Other photographs, another classifier and another
segmentation network: the figures say how hard the checks are, not which is better.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

import segxai
from segxai import metrics
from segxai.metrics.ranking import evaluate
from segxai.segmentation.deeplab import why_unavailable
from segxai.study.comparison import bootstrap

BUDGET, FILL, STABILITY_ON = 512, "mean", 5
TREE = "tree of deep"
SEGMENTERS = ("deep", "contours", "pascal+deep", TREE, "slic", "felzenszwalb", "quickshift")
COLUMNS = (
    "deletion",
    "preservation",
    "single deletion",
    "area",
    "incremental deletion",
    "stability",
    "regions",
    "s",
)
COUNTED = COLUMNS[:3]
PUBLISHED = (
    "published, 20 photographs: DSEG-LIME 14 of 20 in deletion and in preservation, slic 8 and 7"
)


def explained(image, name, classifier):
    segmenter, method = ("deep", "tree") if name == TREE else (name, "lime")
    return segxai.explain(
        image,
        segmenter,
        classifier,
        method=method,
        fill=FILL,
        max_evaluations=BUDGET,
        progress=False,
    )


def is_most_probable(explanation, shown) -> bool:
    """Whether the class explained is the most probable one where only some regions are shown."""
    return int(np.argmax(evaluate(explanation, shown[None])[0])) == explanation.coalitions.target


def measure(image, name, classifier, seeds) -> list[float]:
    """One value for each of COLUMNS."""
    started = time.perf_counter()
    explanation = explained(image, name, classifier)
    seconds = time.perf_counter() - started
    numbers = np.arange(len(explanation.regions))
    selected = np.isin(numbers, metrics.select(explanation))
    stability = (
        metrics.seed_stability(explanation, seeds, progress=False).spread if seeds else np.nan
    )
    return [
        not is_most_probable(explanation, ~selected),
        is_most_probable(explanation, selected),
        not is_most_probable(explanation, numbers != int(np.argmax(explanation.weights))),
        metrics.compactness(explanation),
        metrics.deletion(explanation).area,
        stability,
        len(explanation.regions),
        seconds,
    ]


def told(column, values) -> str:
    values = values[np.isfinite(values)]
    if column in COUNTED:
        return f"{int(values.sum())} of {len(values)}"
    if column in ("regions", "s"):
        return f"{values.mean():.1f}"
    low, high = bootstrap(values)
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", required=True, type=Path, help="a folder of .jpg files")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument(
        "--segmenters", nargs="+", choices=SEGMENTERS, default=SEGMENTERS, metavar="NAME"
    )
    parser.add_argument(
        "--seeds", type=int, default=2, help="repetitions that stability is computed from"
    )
    arguments = parser.parse_args()
    chosen = list(arguments.segmenters)
    if why_unavailable() and "pascal+deep" in chosen:
        chosen.remove("pascal+deep")
        print("without pascal+deep, which needs: python -m segxai fetch deeplab")
    classifier = segxai.load_classifier()
    paths = sorted(arguments.photographs.glob("*.jpg"))[: arguments.limit]
    table = np.full((len(paths), len(chosen), len(COLUMNS)), np.nan)
    for i, path in enumerate(paths):
        image = segxai.load_image(path)
        for j, name in enumerate(chosen):
            table[i, j] = measure(
                image, name, classifier, arguments.seeds if i < STABILITY_ON else 0
            )
        print(path.name, file=sys.stderr, flush=True)
    widths = [
        max(len(column), 24 if column not in (*COUNTED, "regions", "s") else 10)
        for column in COLUMNS
    ]
    print(f"\n{len(paths)} photographs")
    print(
        f"{'':14}"
        + "".join(f"{column:<{width + 2}}" for column, width in zip(COLUMNS, widths, strict=True))
    )
    for j, name in enumerate(chosen):
        cells = [
            f"{told(column, table[:, j, c]):<{width + 2}}"
            for c, (column, width) in enumerate(zip(COLUMNS, widths, strict=True))
        ]
        print(f"{name:14}" + "".join(cells))
    print(PUBLISHED)


if __name__ == "__main__":
    main()
