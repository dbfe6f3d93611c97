"""segxai against lime 0.2.0.1 on the same photograph with the same classifier: time, and spread over seeds.

python benchmarks/versus_lime.py
"""

import time

import numpy as np
from lime.lime_image import LimeImageExplainer

import segxai
from segxai.classify import default_classifier

SAMPLES = 1000
ROUNDS = 3
SEEDS = 4


def with_lime(classifier, image, regions=None, seed=0, samples=SAMPLES):
    """lime's explanation; on given regions, or with its default segmenter (quickshift)."""
    segmentation = None if regions is None else (lambda _: np.array(regions.labels))
    return LimeImageExplainer(random_state=seed).explain_instance(
        image, classifier.predict, top_labels=1, num_samples=samples, segmentation_fn=segmentation
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
    classifier, image = default_classifier(), segxai.data.photograph("cat")
    slic, deep = segxai.segment(image, "slic"), segxai.segment(image, "deep")
    classifier.predict(image)

    cases = {
        f"lime, slic, {SAMPLES} samples": lambda: with_lime(classifier, image, slic),
        f"segxai, slic, {SAMPLES} samples": lambda: segxai.explain(
            image, slic, classifier, max_evaluations=SAMPLES, progress=False
        ),
        "lime, default call": lambda: with_lime(classifier, image),
        "segxai, deep, exact": lambda: segxai.explain(image, "deep", classifier, progress=False),
    }
    times = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, function in cases.items():
            times[name].append(seconds(function))
    medians = {name: np.median(t) for name, t in times.items()}

    lime_spread = spread([lime_weights(with_lime(classifier, image, slic, seed, 250)) for seed in range(SEEDS)])
    ours_spread = spread([segxai.explain(image, deep, classifier, seed=seed, progress=False).weights for seed in range(SEEDS)])

    print(f"\n{'case':<32} {'seconds (median)':>17}")
    for name, median in medians.items():
        print(f"{name:<32} {median:>17.2f}")
    lime_slic, ours_slic, lime_default, ours_deep = medians.values()
    print(f"\nsame slic regions, {SAMPLES} samples: lime / segxai = {lime_slic / ours_slic:.1f}")
    print(f"lime's default call / exact deep explanation = {lime_default / ours_deep:.1f}")
    print(
        f"spread over {SEEDS} seeds (mean standard deviation / largest weight): lime {lime_spread:.3f} (250 samples), deep {ours_spread:.3f}"
    )


if __name__ == "__main__":
    main()
