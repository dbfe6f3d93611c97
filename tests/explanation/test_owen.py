"""Oracles: enumerated Owen values, sums at every node, and games with evidence in one place."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai import Regions, SegxaiError
from segxai.errors import SegxaiValueError
from segxai.explanation import drill_down, owen, surrogates
from segxai.explanation.fills import FILLS
from segxai.explanation.surrogates import all_subsets, codes
from segxai.regions import Evidence, Part
from segxai.segmentation.binary import binary_tree


def random_joins(leaves, rng):
    """A random binary tree in the form of `owen`."""
    alive, joins = list(range(leaves)), []
    while len(alive) > 1:
        a, b = (alive.pop(rng.integers(len(alive))) for _ in range(2))
        joins.append((a, b))
        alive.append(leaves + len(joins) - 1)
    return np.array(joins, int).reshape(-1, 2)


def nested(joins, node):
    leaves = len(joins) + 1
    return (
        int(node) if node < leaves else tuple(nested(joins, half) for half in joins[node - leaves])
    )


def table_game(leaves, rng):
    """All values of a random game, the game as a function, and the list of evaluated coalitions."""
    values, asked = rng.normal(size=2**leaves), []

    def evaluate(masks):
        asked.extend(map(bytes, masks))
        return values[codes(masks)]

    return values, evaluate, asked


@given(st.integers(1, 7), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_with_enough_evaluations_they_are_the_exact_owen_values(leaves, seed):
    rng = np.random.default_rng(seed)
    joins, areas = random_joins(leaves, rng), rng.dirichlet(np.ones(leaves))
    values, evaluate, asked = table_game(leaves, rng)
    division = owen.divide(joins, evaluate, 10**6)
    found = owen.node_values(joins, areas, division, values[codes(division.masks)])
    hierarchy = nested(joins, 2 * leaves - 2)
    exact = surrogates.fit_owen(
        all_subsets(leaves), values, hierarchy if isinstance(hierarchy, tuple) else (hierarchy,)
    )
    assert np.allclose(found[:leaves], exact.weights, atol=1e-9)
    assert len(set(asked)) == len(asked) == len(division.masks) == owen.exhaustive(joins)


@given(st.integers(2, 12), st.integers(2, 80), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_on_any_budget_values_add_up_at_every_node_and_nothing_is_evaluated_twice(
    leaves, budget, seed
):
    rng = np.random.default_rng(seed)
    joins, areas = random_joins(leaves, rng), rng.dirichlet(np.ones(leaves))
    values, evaluate, asked = table_game(leaves, rng)
    division = owen.divide(joins, evaluate, budget)
    assert len(set(asked)) == len(asked) <= budget
    for column in (
        values,
        rng.normal(size=2**leaves),
    ):  # the division was chosen for the first; it is valid for any
        found = owen.node_values(joins, areas, division, column[codes(division.masks)])
        assert found[-1] == pytest.approx(column[-1] - column[0])
        for node, halves in enumerate(joins, start=leaves):
            assert found[halves].sum() == pytest.approx(found[node], abs=1e-9)
    again = owen.divide(joins, evaluate, budget)
    assert all(np.array_equal(a, b) for a, b in zip(division, again, strict=True))


def test_the_budget_goes_where_the_evidence_is():
    """Of 64 leaves in a balanced tree only number 37 counts, and number 38 with it.

    Dividing all would take thousands of evaluations.
    """

    def game(masks):
        return 0.5 * masks[:, 37] + 0.5 * masks[:, 37] * masks[:, 38]

    joins = np.array([(2 * k, 2 * k + 1) for k in range(63)])
    division = owen.divide(joins, game, 320)
    found = owen.node_values(joins, np.full(64, 1 / 64), division, game(division.masks))
    assert found[[37, 38]] == pytest.approx([0.75, 0.25])
    assert np.abs(np.delete(found[:64], [37, 38])).max() < 1e-12
    early = owen.divide(joins, game, 160)
    found = owen.node_values(joins, np.full(64, 1 / 64), early, game(early.masks))
    assert list(np.argsort(-found[:64])[:2]) == [37, 38]


def test_what_is_not_divided_is_shared_by_area():
    joins = np.array([(0, 1), (2, 3), (4, 5)])
    division = owen.divide(
        joins, lambda masks: masks @ np.array([1.0, 2.0, 3.0, 6.0]), 4
    )  # the root is divided, its halves are not
    found = owen.node_values(
        joins, [0.1, 0.3, 0.2, 0.4], division, division.masks @ np.array([1.0, 2.0, 3.0, 6.0])
    )
    assert found == pytest.approx([0.75, 2.25, 3, 6, 3, 9, 12])


@pytest.fixture
def stripes():
    """A 16 x 32 picture of eight stripes, regions with parts, and a model.

    The model looks at stripes 2, 3 and 6.
    """
    labels = np.repeat(np.arange(8), 4)[None].repeat(16, axis=0)
    colours = np.array(
        [
            [40, 40, 40],
            [60, 40, 40],
            [200, 40, 40],
            [220, 60, 40],
            [40, 200, 40],
            [40, 220, 60],
            [40, 60, 200],
            [60, 60, 240],
        ]
    )
    image = colours[labels].astype(np.uint8)

    def model(images):
        model.images += len(images)
        on = (images[:, 8, 2::4].astype(int) != 0).any(axis=-1)
        p = 0.1 + 0.3 * on[:, 2] + 0.2 * on[:, 2] * on[:, 3] + 0.1 * on[:, 6]
        return np.stack([1 - p, 0.7 * p, 0.3 * p], axis=1)

    model.images = 0
    return image, labels, model


def halves(labels):
    """Left and right, each in two parts of two stripes."""
    leaves = [Part(f"stripe {i}", (i,)) for i in range(8)]
    pairs = [
        Part(f"pair {i}", (2 * i, 2 * i + 1), tuple(leaves[2 * i : 2 * i + 2])) for i in range(4)
    ]
    sides = [
        Part(name, tuple(range(4 * i, 4 * i + 4)), tuple(pairs[2 * i : 2 * i + 2]))
        for i, name in enumerate(("left", "right"))
    ]
    return Regions(labels, sides)


def explain(image, regions, model, **options):
    return segxai.explain(
        image, regions, model, 0, method="tree", fill="black", **{"max_evaluations": 256, **options}
    )


def test_an_explanation_knows_every_level_and_goes_down_without_a_model_call(stripes):
    image, labels, model = stripes
    e = explain(image, halves(labels), model)
    assert (e.method, len(e.regions), e.evaluations == model.images) == ("tree", 8, True)
    assert e.regions.names == tuple(f"stripe {i}" for i in range(8))
    assert e.weights == pytest.approx([0, 0, -0.4, -0.1, 0, 0, -0.1, 0], abs=1e-6)
    called = model.images
    coarse = e.coarsen(2)
    assert coarse.regions.names == ("left", "right")
    assert coarse.weights == pytest.approx([-0.5, -0.1], abs=1e-6)
    finer = drill_down(coarse, "left")
    assert dict(zip(finer.regions.names, finer.weights, strict=True)) == pytest.approx(
        {"pair 0": 0, "pair 1": -0.5, "right": -0.1}, abs=1e-6
    )
    for n in range(1, 9):
        assert e.coarsen(n).weights.sum() == pytest.approx(
            e.coalitions.full - e.coalitions.empty, abs=1e-6
        )
    pair = e.descent.tree.names.index("pair 1")
    assert e.descent.values[pair] == pytest.approx(-0.5, abs=1e-6)
    assert pair in e.descent.division.node[e.descent.division.divided]
    assert e.descent.tree.areas[-1] == 1
    other = e.refit(target=1)
    assert other.weights == pytest.approx(-0.7 * e.weights, abs=1e-6)
    assert e.refit(versus=2).weights == pytest.approx(1.3 * e.weights, abs=1e-6)
    assert model.images == called


def test_cuts_are_those_of_the_regions_own_tree(cat):
    tree = segxai.segment(cat, "deep")
    found = binary_tree(cat, tree)
    for n in (1, 2, 5, 9, 30):
        cut = tree.cut(n)
        undone = set(range(2 * len(found.leaves) - n, 2 * len(found.leaves) - 1))
        parent = {
            int(half): len(found.leaves) + k for k, pair in enumerate(found.joins) for half in pair
        }
        nodes = [
            i
            for i in range(len(found.names))
            if i not in undone and parent.get(i, 2 * len(found.leaves) - 2) in undone | {i}
        ]
        assert sorted(found.areas[nodes]) == pytest.approx(sorted(cut.areas))
        assert np.array_equal(found.leaves.cut(n).labels, cut.labels)


def test_the_regions_that_were_given_are_a_cut_of_the_tree(cat):
    regions = segxai.segment(cat, "deep", n_regions=4)
    cheapest = min((part for part in regions.parts if part.children), key=lambda part: part.cost)
    given = regions.expand(cheapest.name)
    assert given != regions.cut(5)  # or this test shows nothing
    cut = binary_tree(cat, given).leaves.cut(5)
    same = {*zip(cut.labels.ravel(), given.labels.ravel(), strict=True)}
    assert len(same) == 5
    assert all(cut.parts[a].noun == given.parts[b].noun for a, b in same)
    # Two parts of one thing are numbered by themselves; `expand` keeps the names that were there.
    assert all(cut.names[a] == given.names[b] for a, b in same if not cut.parts[a].noun)


def test_flat_regions_are_joined_those_first_that_look_alike(stripes):
    image, labels, model = stripes
    e = explain(image, labels, model)
    assert sorted(e.coarsen(4).regions.areas) == pytest.approx([0.25] * 4)  # dark, red, green, blue
    assert len(e.regions) == 8
    assert e.weights.sum() == pytest.approx(-0.6, abs=1e-6)
    apart = Regions.from_labels(
        np.where(labels % 4 == 0, 0, np.where(labels < 4, 1, 2))
    )  # regions in several pieces
    assert len(explain(image, apart, model).regions) == 3
    assert len(explain(image, np.zeros_like(labels), model).regions) == 1


def test_a_region_with_three_parts_comes_apart_before_they_do(stripes):
    image, labels, model = stripes
    third = Part(
        "rest", (4, 5, 6, 7), (Part("green", (4, 5)), Part("light blue", (6,)), Part("blue", (7,)))
    )
    e = explain(image, Regions(labels, [Part("a", (0, 1)), Part("b", (2, 3)), third]), model)
    assert {frozenset(e.coarsen(3).regions.names)} == {frozenset(("a", "b", "rest"))}
    assert set(e.coarsen(4).regions.names) == {"a", "b", "green", "light blue + blue"}


def test_a_region_of_many_parts_keeps_the_evidence_for_its_name(stripes):
    """Its parts are joined two at a time; joins of more than three of them are named by place."""
    image, labels, _ = stripes
    sure = Evidence("semantic", 0.95)
    parts = [Part(f"sky {k}", (k,), evidence=sure, noun="sky") for k in range(5)]
    regions = Regions(labels, [*parts, *(Part(f"cup {k}", (k,)) for k in range(5, 8))]).by_noun()
    cut = binary_tree(image, regions).leaves.cut(len(regions))
    assert cut.name_evidence[cut.index("sky")] == sure
    assert cut.parts[cut.index("sky")].noun == "sky"


@pytest.mark.parametrize("budget", [2, 3, 10, 33])
def test_the_budget_holds_and_the_sum_stays(stripes, budget):
    image, labels, model = stripes
    e = explain(image, labels, model, max_evaluations=budget)
    assert e.evaluations == model.images <= budget
    assert e.weights.sum() == pytest.approx(-0.6, abs=1e-6)


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_works(stripes, fill):
    image, labels, model = stripes
    e = segxai.explain(image, labels, model, 0, method="tree", fill=fill, max_evaluations=40)
    assert e.coalitions.fill == fill
    assert e.weights.sum() == pytest.approx(e.coalitions.full - e.coalitions.empty, abs=1e-6)


def test_progress_is_reported_to_its_end_and_can_cancel(stripes):
    image, labels, model = stripes
    seen = []
    explain(image, labels, model, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (256, 256)

    def cancel(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(image, labels, model, progress=cancel)


def test_what_needs_a_table_says_what_to_do_instead(stripes):
    image, labels, model = stripes
    e = explain(image, labels, model, max_evaluations=30)
    for call in (e.interactions, lambda: e.refit("lime")):
        with pytest.raises(SegxaiError, match="coarsen"):
            call()
    assert e.sufficient(0.5) is not None  # found by a search with further evaluations
    assert e.coarsen(1).interactions().tolist() == [[0.0]]
    with pytest.raises(SegxaiError, match="call explain"):
        segxai.explain(image, labels, model, fill="black").refit("tree")


def test_a_sampled_tree_has_intervals_at_every_depth_and_an_exact_one_none(stripes, tmp_path):
    image, labels, model = stripes
    exact, sampled = (
        explain(image, halves(labels), model),
        explain(image, halves(labels), model, max_evaluations=40),
    )
    assert not exact.descent.sampled
    assert sampled.descent.sampled

    def forms(e):
        return (
            e,
            e.coarsen(3),
            drill_down(e.coarsen(2), "left"),
            e.refit(target=1),
            e.refit(versus=1),
        )

    for e, truth in zip(forms(sampled), forms(exact), strict=True):
        assert np.array_equal(truth.interval, np.stack([truth.weights, truth.weights], axis=1))
        low, high = e.interval.T
        assert (low < high).all()
        assert e.weights == pytest.approx((low + high) / 2)
        assert (low <= truth.weights + 1e-6).all()
        assert (truth.weights - 1e-6 <= high).all()
        assert len(e.plot().axes[-1].containers) > len(truth.plot().axes[-1].containers)
        assert re.search(r"[+-]\d\.\d+ to [+-]", e._repr_html_())
        assert not re.search(r"[+-]\d\.\d+ to [+-]", truth._repr_html_())
    assert not re.search("±", " ".join(exact.in_words()))
    assert re.search(r"\([+-]\d\.\d+ ± 0?\.\d+\)", " ".join(sampled.refit(target=1).in_words()))
    whole = sampled.coarsen(1)
    assert np.array_equal(whole.interval, np.stack([whole.weights, whole.weights], axis=1))


def test_margins_of_unions_are_those_of_their_largest_nodes(stripes):
    image, labels, model = stripes
    descent = explain(image, halves(labels), model, max_evaluations=40).descent
    nodes = {
        frozenset(np.flatnonzero(row)): k for k, row in enumerate(owen.members(descent.tree.joins))
    }
    margins = descent.weights_of(owen.members(descent.tree.joins))[1]
    assert margins == pytest.approx(descent.estimates[1])
    union = np.isin(np.arange(8), [2, 3, 6])[None]
    parts = margins[nodes[frozenset([2, 3])]] + margins[nodes[frozenset([6])]]
    assert descent.weights_of(union)[1] == pytest.approx(parts)


@pytest.mark.parametrize(
    "settings", [{"kernel_width": 1.0}, {"alpha": 1.0}, {"kernel_width": 0.5, "alpha": 0.1}]
)
def test_settings_without_effect_are_refused(settings, stripes):
    image, labels, model = stripes
    with pytest.raises(SegxaiValueError, match="LIME's fit; method 'tree' has none"):
        explain(image, labels, model, **settings)
    assert model.images == 0
    with pytest.raises(SegxaiValueError, match="LIME's fit; method 'tree' has none"):
        segxai.explain_many([image], [halves(labels)], model, 0, method="tree", **settings)
    e = explain(image, labels, model).coarsen(2)
    for method in (None, "tree"):
        with pytest.raises(SegxaiValueError, match="LIME's fit; method 'tree' has none"):
            e.refit(method, **settings)
    fitted = e.refit("lime", **settings)
    assert {name: getattr(fitted.details, name) for name in settings} == settings
    with pytest.raises(SegxaiValueError, match="kernel_width must be"):
        explain(image, labels, model, kernel_width=-1)


def test_checks_follow_the_tree_again(stripes):
    image, labels, model = stripes
    e = explain(image, labels, model, max_evaluations=60)
    for x in (e, e.coarsen(3)):
        robust = segxai.robustness(x, fills=("black", "white"), borders=1)
        assert robust.weights.shape == (
            4,
            len(x.regions),
        )  # white and both borders beside the explanation itself
        assert robust.weights[2:].sum(axis=1) == pytest.approx([-0.6, -0.6], abs=1e-6)
    assert (
        segxai.metrics.seed_stability(e, 2, progress=False).spread == 0
    )  # enough evaluations for exact values
    few = explain(image, labels, model, max_evaluations=20)
    assert few.descent.sampled == 18  # an eighth of 20 is not enough to divide a node
    assert segxai.metrics.seed_stability(few, 2, progress=False).spread > 0
    label = segxai.metrics.random_label(e)
    assert label.random_weights == pytest.approx(e.refit(target=label.against).weights, abs=0.1)
    assert label.random_weights.sum() == pytest.approx(
        e.refit(target=label.against).weights.sum(), abs=1e-6
    )
    assert np.array_equal(explain(image, labels, model, max_evaluations=60).weights, e.weights)


def test_words_page_picture_and_metrics(stripes, tmp_path):
    image, labels, model = stripes
    e = explain(image, halves(labels), model).refit(target=1)
    words = e.in_words()
    assert words[0].startswith("“pair 1”") or words[0].startswith("“stripe 2”")
    assert any("+0.420" in sentence for sentence in words)
    assert e.coarsen(2).in_words()[0] == (
        "“left” supports “class 1” most (+0.350); "
        "within it, most of that is “stripe 2” (+0.280, 12.5 % of the image)."
    )
    for x in (e, e.coarsen(3)):
        assert "+0." in x.plot().alt
        x.save(tmp_path / "x.html")
        x.save(tmp_path / "x.png")
        assert "following the evidence" in x._repr_html_()
        assert len(x.to_lime().local_exp[1]) == len(x.regions)
        assert segxai.metrics.fidelity(x).r2 == x.r2
        assert np.isnan(segxai.metrics.fidelity(x).loo_r2)
    insertion = segxai.metrics.insertion(e, order="weight per area")
    assert insertion.steps[0] == ("stripe 2",)
    assert segxai.metrics.deletion(e).area < 1
    with pytest.raises(SegxaiError, match="weight per area"):
        segxai.metrics.deletion(e, order="density")
