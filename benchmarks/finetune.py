"""Fine-tuning on one photograph: the loss before each step and at the end, IoU, seconds a step, and
peak memory, for both encoders.

Every case runs in a process of its own, so that its peak memory is its own. A row ends with what it
misses of the targets: the loss falls at every step of VGG16, ends below a sixth of the first, and
VGG16 stays below 1.7 GB (Binder has 2 GB).

With --masks, on photographs of MSRC-21 (NAME.jpg beside NAME.png with class numbers), each divided
into one thing and the rest, enlarged to the same size: the distributions of the final loss per
pixel, as a share of ln 2, and of IoU. --recipe published trains everything with Adam at 1e-4, as
the published run did; long as Long et al. 2015, section 4.3, did: momentum 0.99, rate 1e-10, twice
that for biases.

    python benchmarks/finetune.py                          # 352 x 480, strides 32, 16, 8
    python benchmarks/finetune.py --encoders vgg16 --strides 32 8 --seeds 0 --masks FOLDER
    python benchmarks/finetune.py --size 176 240           # a quarter of the pixels and of the time
    python benchmarks/finetune.py --encoders vgg16 --strides 32 --seeds 0 --photographs cat
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from nouns import MSRC_NAMES

from segxai.masks import IGNORE

PUBLISHED = (
    "published: VGG16 FCN-32s on another cat, 352 x 480, 10 iterations of Adam 1e-4: "
    "18,177 at the end, .155 of pixels x ln 2"
)
MEMORY = 1.7  # GB
# Of MSRC-21: cow, horse, sheep, aeroplane, car, bicycle, flower, bird, chair, cat, dog, boat.
THINGS = (4, 5, 6, 9, 12, 13, 14, 16, 18, 20, 21, 23)
RECIPES = ("own", "published", "long")


def things(folder, limit):
    """Choose photographs with a thing of 8 to 60 % of the area, of each kind as many."""
    import numpy as np
    from PIL import Image

    found = {}
    for path in sorted(folder.glob("*.png")):
        shares = np.bincount(np.asarray(Image.open(path)).ravel(), minlength=256)
        shares = shares / shares.sum()
        kind = max(THINGS, key=lambda kind: shares[kind])
        rest = 1 - shares[kind] - shares[IGNORE]
        if 0.08 < shares[kind] < 0.6 and rest > 0.2:
            found.setdefault(kind, []).append(path)
    per_kind = -(-limit // len(found))
    chosen = [
        (str(paths[k * len(paths) // per_kind]), kind)
        for kind, paths in found.items()
        for k in range(min(per_kind, len(paths)))
    ]
    return chosen[:limit]


def masked(path, kind):
    """The photograph beside a map of class numbers, and where the thing is."""
    import numpy as np
    from PIL import Image

    numbers = np.asarray(Image.open(path))
    labels = np.where(numbers == IGNORE, IGNORE, numbers == kind).astype(np.uint8)
    return np.asarray(Image.open(path[:-4] + ".jpg").convert("RGB")), labels


def use(recipe):
    """Train as others did."""
    from segxai.fcn import training
    from segxai.nets.graph import tf

    if recipe == "published":
        training.rate_factor = lambda fcn, variable: 1
    elif recipe == "long":
        training.rate_factor = lambda fcn, variable: 1e-6 * (1 + variable.endswith("/biases"))
        tf.train.AdamOptimizer = lambda rate: tf.train.MomentumOptimizer(rate, 0.99)


def run(case, size):
    import resource

    import numpy as np
    from PIL import Image

    import segxai
    from segxai.images import resize_labels
    from segxai.metrics import intersection_over_union

    photograph, kind = case.pop("photograph"), case.pop("kind")
    use(case.pop("recipe"))
    if kind is None:
        sample = segxai.data.load(photograph)
        image, labels, names = sample.image, sample.annotation.labels, sample.annotation.names
    else:
        (image, labels), names = masked(photograph, kind), ("rest", MSRC_NAMES[kind])
        if image.shape[0] > image.shape[1]:
            size = size[::-1]
    image = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
    labels = resize_labels(labels, size)
    times = [time.perf_counter()]
    fitted = segxai.finetune(
        image,
        labels,
        names=names,
        callback=lambda _: times.append(time.perf_counter()),
        progress=False,
        **case,
    )
    result = {
        "source": fitted.source,
        "losses": [*fitted.losses, fitted.final_loss],
        "iou": float(
            intersection_over_union(labels, fitted.predictions, len(fitted.fcn.class_names))[
                1:
            ].mean()
        ),
        "entropy": fitted.final_loss / ((labels != IGNORE).sum() * np.log(len(names))),
        "seconds": float(np.median(np.diff(times))),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    print(json.dumps(result))


def missed(encoder, result):
    losses = result["losses"]
    rises = sum(after >= before for before, after in itertools.pairwise(losses))
    return [
        *([f"{rises} steps up"] if rises and encoder == "vgg16" else []),
        *(["not below a sixth"] if losses[-1] >= losses[0] / 6 else []),
        *([f"more than {MEMORY} GB"] if result["memory"] >= MEMORY and encoder == "vgg16" else []),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", nargs="+", default=["cat", "coffee"])
    parser.add_argument("--encoders", nargs="+", default=["efficientnet_lite0", "vgg16"])
    parser.add_argument("--strides", nargs="+", type=int, default=[32, 16, 8])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--size", nargs=2, type=int, default=[352, 480], metavar=("HEIGHT", "WIDTH")
    )
    parser.add_argument("--masks", type=Path, help="a folder, instead of --photographs")
    parser.add_argument("--limit", type=int, default=20, help="how many of --masks")
    parser.add_argument("--recipe", choices=RECIPES, default="own")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        run(json.loads(args.case), tuple(args.size))
        return 0
    print(PUBLISHED)
    failed, fits = 0, {}
    photographs = (
        things(args.masks, args.limit)
        if args.masks
        else [(name, None) for name in args.photographs]
    )
    for encoder, stride, (photograph, kind), seed in itertools.product(
        args.encoders, args.strides, photographs, args.seeds
    ):
        case = json.dumps(
            {
                "photograph": photograph,
                "kind": kind,
                "encoder": encoder,
                "stride": stride,
                "seed": seed,
                "recipe": args.recipe,
            }
        )
        command = [sys.executable, __file__, "--case", case, "--size", *map(str, args.size)]
        done = subprocess.run(command, capture_output=True, text=True)
        print(f"{Path(photograph).stem:<7} {encoder:<18} stride {stride:>2} seed {seed}: ", end="")
        if done.returncode:
            print(f"failed: {done.stderr.strip().splitlines()[-1:]}")
            failed += 1
            continue
        result = json.loads(done.stdout)
        misses = missed(encoder, result)
        failed += bool(misses)
        losses = result["losses"]
        print(
            f"final loss {losses[-1]:,.0f} ({losses[-1] / losses[0]:.3f} of the first), IoU "
            f"{result['iou']:.3f}, "
            f"{result['seconds']:.1f} s a step, {result['memory']:.2f} GB, {result['source']} "
            f"{'; '.join(misses)}\n"
            f"        {' '.join(f'{loss:,.0f}' for loss in losses)}",
            flush=True,
        )
        fits.setdefault((encoder, stride), []).append((result["entropy"], result["iou"]))
    for (encoder, stride), pairs in fits.items() if args.masks else ():
        for name, values in zip(
            ("final loss / ln 2", "IoU"), zip(*pairs, strict=True), strict=True
        ):
            quarters = " ".join(f"{part:.3f}" for part in statistics.quantiles(values, n=4))
            print(
                f"{args.recipe} {encoder} stride {stride}, {len(values)} photographs, {name}: "
                f"mean {statistics.mean(values):.3f}, quartiles {quarters}, "
                f"{min(values):.3f} to {max(values):.3f}"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
