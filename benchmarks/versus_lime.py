"""segxai compared with lime 0.2.0.1 on the same photograph and classifier: time, and spread of the
weights over seeds.

Except for what a row names, lime uses its defaults. "samples" is the number requested: lime draws
coalitions with repetition, while segxai evaluates each coalition once and stops when all are
evaluated (8 regions have 256).

    python benchmarks/versus_lime.py
"""

import contextlib
import io
import time

import numpy as np
from lime.lime_image import LimeImageExplainer

import segxai

SAMPLES = 1000
ROUNDS = 3
SEEDS = 4


def with_lime(classifier, image, regions=None, seed=0, samples=SAMPLES):
    """lime's explanation; on given regions, or with its default segmenter (quickshift)."""
    segmentation = None if regions is None else (lambda _: np.array(regions.labels))
    with contextlib.redirect_stderr(
        io.StringIO()
    ):  # lime 0.2.0.1 has no option to hide its progress bar
        return LimeImageExplainer(random_state=seed).explain_instance(
            image, classifier.predict, num_samples=samples, segmentation_fn=segmentation
        )


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def spread(weights):
    """The mean over regions of the standard deviation over seeds, as a share of the largest
    weight."""
    weights = np.array(weights)
    return weights.std(axis=0).mean() / np.abs(weights.mean(axis=0)).max()


def lime_weights(explanation):
    weights = dict(explanation.local_exp[explanation.top_labels[0]])
    return [weights[k] for k in sorted(weights)]


def main():
    classifier, image = segxai.load_classifier(), segxai.data.photograph("astronaut")
    few, many = segxai.segment(image, "slic"), segxai.segment(image, "slic", n_segments=60)
    deep = segxai.segment(image, "deep")
    classifier.predict(image)

    def with_segxai(regions):
        return segxai.explain(image, regions, classifier, max_evaluations=SAMPLES, progress=False)

    pairs = {
        f"slic, {len(few)} regions, {SAMPLES} samples": (
            lambda: with_lime(classifier, image, few),
            lambda: with_segxai(few),
        ),
        f"slic, {len(many)} regions, {SAMPLES} samples": (
            lambda: with_lime(classifier, image, many),
            lambda: with_segxai(many),
        ),
        "lime's default call, exact deep": (
            lambda: with_lime(classifier, image),
            lambda: with_segxai("deep"),
        ),
    }
    print(f"{'case':<36} {'lime s':>8} {'segxai s':>9} {'ratio':>7}   (medians of {ROUNDS} turns)")
    for name, (lime, segxai_call) in pairs.items():
        times = np.array([[seconds(lime), seconds(segxai_call)] for _ in range(ROUNDS)])
        lime_seconds, segxai_seconds = np.median(times, axis=0)
        print(
            f"{name:<36} {lime_seconds:>8.1f} {segxai_seconds:>9.1f} "
            f"{np.median(times[:, 0] / times[:, 1]):>7.1f}",
            flush=True,
        )

    for samples in (250, SAMPLES):
        weights = [
            lime_weights(with_lime(classifier, image, few, seed, samples)) for seed in range(SEEDS)
        ]
        print(
            f"spread over {SEEDS} seeds (mean standard deviation / largest weight): lime, slic, "
            f"{samples} samples: {spread(weights):.3f}"
        )
    weights = [
        segxai.explain(image, deep, classifier, seed=seed, progress=False).weights
        for seed in range(SEEDS)
    ]
    print(f"spread over {SEEDS} seeds: segxai, deep: {spread(weights):.3f}")


if __name__ == "__main__":
    main()
