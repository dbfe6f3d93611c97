"""Intersection over union by hand."""

import numpy as np
import pytest

from segxai.metrics import intersection_over_union


def test_intersection_over_union_by_hand():
    truth, found = np.array([[0, 0, 1, 1, 255]]), np.array([[0, 1, 1, 1, 0]])
    assert intersection_over_union(truth, found) == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(intersection_over_union(truth, found, 3)[2])
