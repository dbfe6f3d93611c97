"""Oracles: brute force over orders, lime's own regression, games whose answer is known."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segxai import SegxaiError
from segxai.explanation import surrogates
from segxai.explanation.methods import draw_coalitions
from segxai.explanation.surrogates import all_subsets, codes

games = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.floats(-1, 1, width=32), min_size=2**k, max_size=2**k).map(
        lambda v: (all_subsets(k), np.array(v))
    )
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
    expected = [
        np.mean([values[c | 1 << r] - values[c] for c in range(2**number) if not c >> r & 1])
        for r in range(number)
    ]
    assert np.allclose(
        surrogates.fit_banzhaf(masks, values, exact=True).weights, expected, atol=1e-9
    )


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
                expected += share * (
                    values[s | 1 << i | 1 << j]
                    - values[s | 1 << i]
                    - values[s | 1 << j]
                    + values[s]
                )
        assert found[i, j] == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()


def test_symmetry_and_dummy():
    """Regions 0 and 1 are interchangeable, region 2 does nothing."""
    masks = all_subsets(3)
    values = (masks[:, 0] & masks[:, 1]).astype(float) + 0.2 * (
        masks[:, 0].astype(float) + masks[:, 1]
    )
    for fit in (surrogates.fit_shapley, surrogates.fit_banzhaf, surrogates.fit_lime):
        weights = fit(masks, values, True).weights
        assert weights[0] == pytest.approx(weights[1])
        if (
            fit is not surrogates.fit_lime
        ):  # LIME's kernel ties regions together, so a dummy gets a small weight
            assert weights[2] == pytest.approx(0, abs=1e-12)
    assert surrogates.fit_shapley(masks, values, True).weights[0] == pytest.approx(0.7)


@pytest.mark.parametrize(("number", "asked"), [(5, 1024), (14, 200), (40, 300)])
def test_a_linear_model_is_recovered_exactly(number, asked):
    rng = np.random.default_rng(number)
    effects, intercept = rng.normal(size=number), 0.3
    masks, drawn = draw_coalitions(number, asked, seed=0)
    values, exact = intercept + masks @ effects, drawn is None
    for fit in (
        surrogates.fit_lime(masks, values, exact, log_importance=drawn),
        surrogates.fit_lime(masks, values, exact, kernel_width=2.0, log_importance=drawn),
        surrogates.fit_shapley(masks, values, exact, drawn),
        surrogates.fit_banzhaf(masks, values, exact, drawn),
    ):
        assert np.allclose(fit.weights, effects, atol=1e-8)
        assert fit.intercept == pytest.approx(intercept, abs=1e-8)
        assert fit.r2 == pytest.approx(1)
        assert np.allclose(fit.interval, effects[:, None], atol=1e-7)


@pytest.mark.parametrize("kernel_width", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("number", [4, 9, 23])
def test_lime_parity(number, kernel_width):
    """On the same coalitions, with lime's penalty, the coefficients are those of lime itself."""
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    masks, drawn = draw_coalitions(number, 400, seed=1)
    masks, exact = masks[::-1], drawn is None  # lime wants the whole image first
    values = np.random.default_rng(2).random(len(masks))
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / kernel_width**2)))
    intercept, told, score, _ = base.explain_instance_with_data(
        masks.astype(float),
        np.stack([values, values], axis=1),
        distances,
        1,
        number,
        feature_selection="none",
    )
    fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha=1.0)
    assert np.allclose(fit.weights, [dict(told)[k] for k in range(number)], atol=1e-6)
    assert fit.intercept == pytest.approx(intercept, abs=1e-6)
    assert fit.r2 == pytest.approx(score, abs=1e-6)


METHODS = {
    "lime": surrogates.fit_lime,
    "shapley": surrogates.fit_shapley,
    "banzhaf": surrogates.fit_banzhaf,
}


def curved_game(number):
    """The complete table of a game in which regions work together, in twos and threes."""
    masks = all_subsets(number)
    effects = np.random.default_rng(0).normal(size=number)
    return masks, masks @ effects + 2 * masks[:, 0] * masks[:, 1] + 3 * masks[:, 2:5].all(
        axis=1
    ) + 0.02 * (masks @ effects) ** 3


@pytest.mark.parametrize("drawn_for", METHODS)
@pytest.mark.parametrize("method", METHODS)
def test_a_sample_for_one_method_serves_all(method, drawn_for):
    """The weights are those of the complete table on average.

    The 95 % intervals hold those as often as they say. A process smooths, so Shapley values may be
    biased, by no more than they scatter; and this game is so smooth that the intervals, which leave
    coalitions out, are a little too wide.
    """
    masks, values = curved_game(12)
    fit = METHODS[method]
    truth = fit(masks, values, True).weights
    found, covered = [], []
    for seed in range(100):
        sample, drawn = draw_coalitions(12, 300, seed, drawn_for)
        one = fit(sample, values[codes(sample)], False, log_importance=drawn)
        found.append(one.weights)
        covered.append((one.interval[:, 0] <= truth) & (truth <= one.interval[:, 1]))
    found = np.array(found)
    bias = found.mean(axis=0) - truth
    scatter = found.std(axis=0, ddof=1)
    allowed = 1.5 * scatter if method == "shapley" else 4.5 * scatter / np.sqrt(100)
    assert (np.abs(bias) < allowed + 0.002).all()
    assert 0.92 <= np.mean(covered) <= (0.995 if method == "shapley" else 0.98)


def test_shapley_values_from_their_own_sample_are_far_closer():
    masks, values = curved_game(12)
    truth = surrogates.fit_shapley(masks, values, True).weights

    def error(draw):
        samples = [draw(seed) for seed in range(30)]
        fits = [
            surrogates.fit_shapley(sample, values[codes(sample)], False, drawn)
            for sample, drawn in samples
        ]
        return np.mean([np.abs(fit.weights - truth).mean() for fit in fits])

    def coin(seed):
        rows = masks[np.random.default_rng(seed).permutation(np.arange(1, len(masks) - 1))[:298]]
        return np.concatenate([masks[:1], rows, masks[-1:]]), None

    assert error(lambda seed: draw_coalitions(12, 300, seed, "shapley")) < 0.5 * error(coin)


@pytest.mark.parametrize("method", ["lime", "banzhaf"])
def test_the_interval_is_that_of_fitting_again_without_each_coalition(method):
    """Against a jackknife by hand, where no coalition is certain to be drawn but the ends."""
    number, fit = 6, METHODS[method]
    masks = all_subsets(number)[[0, 3, 5, 9, 14, 17, 22, 26, 35, 38, 1, 44, 50, 56, 63]]
    rng = np.random.default_rng(3)
    values, drawn = rng.random(len(masks)), rng.random(len(masks)) + 1
    drawn[[0, -1]] = 0

    def weights(kept):
        return fit(masks[kept], values[kept], False, log_importance=drawn[kept])

    whole = weights(np.ones(len(masks), bool))
    changes = [
        whole.weights - weights(np.arange(len(masks)) != row).weights for row in range(len(masks))
    ]
    margin = stats.t.ppf(0.975, len(masks) - number - 1) * np.sqrt(
        (1 - np.exp(-drawn)) @ np.square(changes)
    )
    assert np.allclose(
        whole.interval[:, 1] - whole.weights, np.minimum(margin, np.ptp(values)), rtol=1e-5
    )


def test_what_is_certain_to_be_drawn_adds_no_error():
    masks, values = curved_game(5)
    for fit in METHODS.values():
        interval = fit(masks, values, False, log_importance=np.zeros(len(masks))).interval
        assert np.allclose(interval[:, 0], interval[:, 1])


def test_a_fit_with_no_coalition_to_spare_claims_nothing():
    masks, drawn = draw_coalitions(20, 22, 0)
    fit = surrogates.fit_lime(
        masks, np.random.default_rng(0).random(22), False, log_importance=drawn
    )
    assert (np.ptp(fit.interval, axis=1) > 1).all()


def test_hundreds_of_regions_overflow_nowhere():
    masks, drawn = draw_coalitions(1500, 4600, 0, "shapley")
    kernel = surrogates.shapley_kernel(masks, drawn)
    assert np.isfinite(drawn).all()
    assert (kernel[1:-1] > 1e-9).all()
    assert kernel[0] == kernel[-1] == 0


def test_exact_tables_have_no_interval():
    fit = surrogates.fit_lime(all_subsets(4), np.random.default_rng(0).random(16), True)
    assert np.array_equal(fit.interval[:, 0], fit.interval[:, 1])


def test_a_model_that_always_answers_the_same_has_no_weights():
    for fit in (surrogates.fit_lime, surrogates.fit_shapley, surrogates.fit_banzhaf):
        result = fit(all_subsets(4), np.full(16, 0.7), True)
        assert np.allclose(result.weights, 0, atol=1e-12)
        assert result.r2 == 1.0


@pytest.mark.parametrize(
    "bad",
    [
        {"kernel_width": 0},
        {"kernel_width": -1},
        {"kernel_width": np.nan},
        {"kernel_width": 1e-3},
        {"alpha": -1},
    ],
)
def test_impossible_settings_are_refused(bad):
    with pytest.raises(SegxaiError):
        surrogates.fit_lime(all_subsets(4), np.zeros(16), True, **bad)
