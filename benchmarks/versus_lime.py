"""segxai against lime 0.2.0.1 on the same photograph with the same classifier: time, and spread over seeds.

lime is called with its own defaults but for what a row names. "samples" is what is asked for: lime draws with repetition,
segxai asks about every coalition once and stops when there are no more (8 regions have 256).

python benchmarks/versus_lime.py
"""

import contextlib
import io
import time

import numpy as np
from lime.lime_image import LimeImageExplainer

import segxai
from segxai.classifiers.networks import default_classifier

SAMPLES = 1000
ROUNDS = 3
SEEDS = 4


def with_lime(classifier, image, regions=None, seed=0, samples=SAMPLES):
    """lime's explanation; on given regions, or with its default segmenter (quickshift)."""
    segmentation = None if regions is None else (lambda _: np.array(regions.labels))
    with contextlib.redirect_stderr(io.StringIO()):  # lime 0.2.0.1 cannot be told to draw no progress bar
        return LimeImageExplainer(random_state=seed).explain_instance(
            image, classifier.predict, num_samples=samples, segmentation_fn=segmentation
        )


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def spread(weights):
    """The mean over regions of the standard deviation over seeds, as a share of the largest weight."""
    weights = np.array(weights)
    return weights.std(axis=0).mean() / np.abs(weights.mean(axis=0)).max()


def lime_weights(explanation):
    told = dict(explanation.local_exp[explanation.top_labels[0]])
    return [told[k] for k in sorted(told)]


def main():
    classifier, image = default_classifier(), segxai.data.photograph("astronaut")
    few, many = segxai.segment(image, "slic"), segxai.segment(image, "slic", n_segments=60)
    deep = segxai.segment(image, "deep")
    classifier.predict(image)

    def ours(regions):
        return segxai.explain(image, regions, classifier, max_evaluations=SAMPLES, progress=False)

    pairs = {
        f"slic, {len(few)} regions, {SAMPLES} samples": (lambda: with_lime(classifier, image, few), lambda: ours(few)),
        f"slic, {len(many)} regions, {SAMPLES} samples": (lambda: with_lime(classifier, image, many), lambda: ours(many)),
        "lime's default call, exact deep": (lambda: with_lime(classifier, image), lambda: ours("deep")),
    }
    print(f"{'case':<36} {'lime s':>8} {'segxai s':>9} {'ratio':>7}   (medians of {ROUNDS} turns)")
    for name, (theirs, mine) in pairs.items():
        times = np.array([[seconds(theirs), seconds(mine)] for _ in range(ROUNDS)])
        lime_seconds, our_seconds = np.median(times, axis=0)
        print(f"{name:<36} {lime_seconds:>8.1f} {our_seconds:>9.1f} {np.median(times[:, 0] / times[:, 1]):>7.1f}", flush=True)

    for samples in (250, SAMPLES):
        told = [lime_weights(with_lime(classifier, image, few, seed, samples)) for seed in range(SEEDS)]
        print(
            f"spread over {SEEDS} seeds (mean standard deviation / largest weight): lime, slic, {samples} samples: {spread(told):.3f}"
        )
    told = [segxai.explain(image, deep, classifier, seed=seed, progress=False).weights for seed in range(SEEDS)]
    print(f"spread over {SEEDS} seeds: segxai, deep: {spread(told):.3f}")


if __name__ == "__main__":
    main()
