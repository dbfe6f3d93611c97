"""Is the default explanation as good as that of another revision?

For each photograph its most probable class is explained by the default regions: LIME with the mean
fill. Regions are shown and taken away in the order of their weights, with a blurred
fill. Prints the mean areas under the insertion and the deletion curve; with --beside, also the
differences from another revision, photograph by photograph. Intervals: 95 %, bootstrap over
photographs. With --evaluations, coalitions are sampled where there are more than N.

    python benchmarks/default.py --photographs FOLDER [FOLDER ...] [--held-out] [--evaluations N]
        [--save FILE] [--beside FILE]

Of a folder named imagenet, --held-out takes only what the semantic head was not trained on. To
compare two revisions, keep the figures of the older one and measure this one beside them (for
which this file imports nothing that an older one lacks):

    git worktree add OLD REVISION
    PYTHONPATH=OLD python benchmarks/default.py --photographs FOLDER --save FILE
    python benchmarks/default.py --photographs FOLDER --beside FILE
"""

import argparse
import json
from pathlib import Path

import numpy as np

import segxai
from segxai.metrics import deletion, insertion
from segxai.study.comparison import bootstrap


def measure(path, classifier, evaluations):
    """[insertion, deletion, number of regions] of one photograph."""
    image = segxai.load_image(path)
    target = int(np.argmax(classifier.predict(image)[0]))
    e = segxai.explain(
        image, "deep", classifier, target, max_evaluations=evaluations, progress=False
    )
    return insertion(e, fill="blur").area, deletion(e, fill="blur").area, len(e.regions)


def told(values):
    """The mean and its interval."""
    low, high = bootstrap(values)
    return f"{np.mean(values):7.3f} [{low:6.3f}, {high:6.3f}]"


def report(found, before):
    """Print the means of this revision, and of its differences from the other one."""
    rows = {"this revision": np.array(list(found.values()))}
    if before:
        both = [name for name in found if name in before]
        now, then = (np.array([figures[name] for name in both]) for figures in (found, before))
        rows = {"this revision": now, "the other": then, "difference": now - then}
    print(f"\n{len(rows['this revision'])} photographs")
    print(f"{'':16} {'insertion ↑':25} {'deletion ↓':25} {'regions':>8}")
    for name, values in rows.items():
        columns = "  ".join(told(values[:, k]) for k in range(2))
        print(f"{name:16} {columns} {values[:, 2].mean():8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--evaluations", type=int, default=1024, metavar="N")
    parser.add_argument("--save", type=Path, metavar="FILE")
    parser.add_argument("--beside", type=Path, metavar="FILE")
    args = parser.parse_args()
    before = json.loads(args.beside.read_text()) if args.beside else {}
    classifier, found = segxai.load_classifier(None), {}
    for folder in args.photographs:
        paths = sorted(folder.glob("*.jpg"))
        if args.held_out and folder.resolve().name == "imagenet":
            paths = paths[4::5]  # as data/train_semantic_head.py
        for path in paths:
            found[path.stem] = measure(path, classifier, args.evaluations)
            print(path.stem, *(f"{value:.4g}" for value in found[path.stem]), flush=True)
    if args.save:
        args.save.write_text(json.dumps(found))
    report(found, before)


if __name__ == "__main__":
    main()
