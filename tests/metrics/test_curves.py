"""Insertion and deletion against curves that were worked out by hand."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from segxai import SegxaiError, metrics


def test_insertion_and_deletion_by_hand(Game, explained):
    game = Game()
    e = explained(game)
    evaluated = game.images
    curve = metrics.insertion(e)
    # Nothing shown: 0.1 of 0.8. Then the regions add 0.4, 0.2, 0.1 and 0, each on a quarter.
    assert curve.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.y == pytest.approx(np.array([0.1, 0.5, 0.7, 0.8, 0.8]) / 0.8, abs=1e-6)
    assert curve.area == pytest.approx((0.05 + 0.5 + 0.7 + 0.8 + 0.4) / 4 / 0.8, abs=1e-6)
    assert curve.steps == (("q0",), ("q1",), ("q2",), ("q3",))
    away = metrics.deletion(e)
    assert away.y == pytest.approx(np.array([0.8, 0.4, 0.2, 0.1, 0.1]) / 0.8, abs=1e-6)
    assert away.area == pytest.approx((0.4 + 0.4 + 0.2 + 0.1 + 0.05) / 4 / 0.8, abs=1e-6)
    assert game.images == evaluated  # the table held every value
    assert "area 0.77" in curve.plot().alt


def test_steps_are_as_wide_as_the_regions(explained):
    curve = metrics.insertion(explained(split=10))
    assert curve.x == pytest.approx([0, 0.125, 0.25, 0.625, 1])
    assert curve.area == pytest.approx(
        (0.125 * 0.3 + 0.125 * 0.6 + 0.375 * 0.75 + 0.375 * 0.8) / 0.8, abs=1e-6
    )


def test_no_order_of_equal_regions_beats_the_true_one_nor_loses_to_its_inverse(explained):
    e = explained()
    best, worst = metrics.insertion(e).area, metrics.insertion(replace(e, weights=-e.weights)).area
    most, least = metrics.deletion(replace(e, weights=-e.weights)).area, metrics.deletion(e).area
    for weights in permutations([4.0, 3.0, 2.0, 1.0]):
        other = replace(e, weights=np.array(weights))
        assert worst - 1e-9 <= metrics.insertion(other).area <= best + 1e-9
        assert least - 1e-9 <= metrics.deletion(other).area <= most + 1e-9
    assert worst < best
    assert least < most


def test_equal_weights_come_in_one_step(Game, explained):
    e = explained(Game((0.3, 0.3, 0.1, 0.1)))
    curve = metrics.insertion(e)
    assert curve.x.tolist() == [0, 0.5, 1]
    assert sorted(curve.steps[0]) == ["q0", "q1"]
    flat = metrics.insertion(replace(e, weights=np.zeros(4)))
    assert flat.x.tolist() == [0, 1]  # an explanation that orders nothing: a straight line
    assert flat.area == pytest.approx((0.1 + 0.9) / 2 / 0.9)


def test_another_fill_is_evaluated_and_does_not_use_the_table(Game, explained):
    game = Game()
    e = explained(game)
    evaluated = game.images
    grey = metrics.insertion(e, "grey")  # nothing is black, so the game sees every quarter always
    assert grey.y == pytest.approx(np.ones(5))
    assert (grey.fill, game.images - evaluated) == ("grey", 5)


def test_bad_requests(Game, explained):
    e = explained()
    with pytest.raises(SegxaiError, match="Did you mean 'blur'"):
        metrics.insertion(e, "blu")
    with pytest.raises(SegxaiError, match="must be positive"):
        metrics.insertion(explained(Game((0, 0, 0, 0), 0.0)))
    with pytest.raises(SegxaiError, match="single class"):
        metrics.insertion(e.refit(versus=0), "grey")
