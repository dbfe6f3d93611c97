"""Which segmenter's regions explain better? A comparison on fifteen photographs of scikit-image,
with confidence intervals.

Prints the metrics with each segmenter's default parameters, the paired differences from "deep", the
metrics with matched numbers of regions, and how often each segmenter's top region is a planted
shortcut. Each photograph is used once; crops or mirror images would make the intervals too narrow.
Takes about half an hour on two cores; --quick uses four photographs.

    python benchmarks/segmenters.py [--quick]
"""

import sys

import skimage.data

import segxai
from segxai.plots.numbers import format_interval

SEGMENTERS = ("deep", "slic", "felzenszwalb", "quickshift", "watershed", "grid")
OTHERS = (
    "rocket",
    "camera",
    "coins",
    "clock",
    "moon",
    "hubble_deep_field",
    "immunohistochemistry",
    "retina",
    "brick",
    "grass",
    "gravel",
)


def photographs():
    yield from (segxai.data.photograph(name) for name in segxai.data.names())
    yield skimage.data.stereo_motorcycle()[0]
    yield from (getattr(skimage.data, name)() for name in OTHERS)


def show(title, found):
    print(f"\n{title}\n{found.how}\n\n{found}")
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in found.seconds.items())
    print(f"seconds of one explanation: {seconds}", flush=True)
    for failure in found.failures:
        print("left out:", *failure)


def main():
    images = list(photographs())[: 4 if "--quick" in sys.argv else None]
    own = segxai.compare(images, SEGMENTERS)
    show(f"{len(images)} photographs, default parameters of each segmenter", own)
    print("\npaired differences from deep (those whose interval excludes 0)")
    for row in own.differences("deep"):
        if row["verdict"] in ("better", "worse"):
            print(
                f"  {row['segmenter']:<13} {row['metric']:<15} {format_interval(row):<22} "
                f"{row['verdict']}"
            )
    show(
        "numbers of regions matched to deep's",
        segxai.compare(images, SEGMENTERS, match_regions="deep"),
    )

    plant = segxai.data.planted()
    winners = list(plant.winners)
    found = segxai.compare(
        [plant.images[i] for i in winners],
        SEGMENTERS,
        ("covers_plant", "energy"),
        classifier=plant.classifier,
        target="prize",
        masks=[plant.masks[i] for i in winners],
    )
    show(
        f"is the top region the badge? {len(winners)} photographs (two views of each of four)",
        found,
    )


if __name__ == "__main__":
    main()
