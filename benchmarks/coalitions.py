"""How much does masking cost? Coalitions a second, against the classifier's own best images a second.

Both are measured in turns in one run, so that a busy machine slows both; the ratio is what counts.

    python benchmarks/coalitions.py
"""

import time

import numpy as np

import segxai
from segxai.classifiers.networks import default_classifier
from segxai.explanation.fills import fill_image

ROUNDS = 5
IMAGES = 256


def rate(ask, batch):
    started = time.perf_counter()
    for _ in range(IMAGES // batch):
        ask()
    return IMAGES / (time.perf_counter() - started)


def main():
    classifier, image = default_classifier(), segxai.data.photograph("astronaut")
    regions = segxai.segment(image, "deep")
    filled = fill_image(image, regions.labels, "mean")
    predict = classifier.masked_predictor(image, regions.labels, filled)
    sharing = classifier.masked_predictor(image, regions.labels, filled, asked=512)
    rng = np.random.default_rng(0)
    plain = {}
    for batch in (8, 16, 32, 64):
        ready = rng.random((batch, classifier.size, classifier.size, 3), dtype=np.float32) * 255
        plain[batch] = lambda ready=ready: classifier._run(ready)
    size = classifier.batch_size
    masks = rng.random((size, len(regions))) < 0.5
    masked = {f"masked in the graph, {size}": (lambda: predict(masks), size)}
    shared = {f"and early layers shared, {size}": (lambda: sharing(masks), size)}
    cases = {f"the network alone, {batch}": (ask, batch) for batch, ask in plain.items()} | masked | shared
    rates = {name: [] for name in cases}
    for turn in range(ROUNDS + 1):
        for name, (ask, batch) in cases.items():
            speed = rate(ask, batch)
            if turn:  # the first turn warms up
                rates[name].append(speed)
    started = time.perf_counter()
    table = segxai.evaluate_coalitions(classifier, image, regions, progress=False)
    whole = table.evaluations / (time.perf_counter() - started)

    print(f"{'batch':<28} {'images/s (median)':>18} {'best':>8}")
    for name, speeds in rates.items():
        print(f"{name:<28} {np.median(speeds):>18.0f} {max(speeds):>8.0f}")
    best = max(range(len(plain)), key=lambda i: np.median(list(rates.values())[i]))
    own = list(rates.values())[best]
    ratio = np.median(np.array(rates[next(iter(masked))]) / np.array(own))
    quicker = np.median(np.array(rates[next(iter(shared))]) / np.array(own))
    print(f"{'evaluate_coalitions, whole':<28} {whole:>18.0f}")
    print(
        f"\nmasked / the network's own best batch: {ratio:.2f}; with early layers shared: {quicker:.2f} (medians of {ROUNDS} turns)"
    )


if __name__ == "__main__":
    main()
