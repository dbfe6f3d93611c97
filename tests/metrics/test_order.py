"""Regions in the order of their weights, whatever their numbers."""

from dataclasses import replace

import numpy as np

from segxai.metrics.order import ranked, tied_groups


def test_ties_are_distinguished_from_rounding(explained):
    groups = tied_groups(np.array([0.1, 0.3 + 1e-9, 0.3, -0.2]))
    assert [sorted(g.tolist()) for g in groups] == [[1, 2], [0], [3]]
    assert [g.tolist() for g in tied_groups([0.0, 0.0])] == [[0, 1]]
    e = replace(explained(order=(3, 2, 1, 0)), weights=np.ones(4))
    assert [e.regions.names[k] for k in ranked(e)] == ["q0", "q1", "q2", "q3"]
