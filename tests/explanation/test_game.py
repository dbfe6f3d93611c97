"""The game: what is explained is normalised once, and the classifier is evaluated in one place."""

import numpy as np
import pytest

import segxai
from segxai.explanation import explain, game, methods
from segxai.explanation.game import new_game

NORMALISED = ("as_picture", "as_regions", "load_classifier", "fill_image")
IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((4, 4), int))


def classifier(images):
    share = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([share, 1 - share], axis=1)


@pytest.mark.parametrize("method", sorted(set(methods.METHODS) - {"tree"}))
def test_an_explanation_normalises_each_input_once(monkeypatch, method):
    calls = []

    def counted(name, function):
        def count(*args, **kwargs):
            calls.append(name)
            return function(*args, **kwargs)

        return count

    for name in NORMALISED:
        monkeypatch.setattr(game, name, counted(name, getattr(game, name)))
    as_image = counted("as_image", segxai.images.as_image)
    for module in (segxai.images, segxai.segmentation.registry, game):
        monkeypatch.setattr(module, "as_image", as_image, raising=False)
    segxai.explain(IMAGE, LABELS, classifier, method=method, progress=False)
    assert sorted(calls) == sorted([*NORMALISED, "as_image"])


def test_variants_share_what_does_not_change():
    first = new_game(IMAGE, LABELS, classifier, "class 1", "gray", 3)
    assert (first.fill, first.same_fill) == ("grey", "grey")
    assert first.with_().filled is first.filled
    noise = first.with_(fill="noise")
    assert (noise.fill, noise.regions is first.regions) == ("noise", True)
    assert not np.array_equal(noise.filled, first.filled)
    assert np.array_equal(noise.filled, first.with_(fill="noise", seed=3).filled)
    given = first.with_(fill=IMAGE[::-1])
    assert given.fill == "given"
    assert given.same_fill is given.filled


def test_the_whole_picture_settles_the_classes_that_are_kept():
    made = new_game(IMAGE, LABELS, classifier, None, "black", 0)
    masks = np.array([[True] * 4, [False] * 4])
    outputs = made.evaluate(masks, progress=False)
    assert made.targets[0] == made.target_index == int(np.argmax(classifier(IMAGE[None])))
    assert outputs[1, made.targets.index(1)] == pytest.approx(1)  # all is black


def test_a_method_is_one_record(monkeypatch):
    def alone(table, kernel_width, alpha):
        number = table.masks.shape[1]
        single = [table.values[(table.masks == row).all(axis=1)][0] for row in np.eye(number)]
        weights = np.array(single) - table.values[~table.masks.any(axis=1)][0]
        return methods.Fit(weights, 0.0, 0.0, np.stack([weights, weights], 1))

    monkeypatch.setitem(methods.METHODS, "alone", methods.Method("Alone", alone))
    e = segxai.explain(IMAGE, LABELS, classifier, method="alone", progress=False)
    assert np.array_equal(e.refit("lime").refit("alone").weights, e.weights)
    with pytest.raises(segxai.SegxaiError, match="method 'alone' needs every coalition"):
        segxai.explain(IMAGE, LABELS, classifier, method="alone", max_evaluations=8)


def test_explain_hands_the_game_on():
    names = set(explain.explain.__code__.co_names)
    assert {"new_game", "draw_coalitions", "evaluate_all", "from_coalitions"} <= names


def test_batch_size_is_for_one_explanation(quarters, additive):
    box, sizes = segxai.Classifier(lambda images: sizes.append(len(images)) or additive(images)), []
    explanation = segxai.explain(*quarters, box, 1, fill="black", batch_size=3)
    assert sizes == [3, 3, 3, 3, 3, 1]
    assert explanation.weights == pytest.approx(additive.effects, abs=1e-6)
    sizes.clear()
    assert segxai.evaluate_coalitions(box, *quarters, batch_size=16).exact
    assert (sizes, box.batch_size) == ([16], 32)
    for wrong in (0, 2.5, "all"):
        with pytest.raises(segxai.SegxaiError, match="batch_size must be a whole number"):
            segxai.explain(*quarters, box, batch_size=wrong)
