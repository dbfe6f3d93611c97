"""The process that corrects sampled Shapley values, against what can be computed otherwise."""

import numpy as np
import pytest

from segxai.explanation import owen, process, surrogates
from segxai.explanation.methods import draw_coalitions
from segxai.explanation.surrogates import all_subsets, codes


def table(number=11, asked=150, seed=0):
    """A sample of a saturating game: its masks and values, how it was drawn, and all values."""
    everything = all_subsets(number)
    effects = np.random.default_rng(1).normal(size=number)
    values = np.tanh(everything @ effects) + 0.3 * everything[:, :3].all(axis=1)
    masks, drawn = draw_coalitions(number, asked, seed, "shapley")
    return masks, values[codes(masks)], drawn, values


def test_values_of_products_are_shapley_values():
    everything, factors = all_subsets(7), np.random.default_rng(0).uniform(0.02, 1, 7)
    found = process._shapley_values(everything[[5, 77, 127]], factors)
    for row, values in zip(everything[[5, 77, 127]], found, strict=True):
        game = np.where(everything == row, 1.0, factors).prod(axis=1)
        assert np.allclose(values, surrogates.fit_shapley(everything, game, True).weights)


def test_values_of_products_down_a_tree_are_owen_values():
    everything, factors = all_subsets(6), np.random.default_rng(0).uniform(0.02, 1, 6)
    joins, hierarchy = (
        np.array([(0, 1), (6, 2), (3, 4), (8, 5), (7, 9)]),
        (((0, 1), 2), ((3, 4), 5)),
    )
    inside = owen.members(joins)
    found = process._owen_values(joins, inside, everything[[5, 33, 63]], factors)
    for row, values in zip(everything[[5, 33, 63]], found, strict=True):
        game = np.where(everything == row, 1.0, factors).prod(axis=1)
        assert np.allclose(
            values, inside @ surrogates.fit_owen(everything, game, hierarchy).weights
        )


@pytest.mark.parametrize("together", [1, 4])
def test_what_rows_change_is_found_by_interpolating_again_without_them(together):
    masks, values, *_ = table(6, 30)
    residuals, lengths, shares = values - values.mean(), np.linspace(0.1, 1, 6), np.full(6, 1 / 6)

    def fit(rows):
        always, groups = np.zeros(0, int), np.arange(len(rows)) // together
        args = masks[rows], residuals[rows], lengths, shares, always, groups
        return process._fit(*args, np.eye(6), process._shapley_values)[:2]

    everything = np.arange(len(masks))
    correction, changes = fit(everything)
    for group in np.unique(everything // together):
        out = everything // together == group
        without, _ = fit(np.flatnonzero(~out))
        assert np.allclose(correction - without, changes[out].sum(axis=0))


def test_the_process_predicts_what_it_was_fitted_to():
    """Its mean, with an almost complete table, has nearly the game's own Shapley values."""
    masks, values, drawn, everything = table(9, 500)
    truth = surrogates.fit_shapley(all_subsets(9), everything, True).weights
    found = surrogates.fit_shapley(masks, values, False, drawn)
    assert np.abs(found.weights - truth).max() < 3e-3
    assert found.weights.sum() == pytest.approx(everything[-1] - everything[0])


def test_errors_are_less_than_half_of_the_linear_fit_s():
    found = []
    for seed in range(10):
        masks, values, drawn, everything = table(seed=seed)
        truth = surrogates.fit_shapley(all_subsets(11), everything, True).weights
        args = masks, values, values[0], values[-1], drawn
        linear, _ = surrogates._constrained_shapley(*args)
        corrected = surrogates.fit_shapley(masks, values, False, drawn).weights
        found.append([np.abs(each - truth).mean() for each in (linear, corrected)])
    linear, corrected = np.mean(found, axis=0)
    assert corrected < 0.5 * linear


def test_large_tables_are_fitted_in_blocks(monkeypatch):
    masks, values, drawn, everything = table(11, 600)
    truth = surrogates.fit_shapley(all_subsets(11), everything, True).weights
    whole = surrogates.fit_shapley(masks, values, False, drawn)
    monkeypatch.setattr(process, "BLOCK", 200)
    parts = surrogates.fit_shapley(masks, values, False, drawn)
    assert not np.array_equal(parts.weights, whole.weights)
    assert np.abs(parts.weights - truth).mean() < 0.02
    assert np.ptp(parts.interval, axis=1).mean() > 0
