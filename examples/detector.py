"""Explain a detector: the function returns the score of its best box, which is not a
probability."""

import numpy as np
from skimage.feature import match_template

import segxai

image = segxai.data.photograph("coffee")
grey = image.mean(axis=-1)
TEMPLATE = grey[grey.shape[0] // 3 : grey.shape[0] // 2, grey.shape[1] // 3 : grey.shape[1] // 2]


def best_box(images):
    """(N, H, W, 3) to (N,) scores: the highest correlation of any box with the template."""
    return np.array([match_template(picture.mean(axis=-1), TEMPLATE).max() for picture in images])


detector = segxai.load_classifier(best_box, class_names=["box"], output="score")
explanation = segxai.explain(
    image, segxai.segment(image, "slic", n_segments=6), detector, method="shapley"
)
print("\n".join(explanation.in_words()))
