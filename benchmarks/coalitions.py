"""The cost of perturbing: coalitions per second, compared with the network's best number of images
per second.

Both are measured in turns in the same run, so that other load on the machine affects both; only the
ratio is meaningful.

    python benchmarks/coalitions.py
"""

import time

import numpy as np

import segxai
from segxai.explanation.fills import fill_image

ROUNDS = 5
IMAGES = 256


def rate(evaluate, batch):
    started = time.perf_counter()
    for _ in range(IMAGES // batch):
        evaluate()
    return IMAGES / (time.perf_counter() - started)


def main():
    classifier, image = segxai.load_classifier(), segxai.data.photograph("astronaut")
    regions = segxai.segment(image, "deep")
    filled = fill_image(image, regions.labels, "mean")
    predict = classifier.masked_predictor(image, regions.labels, filled)
    sharing = classifier.masked_predictor(image, regions.labels, filled, expected=512)
    rng = np.random.default_rng(0)
    plain = {}
    for batch in (8, 16, 32, 64):
        ready = rng.random((batch, classifier.size, classifier.size, 3), dtype=np.float32) * 255
        plain[batch] = lambda ready=ready: classifier._run(ready)
    size = classifier.batch_size
    masks = rng.random((size, len(regions))) < 0.5
    masked = {f"masked in the graph, {size}": (lambda: predict(masks), size)}
    shared = {f"and early layers shared, {size}": (lambda: sharing(masks), size)}
    cases = (
        {f"the network alone, {batch}": (evaluate, batch) for batch, evaluate in plain.items()}
        | masked
        | shared
    )
    rates = {name: [] for name in cases}
    for turn in range(ROUNDS + 1):
        for name, (evaluate, batch) in cases.items():
            speed = rate(evaluate, batch)
            if turn:  # the first turn only warms up
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
        f"\nmasked / the network's own best batch: {ratio:.2f}; with early layers shared: "
        f"{quicker:.2f} (medians of {ROUNDS} turns)"
    )


if __name__ == "__main__":
    main()
