"""Explain a model with a single sigmoid output: the probability of one class against everything
else."""

import numpy as np

import segxai


def warm(images):
    """(N, H, W, 3) uint8 to (N, 1): the probability that a photograph is warm, from how much redder
    than blue it is."""
    red, blue = images[..., 0].mean(axis=(1, 2)), images[..., 2].mean(axis=(1, 2))
    return 1 / (1 + np.exp(-(red - blue)[:, None] / 10))


# Two names: what an output of 0 stands for, and what an output of 1 stands for.
explanation = segxai.explain(
    segxai.data.photograph("coffee"),
    "contours",
    segxai.load_classifier(warm, class_names=["cold", "warm"]),
    target="warm",
    fill="grey",
)
print("\n".join(explanation.in_words()))
