"""Owen values, sets, placebos and fills: against brute force, and where the answer is known.

Brute force is used on random games; the answer is known of some pictures.
"""

import html
from itertools import chain, combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai import Regions, SegxaiError, placebo_test, robustness
from segxai.explanation import drill_down, necessary
from segxai.explanation.checks import Placebo, examine, shift_borders, sign_flips
from segxai.explanation.coalitions import Coalitions
from segxai.explanation.explanation import from_coalitions
from segxai.explanation.game import Game
from segxai.explanation.surrogates import all_subsets, fit_owen, fit_shapley
from segxai.plots import plot_interactions


def explanation_of(values, **changes):
    """An explanation whose table holds `values`, one for each coalition."""
    number = int(np.log2(len(values)))
    values = np.asarray(values, np.float32)
    labels, blank = np.arange(number)[None, :], np.zeros((1, number, 3), np.uint8)
    regions = Regions.from_labels(labels, [f"r{i}" for i in range(number)])
    table = Coalitions(
        Game(blank, regions, None, "mean", blank),
        all_subsets(number),
        values[:, None],
        (0,),
        ("thing",),
        0,
        True,
        len(values),
    )
    return from_coalitions(table, "shapley", **changes)


def code(regions):
    return sum(1 << r for r in regions)


def games(least, most):
    return st.integers(least, most).flatmap(
        lambda k: st.lists(st.floats(0, 1, width=32), min_size=2**k, max_size=2**k)
    )


def orders_that_keep_groups_together(groups):
    for order in permutations(groups):
        pools = [list(permutations(group)) for group in order]

        def combine(i, pools=pools):
            if i == len(pools):
                yield ()
                return
            for head in pools[i]:
                for tail in combine(i + 1):
                    yield head + tail

        yield from combine(0)


@given(games(2, 6), st.data())
@settings(max_examples=30, deadline=None)
def test_owen_values_equal_brute_force_over_orders(values, data):
    number = int(np.log2(len(values)))
    cuts = sorted(data.draw(st.sets(st.integers(1, number - 1))))
    groups = [tuple(range(a, b)) for a, b in zip([0, *cuts], [*cuts, number], strict=True)]
    hierarchy = tuple(group if len(group) > 1 else group[0] for group in groups)
    expected, orders = np.zeros(number), list(orders_that_keep_groups_together(groups))
    for order in orders:
        for place, region in enumerate(order):
            expected[region] += values[code(order[: place + 1])] - values[code(order[:place])]
    masks = all_subsets(number)
    fit = fit_owen(masks, values, hierarchy)
    assert np.allclose(fit.weights, expected / len(orders), atol=1e-6)
    # The parts add up to what the whole would get.
    quotient = [
        values[code(chain(*(groups[g] for g in range(len(groups)) if c >> g & 1)))]
        for c in range(2 ** len(groups))
    ]
    whole = fit_shapley(all_subsets(len(groups)), quotient, True).weights
    assert np.allclose([fit.weights[list(group)].sum() for group in groups], whole, atol=1e-6)


@given(games(1, 6))
@settings(max_examples=20, deadline=None)
def test_without_nesting_owen_values_are_shapley_values(values):
    number = int(np.log2(len(values)))
    masks = all_subsets(number)
    assert np.allclose(
        fit_owen(masks, values, tuple(range(number))).weights,
        fit_shapley(masks, values, True).weights,
        atol=1e-9,
    )


@given(games(1, 8), st.floats(0.05, 1.0))
@settings(max_examples=60, deadline=None)
def test_smallest_sets_equal_brute_force(values, p):
    explanation = explanation_of(values)
    table, full, number = (
        np.asarray(values, np.float32),
        float(np.float32(values[-1])),
        int(np.log2(len(values))),
    )

    def smallest(good, value_of, best):
        for size in range(number + 1):
            sets = [s for s in combinations(range(number), size) if good(s)]
            if sets:
                return tuple(f"r{i}" for i in best(sets, key=value_of))
        return None

    def kept(s):
        return table[code(s)]

    def left(s):
        return table[code(set(range(number)) - set(s))]

    found, expected = explanation.sufficient(p), smallest(lambda s: kept(s) >= p * full, kept, max)
    assert len(found) == len(expected)
    assert kept([int(n[1:]) for n in found]) == kept([int(n[1:]) for n in expected])
    found, expected = necessary(explanation, p), smallest(lambda s: left(s) < p * full, left, min)
    assert (found is None) == (expected is None)
    if found is not None:
        assert len(found) == len(expected)
        assert left([int(n[1:]) for n in found]) == left([int(n[1:]) for n in expected])


@given(st.integers(1, 8), st.integers(1, 30), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_placebo_p_values_equal_brute_force(number, placebos, seed):
    rng = np.random.default_rng(seed)
    effects, others = (
        rng.integers(0, 5, number).astype(float),
        rng.integers(0, 5, (number, placebos)).astype(float),
    )
    expected = [
        (1 + sum(o >= e for o in row)) / (1 + placebos)
        for e, row in zip(effects, others, strict=True)
    ]
    found = Placebo((), "", effects, others, np.zeros(number)).p_values
    assert np.allclose(found, expected)
    assert (found > 0).all()


@pytest.fixture
def spotted():
    """A grey picture with one bright square, and a classifier of that place's brightness alone."""
    image = np.full((60, 60, 3), 60, np.uint8)
    image[20:32, 20:32] = 250
    labels = np.zeros((60, 60), int)
    labels[20:32, 20:32] = 1
    labels[40:52, 40:52] = 2

    def bright(images):
        return images[:, 20:32, 20:32].mean(axis=(1, 2, 3)) / 255

    return image, Regions.from_labels(labels, ["ground", "square", "decoy"]), bright


def test_a_placebo_test_tells_the_region_from_its_shape(spotted):
    explanation = segxai.explain(*spotted, 1, fill="black")
    placebo = placebo_test(explanation, placements=39)
    p = dict(zip(placebo.names, placebo.p_values, strict=True))
    assert p["square"] < 0.2  # only placebos that lie on it do anything
    assert p["decoy"] == 1.0  # it does nothing, so every placebo does as much
    assert placebo.placebos.shape == (3, 39)
    assert "square" in placebo.sentences()[0]
    figure = placebo.plot()
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()][1:] == [
        f"square (4 %), p = {p['square']:.3g}",
        f"decoy (4 %), p = {p['decoy']:.3g}",
    ]
    assert "decoy: effect +0.000, p = 1" in figure.alt
    again = placebo_test(explanation, placements=39)
    assert np.array_equal(placebo.placebos, again.placebos)


def test_a_sign_that_depends_on_the_fill_is_found(quarters):
    """A classifier that likes mean brightness.

    A region's effect is above or below zero as its fill is darker or brighter.
    """
    image, labels = quarters

    def brightness(images):
        return images.mean(axis=(1, 2, 3)) / 255

    explanation = segxai.explain(
        image, Regions.from_labels(labels, list("abcd")), brightness, 1, fill="black"
    )
    stable = robustness(explanation, fills=("white",), borders=0)
    assert stable.variants == ("fill black", "fill white")
    assert stable.flips.all()
    assert all("depends on the fill" in sentence for sentence in stable.sentences())
    steady = robustness(explanation, fills=((0, 0, 0),), borders=2)
    assert not steady.flips.any()
    assert len(steady.variants) == 4
    assert steady.sentences()[0].startswith("No region's sign changes")
    assert stable.plot().alt


def test_sign_flips_ignore_what_is_negligible():
    weights = np.array([[1.0, 0.001, -0.5], [0.8, -0.001, 0.5]])
    assert sign_flips(weights).tolist() == [False, False, True]
    assert not sign_flips(4e-4 * weights).any()  # all are written as 0.000


def test_no_sign_is_said_to_depend_where_nothing_has_an_effect(quarters):
    def hardly(images):
        return 0.5 + 1e-6 * (images.mean(axis=(1, 2, 3)) / 255)

    stable = robustness(
        segxai.explain(*quarters, hardly, 1, fill="black"), fills=("white",), borders=1
    )
    assert stable.sentences()[0].startswith("No region's sign changes")
    assert "sign depends" not in " ".join(
        text.get_text() for text in stable.plot().axes[0].get_yticklabels()
    )


def test_shifted_borders_grow_the_smaller_and_then_shrink_it():
    labels = np.zeros((20, 20), int)
    labels[8:12, 8:12] = 1
    labels[0, 0] = 2
    regions = Regions.from_labels(labels, ["ground", "square", "dot"])
    assert shift_borders(regions, 1).mask("square").sum() == 36
    assert shift_borders(regions, -1).mask("square").sum() == 4
    assert shift_borders(regions, -1).mask("dot").sum() == 1  # it would vanish
    assert shift_borders(regions, -1).names == regions.names


def test_drill_down_adds_up_and_asks_only_what_is_new(cat):
    asked = []

    def function(images):
        asked.append(len(images))
        return images[:, ::3, ::3].reshape(len(images), -1).std(axis=1) / 255

    cat = cat[::4, ::4]
    columns = segxai.segment(cat, "grid", rows=1, columns=10)
    pairs = {"left": columns.names[:2], "right": columns.names[7:9]}
    regions = columns.merge(pairs)
    explanation = segxai.explain(cat, regions, function, 1, method="shapley")
    assert sum(asked) == 256
    name = regions.expandable()[0]
    finer = drill_down(explanation, name)
    assert (
        sum(asked) == 512
    )  # 2**9 coalitions of the nine, less the 256 that keep the parts together
    assert finer.coalitions.evaluations == 512
    parts = [
        k
        for k in range(9)
        if finer.regions.labels[regions.mask(name)].min()
        <= k
        <= finer.regions.labels[regions.mask(name)].max()
    ]
    assert len(parts) == 2
    whole = explanation.weights[regions.index(name)]
    assert finer.weights[parts].sum() == pytest.approx(whole, abs=1e-6)
    first, second = (finer.regions.marked_names[k] for k in parts)
    sentence = f"“{first}” + “{second}” add up to the whole region's {whole:+.3f}"
    assert sentence in " ".join(finer.in_words())
    assert "add up to the whole region" not in " ".join(explanation.in_words())
    others = [k for k in range(9) if k not in parts]
    assert np.allclose(
        finer.weights[others], np.delete(explanation.weights, regions.index(name)), atol=1e-6
    )
    deeper = drill_down(finer, next(n for n in finer.regions.expandable()))
    assert deeper.weights.sum() == pytest.approx(explanation.weights.sum(), abs=1e-6)
    assert sum(asked) == 1024


def test_what_cannot_be_drilled_down_says_so(quarters, additive):
    explanation = segxai.explain(*quarters, additive, 1)
    with pytest.raises(SegxaiError, match="no known parts"):
        drill_down(explanation, "region 0")
    sampled = segxai.explain(quarters[0], "grid", additive, max_evaluations=40)
    with pytest.raises(SegxaiError, match="sample"):
        drill_down(sampled, "row 1, column 1")
    with pytest.raises(SegxaiError, match="every coalition"):
        sampled.refit("owen")


def test_after_a_contrast_a_class_can_be_drilled_down_again(quarters, additive):
    image, labels = quarters
    regions = segxai.Regions.from_labels(labels).merge({"top": ["region 0", "region 1"]})
    explanation = segxai.explain(image, regions, additive, 1, method="shapley")
    contrast = explanation.refit(versus=0)
    with pytest.raises(SegxaiError, match="contrast"):
        drill_down(contrast, "top")
    again = drill_down(contrast.refit(target=explanation.target), "top")
    assert np.array_equal(again.weights, drill_down(explanation, "top").weights)


def test_a_contrast_is_the_difference_of_two_explanations(cat, classifier):
    regions = segxai.segment(cat, "grid", rows=1, columns=4)
    mau = segxai.explain(cat, regions, classifier)
    tabby = mau.refit(target="tabby cat")
    contrast = mau.refit(versus="tabby cat")
    assert np.allclose(contrast.weights, mau.weights - tabby.weights, atol=1e-6)
    assert contrast.target == "Egyptian Mau rather than tabby cat"
    assert contrast._repr_html_()
    with pytest.raises(SegxaiError, match="itself"):
        mau.refit(versus="Egyptian Mau")
    with pytest.raises(SegxaiError, match="kept"):
        mau.refit(versus="goldfish")
    with pytest.raises(SegxaiError, match="contrast"):
        placebo_test(contrast)


def test_words_say_what_the_table_says():
    """Two regions that are worth something only together, and one that does nothing."""
    explanation = explanation_of([0.1, 0.1, 0.1, 0.9] * 2)
    told = " ".join(explanation.in_words())
    assert (
        "“r0” + “r1” alone keep “thing” above half of its value "
        "(0.900; the whole photograph gives 0.900)"
    ) in told
    assert "Without “r1”, “thing” falls below half of its value (0.100)" in told
    assert (
        "“r0” + “r1” have a larger effect together than the sum of their separate effects" in told
    )
    nothing = (
        "The fill alone keeps “thing” above half of its value "
        "(0.500; the whole photograph gives 0.600)"
    )
    assert nothing in " ".join(explanation_of([0.5, 0.6]).in_words())
    assert "No necessary set was found" in " ".join(explanation_of([0.5, 0.6]).in_words())


def test_what_was_examined_is_told_in_words_and_in_the_report(spotted):
    explanation = examine(
        segxai.explain(*spotted, 1, fill="black"), fills=("grey",), borders=1, placebos=5
    )
    findings = [sentence for check in explanation.details.checks for sentence in check.sentences()]
    assert len(findings) == 2
    assert all(finding in " ".join(explanation.in_words()) for finding in findings)
    shown = html.unescape(explanation._repr_html_())
    assert all(finding in shown for finding in findings)
    assert "Not examined here" not in explanation._repr_html_()
    assert "Not examined here" in segxai.explain(*spotted, 1)._repr_html_()


@pytest.mark.parametrize(
    "call",
    [
        lambda e: robustness(e, borders=-1),
        lambda e: placebo_test(e, placements=0),
        lambda e: placebo_test(e, seed=0.5),
        lambda e: necessary(e, 0),
        lambda e: robustness(e, fills=("whyte",)),
        lambda e: robustness(e, fills=()),
        lambda e: robustness(e, fills="mean"),
        lambda e: robustness(e, fills=7),
    ],
)
def test_bad_requests(call, spotted):
    with pytest.raises(SegxaiError):
        call(segxai.explain(*spotted, 1))


@pytest.mark.parametrize("fills", [(), [], None, "blur"])
def test_an_examination_without_fills_is_refused(fills, spotted):
    with pytest.raises(
        SegxaiError,
        match=r"fills must be a sequence with at least one fill, e\.g\. \('mean', 'blur'",
    ):
        examine(segxai.explain(*spotted, 1), fills=fills)


def test_interactions_have_a_picture():
    assert "r0 with r1, +0.800" in plot_interactions(explanation_of([0.1, 0.1, 0.1, 0.9])).alt
    assert "no two regions interact" in plot_interactions(explanation_of([0.5, 0.5, 0.5, 0.5])).alt
