"""Regions in the order of their weights, and those that are selected, by hand."""

from dataclasses import replace

import numpy as np

import segxai
from segxai import metrics
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
    assert metrics.compactness(explained()) == 0.25
    image, labels = np.zeros((20, 30, 3), np.uint8), np.arange(600).reshape(20, 30) // 20
    many = segxai.explain(
        image, labels, lambda images: np.full(len(images), 0.7), 1, max_evaluations=40
    )
    weights = np.zeros(30)
    assert metrics.select(replace(many, weights=weights)).tolist() == [0]
    weights[[3, 9, 12, 20]] = 1
    assert metrics.select(replace(many, weights=weights)).tolist() == [3, 9, 12]
