"""Fine-tuning on one photograph of 352 x 480 pixels: seconds per iteration, peak memory, and the loss next to the published one.

Each case runs in its own process, so that its peak memory can be measured. Without VGG16's weights in the cache, random ones are
used: time and memory are the same, but the losses are meaningless and therefore omitted.

    python benchmarks/finetune.py            # all cases
    python benchmarks/finetune.py --quick    # without the full-width VGG16 (4 GB)
"""

import argparse
import json
import subprocess
import sys
import time

PUBLISHED = "published: VGG16 FCN-32s, 10 iterations of Adam 1e-4: 201,433 at the first, 18,177 at the end"
BINDER_PROFILE = {"fc_width": 1024, "fc6_kernel": 3}
SIZE = (352, 480)


def cases(quick):
    for stride in (32, 16, 8):
        for trainable in ("all", "head"):
            yield {"encoder": "efficientnet_lite0", "stride": stride, "trainable": trainable}
    for stride in (32, 16, 8):
        for trainable in ("all", "head"):
            yield {"encoder": "vgg16", "stride": stride, "trainable": trainable, **BINDER_PROFILE}
    if not quick:
        for trainable in ("all", "head"):
            yield {"encoder": "vgg16", "stride": 32, "trainable": trainable}


def run(case):
    import resource

    import numpy as np
    from PIL import Image

    import segxai
    from segxai.fcn.training import intersection_over_union
    from segxai.images import resize_labels
    from segxai.weights.downloads import cached

    sample = segxai.data.load("cat")
    image = np.asarray(Image.fromarray(sample.image).resize(SIZE[::-1], Image.Resampling.BICUBIC))
    labels = resize_labels(sample.annotation.labels, SIZE)
    known = case["encoder"] != "vgg16" or cached("vgg16") is not None
    times = []
    fitted = segxai.finetune(
        image,
        labels,
        weights="auto" if known else None,
        callback=lambda _: times.append(time.perf_counter()),
        progress=False,
        **case,
    )
    print(
        json.dumps(
            {
                "seconds": float(np.median(np.diff(times))),
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                "first": fitted.losses[0] if known else None,
                "final": fitted.final_loss if known else None,
                "iou": float(intersection_over_union(labels, fitted.predictions)[1]) if known else None,
            }
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        run(json.loads(args.case))
        return
    print(PUBLISHED)
    print(
        f"{'encoder':<20} {'fc6, fc7':<14} {'stride':>6} {'trains':>7} {'s/iteration':>12} {'peak GB':>8} {'first loss':>11} {'final loss':>11} {'IoU':>6}"
    )
    for case in cases(args.quick):
        done = subprocess.run([sys.executable, __file__, "--case", json.dumps(case)], capture_output=True, text=True)
        width = (
            f"{case['fc6_kernel']}x{case['fc6_kernel']}, {case['fc_width']}"
            if "fc_width" in case
            else "-"
            if case["encoder"] != "vgg16"
            else "7x7, 4096"
        )
        head = f"{case['encoder']:<20} {width:<14} {case['stride']:>6} {case['trainable']:>7} "
        if done.returncode:
            print(head + f"failed: {done.stderr.strip().splitlines()[-1:]}")
            continue
        r = json.loads(done.stdout)
        losses = (
            (f"{r['first']:>11,.0f} {r['final']:>11,.0f} {r['iou']:>6.3f}") if r["final"] is not None else f"{'random weights':>30}"
        )
        print(head + f"{r['seconds']:>12.2f} {r['memory']:>8.2f} {losses}", flush=True)


if __name__ == "__main__":
    main()
