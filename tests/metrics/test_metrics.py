"""Metrics against games whose curves can be worked out by hand."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

import segxai
from segxai import Regions, SegxaiError, metrics
from segxai.metrics.order import ranked, tied_groups
from segxai.metrics.sanity import rank_correlation

COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [220, 220, 60]], np.uint8)


class Game:
    """A classifier of three classes that adds up fixed effects of the quarters that are not black, and counts its images.

    The third class gets half of what is left; `effects` are of the second.
    """

    def __init__(self, effects=(0.4, 0.2, 0.1, 0.0), intercept=0.1):
        self.effects, self.intercept, self.images = np.array(effects), intercept, 0

    def __call__(self, images):
        self.images += len(images)
        corners = np.stack(
            [images[:, 5, 5], images[:, 5, -5], images[:, -5, 5], images[:, -5, -5]], axis=1
        )
        p = self.intercept + (corners.sum(axis=-1) > 0) @ self.effects
        return np.stack([0.6 * (1 - p), p, 0.4 * (1 - p)], axis=1)


def quartered(split=20, order=(0, 1, 2, 3)):
    """A 40 x 60 picture of four flat colours, and its quarters as regions, numbered in another order if wished."""
    labels = np.zeros((40, 60), int)
    labels[:, 30:] = 1
    labels[split:] += 2
    regions = Regions.from_labels(np.argsort(order)[labels], [f"q{k}" for k in order])
    return COLOURS[labels], regions


def explained(game=None, order=(0, 1, 2, 3), split=20, **options):
    image, regions = quartered(split, order)
    options = {"fill": "black", "method": "shapley", "progress": False} | options
    return segxai.explain(image, regions, game or Game(), options.pop("target", 1), **options)


def test_insertion_and_deletion_by_hand():
    game = Game()
    e = explained(game)
    asked = game.images
    curve = metrics.insertion(e)
    # Nothing shown 0.1 of 0.8; then the regions add 0.4, 0.2, 0.1 and 0, each a quarter of the image.
    assert curve.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.y == pytest.approx(np.array([0.1, 0.5, 0.7, 0.8, 0.8]) / 0.8, abs=1e-6)
    assert curve.area == pytest.approx((0.05 + 0.5 + 0.7 + 0.8 + 0.4) / 4 / 0.8, abs=1e-6)
    assert curve.steps == (("q0",), ("q1",), ("q2",), ("q3",))
    away = metrics.deletion(e)
    assert away.y == pytest.approx(np.array([0.8, 0.4, 0.2, 0.1, 0.1]) / 0.8, abs=1e-6)
    assert away.area == pytest.approx((0.4 + 0.4 + 0.2 + 0.1 + 0.05) / 4 / 0.8, abs=1e-6)
    assert game.images == asked  # the table held every answer
    assert curve.calls == 0
    assert "area 0.77" in curve.plot().alt


def test_steps_are_as_wide_as_the_regions():
    curve = metrics.insertion(explained(split=10))
    assert curve.x == pytest.approx([0, 0.125, 0.25, 0.625, 1])
    assert curve.area == pytest.approx(
        (0.125 * 0.3 + 0.125 * 0.6 + 0.375 * 0.75 + 0.375 * 0.8) / 0.8, abs=1e-6
    )


def test_no_order_of_equal_regions_beats_the_true_one_nor_loses_to_its_inverse():
    e = explained()
    best, worst = metrics.insertion(e).area, metrics.insertion(replace(e, weights=-e.weights)).area
    most, least = metrics.deletion(replace(e, weights=-e.weights)).area, metrics.deletion(e).area
    for weights in permutations([4.0, 3.0, 2.0, 1.0]):
        other = replace(e, weights=np.array(weights))
        assert worst - 1e-9 <= metrics.insertion(other).area <= best + 1e-9
        assert least - 1e-9 <= metrics.deletion(other).area <= most + 1e-9
    assert worst < best
    assert least < most


def test_equal_weights_come_in_one_step():
    e = explained(Game((0.3, 0.3, 0.1, 0.1)))
    curve = metrics.insertion(e)
    assert curve.x.tolist() == [0, 0.5, 1]
    assert sorted(curve.steps[0]) == ["q0", "q1"]
    flat = metrics.insertion(replace(e, weights=np.zeros(4)))
    assert flat.x.tolist() == [0, 1]  # an explanation that orders nothing: a straight line
    assert flat.area == pytest.approx((0.1 + 0.9) / 2 / 0.9)


def test_another_fill_is_asked_about_and_does_not_use_the_table():
    game = Game()
    e = explained(game)
    asked = game.images
    grey = metrics.insertion(
        e, "grey"
    )  # nothing is black then, so the game sees every quarter all the time
    assert grey.y == pytest.approx(np.ones(5))
    assert (grey.fill, grey.calls, game.images - asked) == ("grey", 5, 5)


def every_number(e):
    """All metrics of one explanation, as a flat list."""
    mask = np.zeros((40, 60), bool)
    mask[:20, :25] = True
    found = metrics.align(e, mask)
    plant = metrics.covers_plant(e, mask)
    fit = metrics.fidelity(e)
    return [
        metrics.insertion(e).area, metrics.deletion(e).area, metrics.insertion(e, "grey").area, fit.r2, fit.loo_r2,
        metrics.preservation(e).probability, metrics.preservation(e).passed, metrics.target_deletion(e).passed,
        metrics.compactness(e).area, found.energy, found.pointing, found.best_iou, plant.iou, plant.rank, plant.found,
        metrics.seed_stability(e).spread, metrics.noise_stability(e, repeats=2, progress=False).spread,
        metrics.random_model(e, Game((0.1, 0.3, 0.2, 0.05))).correlation, metrics.random_label(e).correlation,
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["lime", "shapley", "banzhaf"])
@pytest.mark.parametrize(
    "effects", [(0.4, 0.2, 0.1, 0.0), (0.25, 0.25, 0.1, 0.1), (0.1, 0.1, 0.1, 0.1)]
)
def test_relabelling_the_regions_changes_nothing(method, effects):
    one = every_number(explained(Game(effects), method=method))
    for order in ((3, 1, 0, 2), (2, 3, 1, 0)):
        assert every_number(explained(Game(effects), order, method=method)) == pytest.approx(
            one, abs=1e-6
        )


def test_the_batch_size_changes_nothing():
    def batched(size):
        return segxai.Classifier(Game(), ["a", "b", "c"], batch_size=size)

    assert (
        every_number(explained(batched(1)))
        == every_number(explained(batched(7)))
        == every_number(explained(batched(64)))
    )


def test_the_batch_size_of_the_network_changes_nothing_that_counts(classifier, cat, monkeypatch):
    found = []
    for size in (5, 32):
        monkeypatch.setattr(classifier, "batch_size", size)
        e = segxai.explain(
            cat, segxai.segment(cat, "grid", rows=2, columns=5), max_evaluations=40, progress=False
        )
        found.append(
            [metrics.insertion(e).area, metrics.deletion(e).area, metrics.fidelity(e).loo_r2]
        )
    assert found[0] == pytest.approx(found[1], abs=1e-4)


@pytest.mark.parametrize("method", ["lime", "banzhaf", "shapley"])
@pytest.mark.parametrize("budget", [16, 11])
def test_loo_r2_is_a_fit_without_the_row(method, budget):
    """Against fitting again, once for each coalition, with that one left out."""
    from segxai.explanation import surrogates

    def curved(images):
        p = Game()(images)[:, 1] ** 2
        return np.stack([1 - p, p], axis=1)

    e = explained(curved, method=method, max_evaluations=budget)
    masks, values, drawn = (
        e.coalitions.masks,
        np.asarray(e.coalitions.values, float),
        e.coalitions.log_importance,
    )
    found = metrics.fidelity(e)
    rows = (
        range(len(masks)) if method != "shapley" else np.flatnonzero(masks.any(1) & ~masks.all(1))
    )
    for place, row in enumerate(rows):
        rest = np.arange(len(masks)) != row
        fit = getattr(surrogates, f"fit_{method}")(
            masks[rest], values[rest], False, log_importance=None if drawn is None else drawn[rest]
        )  # fmt: skip
        assert found.predicted[place] == pytest.approx(
            fit.intercept + masks[row] @ fit.weights, abs=1e-9
        )
    assert found.loo_r2 < found.r2 <= 1


def test_an_additive_game_is_told_completely():
    found = metrics.fidelity(explained(method="lime"))
    assert found.r2 == pytest.approx(1)
    assert found.loo_r2 == pytest.approx(1)
    whole = explained(method="lime")
    single = segxai.explain(
        whole.image, Regions.from_labels(np.zeros((40, 60), int)), Game(), 1, fill="black"
    )
    assert np.isnan(metrics.fidelity(single).loo_r2)


def test_the_selection_is_one_to_three_regions_far_above_the_mean():
    e = explained()
    assert metrics.select(e).tolist() == [
        0
    ]  # 0.4 against a mean of 0.175 and a standard deviation of 0.148
    image, labels = np.zeros((20, 30, 3), np.uint8), np.arange(600).reshape(20, 30) // 20
    many = segxai.explain(
        image, labels, lambda images: np.full(len(images), 0.7), 1, max_evaluations=40
    )
    weights = np.zeros(30)
    assert metrics.select(replace(many, weights=weights)).tolist() == [0]
    weights[[3, 9, 12, 20]] = 1
    assert metrics.select(replace(many, weights=weights)).tolist() == [3, 9, 12]


def test_preservation_and_deletion_by_hand():
    e = explained(Game((0.6, 0.1, 0.1, 0.0), 0.1))
    kept, lost = metrics.preservation(e), metrics.target_deletion(e)
    assert kept.passed  # 0.7 with q0 alone
    assert kept.probability == pytest.approx(0.7)
    assert (kept.regions, kept.area, kept.top) == (("q0",), 0.25, "class 1")
    assert lost.passed  # 0.3 without q0, and 0.42 for class 0
    assert lost.probability == pytest.approx(0.3)
    assert lost.top == "class 0"
    weak = explained(Game((0.2, 0.15, 0.15, 0.1), 0.1))
    assert not metrics.preservation(weak).passed  # 0.3 alone, and 0.42 for class 0
    assert metrics.compactness(e) == (0.25, ("q0",))
    with pytest.raises(SegxaiError, match="most probable"):
        metrics.preservation(explained(Game((0.1, 0.1, 0.0, 0.0), 0.1)))


def test_stability_is_zero_where_nothing_is_drawn():
    game = Game()
    e = explained(game)
    asked = game.images
    found = metrics.seed_stability(e)
    assert (found.spread, found.relative, found.calls) == (0.0, 0.0, 0)
    assert game.images == asked
    assert metrics.noise_stability(e, sigma=0.0, repeats=2, progress=False).spread == 0


def test_stability_over_seeds_is_that_of_explaining_again():
    def curved(images):
        return Game()(images)[:, 1] ** 3

    e = explained(curved, max_evaluations=9, method="lime")
    found = metrics.seed_stability(e, repeats=3, progress=False)
    weights = [
        explained(curved, max_evaluations=9, method="lime", seed=s).weights for s in (1, 2, 3)
    ]
    assert np.allclose(found.weights, weights)
    assert found.spread == pytest.approx(np.std(weights, axis=0, ddof=1).mean())
    assert found.calls == 27
    assert found.spread > 0


def test_sanity_checks_by_hand():
    e = explained()
    same = metrics.random_model(e, Game())
    assert same.correlation == pytest.approx(1)  # a "random" model that says the same is suspicious
    assert metrics.random_model(e, Game((0.0, 0.1, 0.2, 0.4))).correlation == pytest.approx(-1)
    assert metrics.random_label(e).correlation == pytest.approx(
        -1
    )  # the other classes get what the target leaves
    assert metrics.random_label(e, Game()).correlation == pytest.approx(1)
    assert metrics.random_model(e, lambda images: np.full((len(images), 3), 1 / 3)).correlation == 0
    assert np.isnan(rank_correlation([1, 2], [2, 1]))
    assert rank_correlation([1, 1 + 1e-9, 3], [2, 2 - 1e-9, 3]) == pytest.approx(
        1
    )  # rounding is no order
    with pytest.raises(SegxaiError, match="classes\\) was expected"):
        metrics.random_model(
            e, lambda images: np.ones((len(images), 1, 1))[:, 0, :0].reshape(len(images), 0) + 1
        )
    with pytest.raises(SegxaiError, match="has no class 2"):
        metrics.random_model(explained(target=2), lambda images: np.full(len(images), 0.5))


def test_a_shuffled_network_sees_the_same_and_knows_nothing(classifier, cat):
    e = segxai.explain(
        cat, segxai.segment(cat, "grid", rows=2, columns=4), fill="grey", progress=False
    )
    found = [metrics.random_model(e, seed=seed) for seed in range(4)]
    assert all(f.random_weights.shape == (8,) for f in found)
    # Of eight regions, chance alone gives correlations with a standard deviation of 0.38, and their mean over four one of 0.19.
    assert abs(np.mean([f.correlation for f in found])) < 0.57
    assert metrics.random_model(e, classifier).correlation == pytest.approx(
        1
    )  # and the network itself is recognised


@pytest.mark.xdist_group("plant")
def test_the_weights_of_a_planted_classifier_beat_shuffled_ones(plant):
    rng, wins = np.random.default_rng(0), []
    for i in plant.winners[:4]:
        regions = Regions.from_masks({"badge": plant.masks[i], **_quarters_around(plant.masks[i])})
        e = segxai.explain(
            plant.images[i], regions, plant.classifier, "prize", fill="blur", progress=False
        )
        shuffled = [replace(e, weights=rng.permutation(e.weights)) for _ in range(12)]
        wins.append(
            metrics.insertion(e).area - np.mean([metrics.insertion(s).area for s in shuffled])
        )
        wins.append(
            np.mean([metrics.deletion(s).area for s in shuffled]) - metrics.deletion(e).area
        )
        assert metrics.covers_plant(e, plant.masks[i]).found
    assert np.mean(wins) > 0.05
    assert np.mean(np.array(wins) > 0) >= 0.75


def _quarters_around(mask):
    rows, columns = np.indices(mask.shape)
    quarter = 2 * (rows >= mask.shape[0] // 2) + (columns >= mask.shape[1] // 2)
    quarters = {f"quarter {k}": (quarter == k) & ~mask for k in range(4)}
    return {name: found for name, found in quarters.items() if found.any()}


def test_alignment_by_hand():
    e = explained(Game((0.4, 0.2, 0.0, -0.1)))
    mask = np.zeros((40, 60), bool)
    mask[:20, :45] = True  # all of q0 and half of q1
    found = metrics.align(e, mask)
    assert found.energy == pytest.approx((0.4 + 0.1) / 0.6, abs=1e-6)  # what opposes is not counted
    assert found.pointing == 1
    assert found.inside.tolist() == [1, 0.5, 0, 0]
    assert found.best_iou == pytest.approx(600 / 900)
    named = metrics.align(e, Regions.from_masks({"thing": mask}), "thing")
    assert named.energy == found.energy
    assert set(named.ious) == {"thing", "rest"}
    tied = metrics.align(replace(e, weights=np.array([1.0, 1, 0, 0])), mask)
    assert tied.pointing == 0.75
    assert metrics.align(replace(e, weights=-np.ones(4)), mask).energy == 0


def test_a_plant_is_covered_only_by_a_region_that_is_mostly_plant():
    e = explained()
    mask = np.zeros((40, 60), bool)
    mask[:20, :15] = True
    assert metrics.covers_plant(e, mask) == (True, 0.5, 1.0, 0.5, "q0", 1)
    mask[:, 10:] = False
    assert not metrics.covers_plant(e, mask).found  # a third of the region
    whole = segxai.explain(
        e.image, Regions.from_labels(np.zeros((40, 60), int)), Game(), 1, fill="black"
    )
    found = metrics.covers_plant(whole, mask)
    assert (found.found, found.covered, found.rank) == (False, 1.0, 1)
    assert metrics.covers_plant(replace(e, weights=-e.weights), mask).rank == 4
    assert metrics.covers_plant(replace(e, weights=np.zeros(4)), mask)[:2] == (False, 0.0)


def test_ties_are_told_from_rounding():
    groups = tied_groups(np.array([0.1, 0.3 + 1e-9, 0.3, -0.2]))
    assert [sorted(g.tolist()) for g in groups] == [[1, 2], [0], [3]]
    assert [g.tolist() for g in tied_groups([0.0, 0.0])] == [[0, 1]]
    e = replace(explained(order=(3, 2, 1, 0)), weights=np.ones(4))
    assert [e.regions.names[k] for k in ranked(e)] == ["q0", "q1", "q2", "q3"]


@pytest.mark.parametrize(
    "call",
    [
        lambda e: metrics.seed_stability(e, repeats=1),
        lambda e: metrics.noise_stability(e, sigma=-1),
        lambda e: metrics.noise_stability(e, seed=-1),
        lambda e: metrics.random_label(e, seed=-1),
        lambda e: metrics.random_model(e, seed=0.5),
        lambda e: metrics.align(e, np.zeros((40, 60), bool)),
        lambda e: metrics.align(e, np.ones((4, 6), bool)),
        lambda e: metrics.align(e, np.full((40, 60), 7)),
        lambda e: metrics.align(e, e.regions),
        lambda e: metrics.covers_plant(e, np.zeros((40, 60), bool)),
        lambda e: metrics.insertion(e, "blu"),
        lambda e: metrics.preservation(replace(e, classifier=None)),
        lambda e: metrics.insertion(explained(Game((0, 0, 0, 0), 0.0))),
        lambda e: metrics.insertion(e.contrast(0), "grey"),
        lambda e: metrics.preservation(e.contrast(0)),
        lambda e: metrics.random_model(e.contrast(0)),
        lambda e: metrics.noise_stability(e.contrast(0)),
    ],
)
def test_bad_requests(call):
    with pytest.raises(SegxaiError):
        call(explained())
