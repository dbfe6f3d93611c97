"""Explain a segmentation model: the function returns the share of the photograph that it marks as
the class."""

import numpy as np

import segxai

sample = segxai.data.load("cat")
# Any function from images to masks will do; here a small network is fitted to the photograph in a
# few steps.
fcn = segxai.finetune(sample.image, sample.annotation, iterations=4).fcn


def share_of_cat(images):
    """(N, H, W, 3) to (N,): the share of pixels that the network gives to the cat."""
    return np.array([(fcn.predict(image)[..., 1] > 0.5).mean() for image in images])


model = segxai.load_classifier(share_of_cat, class_names=["share of the cat"], output="score")
explanation = segxai.explain(
    sample.image, segxai.segment(sample.image, "slic", n_segments=5), model, method="shapley"
)
print("\n".join(explanation.in_words()))
