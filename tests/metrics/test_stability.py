"""The stability over seeds is that of explaining again."""

import numpy as np
import pytest

from segxai import SegxaiError, metrics


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
