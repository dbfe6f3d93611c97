"""Fine-tuning on one photograph: the loss before each step and at the end, IoU, seconds a step, and
peak memory, for both encoders.

Every case runs in a process of its own, so that its peak memory is its own. A row ends with what it
misses of the targets: the loss falls at every step of VGG16, ends below a sixth of the first, and
VGG16 stays below 1.7 GB (Binder has 2 GB).

    python benchmarks/finetune.py                          # 352 x 480, strides 32, 16, 8
    python benchmarks/finetune.py --size 176 240           # a quarter of the pixels and of the time
    python benchmarks/finetune.py --encoders vgg16 --strides 32 --seeds 0 --photographs cat
"""

import argparse
import itertools
import json
import subprocess
import sys
import time

PUBLISHED = (
    "published: VGG16 FCN-32s on another cat, 352 x 480, 10 iterations of Adam 1e-4: "
    "18,177 at the end, .155 of pixels x ln 2"
)
MEMORY = 1.7  # GB


def run(case, size):
    import resource

    import numpy as np
    from PIL import Image

    import segxai
    from segxai.images import resize_labels
    from segxai.metrics import intersection_over_union

    sample = segxai.data.load(case.pop("photograph"))
    image = np.asarray(Image.fromarray(sample.image).resize(size[::-1], Image.Resampling.BICUBIC))
    labels = resize_labels(sample.annotation.labels, size)
    times = [time.perf_counter()]
    fitted = segxai.finetune(
        image,
        labels,
        names=sample.annotation.names,
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
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        run(json.loads(args.case), tuple(args.size))
        return 0
    print(PUBLISHED)
    failed = 0
    for photograph, encoder, stride, seed in itertools.product(
        args.photographs, args.encoders, args.strides, args.seeds
    ):
        case = json.dumps(
            {"photograph": photograph, "encoder": encoder, "stride": stride, "seed": seed}
        )
        command = [sys.executable, __file__, "--case", case, "--size", *map(str, args.size)]
        done = subprocess.run(command, capture_output=True, text=True)
        print(f"{photograph:<7} {encoder:<18} stride {stride:>2} seed {seed}: ", end="")
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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
