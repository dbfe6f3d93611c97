"""Regions in the order of their weights, and whether the selected ones keep the class, by hand."""

from dataclasses import replace

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, metrics
from segxai.metrics.ranking import ranked, tied_groups


def test_ties_are_distinguished_from_rounding(explained):
    groups = tied_groups(np.array([0.1, 0.3 + 1e-9, 0.3, -0.2]))
    assert [sorted(g.tolist()) for g in groups] == [[1, 2], [0], [3]]
    assert [g.tolist() for g in tied_groups([0.0, 0.0])] == [[0, 1]]
    e = replace(explained(order=(3, 2, 1, 0)), weights=np.ones(4))
    assert [e.regions.names[k] for k in ranked(e)] == ["q0", "q1", "q2", "q3"]


def test_the_selection_is_one_to_three_regions_far_above_the_mean(explained):
    # 0.4 against a mean of 0.175 and a standard deviation of 0.148
    assert metrics.select(explained()).tolist() == [0]
    image, labels = np.zeros((20, 30, 3), np.uint8), np.arange(600).reshape(20, 30) // 20
    many = segxai.explain(
        image, labels, lambda images: np.full(len(images), 0.7), 1, max_evaluations=40
    )
    weights = np.zeros(30)
    assert metrics.select(replace(many, weights=weights)).tolist() == [0]
    weights[[3, 9, 12, 20]] = 1
    assert metrics.select(replace(many, weights=weights)).tolist() == [3, 9, 12]


def test_preservation_and_deletion_by_hand(Game, explained):
    game = Game((0.6, 0.1, 0.1, 0.0), 0.1)
    e = explained(game)
    evaluated = game.images
    assert metrics.preservation(e)  # 0.7 with q0 alone
    assert metrics.target_deletion(e)  # 0.3 without q0, and 0.42 for class 0
    assert game.images - evaluated == 2
    assert metrics.compactness(e) == 0.25
    weak = explained(Game((0.2, 0.15, 0.15, 0.1), 0.1))
    assert not metrics.preservation(weak)  # 0.3 alone, and 0.42 for class 0
    strong = explained(Game((0.2, 0.1, 0.1, 0.1), 0.5))
    assert not metrics.target_deletion(strong)  # 0.8 without q0


def test_only_the_most_probable_class_can_be_kept_or_lost(Game, explained):
    unlikely = explained(Game((0.1, 0.1, 0.0, 0.0), 0.1))
    for e in (unlikely, explained().refit(versus=0)):
        with pytest.raises(SegxaiError, match=r"most probable|single class"):
            metrics.preservation(e)
    e = explained()
    table = replace(e.coalitions, game=e.coalitions.game.with_(classifier=None))
    with pytest.raises(SegxaiError, match="holds none"):
        metrics.preservation(replace(e, coalitions=table))
