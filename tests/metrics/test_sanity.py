"""The sanity check by hand, and rank correlation."""

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, metrics
from segxai.metrics.sanity import rank_correlation


def test_another_class_by_hand(Game, explained):
    game = Game()
    e = explained(game)
    evaluated = game.images
    found = metrics.random_label(e)
    assert game.images - evaluated == 16
    assert found.correlation == pytest.approx(-1)  # the other classes get what the target leaves
    assert found.against in ("class 0", "class 2")
    assert found.chance == pytest.approx(1.96 / np.sqrt(3))
    share = {"class 0": 0.6, "class 2": 0.4}[found.against]
    assert found.random_weights == pytest.approx(-share * e.weights, abs=1e-6)


def test_rank_correlation_by_hand():
    assert rank_correlation([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(1 - 6 * 4 / (4 * 15))
    assert rank_correlation([1, 1, 3], [3, 3, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 2, 3], [5, 5, 5]) == 0
    assert np.isnan(rank_correlation([1, 2], [2, 1]))
    # Rounding is no order.
    assert rank_correlation([1, 1 + 1e-9, 3], [2, 2 - 1e-9, 3]) == pytest.approx(1)


def test_bad_requests(explained):
    with pytest.raises(SegxaiError, match="seed"):
        metrics.random_label(explained(), seed=-1)
    with pytest.raises(SegxaiError, match="single class"):
        metrics.random_label(explained().refit(versus=0))
    brightness = segxai.load_classifier(
        lambda images: images.mean(axis=(1, 2, 3)), class_names=["box"], output="score"
    )
    with pytest.raises(SegxaiError, match="at least two classes"):
        metrics.random_label(explained(brightness, target=0))
