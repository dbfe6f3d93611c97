import numpy as np
import pytest
from PIL import Image

import segxai


@pytest.mark.parametrize("output", ["logit", "score"])
def test_values_that_are_no_probabilities_are_named(quarters, additive, output):
    image, labels = quarters
    classifier = segxai.load_classifier(lambda images: 5 * additive(images), class_names=["box"], output=output)
    e = segxai.explain(image, segxai.Regions.from_labels(labels), classifier, fill="black", method="shapley")
    assert np.allclose(e.weights, 5 * additive.effects, atol=1e-5)
    assert f"The values are {output}s, not probabilities: weights are differences of {output}s." in e.in_words()
    labels_shown = [axes.get_xlabel() for axes in e.plot().axes]
    assert f"change of {output} of box" in labels_shown


def test_one_sigmoid_is_a_probability(quarters, additive):
    image, labels = quarters
    e = segxai.explain(image, segxai.Regions.from_labels(labels), additive, target=1, fill="black")
    assert "change of P(class 1)" in [axes.get_xlabel() for axes in e.plot().axes]
    assert not any("not probabilities" in sentence for sentence in e.in_words())


def test_masks_of_a_transformers_pipeline_are_taken_as_they_come(quarters):
    _, labels = quarters
    masks = [{"label": f"thing {k}", "mask": Image.fromarray(np.uint8(labels == k) * 255), "score": None} for k in range(3)]
    regions = segxai.from_mask_list(masks)
    assert set(regions.names) == {"rest", "thing 0", "thing 1", "thing 2"}
    assert (regions.mask("thing 1") == (labels == 1)).all()
