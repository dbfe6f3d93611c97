"""The tree beside lime, SHAP and Captum: the same classifier, photographs and number of
evaluations, judged by the same two curves.

Each peer runs in an environment of its own, which uv makes from benchmarks/peers/PEER.txt, and
evaluates the classifier of this process over a socket. lime explains with its default segmenter
(quickshift) and with slic (50 segments); SHAP's partition explainer with its blur and inpainting
maskers; Captum's Lime (linear regression, a Euclidean kernel of width 1000) and KernelShap on
slic's regions with blurred pixels for those hidden. The target is the most probable class. An
explanation is judged by the areas under the insertion and the deletion curve, under this package's
blur for all, pixels in the order of weight per area; pixels of equal weight per area are one
region.

cpu s: the processor's seconds for an explanation, of both processes, segmenting and sending images
included and starting Python not: on a shared machine they vary less than the clock's, which are
kept, too. What is loaded at first use counts for the first photograph; the table has medians.
memory: the peak of the explaining process, plus, for peers, that of the process with the classifier
before it has explained anything. spread: over seeds, the mean standard deviation of a pixel's
weight divided by the largest mean weight, on the first photographs. Intervals: 95 %, bootstrap over
photographs. A peer that fails, or that --only gives more photographs, has others than the rest:
means are over the photographs that all have, differences over those that both have.

    python benchmarks/peers.py --photographs FOLDER [--limit N] [--budgets 128 512 1024]
        [--only NAME]... [--seeds N] [--classifier squeezenet] [--draw]

What is measured is kept in benchmarks/results/peers.json (peers_squeezenet.json for the second
classifier, see classifiers.py) photograph by photograph, so that a stopped run goes on where it
was; --draw only prints and draws what is there. uv's own variables (UV_INDEX, UV_FIND_LINKS) say
where packages come from. On the processor Captum needs only PyTorch's CPU build.
"""

import argparse
import contextlib
import json
import os
import resource
import secrets
import subprocess
import sys
import time
from multiprocessing.connection import Listener
from pathlib import Path

import numpy as np
from classifiers import CLASSIFIERS, DEFAULT, add_option
from environments import HERE, environment

import segxai
from segxai.explanation.coalitions import Coalitions
from segxai.explanation.explanation import Explanation
from segxai.explanation.fills import fill_image
from segxai.explanation.game import Game
from segxai.files import replacing
from segxai.metrics import deletion, insertion
from segxai.study.comparison import bootstrap

RESULTS = HERE / "results"
FILL, ORDER, SEED_PHOTOGRAPHS = "blur", "weight per area", 5
TREE = "segxai tree"
PEERS = {
    "lime, quickshift": "lime",
    "lime, slic": "lime",
    "shap partition, blur": "shap",
    "shap partition, inpaint": "shap",
    "captum Lime, slic": "captum",
    "captum KernelShap, slic": "captum",
}


class PeerError(Exception):
    """A peer could not explain a photograph; what it said."""


class Worker:
    """A peer's process, which explains photographs with the classifier of this one."""

    def __init__(self, peer: str, classifier):
        self.classifier = classifier
        key = secrets.token_bytes(16)
        with Listener(("127.0.0.1", 0), authkey=key) as listener:
            command = [environment(peer), HERE / "peers" / "worker.py", *map(str, listener.address)]
            self.process = subprocess.Popen(command, env=os.environ | {"PEERS_KEY": key.hex()})
            self.connection = listener.accept()

    def explain(self, method, image, fill, target, budget, seed):
        """((H, W) weight of each pixel, {"wall", "cpu", "evaluations", "bytes"}). Raises
        PeerError."""
        evaluations, worked = 0, time.process_time()
        self.connection.send((method, image.shape, image.tobytes(), fill.tobytes(), budget, seed))
        while True:
            kind, *reply = self.connection.recv()
            if kind == "found":
                values, wall, cpu, memory = reply
                record = {
                    "wall": wall,
                    "cpu": cpu + time.process_time() - worked,
                    "evaluations": evaluations,
                    "bytes": memory,
                }
                return np.frombuffer(values).reshape(image.shape[:2]), record
            if kind == "failed":
                raise PeerError(*reply)
            shape, pixels = reply
            images = np.frombuffer(pixels, np.uint8).reshape(shape)
            evaluations += len(images)
            self.connection.send(
                np.ascontiguousarray(
                    self.classifier.predict(images)[:, target], np.float32
                ).tobytes()
            )

    def close(self):
        self.connection.send(None)
        self.process.wait(timeout=60)


def regions_of(values) -> tuple[segxai.Regions, np.ndarray]:
    """The regions of equal weight per pixel, and their weights (K,), of a map (H, W)."""
    rounded = np.round(values / max(np.abs(values).max(), np.finfo(float).tiny), 9)
    distinct, labels = np.unique(rounded, return_inverse=True)
    regions = segxai.Regions.from_labels(labels.reshape(values.shape))
    return regions, distinct * np.bincount(labels.ravel())


def judged(values, image, fill, classifier, target) -> dict:
    """The areas under both curves of a peer's map: what `insertion` and `deletion` give for an
    explanation with these weights."""
    regions, weights = regions_of(values)
    ends = np.stack([np.zeros(len(regions), bool), np.ones(len(regions), bool)])
    probability = classifier.predict([fill, image])[:, [target]]
    name = classifier.class_names[target]
    game = Game(image, regions, classifier, FILL, fill, target=target, targets=(target,))
    table = Coalitions(game, ends, probability, (target,), (name,), target, False, 2)
    interval = np.stack([weights, weights], 1)
    explanation = Explanation(table, "lime", weights, 0.0, 1.0, interval)
    # The table holds the photograph at full size; the curves perturb at the classifier's own size,
    # so all their points are theirs.
    return {
        "insertion": insertion(explanation, FILL, order=ORDER).area,
        "deletion": deletion(explanation, FILL, order=ORDER).area,
        "regions": len(regions),
    }


def tree(image, classifier, target, budget, seed):
    started, worked = time.perf_counter(), time.process_time()
    explanation = segxai.explain(
        image,
        "deep",
        classifier,
        target,
        method="tree",
        fill=FILL,
        max_evaluations=budget,
        seed=seed,
        progress=False,
    )
    record = {
        "wall": time.perf_counter() - started,
        "cpu": time.process_time() - worked,
        "evaluations": explanation.evaluations,
    }
    values = (explanation.weights / np.bincount(explanation.regions.labels.ravel()))[
        explanation.regions.labels
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return values, record | {"bytes": peak}


def measure(path, names, budgets, seeds, classifier, workers, before: int, done: dict) -> dict:
    """{"NAME @ BUDGET": record}; what `done` has already is taken from there. A record holds the
    spread where seeds > 1."""
    image = segxai.load_image(path)
    target = int(np.argmax(classifier.predict(image)[0]))
    fill = fill_image(image, np.zeros(image.shape[:2], int), FILL)
    found = dict(done)
    for budget in budgets:
        for name in (*names, TREE):
            key = f"{name} @ {budget}"
            if key in found and (seeds == 1 or "spread" in found[key]):
                continue
            maps = []
            for seed in range(seeds):
                if name == TREE:
                    values, record = tree(image, classifier, target, budget, seed)
                else:
                    peer = PEERS[name]
                    if peer not in workers:
                        workers[peer] = Worker(peer, classifier)
                    try:
                        values, record = workers[peer].explain(
                            name, image, fill, target, budget, seed
                        )
                    except PeerError as error:
                        print(f"{path.stem}, {key}: {error}", file=sys.stderr)
                        break
                    record["bytes"] += before
                if seed == 0:
                    found[key] = record | judged(values, image, fill, classifier, target)
                maps.append(values)
            if len(maps) == seeds > 1:
                largest = max(np.abs(np.mean(maps, axis=0)).max(), np.finfo(float).tiny)
                found[key]["spread"] = float(np.std(maps, axis=0, ddof=1).mean() / largest)
    return found


def column(rows, key, field):
    return np.array([row[key][field] for row in rows])


def interval(values) -> str:
    low, high = bootstrap(values)
    return f"{np.mean(values):6.3f} [{low:6.3f}, {high:6.3f}]"


def verdict(values, up: bool) -> str:
    low, high = bootstrap(values) if len(values) > 1 else (-1.0, 1.0)
    return "open" if low <= 0 <= high else "tree better" if (low > 0) == up else "tree worse"


def names_at(rows, budget):
    return [name for name in (TREE, *PEERS) if any(f"{name} @ {budget}" in row for row in rows)]


def common(rows, names, budget):
    """The photographs that all of them, if there are any, have explained with this budget."""
    return [row for row in rows if names and all(f"{name} @ {budget}" in row for name in names)]


def report(rows, budgets):
    for budget in budgets:
        names = names_at(rows, budget)
        if not names:
            continue
        everywhere = common(rows, names, budget)
        if not everywhere:
            print(f"\n{budget} evaluations: no photograph has all of {', '.join(names)}")
            continue
        print(f"\n{budget} evaluations, {len(everywhere)} photographs")
        print(
            f"{'':24} {'insertion ↑':23} {'deletion ↓':23} {'cpu s':>6} {'evaluations':>12} "
            f"{'regions':>8} {'GB':>5} {'spread':>7}"
        )
        for name in names:
            key = f"{name} @ {budget}"
            spread = [row[key]["spread"] for row in everywhere if "spread" in row[key]]
            print(
                f"{name:24} {interval(column(everywhere, key, 'insertion')):23} "
                f"{interval(column(everywhere, key, 'deletion')):23} "
                f"{np.median(column(everywhere, key, 'cpu')):6.1f} "
                f"{column(everywhere, key, 'evaluations').mean():12.0f} "
                f"{column(everywhere, key, 'regions').mean():8.0f} "
                f"{column(everywhere, key, 'bytes').max() / 1e9:5.2f} "
                f"{f'{np.mean(spread):.3f}' if spread else '':>7}"
            )
        print(f"\n{TREE} minus, on the photographs that both have")
        for name in names[1:]:
            key, own = f"{name} @ {budget}", f"{TREE} @ {budget}"
            here = [row for row in rows if key in row and own in row]
            cells = []
            for field, up in (("insertion", True), ("deletion", False)):
                difference = column(here, own, field) - column(here, key, field)
                cells.append(f"{interval(difference)} {verdict(difference, up):11}")
            ratio = np.median(column(here, key, "cpu") / column(here, own, "cpu"))
            print(
                f"{name:24} {len(here):>11}  {'  '.join(cells)}  the peer takes {ratio:.1f} times "
                "the processor's time"
            )


def draw(rows, budget, path, classifier):
    from matplotlib.figure import Figure

    names = names_at(rows, budget)[::-1]
    everywhere = common(rows, names, budget)
    figure = Figure((8.4, 0.9 + 0.38 * len(names)), layout="constrained")
    for axes, field, better in zip(
        figure.subplots(1, 2, sharey=True),
        ("insertion", "deletion"),
        ("right is better", "left is better"),
        strict=True,
    ):
        for row, name in enumerate(names):
            key = f"{name} @ {budget}"
            values = column(everywhere, key, field)
            low, high = bootstrap(values)
            colour = "#0b62a4" if name == TREE else "#555555"
            axes.plot([low, high], [row, row], color=colour, linewidth=2)
            axes.plot(values.mean(), row, "o", color=colour)
            axes.annotate(
                f"{values.mean():.3f}",
                (values.mean(), row),
                (0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
        axes.set_title(f"{field}: {better}", fontsize=10)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(-0.6, len(names) - 0.3)
        axes.grid(axis="x", alpha=0.3)
    figure.suptitle(
        f"{classifier}, {budget} evaluations, means over {len(everywhere)} photographs "
        "with 95 % intervals",
        fontsize=11,
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", type=Path, help="a folder of .jpg files")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--budgets", type=int, nargs="+", default=[128, 512, 1024])
    parser.add_argument(
        "--only", action="append", choices=list(PEERS), help="repeat for several; by default all"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help=f"for the spread, on the first {SEED_PHOTOGRAPHS} photographs",
    )
    parser.add_argument(
        "--minutes", type=float, default=np.inf, help="start no further photograph after so long"
    )
    parser.add_argument(
        "--draw",
        action="store_true",
        help="measure nothing: print and draw what was kept",
    )
    add_option(parser)
    given = parser.parse_args()
    stem = "peers" if given.classifier == DEFAULT else f"peers_{given.classifier}"
    kept = RESULTS / f"{stem}.json"
    rows = json.loads(kept.read_text()) if kept.is_file() else {}
    if not given.draw:
        if given.photographs is None or not (
            paths := sorted(given.photographs.glob("*.jpg"))[: given.limit]
        ):
            parser.error("--photographs must be a folder with .jpg files")
        classifier = CLASSIFIERS[given.classifier]()
        classifier.predict(segxai.load_image(paths[0]))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        workers: dict = {}
        started = time.perf_counter()
        try:
            for i, path in enumerate(paths):
                if time.perf_counter() - started > 60 * given.minutes:
                    print(
                        f"{given.minutes:g} minutes are over; {len(paths) - i} photographs are left"
                    )
                    break
                seeds = given.seeds if i < SEED_PHOTOGRAPHS else 1
                done = rows.get(path.stem, {})
                rows[path.stem] = measure(
                    path,
                    given.only or PEERS,
                    given.budgets,
                    seeds,
                    classifier,
                    workers,
                    before,
                    done,
                )
                with replacing(kept) as temporary:
                    temporary.write_text(json.dumps(rows, indent=1))
                print(
                    path.stem, f"{time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True
                )
        finally:
            for worker in workers.values():
                with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                    worker.close()
    measured = list(rows.values())
    report(measured, given.budgets)
    for budget in given.budgets:
        if common(measured, names_at(measured, budget), budget):
            draw(measured, budget, RESULTS / f"{stem}_{budget}.svg", given.classifier)


if __name__ == "__main__":
    main()
