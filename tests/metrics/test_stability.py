"""The stability over seeds is that of explaining again; the sanity check and rank correlation."""

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, metrics
from segxai.metrics.stability import rank_correlation


def test_stability_is_zero_where_nothing_is_drawn(Game, explained):
    game = Game()
    e = explained(game)
    evaluated = game.images
    found = metrics.seed_stability(e)
    assert (found.spread, found.relative) == (0.0, 0.0)
    assert game.images == evaluated


def test_stability_over_seeds_is_that_of_explaining_again(Game, explained):
    game = Game()

    def curved(images):
        return game(images)[:, 1] ** 3

    e = explained(curved, max_evaluations=9, method="lime")
    evaluated = game.images
    found = metrics.seed_stability(e, repeats=3, progress=False)
    assert game.images - evaluated == 27
    weights = [
        explained(curved, max_evaluations=9, method="lime", seed=s).weights for s in (1, 2, 3)
    ]
    assert np.allclose(found.weights, weights)
    assert found.spread == pytest.approx(np.std(weights, axis=0, ddof=1).mean())
    assert found.spread > 0
    assert found.relative == pytest.approx(found.spread / np.abs(np.mean(weights, axis=0)).max())


def test_one_repetition_has_no_spread(explained):
    with pytest.raises(SegxaiError, match="at least 2"):
        metrics.seed_stability(explained(), repeats=1)


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


def test_another_class_needs_a_seed_and_a_second_class(explained):
    with pytest.raises(SegxaiError, match="seed"):
        metrics.random_label(explained(), seed=-1)
    with pytest.raises(SegxaiError, match="single class"):
        metrics.random_label(explained().refit(versus=0))
    brightness = segxai.load_classifier(
        lambda images: images.mean(axis=(1, 2, 3)), class_names=["box"], output="score"
    )
    with pytest.raises(SegxaiError, match="at least two classes"):
        metrics.random_label(explained(brightness, target=0))
