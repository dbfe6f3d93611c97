"""Agreement with an object, a planted shortcut or another map, by hand."""

from dataclasses import replace

import numpy as np
import pytest

import segxai
from segxai import Regions, SegxaiError, metrics


def test_energy_by_hand(Game, explained):
    e = explained(Game((0.4, 0.2, 0.0, -0.1)))
    mask = np.zeros((40, 60), bool)
    mask[:20, :45] = True  # all of q0 and half of q1
    # What opposes the class is not counted.
    assert metrics.energy(e, mask) == pytest.approx((0.4 + 0.1) / 0.6, abs=1e-6)
    assert metrics.energy(e, mask.astype(int)) == metrics.energy(e, mask)
    assert metrics.energy(replace(e, weights=-np.ones(4)), mask) == 0


def test_a_plant_is_covered_only_by_a_region_that_is_mostly_plant(Game, explained):
    e = explained()
    mask = np.zeros((40, 60), bool)
    mask[:20, :15] = True
    assert metrics.covers_plant(e, mask) == (True, 1.0, 0.5, "q0")
    mask[:, 10:] = False
    assert not metrics.covers_plant(e, mask).found  # a third of the region
    whole = segxai.explain(
        e.coalitions.game.image,
        Regions.from_labels(np.zeros((40, 60), int)),
        Game(),
        1,
        fill="black",
    )
    found = metrics.covers_plant(whole, mask)
    assert (found.found, found.covered) == (False, 1.0)
    assert metrics.covers_plant(replace(e, weights=np.zeros(4)), mask) == (False, 0.0, 0.0, "")


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.zeros((40, 60), bool), "empty"),
        (np.ones((4, 6), bool), "4 x 6 pixels; the image has 40 x 60"),
        (np.full((40, 60), 7), "from 7 to 7"),
    ],
)
@pytest.mark.parametrize("metric", [metrics.energy, metrics.covers_plant])
def test_masks_that_do_not_fit(metric, mask, said, explained):
    with pytest.raises(SegxaiError, match=said):
        metric(explained(), mask)


def test_intersection_over_union_by_hand():
    truth, found = np.array([[0, 0, 1, 1, 255]]), np.array([[0, 1, 1, 1, 0]])
    assert metrics.intersection_over_union(truth, found) == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(metrics.intersection_over_union(truth, found, 3)[2])
