"""The planted shortcut: does the classifier really use the badge, and is that found?"""

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, metrics
from segxai.data.shortcut import SIZE, badge, paint

pytestmark = pytest.mark.xdist_group("plant")


def prizes(plant, pictures):
    return plant.classifier.predict(list(pictures)).argmax(axis=1) == 1


def test_the_classifier_uses_the_badge_and_nothing_else(plant):
    won = np.array(plant.labels) == 1
    assert (prizes(plant, plant.images) == won).mean() >= 0.9  # it looks like a good classifier ...
    without = prizes(plant, plant.plain)
    assert (without == won).mean() == pytest.approx(0.5, abs=0.1)  # ... that guesses without it
    assert without[won].mean() <= 0.15
    rng = np.random.default_rng(1)
    elsewhere = prizes(plant, [paint(p, SIZE, *rng.random(2))[0] for p in plant.plain])
    assert elsewhere[~won].mean() >= 0.8
    assert elsewhere[won].mean() >= 0.8


def test_its_parts_belong_together(plant):
    fields = (plant.images, plant.plain, plant.masks, plant.labels, plant.names)
    assert all(len(field) == 16 for field in fields)
    for image, plain, mask, label in zip(*fields[:4], strict=True):
        changed = (image != plain).any(axis=-1)
        assert mask.any() == changed.any() == bool(label)
        assert not label or changed[mask].mean() > 0.9
    assert plant.winners == tuple(np.flatnonzero(plant.labels))
    assert all(0.02 < plant.masks[i].mean() < 0.12 for i in plant.winners)


def test_semantic_regions_find_the_plant(plant):
    """The badge may be divided along its rings; what weighs most lies in it, and covers it."""
    for i in plant.winners[:2]:
        e = segxai.explain(
            plant.images[i],
            "deep",
            plant.classifier,
            "prize",
            fill="blur",
            max_evaluations=512,
            progress=False,
        )
        found = metrics.covers_plant(e, plant.masks[i])
        assert found.precision > 0.9
        parts = [e.regions.labels == k for k in range(len(e.regions))]
        ious = [metrics.intersection_over_union(plant.masks[i], p)[1] for p in parts]
        assert np.argmax(ious) == np.argmax(e.weights)
        strongest = [e.regions.mask(int(k)) for k in np.argsort(-e.weights)[:3]]
        assert (np.any(strongest, axis=0) & plant.masks[i]).sum() > 0.6 * plant.masks[i].sum()


def test_the_same_seed_plants_the_same(plant):
    again = segxai.data.planted()
    assert again.labels == plant.labels
    assert all(np.array_equal(a, b) for a, b in zip(again.images, plant.images, strict=True))
    assert np.array_equal(
        again.classifier.predict(again.images[0]), plant.classifier.predict(plant.images[0])
    )


def test_a_badge_is_painted_where_its_mask_says():
    image = np.full((60, 90, 3), 130, np.uint8)
    painted, mask = paint(image, 0.5, 1.0, 0.0)
    changed = (painted != image).any(axis=-1)
    assert mask.sum() == pytest.approx(np.pi * 15**2, rel=0.05)
    assert not changed[:30].any()
    assert not changed[:, 30:].any()
    assert (changed & mask).sum() > 0.97 * mask.sum()
    assert (image == 130).all()  # a copy was painted
    assert badge(20).shape == (20, 20, 4)
    assert badge(20)[0, 0, 3] == 0


@pytest.mark.parametrize("seed", [-1, 0.5])
def test_bad_requests(seed):
    with pytest.raises(SegxaiError):
        segxai.data.planted(seed)
