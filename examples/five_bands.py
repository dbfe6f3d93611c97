"""Explain a model of a picture with five channels: three of them are shown and segmented, all five
are perturbed."""

import numpy as np

import segxai


def vegetation(images):
    """(N, H, W, 5) uint16 to (N, 2) probabilities, from how much more near infrared than red there
    is; a stand-in for your own model."""
    red, infrared = images[..., 2].astype(float), images[..., 4].astype(float)
    index = ((infrared - red) / (infrared + red + 1)).mean(axis=(1, 2))  # NDVI
    green = 1 / (1 + np.exp(-20 * (index - 0.2)))
    return np.stack([1 - green, green], axis=1)


# A field beside a road, as a satellite might measure them: blue, green, red, red edge, near
# infrared.
field = np.zeros((60, 90), bool)
field[:, :50] = True
SOIL = (1500, 1600, 1700, 1800, 1900)
reflectance = np.where(field[..., None], (400, 900, 500, 2500, 4000), SOIL)
reflectance = (reflectance + np.random.default_rng(0).normal(0, 60, reflectance.shape)).astype(
    np.uint16
)

picture = segxai.Bands(reflectance, rgb=(2, 1, 0))
regions = segxai.Regions.from_masks(
    {"field": field, "road": ~field}
)  # or any segmenter, which sees the three channels shown
model = segxai.load_classifier(vegetation, class_names=["bare", "green"])
# The fill is a colour of five numbers here; "mean", "blur" and the other names fill all five
# channels, too.
explanation = segxai.explain(picture, regions, model, target="green", fill=SOIL, method="shapley")
print("\n".join(explanation.in_words()))
