import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segxai import Regions, SegxaiError
from segxai.regions import GIVEN, PLACE, SURE, Evidence, Part

LABELS = np.array([[5, 5, 9], [5, -2, 9]])

label_maps = hnp.arrays(
    st.sampled_from([np.int64, np.int32, np.uint8]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.integers(0, 5),
)


@given(label_maps, st.integers(-3, 3))
def test_any_labels_become_0_to_k_in_their_order(labels, shift):
    regions = Regions.from_labels(labels.astype(int) + shift)
    assert regions.labels.dtype == np.int32
    assert np.array_equal(np.unique(regions.labels), np.arange(len(regions)))
    assert np.array_equal(
        np.argsort(labels.ravel(), kind="stable"), np.argsort(regions.labels.ravel(), kind="stable")
    )
    assert regions.areas.sum() == pytest.approx(1)
    assert len(set(regions.names)) == len(regions)


@given(label_maps, st.data())
def test_merge_and_expand_undo_each_other(labels, data):
    regions = Regions.from_labels(labels)
    members = data.draw(st.lists(st.sampled_from(regions.names), min_size=1, unique=True))
    merged = regions.merge({"group": members})
    assert len(merged) == len(regions) - len(members) + 1
    assert np.array_equal(
        merged.mask("group"), np.isin(regions.labels, [regions.index(m) for m in members])
    )
    back = merged.expand("group")
    assert {name: back.mask(name).tobytes() for name in back.names} == {
        name: regions.mask(name).tobytes() for name in regions.names
    }


@given(st.lists(st.sampled_from(["a", "a 2", "a 3", "b"]), min_size=1, max_size=8))
def test_repeated_names_are_told_apart(names):
    from segxai.names import distinct_names

    distinct = distinct_names(names)
    assert len(set(distinct)) == len(names)
    for name, kept in zip(names, distinct, strict=True):
        assert kept.startswith(name)


def test_names_follow_the_values():
    assert Regions.from_labels(LABELS, ["rest", "left", "right"]).names == ("rest", "left", "right")
    assert Regions.from_labels(LABELS, {5: "left", 9: "right", 4: "unused"}).names == (
        "region -2",
        "left",
        "right",
    )


def test_regions_cannot_be_changed():
    regions = Regions.from_labels(LABELS)
    with pytest.raises(ValueError, match="read-only"):
        regions.labels[0, 0] = 1
    with pytest.raises(AttributeError):
        regions.labels = LABELS
    assert hash(regions) == hash(Regions.from_labels(LABELS))
    assert regions == Regions.from_labels(LABELS)


def test_masks_the_smaller_lies_on_top_and_the_rest_is_named():
    body, face = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    body[1:, :], face[1, 1] = True, True
    regions = Regions.from_masks({"face": face, "body": body})
    assert np.array_equal(regions.mask("face"), face)
    assert np.array_equal(regions.mask("body"), body & ~face)
    assert np.array_equal(regions.mask("rest"), ~body)


def test_rename_keeps_the_parts():
    merged = (
        Regions.from_labels(LABELS, ["a", "b", "c"])
        .merge({"ab": ["a", "b"]})
        .rename({"ab": "both"})
    )
    assert merged.names == ("both", "c")
    assert merged.expandable() == ("both",)
    assert merged.expand("both").names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Regions.from_labels(np.eye(3, dtype=int)[[[0, 1]]]), "colour picture"),
        (lambda: Regions.from_labels(np.zeros((2, 2, 5), int)), "shape"),
        (lambda: Regions.from_labels(np.zeros((0, 2), int)), "shape"),
        (lambda: Regions.from_labels(np.full((2, 2), 0.5)), "whole numbers"),
        (lambda: Regions.from_labels(np.full((2, 2), np.nan)), "NaN"),
        (lambda: Regions.from_labels(LABELS, ["one"]), "3 regions"),
        (lambda: Regions.from_labels(LABELS, "abc"), "single value"),
        (lambda: Regions.from_labels(LABELS, ["a", "", "c"]), "non-empty"),
        (lambda: Regions.from_masks({}), "at least one"),
        (lambda: Regions.from_masks({"a": np.ones((2, 2)), "b": np.ones((3, 3))}), "same shape"),
        (lambda: Regions.from_masks({"a": np.zeros((2, 2))}), "No pixels are left"),
        (lambda: Regions.from_labels(LABELS).mask("region 12"), "Did you mean"),
        (lambda: Regions.from_labels(LABELS).expand("region 0"), "no known parts"),
        (
            lambda: Regions.from_labels(LABELS).merge({"a": ["region 0"], "b": ["region 0"]}),
            "two groups",
        ),
        (lambda: Regions.from_labels(LABELS).merge({"region 1": ["region 0"]}), "must be distinct"),
        (lambda: Regions.from_labels(LABELS).rename({"region 0": "region 1"}), "must be distinct"),
        (lambda: Regions.from_labels(LABELS).rename(["x"]), "mapping"),
    ],
)
def test_what_makes_no_regions_is_refused_with_its_reason(make, said):
    with pytest.raises(SegxaiError, match=said) as raised:
        make()
    assert isinstance(raised.value, ValueError)


PARTS = (
    Part("sky: left", (0,), evidence=Evidence("semantic", 0.99), noun="sky"),
    Part("top", (1,), evidence=PLACE),
    Part("sky: right", (2,), evidence=Evidence("semantic", 0.8), noun="sky"),
    Part("helmet: bottom", (3,), evidence=Evidence("classifier", 0.95), noun="helmet"),
    Part("top", (4,), evidence=PLACE),
)


def test_a_parts_noun_is_its_name_unless_that_is_a_place():
    assert Part("cup", (0,)).noun == "cup"
    assert Part("cup", (0,), evidence=Evidence("semantic", 0.4)).noun == "cup"
    assert Part("cup: left", (0,), noun="cup").noun == "cup"
    assert Part("top left", (0,), evidence=PLACE).noun == ""


def test_a_noun_of_one_region_stands_alone_and_others_have_their_place():
    regions = Regions(np.arange(5)[None], PARTS)
    assert regions.names == ("sky: left", "top", "sky: right", "helmet", "top 2")
    assert regions.marked_names == ("sky: left", "top", "sky: right ?", "helmet", "top 2")
    assert Regions(np.arange(3)[None], PARTS[:3]).names == ("sky: left", "top", "sky: right")
    assert Regions(np.arange(2)[None], PARTS[:2]).names == ("sky", "top")


def test_a_given_name_is_no_place():
    regions = Regions(np.arange(5)[None], PARTS).rename({"sky: right": "sea"})
    assert regions.names == ("sky", "top", "sea", "helmet", "top 2")
    assert regions.parts[2].noun == "sea"
    assert regions.name_evidence[2] == GIVEN


def test_regions_of_one_noun_are_united_and_divided_again():
    regions = Regions(np.arange(5)[None], PARTS)
    united = regions.by_noun()
    assert united.names == ("sky", "top", "helmet", "top 2")
    assert np.array_equal(united.mask("sky"), [[True, False, True, False, False]])
    assert united.name_evidence == (
        Evidence("semantic", 0.8),
        PLACE,
        Evidence("classifier", 0.95),
        PLACE,
    )
    assert united.expandable() == ("sky ?",)
    assert united.expand("sky").names == ("sky: left", "sky: right", "top", "helmet", "top 2")
    assert united.by_noun() == united


def test_numbered_things_of_one_noun_are_united():
    cups = [
        Part(f"cup {k + 1}", (k,), evidence=Evidence("semantic", 0.95), noun="cup")
        for k in range(2)
    ]
    regions = Regions(np.arange(3)[None], [*cups, Part("table", (2,))])
    assert regions.names == ("cup 1", "cup 2", "table")
    assert regions.by_noun().names == ("cup", "table")


@given(label_maps)
def test_regions_with_names_of_their_own_are_not_united(labels):
    regions = Regions.from_labels(labels)
    assert regions.by_noun() == regions


@pytest.mark.parametrize(
    ("evidence", "sure"),
    [
        (GIVEN, True), (PLACE, True),
        (Evidence("semantic"), True), (Evidence("semantic", SURE), True),
        (Evidence("classifier", SURE - 0.01), False),
    ],
)  # fmt: skip
def test_a_name_without_a_measured_probability_has_no_mark(evidence, sure):
    assert evidence.sure == sure
    part = Part("cup", (0,), evidence=evidence)
    assert Regions(np.zeros((1, 1), int), [part]).marked_names == ("cup" if sure else "cup ?",)


def test_of_a_part_that_vanishes_with_the_reduction_the_others_keep_their_parts():
    """The tail is one column of pixels, between those that are left."""
    atoms = np.repeat([[1, 2]], 2048, axis=1)
    atoms[0, 0] = 0
    body = Part("body", (1, 2), (Part("head", (1,)), Part("legs", (2,))), 3.0)
    cat = Part("cat", (0, 1, 2), (Part("tail", (0,)), body), 5.0)
    regions = Regions(atoms, [cat], tree=cat).fitted((1, 2048))
    assert regions.names == ("cat",)
    assert regions.expand("cat").names == regions.cut(2).names == ("head", "legs")
    assert (regions.tree.cost, regions.tree.evidence) == (3.0, GIVEN)
