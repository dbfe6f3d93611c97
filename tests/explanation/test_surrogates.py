"""Oracles: brute force over orders, lime's own regression, games whose answer is known."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segxai import SegxaiError
from segxai.classifiers.subsets import all_subsets
from segxai.explanation import surrogates
from segxai.explanation.coalitions import draw_coalitions

games = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.floats(-1, 1, width=32), min_size=2**k, max_size=2**k).map(lambda v: (all_subsets(k), np.array(v)))
)


def code(regions):
    return sum(1 << r for r in regions)


@given(games)
@settings(max_examples=60, deadline=None)
def test_shapley_equals_brute_force_over_orders(game):
    masks, values = game
    number = masks.shape[1]
    expected = np.zeros(number)
    for order in permutations(range(number)):
        for place, region in enumerate(order):
            expected[region] += values[code(order[: place + 1])] - values[code(order[:place])]
    fit = surrogates.fit_shapley(masks, values, exact=True)
    assert np.allclose(fit.weights, expected / factorial(number), atol=1e-10)
    assert fit.intercept + fit.weights.sum() == pytest.approx(values[-1], abs=1e-9)  # efficiency


@given(games)
@settings(max_examples=60, deadline=None)
def test_banzhaf_equals_the_mean_marginal_effect(game):
    masks, values = game
    number = masks.shape[1]
    expected = [np.mean([values[c | 1 << r] - values[c] for c in range(2**number) if not c >> r & 1]) for r in range(number)]
    assert np.allclose(surrogates.fit_banzhaf(masks, values, exact=True).weights, expected, atol=1e-9)


@given(games)
@settings(max_examples=40, deadline=None)
def test_interactions_equal_their_definition(game):
    masks, values = game
    number = masks.shape[1]
    found = surrogates.shapley_interactions(masks, values)
    for i, j in combinations(range(number), 2):
        others = [r for r in range(number) if r not in (i, j)]
        expected = 0.0
        for size in range(len(others) + 1):
            for chosen in combinations(others, size):
                share = factorial(size) * factorial(number - size - 2) / factorial(number - 1)
                s = code(chosen)
                expected += share * (values[s | 1 << i | 1 << j] - values[s | 1 << i] - values[s | 1 << j] + values[s])
        assert found[i, j] == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()


def test_symmetry_and_dummy():
    """Regions 0 and 1 are interchangeable, region 2 does nothing."""
    masks = all_subsets(3)
    values = (masks[:, 0] & masks[:, 1]).astype(float) + 0.2 * (masks[:, 0].astype(float) + masks[:, 1])
    for fit in (surrogates.fit_shapley, surrogates.fit_banzhaf, surrogates.fit_lime):
        weights = fit(masks, values, True).weights
        assert weights[0] == pytest.approx(weights[1])
        if fit is not surrogates.fit_lime:  # LIME's kernel ties regions together, so a dummy gets a small weight
            assert weights[2] == pytest.approx(0, abs=1e-12)
    assert surrogates.fit_shapley(masks, values, True).weights[0] == pytest.approx(0.7)


@pytest.mark.parametrize(("number", "asked"), [(5, 1024), (14, 200), (40, 300)])
def test_a_linear_model_is_recovered_exactly(number, asked):
    rng = np.random.default_rng(number)
    effects, intercept = rng.normal(size=number), 0.3
    masks, exact = draw_coalitions(number, asked, seed=0)
    values = intercept + masks @ effects
    for fit in (
        surrogates.fit_lime(masks, values, exact),
        surrogates.fit_lime(masks, values, exact, kernel_width=2.0),
        surrogates.fit_shapley(masks, values, exact),
        surrogates.fit_banzhaf(masks, values, exact),
    ):
        assert np.allclose(fit.weights, effects, atol=1e-8)
        assert fit.intercept == pytest.approx(intercept, abs=1e-8)
        assert fit.r2 == pytest.approx(1)
        assert np.allclose(fit.interval, effects[:, None], atol=1e-7)


@pytest.mark.parametrize("kernel_width", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("number", [4, 9, 23])
def test_lime_parity(number, kernel_width):
    """On the same coalitions, with lime's penalty, the coefficients are those of lime's own regression."""
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    masks, exact = draw_coalitions(number, 400, seed=1)
    masks = masks[::-1]  # lime wants the whole image first
    values = np.random.default_rng(2).random(len(masks))
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / kernel_width**2)))
    intercept, told, score, _ = base.explain_instance_with_data(
        masks.astype(float), np.stack([values, values], axis=1), distances, 1, number, feature_selection="none"
    )
    fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha=1.0)
    assert np.allclose(fit.weights, [dict(told)[k] for k in range(number)], atol=1e-6)
    assert fit.intercept == pytest.approx(intercept, abs=1e-6)
    assert fit.r2 == pytest.approx(score, abs=1e-6)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """95 % intervals from samples of a known game of 10 regions, for all three methods."""
    masks = all_subsets(10)
    rng = np.random.default_rng(0)
    values = masks @ rng.normal(size=10) + 2 * masks[:, 0] * masks[:, 1] + masks[:, 2:5].all(axis=1)
    for fit in (surrogates.fit_lime, surrogates.fit_shapley, surrogates.fit_banzhaf):
        truth = fit(masks, values, True).weights
        covered = []
        for seed in range(120):
            drawn, exact = draw_coalitions(10, 200, seed)
            low, high = fit(drawn, values[drawn @ (1 << np.arange(10))], exact).interval.T
            covered.append((low <= truth) & (truth <= high))
        assert np.mean(covered) > 0.9


def test_exact_tables_have_no_interval():
    fit = surrogates.fit_lime(all_subsets(4), np.random.default_rng(0).random(16), True)
    assert np.array_equal(fit.interval[:, 0], fit.interval[:, 1])


def test_a_model_that_always_answers_the_same_has_no_weights():
    for fit in (surrogates.fit_lime, surrogates.fit_shapley, surrogates.fit_banzhaf):
        result = fit(all_subsets(4), np.full(16, 0.7), True)
        assert np.allclose(result.weights, 0, atol=1e-12)
        assert result.r2 == 1.0


@pytest.mark.parametrize(
    "bad", [{"kernel_width": 0}, {"kernel_width": -1}, {"kernel_width": np.nan}, {"kernel_width": 1e-3}, {"alpha": -1}]
)
def test_impossible_settings_are_refused(bad):
    with pytest.raises(SegxaiError):
        surrogates.fit_lime(all_subsets(4), np.zeros(16), True, **bad)


def test_interactions_of_a_sample_are_refused():
    masks, _ = draw_coalitions(12, 100, 0)
    with pytest.raises(SegxaiError, match="all 4096 coalitions"):
        surrogates.shapley_interactions(masks, np.zeros(100))
