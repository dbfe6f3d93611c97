"""Shared early layers give the same answers as running every layer on every coalition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai.classifiers.early_plan import EarlyPlan, _covering_rows, _regions_in_windows
from segxai.explanation.fills import fill_image
from segxai.explanation.surrogates import all_subsets
from segxai.nets import efficientnet_lite


@given(st.lists(st.sets(st.integers(0, 8), min_size=1, max_size=4), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_covering_coalitions_show_every_subset_in_all_of_its_ways(subsets):
    subsets = [np.array(sorted(s)) for s in subsets]
    rows = _covering_rows(subsets, 9, 100)
    for subset in subsets:
        assert len(np.unique(rows[:, subset], axis=0)) == 2 ** len(subset)


def test_regions_in_windows_by_hand():
    labels = np.kron(np.array([[0, 1], [2, 2]]), np.ones((8, 8), int))
    seen = _regions_in_windows(labels, 3, 4, (-1, 4))
    for i in range(4):
        for j in range(4):
            rows, columns = (np.clip(np.arange(4 * n - 1, 4 * n + 5), 0, 15) for n in (i, j))
            assert set(np.flatnonzero(seen[i, j])) == set(labels[np.ix_(rows, columns)].ravel())


def test_the_window_of_an_early_feature_is_as_stated(classifier):
    """Changing one pixel changes the features whose windows hold it, and no others."""
    first, last = efficientnet_lite.STRIDE_4_WINDOW
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    for pixel in (0, 90, 93, 223):
        other = image.copy()
        other[0, pixel, pixel] = 255 - other[0, pixel, pixel]
        before, after = (
            classifier.backbone.features(x, ["stride_4"])["stride_4"][0] for x in (image, other)
        )
        changed = np.flatnonzero(np.abs(before - after).max(axis=(1, 2)) > 1e-5)
        inside = [i for i in range(56) if 4 * i + first <= pixel <= 4 * i + last]
        assert set(changed) <= set(inside)
        assert len(changed) >= len(inside) - 2


@pytest.mark.parametrize("method", ["deep", "slic", "grid"])
@pytest.mark.parametrize("fill", ["mean", "blur"])
def test_shared_answers_are_those_of_every_layer(classifier, astronaut, method, fill):
    params = {"rows": 3, "columns": 3} if method == "grid" else {}
    regions = segxai.segment(astronaut, method, **params)
    filled = fill_image(astronaut, regions.labels, fill)
    predict = classifier.masked_predictor(astronaut, regions.labels, filled, expected=512)
    number = len(regions)
    masks = all_subsets(number)[np.random.default_rng(1).permutation(2**number)[:96]]
    shared = predict(masks)
    plain = np.concatenate(
        [
            predict_plainly(classifier, astronaut, regions, filled, masks[i : i + 16])
            for i in range(0, 96, 16)
        ]
    )
    assert np.abs(shared - plain).max() < 1e-5


def predict_plainly(classifier, image, regions, filled, masks):
    from segxai.images import resize, resize_labels

    labels = resize_labels(regions.labels, (224, 224))
    image, filled = resize(image, (224, 224)), resize(filled, (224, 224))
    return classifier._run(np.where(masks[:, labels][..., None], image, filled))


def test_early_layers_are_run_on_few_coalitions(classifier, astronaut, monkeypatch):
    """Of 512 coalitions of nine regions only a few go through the early layers."""
    regions = segxai.segment(astronaut, "deep")
    fed = []
    net = classifier.backbone
    run = net.run

    def counting(fetches, feed):
        if net.masks in feed:
            fed.append(len(feed[net.masks]))
        return run(fetches, feed)

    monkeypatch.setattr(net, "run", counting)
    segxai.evaluate_coalitions(classifier, astronaut, regions)
    assert 0 < sum(fed) < 60


def test_too_many_regions_in_one_window_are_not_shared():
    labels = np.arange(64 * 64).reshape(64, 64) % 97
    assert EarlyPlan(labels, 97, 4, (-6, 12), 10**6).rows is None
