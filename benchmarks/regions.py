"""Do the regions agree with what people outline? Covering of human segmentations on photographs of
BSDS500, for every segmenter.

Covering of one person's segmentation: the mean over its pixels of the best intersection over union
that a region has with the pixel's segment; here the mean over the people who segmented a
photograph, then over photographs. Each segmenter is run at several scales, by its own parameter.
Printed are its covering at the one scale that is best for all photographs, and at the scale that is
best for each, with 95 % intervals from resampling the photographs (the best scale is chosen anew in
each sample).

FOLDER holds ID.jpg and ID.npz with "segmentations", (people, H, W) integers. The contour network
was trained on the train and validation parts of BSDS500; only the test part measures anything.
About 7 s a photograph on two cores.

    python benchmarks/regions.py --bsds FOLDER [--limit N] [--segmenters NAME ...]

Source of the measure and of the published figures: Arbelaez, Maire, Fowlkes, Malik 2011, "Contour
Detection and Hierarchical Image Segmentation", section 3.1.3 and table 2 (BSDS500, the whole test
set).
"""

import argparse
import time
from pathlib import Path

import numpy as np

import segxai

COUNTS = range(2, 31)
FEW = (2, 3, 4, 6, 8, 10, 14, 20, 30)
SCALES = {
    "deep": [{"n_regions": n} for n in COUNTS],
    "contours": [{"n_regions": n} for n in COUNTS],
    "slic": [{"n_segments": n} for n in FEW],
    "felzenszwalb": [
        {"scale": scale, "min_size": size}
        for scale, size in (
            (100, 200),
            (300, 500),
            (600, 500),
            (600, 2000),
            (1000, 2000),
            (2000, 2000),
            (4000, 4000),
            (8000, 4000),
        )
    ],
    "watershed": [{"markers": n} for n in FEW],
    "quickshift": [
        {"kernel_size": k, "max_dist": d}
        for k, d in ((4, 50), (4, 200), (6, 100), (8, 100), (8, 200), (12, 200))
    ],
    "grid": [
        {"rows": r, "columns": c}
        for r, c in ((1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (5, 5))
    ],
}
PUBLISHED = {
    "gPb-owt-ucm, published": (0.59, 0.65),
    "felzenszwalb, published": (0.52, 0.57),
    "people, published": (0.72, 0.72),
}


def covering(labels, segmentation) -> float:
    """How well the regions of a label map cover a segmentation, 0 to 1; both (H, W) integers from
    0."""
    shared = np.zeros((labels.max() + 1, segmentation.max() + 1))
    np.add.at(shared, (labels.ravel(), segmentation.ravel()), 1)
    segment = shared.sum(axis=0)
    overlap = shared / (shared.sum(axis=1, keepdims=True) + segment - shared)
    return float((overlap.max(axis=0) * segment).sum() / segment.sum())


def interval(table, statistic, samples=1000) -> tuple[float, float]:
    """The 95 % interval of a statistic of (photographs, scales), the photographs resampled with
    replacement."""
    rng = np.random.default_rng(0)
    found = [statistic(table[rng.integers(len(table), size=len(table))]) for _ in range(samples)]
    return tuple(np.quantile(found, (0.025, 0.975)))


def best_for_all(table):
    return table.mean(axis=0).max()


def best_for_each(table):
    return table.max(axis=1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bsds", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N photographs only")
    parser.add_argument(
        "--segmenters", nargs="+", choices=SCALES, default=list(SCALES), metavar="NAME"
    )
    arguments = parser.parse_args()
    paths = sorted(arguments.bsds.glob("*.jpg"))[: arguments.limit]
    if not paths:
        parser.error(f"There are no photographs (ID.jpg) in {arguments.bsds}.")
    chosen = {name: SCALES[name] for name in arguments.segmenters}
    tables = {name: np.zeros((len(paths), len(scales))) for name, scales in chosen.items()}
    seconds = dict.fromkeys(chosen, 0.0)
    for i, path in enumerate(paths):
        image = segxai.load_image(path)
        people = np.load(path.with_suffix(".npz"), allow_pickle=False)["segmentations"].astype(int)
        for name, scales in chosen.items():
            for j, params in enumerate(scales):
                start = time.perf_counter()
                labels = segxai.segment(image, name, **params).labels
                seconds[name] += time.perf_counter() - start
                tables[name][i, j] = np.mean([covering(labels, person) for person in people])
    print(
        f"{len(paths)} "
        f"photographs\n{'':<24}{'best scale for all':<22}{'at':<38}{'best for each':<22}seconds a "
        "scale"
    )
    for name, table in tables.items():
        at = ", ".join(
            f"{key} {value}"
            for key, value in SCALES[name][int(table.mean(axis=0).argmax())].items()
        )
        columns = [
            f"{statistic(table):.3f} ({low:.3f} to {high:.3f})"
            for statistic in (best_for_all, best_for_each)
            for low, high in [interval(table, statistic)]
        ]
        print(f"{name:<24}{columns[0]:<22}{at:<38}{columns[1]:<22}{seconds[name] / table.size:.2f}")
    for name, (common, own) in PUBLISHED.items():
        print(f"{name:<24}{common:<60.2f}{own:.2f}")


if __name__ == "__main__":
    main()
