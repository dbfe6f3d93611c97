"""The fit that corrects a tree's values: against plain least squares, and against a game that follows one ordering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segxai.explanation import correction
from segxai.explanation.correction import Sample


def ends(leaves):
    return np.array([np.ones(leaves, bool), np.zeros(leaves, bool)])


@given(st.integers(3, 12), st.integers(1, 60), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_sampled_coalitions_are_new_and_evaluated_once(leaves, number, seed):
    rng = np.random.default_rng(seed)
    areas, effects, asked = rng.dirichlet(np.ones(leaves)), rng.normal(size=leaves), []

    def evaluate(masks):
        asked.extend(map(bytes, masks))
        return masks @ effects

    def drawn():
        return correction.draw(
            np.zeros(leaves), areas, ends(leaves), evaluate, number, -(-number // 3), seed
        )

    found = drawn()
    assert list(map(bytes, found.masks)) == asked
    assert len({*asked, *map(bytes, ends(leaves))}) == len(asked) + 2
    by_coin = -(-number // 3) // 2 * 2
    if by_coin <= 2**leaves - 2:
        assert np.array_equal(found.masks[:by_coin:2], ~found.masks[1:by_coin:2])
    assert len(asked) <= number
    if number <= 2**leaves // 4:  # small trees run out of coalitions
        assert len(asked) == number
    assert found.weights.mean() == pytest.approx(1)
    assert all(np.array_equal(a, b) for a, b in zip(found, drawn(), strict=True))


def test_the_correction_is_a_ridge_regression_that_keeps_the_sum():
    """Against plain least squares in the coordinates in which the prior is round and the sum is left out."""
    rng = np.random.default_rng(0)
    areas, prior, truth = rng.dirichlet(np.full(9, 50.0)), rng.normal(size=9), rng.normal(size=9)
    truth += (prior.sum() - truth.sum()) * areas
    masks, weights = rng.integers(0, 2, (100, 9)).astype(bool), rng.uniform(0.5, 1.5, 100)
    sample, values = Sample(masks, weights), 0.2 + masks @ truth
    found = correction.posterior(prior, areas, sample, values)
    assert found.mean.sum() == pytest.approx(prior.sum())
    assert np.abs(found.mean - truth).max() < 0.3 * np.abs(prior - truth).max()
    basis = np.linalg.svd(np.sqrt(areas)[None])[2][1:].T  # what leaves the sum as it is
    design = (
        np.column_stack([masks * np.sqrt(areas) @ basis, np.ones(100)]) * np.sqrt(weights)[:, None]
    )
    penalty = np.sqrt(correction.PRIOR) * np.eye(
        8, 9
    )  # further rows of least squares; none for the constant
    target = np.append(np.sqrt(weights) * (values - masks @ prior), np.zeros(8))
    coefficients = np.linalg.lstsq(np.vstack([design, penalty]), target)[0]
    assert found.mean == pytest.approx(prior + np.sqrt(areas) * (basis @ coefficients[:8]))
    exact = correction.posterior(truth, areas, sample, values)
    assert exact.mean == pytest.approx(truth)
    assert np.abs(exact.residuals).max() < 1e-12


def test_the_posterior_covers_the_truth():
    """Of 300 games whose leaves are drawn from the prior, each with noise, four fifths of the values lie within 1.28 deviations."""
    rng, within = np.random.default_rng(0), []
    areas = np.full(12, 1 / 12)
    for _ in range(300):
        masks = rng.integers(0, 2, (60, 12)).astype(bool)
        truth = rng.normal(size=12) * np.sqrt(areas / correction.PRIOR)
        truth -= truth.mean()
        found = correction.posterior(
            np.zeros(12), areas, Sample(masks, np.ones(60)), masks @ truth + rng.normal(size=60)
        )
        within.append(np.abs(found.mean - truth) < 1.28 * np.sqrt((found.root**2).sum(axis=1)))
    assert 0.75 < np.mean(within) < 0.85


def test_orderings_come_to_hold_the_leaves_that_matter():
    """Of forty leaves four matter, most of all together; later orderings begin with them far more often than chance does."""
    matter = np.array([3, 11, 20, 38])

    def game(masks):
        return masks[:, matter].mean(axis=1) ** 2

    found = correction.draw(np.zeros(40), np.full(40, 1 / 40), ends(40), game, 360, 120, 0)
    orderings = found.masks[120::2]  # without the complements
    small = orderings[(orderings.sum(axis=1) > 4) & (orderings.sum(axis=1) <= 16)]
    late = small[len(small) // 2 :]
    held, chance = late[:, matter].mean(), late.mean()
    assert held > 2 * chance > 0.3
    prior = correction.posterior(np.zeros(40), np.full(40, 1 / 40), found, game(found.masks)).mean
    assert set(np.argsort(-prior)[:4]) == set(matter)


def test_kinds_that_scatter_more_count_less():
    residuals = np.array([1.0, -1, 2, -2, 0.5, -0.5])
    weights = correction._by_kind(residuals, np.array([0, 0, 1, 1, 2, 2]))
    assert weights.mean() == pytest.approx(1)
    assert weights[4] == pytest.approx(2 * weights[0]) == pytest.approx(4 * weights[2])
    assert (correction._by_kind(np.zeros(3), np.arange(3)) == 1).all()
