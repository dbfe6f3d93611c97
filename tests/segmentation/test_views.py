"""Nouns of the classifier: which evidence is believed, and where it is looked for."""

import numpy as np
import pytest

import segxai
from segxai.regions import Part
from segxai.segmentation import views as module
from segxai.segmentation.seen import Seen
from segxai.segmentation.views import chosen_nouns, fits, object_nouns, upper, view

from .hand import CLASSES, NOUNS, row, shares, stripes


def candidates(*views, whole=None, inside=None, outside=None):
    """What is chosen among leaves, each a thirtieth of the photograph, whose views are given."""
    number = len(views)
    return chosen(
        [Part("", (k,)) for k in range(number)],
        np.full(number, 1 / 30),
        np.array([[shares(**v) for v in node] for node in views]),
        shares(**(whole or {})),
        np.array([shares(**i) for i in inside or [{"helmet": 0.8}] * number]),
        np.array([shares(**o) for o in outside or [{}] * number]),
    )


def chosen(nodes, areas, views, whole, inside, outside):
    return chosen_nouns(nodes, views, whole, fits(areas, inside, outside), inside, outside)


def names(found):
    return {atoms: noun.name for atoms, noun in found.items()}


HELMET = {"helmet": 0.9}


def test_views_that_agree_are_believed():
    found = candidates([HELMET] * 3, whole=HELMET)
    assert names(found) == {(0,): "helmet"}
    assert found[0,].evidence.source == "classifier"
    assert found[0,].basis == ""


@pytest.mark.parametrize("k", range(3))
def test_one_view_that_disagrees_is_enough_to_refuse(k):
    """The whole photograph supports the noun, but no more than necessary."""
    views, whole = [{"helmet": 1.6 * module.MEAN}] * 3, {"helmet": module.SUPPORT}
    assert names(candidates(views, whole=whole)) == {(0,): "helmet"}
    views[k] = {"cup": 0.9}
    assert candidates(views, whole=whole) == {}


def test_surroundings_with_the_same_features_refuse_the_noun():
    """Grass around a dog is no dog, although the classifier sees one."""
    views = [[HELMET] * 3]
    whole = {"helmet": module.SUPPORT}
    assert (
        candidates(*views, whole=whole, inside=[{"helmet": 0.5}], outside=[{"helmet": 0.5}]) == {}
    )
    assert candidates(*views, whole=whole, inside=[{"helmet": 0.5}], outside=[{"helmet": 0.1}])


def test_what_the_whole_photograph_does_not_support_must_be_surer():
    low = (module.MEAN + module.UNSUPPORTED) / 2
    weak = [{"helmet": low}] * 3
    little = {"helmet": module.SUPPORT - 0.01}
    assert candidates(weak, inside=[{"helmet": low}], whole=little) == {}
    assert candidates(weak, inside=[{"helmet": low}], whole={"helmet": module.SUPPORT}) != {}
    assert candidates([HELMET] * 3) != {}


def test_the_noun_of_the_whole_goes_to_the_node_that_it_fits_best():
    """Neither view alone would be believed; the second node has its features."""
    doubtful = [
        {"helmet": module.MEAN / 2},
        {"helmet": module.MEAN / 2},
        {"helmet": module.WHOLE_CROP},
    ]
    inside = [{"helmet": 0.1}, {"helmet": 0.7}, {}]
    assert names(candidates(doubtful, doubtful, doubtful, whole=HELMET, inside=inside)) == {
        (1,): "helmet"
    }
    doubtful[2] = {"helmet": module.WHOLE_CROP / 2}
    assert candidates(doubtful, doubtful, doubtful, whole=HELMET, inside=inside) == {}


def test_of_nested_nodes_one_has_the_noun():
    """The larger one has as much of the evidence inside and more of its area."""
    leaf, other, far = Part("", (0,)), Part("", (1,)), Part("", (2,))
    both = Part("", (0, 1), (leaf, other), 1.0)
    nodes, areas = [both, leaf, other, far], np.array([0.2, 0.1, 0.1, 0.1])
    every, nothing = np.array([shares(helmet=0.9)] * 4), np.zeros((4, len(NOUNS.names)))
    found = chosen(nodes, areas, np.stack([every] * 3, axis=1), shares(), every, nothing)
    assert names(found) == {(0, 1): "helmet", (2,): "helmet"}


def test_the_most_specific_noun_is_chosen():
    parent = NOUNS.names[NOUNS.parents[NOUNS.names.index("helmet")]]
    unsure = {"helmet": module.MEAN - 0.1, parent: 0.95}
    found = candidates([unsure] * 3, whole=unsure, inside=[{parent: 0.8}])
    assert names(found) in ({(0,): parent}, {})  # nouns that only group others name nothing
    assert names(candidates([HELMET | {parent: 0.95}] * 3, whole=HELMET)) == {(0,): "helmet"}


def test_the_views_of_a_region():
    """A red square of 20 pixels at the left edge of a white picture, with a margin of 2 pixels."""
    image = np.full((60, 40, 3), 255, np.uint8)
    mask = np.zeros((60, 40), bool)
    mask[10:30, :20] = True
    image[mask] = (200, 0, 0)
    alone, dimmed, crop = (view(image, mask, contrast, 0.1) for contrast in (0, 0.25, 1))
    for picture in (alone, dimmed, crop):
        assert picture.shape == (module.VIEW, module.VIEW, 3)
        np.testing.assert_allclose(picture[112, 112], (200, 0, 0), atol=1)
        np.testing.assert_allclose(picture[112, 2], module.GREY, atol=1)  # outside the photograph
    np.testing.assert_allclose(alone[112, -3], module.GREY, atol=1)
    np.testing.assert_allclose(dimmed[112, -3], module.GREY + 0.25 * (255 - module.GREY), atol=1)
    np.testing.assert_allclose(crop[112, -3], 255, atol=1)
    assert (alone[..., 1] < 60).mean() == pytest.approx((20 / 25) ** 2, abs=0.03)


def test_only_what_the_head_cannot_name_well_is_looked_at(monkeypatch):
    atoms, root, found = stripes()
    looked_at = []

    def look(image, mask, contrast, margin):
        looked_at.append(tuple(map(int, np.unique(atoms[mask]))))
        return np.zeros((module.VIEW, module.VIEW, 3), np.float32)

    monkeypatch.setattr(module, "view", look)
    monkeypatch.setattr(
        module, "by_noun", lambda pictures: np.zeros((len(pictures), len(NOUNS.names)))
    )
    some = np.ones(len(NOUNS.names))  # by the features every node may be anything
    monkeypatch.setattr(
        module, "dense_nouns", lambda nodes, found: (np.outer(np.ones(len(nodes)), some), 0 * some)
    )
    assert object_nouns(np.zeros((12, 24, 3), np.uint8), atoms, root, found) == {}
    assert (2,) in looked_at
    assert (3,) not in looked_at  # sky
    assert (0, 1, 2, 3) not in looked_at  # larger than LARGEST
    looked_at.clear()
    monkeypatch.setattr(
        module, "dense_nouns", lambda nodes, found: (np.zeros((len(nodes), len(some))), some)
    )
    assert object_nouns(np.zeros((12, 24, 3), np.uint8), atoms, root, found) == {}
    assert looked_at == []  # the features allow no noun


def test_a_dog_and_its_lawn_are_no_dog(monkeypatch):
    """The views and the features take both for a dog; the head sees grass in more than half."""
    leaves = [Part("", (k,)) for k in range(3)]
    both = Part("", (0, 1), tuple(leaves[:2]), 1.0)
    root = Part("", (0, 1, 2), (both, leaves[2]), 2.0)
    lawn = row(grass=0.75)
    dog = {"dog": 0.9}
    monkeypatch.setattr(
        module, "by_noun", lambda pictures: np.array([shares(**dog)] * len(pictures))
    )
    monkeypatch.setattr(
        module,
        "dense_nouns",
        lambda nodes, found: (
            np.array([shares(**(dog if 0 in node.atoms else {})) for node in nodes]),
            np.array([shares() for _ in nodes]),
        ),
    )

    def found(first, second):
        seen = Seen(
            np.array([0.1, 0.3, 0.6]), np.stack([first, second, row()]), np.zeros((3, 8)), shares()
        )
        atoms = np.arange(3).repeat(8)[None].repeat(12, 0)
        return names(object_nouns(np.zeros((12, 24, 3), np.uint8), atoms, root, seen))

    assert found(row(dog=0.7), row()) == {(0, 1): "dog"}  # fits better, for it is larger
    assert found(row(dog=0.7), lawn) == {(0,): "dog"}
    assert found(lawn, lawn) == {}


def test_what_a_noun_is_cannot_speak_against_it():
    def opposed(noun):
        column = module.contrary()[:, NOUNS.names.index(noun)]
        return {name for name, against in zip(CLASSES, column, strict=True) if against}

    assert {"grass", "face", "car", "building"} <= opposed("dog")
    assert not {"cat", "dog", "animal", "flower", "object"} & opposed("dog")
    assert "building" not in opposed("church")
    assert "sky" in opposed("church")
    assert not {"hair", "face", "clothes"} & opposed("helmet")
    assert not {"grass", "plant"} & opposed("hay")


def test_the_upper_nodes_are_those_that_some_cut_has_as_regions(astronaut):
    whole = segxai.segment(astronaut, "contours")
    regions = {part.atoms for n in range(1, 8) for part in whole.cut(n).parts}
    assert {part.atoms for part in upper(whole.tree, 7)} == regions
