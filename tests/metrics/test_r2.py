"""R² against fits that were made again, once for each coalition, with that one left out."""

import numpy as np
import pytest

import segxai
from segxai import Regions, metrics
from segxai.explanation import surrogates


def curved_game(game):
    def curved(images):
        p = game(images)[:, 1] ** 2
        return np.stack([1 - p, p], axis=1)

    return curved


@pytest.mark.parametrize("method", ["lime", "banzhaf", "shapley"])
@pytest.mark.parametrize("budget", [16, 11])
def test_loo_r2_is_a_fit_without_the_row(method, budget, Game, explained):
    e = explained(curved_game(Game()), method=method, max_evaluations=budget)
    masks, drawn = e.coalitions.masks, e.coalitions.log_importance
    values = np.asarray(e.coalitions.values, float)
    found = metrics.fidelity(e)
    rows, within = np.arange(len(masks)), 1e-9
    if method == "shapley":
        rows = np.flatnonzero(masks.any(1) & ~masks.all(1))
        # What all rows determine of the process is not determined again without one of them.
        within = 1e-9 if budget == 16 else 0.01
    for row in rows:
        rest = np.arange(len(masks)) != row
        kept = masks[rest], values[rest]
        if method == "shapley" and budget == 16:
            ends = values[~masks.any(1)][0], values[masks.all(1)][0]
            without = ends[0] + masks[row] @ surrogates._constrained_shapley(*kept, *ends, None)[0]
        else:
            left = None if drawn is None else drawn[rest]
            fit = getattr(surrogates, f"fit_{method}")(*kept, False, log_importance=left)
            without = fit.intercept + masks[row] @ fit.weights
        assert found.predicted[row] == pytest.approx(without, abs=within)
    assert found.loo_r2 < found.r2 <= 1


def test_an_additive_game_is_reproduced_completely(Game, explained):
    e = explained(method="lime")
    found = metrics.fidelity(e)
    assert found.r2 == pytest.approx(1)
    assert found.loo_r2 == pytest.approx(1)
    whole = Regions.from_labels(np.zeros((40, 60), int))
    single = segxai.explain(e.coalitions.game.image, whole, Game(), 1, fill="black")
    assert np.isnan(metrics.fidelity(single).loo_r2)
