"""Properties of all metrics: neither the regions' numbers nor the batch size matter."""

import numpy as np
import pytest

import segxai
from segxai import metrics


def every_number(e):
    """All metrics of one explanation, {name: number}."""
    mask = np.zeros((40, 60), bool)
    mask[:20, :25] = True
    return {
        name: float(metric.value(e, mask) if metric.needs_mask else metric.value(e))
        for name, metric in metrics.METRICS.items()
    }


def test_every_metric_has_a_direction_and_a_line():
    for metric in metrics.METRICS.values():
        assert metric.better in ("up", "down", "zero", "")
        assert metric.about


@pytest.mark.parametrize("method", ["lime", "shapley", "banzhaf"])
@pytest.mark.parametrize(
    "effects", [(0.4, 0.2, 0.1, 0.0), (0.25, 0.25, 0.1, 0.1), (0.1, 0.1, 0.1, 0.1)]
)
def test_relabelling_the_regions_changes_nothing(method, effects, Game, explained):
    intercept = 0.9 - sum(effects)  # so that the class is the most probable one
    one = every_number(explained(Game(effects, intercept), method=method))
    for order in ((3, 1, 0, 2), (2, 3, 1, 0)):
        other = every_number(explained(Game(effects, intercept), order, method=method))
        assert other == pytest.approx(one, abs=1e-6)


def test_the_batch_size_changes_nothing(Game, explained):
    one, seven, all_at_once = (
        every_number(explained(segxai.Classifier(Game(), ["a", "b", "c"], batch_size=size)))
        for size in (1, 7, 64)
    )
    assert one == seven == all_at_once
