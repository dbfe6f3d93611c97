"""Properties of samples of coalitions: what is in them, how often, and how it counts."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segxai import SegxaiError
from segxai.explanation.methods import draw_coalitions, log_binomial, size_shares
from segxai.explanation.surrogates import all_subsets, codes

METHODS = ("lime", "shapley", "banzhaf")


def test_all_coalitions_are_counted_in_binary():
    masks, drawn = draw_coalitions(2, 4, 0)
    assert masks.tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert drawn is None


@given(st.integers(3, 60), st.integers(0, 600), st.sampled_from(METHODS), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_sample_keeps_to_the_budget_and_repeats_nothing(number, more, method, seed):
    budget = min(number + 2 + more, 2**number - 1)
    masks, drawn = draw_coalitions(number, budget, seed, method)
    assert masks.shape == (budget, number)
    assert len(np.unique(masks, axis=0)) == budget
    assert not masks[0].any()
    assert masks[-1].all()
    assert drawn.shape == (budget,)
    assert (drawn >= 0).all()
    assert (drawn[0], drawn[-1]) == (0, 0)
    sizes = masks.sum(axis=1)
    for size in np.unique(sizes):
        assert len(set(drawn[sizes == size])) == 1  # within a size every coalition counts the same
    assert np.array_equal(masks, draw_coalitions(number, budget, seed, method)[0])


def test_other_seeds_draw_other_coalitions():
    assert not np.array_equal(draw_coalitions(11, 1024, 3)[0], draw_coalitions(11, 1024, 4)[0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("number", "budget"), [(6, 30), (6, 15), (7, 40)])
def test_importance_is_one_over_how_often_a_coalition_is_drawn(number, budget, method):
    repetitions, often, claimed = 600, np.zeros(2**number), np.zeros(2**number)
    for seed in range(repetitions):
        masks, drawn = draw_coalitions(number, budget, seed, method)
        often[codes(masks)] += 1 / repetitions
        claimed[codes(masks)] = np.exp(-drawn)
    assert (
        np.abs(often - claimed) < 5 * np.sqrt(claimed * (1 - claimed) / repetitions) + 1e-9
    ).all()


@pytest.mark.parametrize("method", METHODS)
def test_weighted_sums_of_a_sample_are_those_of_all_coalitions_on_average(method):
    """Horvitz and Thompson's estimate of any sum over all coalitions is unbiased."""
    values = np.random.default_rng(1).random(2**8) * all_subsets(8)[:, 0]
    sums = []
    for seed in range(400):
        masks, drawn = draw_coalitions(8, 60, seed, method)
        sums.append(np.exp(drawn) @ values[codes(masks)])
    assert abs(np.mean(sums) - values.sum()) < 4.5 * np.std(sums) / np.sqrt(len(sums))


def test_sizes_follow_the_method():
    shares = {method: size_shares(30, method, 0.25) for method in METHODS}
    assert all(share.sum() == pytest.approx(1) for share in shares.values())
    assert np.allclose(
        shares["shapley"][[0, 1, 2, 26, 27, 28]], shares["shapley"][0]
    )  # as many of each size
    assert shares["shapley"][0] > 5 * shares["banzhaf"][0]
    near = size_shares(30, "lime", 0.05)
    assert (
        near @ np.arange(1, 30) > shares["lime"] @ np.arange(1, 30) > 15
    )  # a narrow kernel looks near the whole
    assert np.exp(log_binomial(9, np.arange(10))) == pytest.approx([comb(9, k) for k in range(10)])


@pytest.mark.parametrize(("number", "asked"), [(10, 1), (10, 11), (10, 2.5), (200, 100)])
def test_budgets_that_cannot_do_are_refused(number, asked):
    with pytest.raises(SegxaiError, match="max_evaluations"):
        draw_coalitions(number, asked, 0)


def test_a_method_without_a_sample_is_refused():
    with pytest.raises(SegxaiError, match="shapley"):
        draw_coalitions(12, 100, 0, "shaply")
