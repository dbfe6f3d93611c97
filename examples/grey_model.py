"""Explain a model that takes grey pictures with one channel: the function makes them from the
photographs that it is given."""

import numpy as np
from PIL import Image

import segxai


def bright(images):
    """(N, H, W, 1) float32 in 0..1 to (N, 2) probabilities; a stand-in for your own model."""
    light = 1 / (1 + np.exp(-20 * (images.mean(axis=(1, 2, 3)) - 0.4)))
    return np.stack([1 - light, light], axis=1)


def on_photographs(images):
    """(N, H, W, 3) uint8 to (N, 2): all three channels of a perturbed grey photograph are the
    same."""
    return bright(images[..., :1].astype(np.float32) / 255)


photograph = np.asarray(
    Image.fromarray(segxai.data.photograph("cat")).convert("L")
)  # (H, W) is taken as it is
model = segxai.load_classifier(on_photographs, class_names=["dark", "bright"])
explanation = segxai.explain(photograph, "contours", model, target="bright", fill="grey")
print("\n".join(explanation.in_words()))
