"""Does following the evidence down a region tree pay? The tree beside LIME on many small regions
and exact few ones.

For each photograph its most probable class is explained with the same fill (blur) and at most as
many evaluations (512): adaptive Owen values on the tree of `deep`; LIME (kernel width 0.25, ridge
1, as lime does) on quickshift and on slic with 50 segments; exact Shapley values of the nine
regions of `deep`. Regions are shown and taken away by weight per area. Prints the mean areas under
the insertion and the deletion curve, seconds, the differences from the tree photograph by
photograph, and how few evaluations bring the tree to the others' deletion. All intervals: 95 %,
bootstrap over photographs.

    python benchmarks/depth.py --photographs FOLDER [--limit N] [--split K/N] [--smaller | --bounds]
        [--classifier squeezenet]

--limit takes the first N by name, --split every N-th from the K-th on (1/2 and 2/2 are halves);
--smaller adds the budgets 64, 128 and 256. --bounds compares the tree with what its leaves could
reach instead of with the others: values from 4096 evaluations, which are nearly exact, and the
greedy orders, in which the next leaf is the one that gains, or costs, most per area.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from classifiers import CLASSIFIERS, add_option
from default import told

import segxai
from segxai.metrics import deletion, insertion

FILL, BUDGET, SMALLER = "blur", 512, (64, 128, 256)
ORDER, NEARLY_EXACT = "weight per area", 4096


def explainers(image, classifier, target, smaller, bounds):
    """{name: a function to an explanation, segmenting included}; the tree first."""

    def tree(budget=BUDGET):
        return segxai.explain(
            image,
            "deep",
            classifier,
            target,
            method="tree",
            fill=FILL,
            max_evaluations=budget,
            progress=False,
        )

    def lime(regions):
        return segxai.explain(
            image,
            regions,
            classifier,
            target,
            method="lime",
            alpha=1.0,
            fill=FILL,
            max_evaluations=BUDGET,
            progress=False,
        )

    def exact():
        regions = segxai.segment(image, "deep", n_regions=9)
        return segxai.explain(
            image,
            regions,
            classifier,
            target,
            method="shapley",
            fill=FILL,
            max_evaluations=BUDGET,
            progress=False,
        )

    others = {
        "LIME, quickshift": lambda: lime("quickshift"),
        "LIME, slic 50": lambda: lime(segxai.segment(image, "slic", n_segments=50)),
        "exact, deep 9": exact,
    }
    budgets = (NEARLY_EXACT,) if bounds else SMALLER if smaller else ()
    trees = {f"tree, {budget}": lambda budget=budget: tree(budget) for budget in budgets}
    return {f"tree, {BUDGET}": tree} | ({} if bounds else others) | trees


def greedy(explanation, show):
    """The area under a curve whose next region always gains (costs) most per area, of those not
    shown (removed) yet, and the number of evaluations."""
    areas, game = explanation.regions.areas, explanation.coalitions.game
    column = game.targets.index(game.target_index)
    mask, left, count = np.full(len(areas), not show), list(range(len(areas))), 0
    x, y = [0.0], [float(game.evaluate(mask[None], progress=False)[0, column])]
    while left:
        masks = np.tile(mask, (len(left), 1))
        masks[range(len(left)), left] = show
        values = game.evaluate(masks, progress=False)[:, column]
        best = int(np.argmax((values - y[-1]) * (1 if show else -1) / areas[left]))
        count += len(masks)
        x.append(x[-1] + areas[left[best]])
        y.append(float(values[best]))
        mask[left.pop(best)] = show
    return np.trapezoid(y, x) / y[-1 if show else 0], count


def measure(path, classifier, smaller, bounds):
    """{name: (insertion, deletion, seconds, regions, evaluations)} of one photograph."""
    image = segxai.load_image(path)
    target = int(np.argmax(classifier.predict(image)[0]))
    found = {}
    for name, explain in explainers(image, classifier, target, smaller, bounds).items():
        segxai.segment(
            image, "deep"
        )  # its network runs once for a photograph, whichever comes first
        started = time.perf_counter()
        explanation = explain()
        seconds = time.perf_counter() - started
        areas = insertion(explanation, order=ORDER).area, deletion(explanation, order=ORDER).area
        found[name] = (*areas, seconds, len(explanation.regions), explanation.evaluations)
    if bounds:
        started = time.perf_counter()
        (shown, shows), (removed, removes) = greedy(explanation, True), greedy(explanation, False)
        seconds = time.perf_counter() - started
        found["greedy orders"] = shown, removed, seconds, len(explanation.regions), shows + removes
    return found


def report(rows):
    names = list(rows[0])
    table = {name: np.array([row[name] for row in rows]) for name in names}
    print(f"\n{len(rows)} photographs, fill {FILL}, ordered by {ORDER}")
    print(
        f"{'':18} {'insertion ↑':25} {'deletion ↓':25} {'s':>6} {'regions':>8} {'evaluations':>12}"
    )
    for name, values in table.items():
        print(
            f"{name:18} {told(values[:, 0])}  {told(values[:, 1])} {values[:, 2].mean():6.1f} "
            f"{values[:, 3].mean():8.1f} {values[:, 4].mean():12.0f}"
        )
    tree = table[names[0]]
    print(f"\ndifference {names[0]} minus")
    for name in names[1:]:
        print(
            f"{name:18} {told(tree[:, 0] - table[name][:, 0])}  "
            f"{told(tree[:, 1] - table[name][:, 1])}"
        )
    budgets = [name for name in names if name.startswith("tree")]
    if f"tree, {SMALLER[0]}" in table:
        ordered = sorted(budgets, key=lambda name: table[name][:, 4].mean())
        print("\nevaluations that bring the tree to the mean deletion of")
        for other in (name for name in names if name not in budgets):
            reached = [
                name for name in ordered if table[name][:, 1].mean() <= table[other][:, 1].mean()
            ]
            print(
                f"{other:18} "
                f"{reached[0].removeprefix('tree, ') if reached else f'more than {BUDGET}':>8}  "
                f"(it used {table[other][:, 4].mean():.0f})"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", required=True, type=Path, help="a folder of .jpg files")
    parser.add_argument("--limit", type=int)
    parser.add_argument(
        "--split", default="1/1", help="K/N: every N-th photograph from the K-th on"
    )
    extra = parser.add_mutually_exclusive_group()
    extra.add_argument("--smaller", action="store_true", help="the tree with smaller budgets, too")
    extra.add_argument("--bounds", action="store_true", help="what the tree's leaves could reach")
    add_option(parser)
    arguments = parser.parse_args()
    first, step = map(int, arguments.split.split("/"))
    paths = sorted(arguments.photographs.glob("*.jpg"))[: arguments.limit][first - 1 :: step]
    classifier = CLASSIFIERS[arguments.classifier]()
    rows = []
    for path in paths:
        rows.append(measure(path, classifier, arguments.smaller, arguments.bounds))
        print(
            path.name,
            "; ".join(f"{name}: {v[0]:.3f}/{v[1]:.3f}" for name, v in rows[-1].items()),
            flush=True,
        )
    report(rows)


if __name__ == "__main__":
    main()
