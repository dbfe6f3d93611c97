"""Fuzz: names, and the parameters of segment, explain, refit, rename and merge.

Nothing but SegxaiError comes out.
"""

import contextlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import segxai
from segxai import Regions, SegxaiError
from segxai.explanation import drill_down, necessary
from segxai.explanation.fills import FILLS
from segxai.explanation.methods import METHODS

FUZZ = settings(settings.get_profile("bad_days"))
HARD = settings(
    FUZZ, max_examples=FUZZ.max_examples // 5
)  # those that take a tenth of a second each
REFUSED = contextlib.suppress(SegxaiError)

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))

# Any text: control characters, right to left, emoji, halves of surrogate pairs, markup.
texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "\u202eabc",
        "👩‍🚀",
        "<b>",
        "</script>",
        "&lt;",
        "'\"",
        "a\nb",
        "$x_1$",
        "region 1",
        "\uffff",
        "x" * 500,
    ]
)
numbers = (
    st.integers(-3, 70)
    | st.floats()
    | st.sampled_from([10**30, -(10**30), 1e-300, 5e-324, 1e300, True, np.int64(3), np.float32(2)])
)
anything = (
    st.none()
    | numbers
    | texts
    | st.lists(numbers | texts, max_size=4)
    | st.dictionaries(texts, numbers, max_size=2)
)


def often(strategy):
    """Mostly what is meant, now and then anything."""
    return st.one_of(strategy, strategy, strategy, anything)


def brightness(images):
    return images.mean(axis=(1, 2, 3)) / 255


@pytest.fixture(scope="module")
def explanation():
    return segxai.explain(IMAGE, LABELS, brightness)


@pytest.fixture(scope="module")
def sampled():
    return segxai.explain(IMAGE, segxai.segment(IMAGE, "grid"), brightness, max_evaluations=40)


@FUZZ
@given(st.lists(texts, min_size=4, max_size=4), st.data())
def test_any_names_can_be_renamed_merged_and_found_again(names, data):
    with REFUSED:
        regions = Regions.from_labels(LABELS, names)
        for name in regions.names:
            assert name.encode("utf-8")
            assert name == name.strip() != ""
            assert regions.index(name) == regions.names.index(name)
        old = st.sampled_from(regions.names) | texts | numbers
        with REFUSED:
            renamed = regions.rename(
                data.draw(st.dictionaries(old, texts | anything, max_size=4) | anything)
            )
            assert len(set(renamed.names)) == 4
        with REFUSED:
            merged = regions.merge(
                data.draw(
                    st.dictionaries(texts, st.lists(old, max_size=3) | anything, max_size=3)
                    | anything
                )
            )
            for name in merged.expandable():
                assert set(merged.expand(name).names) <= {*regions.names, *merged.names}
        for call in (regions.mask, regions.expand):
            with REFUSED:
                call(data.draw(old | anything))


settings_of_explain = st.fixed_dictionaries(
    {},
    optional={
        "target": often(st.integers(0, 1)),
        "method": often(st.sampled_from(tuple(METHODS))),
        "fill": often(st.sampled_from(FILLS) | st.tuples(*[st.integers(-1, 256)] * 3)),
        "max_evaluations": often(st.sampled_from([6, 16, 1024])),
        "kernel_width": often(st.floats(0.01, 5)),
        "alpha": often(st.floats(0, 5)),
        "seed": often(st.integers(0, 9)),
    },
)


@FUZZ
@example(options={"fill": [[1], [1, 2]]}, class_names=["a", "b"])
@given(options=settings_of_explain, class_names=st.lists(texts, min_size=2, max_size=2))
def test_any_settings_explain_or_are_refused(options, class_names):
    with REFUSED:
        found = segxai.explain(IMAGE, LABELS, segxai.Classifier(brightness, class_names), **options)
        assert np.isfinite(found.weights).all()
        assert np.isfinite([found.intercept, found.r2]).all()


settings_of_refit = st.fixed_dictionaries(
    {},
    optional={
        "method": often(st.none() | st.sampled_from(tuple(METHODS))),
        "kernel_width": often(st.floats(0.01, 5)),
        "alpha": often(st.floats(0, 5)),
        "target": often(st.sampled_from([0, 1, "class 0", " CLASS 1"])),
    },
)


@FUZZ
@example(options={"kernel_width": 5e-324}, value=None)
@example(options={"kernel_width": 1e300}, value=None)
@example(options={"kernel_width": 10**400}, value=None)
@example(options={"kernel_width": 0.01, "alpha": 5e-324}, value=None)
@given(options=settings_of_refit, value=anything)
def test_any_refit_is_a_fit_or_is_refused(options, value, explanation, sampled):
    for e in (explanation, sampled):
        with REFUSED:
            found = e.refit(**options)
            assert np.isfinite(found.weights).all()
            assert np.isfinite(found.interval).all()
    for call in (
        explanation.sufficient,
        lambda p: necessary(explanation, p),
        lambda name: drill_down(explanation, name),
        lambda name: explanation.refit(versus=name),
    ):
        with REFUSED:
            call(value)


ANSWERS = st.one_of(
    st.lists(st.floats() | st.integers(), min_size=16, max_size=16),
    st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=16, max_size=16),
    st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=16, max_size=16),
    anything,
)


@FUZZ
@given(ANSWERS)
def test_any_answer_of_a_classifier_is_explained_or_refused(answer):
    with REFUSED:
        explanation = segxai.explain(IMAGE, LABELS, lambda images: answer)
        assert np.isfinite(explanation.weights).all()
        assert explanation.in_words()


PARAMETERS = {
    "grid": ("rows", "columns"),
    "slic": ("n_segments", "compactness", "sigma"),
    "felzenszwalb": ("scale", "sigma", "min_size"),
    "watershed": ("markers", "compactness"),
}


@HARD
@given(st.data())
def test_any_parameters_of_a_segmenter_give_regions_or_are_refused(data):
    method = data.draw(st.sampled_from(sorted(PARAMETERS)))
    # Not everything: sizes of a machine's whole memory are taken at their word.
    value = (
        st.integers(1, 9)
        | st.floats(0.1, 20)
        | st.floats(-1e4, 1e4)
        | texts
        | st.sampled_from([None, [], np.nan, np.inf, True, 0])
    )
    known = st.dictionaries(st.sampled_from(PARAMETERS[method]), value, max_size=3)
    with REFUSED:
        regions = segxai.segment(IMAGE, data.draw(st.just(method) | anything), **data.draw(known))
        assert np.array_equal(np.unique(regions.labels), np.arange(len(regions)))


@HARD
@given(
    anything
    | st.lists(st.lists(st.integers(0, 3), min_size=16, max_size=16), min_size=12, max_size=12).map(
        np.array
    )
)
def test_whatever_a_function_returns_as_regions(value):
    with REFUSED:
        assert segxai.segment(IMAGE, lambda image: value).shape == (12, 16)


@FUZZ
@given(
    target=st.integers(0, 1) | st.none(),
    method=st.sampled_from(tuple(METHODS)),
    fill=st.sampled_from(FILLS) | st.tuples(*[st.integers(0, 255)] * 3),
    max_evaluations=st.integers(16, 2000),
    kernel_width=st.floats(0.1, 5),
    alpha=st.just(0.0) | st.floats(1e-3, 5),
    seed=st.integers(0, 2**31),
)
def test_every_valid_setting_explains(**options):
    if options["method"] == "tree":  # refuses what has no effect on it
        del options["kernel_width"], options["alpha"]
    found = segxai.explain(IMAGE, LABELS, brightness, **options)
    assert np.isfinite(found.weights).all()
    assert len(found.weights) == 4


@FUZZ
@given(
    st.lists(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9),
        min_size=4,
        max_size=4,
    )
)
def test_every_valid_name_is_kept(names):
    regions = Regions.from_labels(LABELS, names)
    assert [kept.split(" ")[0] for kept in regions.names] == names or len(set(names)) < 4
    assert regions.merge({"all of it": regions.names}).names == ("all of it",)
