"""Names of regions: nouns where there is evidence, places elsewhere."""

import numpy as np
import pytest

import segxai
from segxai import Regions
from segxai.regions import GIVEN, PLACE, Part, walk
from segxai.segmentation import tree
from segxai.segmentation.nouns import (
    LEAST,
    LEAST_PLANTS,
    MAIN,
    SURE_CLASS,
    Noun,
    class_noun,
    evidence,
    name_tree,
    places,
)
from segxai.segmentation.seen import Seen
from segxai.weights.downloads import DOWNLOADS, cached

from .hand import row, shares, stripes

SOURCES = {"semantic", "classifier", "place"}


def test_every_node_is_named_by_its_noun_or_by_its_place():
    atoms, root, found = stripes()
    helmet = Noun("helmet", evidence("classifier", 0.8))
    named = name_tree(atoms, root, found, {(2,): helmet})
    by_atoms = {part.atoms: part for part in walk(named)}
    assert {atoms: part.noun for atoms, part in by_atoms.items()} == {
        (0, 1, 2, 3): "",
        (0, 1): "cat",
        (0,): "cat",
        (1,): "cat",
        (2, 3): "",
        (2,): "helmet",
        (3,): "sky",
    }
    assert by_atoms[0, 1, 2, 3].name == "centre"
    assert by_atoms[0, 1, 2, 3].evidence == PLACE
    assert by_atoms[2,].evidence == helmet.evidence
    assert by_atoms[1,].name == "cat: centre"  # half of a cat, which alone would not be believed
    assert by_atoms[1,].evidence.probability < by_atoms[0,].evidence.probability
    assert Regions(atoms, named.children, "", named).cut(4).names == (
        "cat: left",
        "cat: centre",
        "helmet",
        "sky",
    )


def test_a_sure_class_is_not_overruled_by_the_classifier():
    atoms, root, found = stripes()
    wrong = Noun("helmet", evidence("classifier", 0.8))
    named = name_tree(atoms, root, found, {(3,): wrong})
    assert next(part for part in walk(named) if part.atoms == (3,)).noun == "sky"


def test_labels_and_classic_regions_say_where_their_names_come_from(cat):
    assert Regions.from_labels([[0, 1]]).name_evidence == (GIVEN, GIVEN)
    assert set(segxai.segment(cat, "slic").name_evidence) == {PLACE}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("astronaut", {"helmet", "hair", "clothes"}), ("cat", {"cat"}), ("coffee", {"cup"})],
)
def test_the_nouns_of_a_photograph(name, wanted):
    regions = segxai.segment(segxai.data.photograph(name))
    assert wanted <= {part.noun for part in regions.parts}
    assert {evidence.source for evidence in regions.name_evidence} <= SOURCES
    assert all((part.evidence == PLACE) == (not part.noun) for part in regions.parts)


def test_the_helmet_is_the_helmet(astronaut):
    regions = segxai.segment(astronaut).by_noun()
    truth = segxai.data.load("astronaut").annotation.mask("helmet")
    found = regions.mask("helmet")
    assert (found & truth).sum() > 0.85 * truth.sum()
    assert (found & truth).sum() > 0.7 * found.sum()


@pytest.mark.skipif(
    None in (cached("deeplab"), cached("ade20k")),
    reason="not fetched: python -m segxai fetch deeplab ade20k",
)
def test_names_do_not_depend_on_what_was_fetched(cat, monkeypatch, tmp_path):
    """The contour network is needed in any case; it may lie in the cache, too."""
    small = cat[::3, ::3]
    files = {name: cached(name) for name in ("contours", "deeplab", "ade20k")}
    found = []
    for folder, names in (("little", ["contours"]), ("all", list(files))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / DOWNLOADS[name].file).symlink_to(files[name])
        monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path / folder))
        assert (cached("ade20k") is None) == (folder == "little")
        tree._trees.clear()
        found.append(segxai.segment(small, "deep", n_regions=14))
    assert found[0].names == found[1].names
    assert found[0].name_evidence == found[1].name_evidence
    assert np.array_equal(found[0].labels, found[1].labels)


@pytest.mark.parametrize("method", ["deep", "contours", "semantic"])
@pytest.mark.parametrize("shape", [(60, 80), (1, 1), (1, 50), (300, 9, 3), (40, 40, 4)])
def test_any_picture_gets_nouns_or_places(method, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    regions = segxai.segment(image, method)
    assert regions.shape == shape[:2]
    assert all(regions.names)
    assert {evidence.source for evidence in regions.name_evidence} <= SOURCES
    assert all(e.probability is None or 0 <= e.probability <= 1 for e in regions.name_evidence)


# --- what speaks against a noun by classes ---


def credited(stripe, others=None, whole=None, share=0.25):
    """The noun of one of four horizontal stripes, {stripe: classes of `row`}.

    `whole` are the classifier's nouns of the photograph, `share` is what the stripe covers of it.
    """
    atoms = np.arange(4).repeat(3)[:, None].repeat(24, 1)
    classes = np.stack([row(**(stripe | (others or {})).get(k, {})) for k in range(4)])
    areas = np.full(4, (1 - share) / 3)
    areas[next(iter(stripe))] = share
    found = Seen(areas, classes, np.zeros((4, 8)), shares(**(whole or {})))
    root = Part("", (0, 1, 2, 3), tuple(Part("", (k,)) for k in range(4)), 1.0)
    return name_tree(atoms, root, found, {}).children[next(iter(stripe))].noun


@pytest.mark.parametrize(
    ("stripe", "others", "noun"),
    [
        ({0: {"sky": 0.7}}, {}, "sky"),
        ({3: {"sky": 0.7}}, {}, ""),  # the white below an object in a catalogue
        ({3: {"sky": 0.9}}, {}, "sky"),
        ({1: {"clothes": 0.7}}, {}, ""),  # nobody's
        ({1: {"clothes": 0.7}}, {0: {"face": 0.7}}, "clothes"),
        ({1: {"clothes": 0.7}}, {0: {"hair": 0.7}}, ""),  # of an animal, perhaps
        ({1: {"hair": 0.7}}, {}, ""),
        ({1: {"clothes": 0.9}}, {}, "clothes"),
        ({1: {"chair": 0.7}}, {}, ""),
        ({1: {"book": 0.85}}, {}, ""),
        ({1: {"book": 0.95}}, {}, "book"),
        ({1: {"building": 0.6}}, {}, ""),
        ({1: {"building": 0.7}}, {}, "building"),
    ],
)
def test_the_photograph_may_speak_against_a_class(stripe, others, noun):
    assert credited(stripe, others) == noun


def test_around_a_single_thing_a_surface_must_be_surer():
    dog = {"dog": 0.9}
    assert credited({1: {"wall": 0.7}}) == "wall"
    assert credited({1: {"wall": 0.7}}, whole=dog) == ""
    assert credited({1: {"wall": 0.85}}, whole=dog) == "wall"
    assert credited({1: {"grass": 0.7}}, whole=dog) == "grass"


def test_a_small_region_needs_to_be_a_head_or_a_sure_thing():
    assert credited({1: {"wall": 0.95}}, share=0.01) == ""
    assert credited({1: {"wall": 0.95}}, share=0.02) == "wall"
    assert credited({1: {"face": 0.7}}, share=0.01) == "face"
    assert credited({1: {"dog": 0.7}}, share=0.01) == ""
    assert credited({1: {"dog": 0.95}}, share=0.01) == "dog"


def test_around_a_single_thing_a_detail_must_be_surer():
    dog = {"dog": 0.9}
    assert credited({1: {"bicycle": 0.82}}, share=0.04) == "bicycle"
    assert credited({1: {"bicycle": 0.82}}, share=0.06, whole=dog) == "bicycle"
    assert credited({1: {"bicycle": 0.82}}, share=0.04, whole=dog) == ""
    assert credited({1: {"bicycle": 0.86}}, share=0.04, whole=dog) == "bicycle"
    assert credited({1: {"tree": 0.6}}, share=0.04, whole=dog) == "tree"
    assert credited({1: {"face": 0.7}}, share=0.04, whole=dog) == "face"


def test_a_detail_of_the_single_thing_itself_may_be_as_sure_as_any_region():
    whole = {"dog": 0.9}
    for kind, noun in (({"dog": 0.6}, "dog"), ({"dog": 0.4, "cat": 0.2, "animal": 0.2}, "animal")):
        assert credited({1: kind}, share=0.04, whole=whole) == noun
        assert credited({1: kind}, share=0.04, whole={"helmet": 0.9}) == ""


# --- what surrounds all else


def surrounded(width, **ring):
    """A tree of a square and of what surrounds it, `width` pixels of 40, in two halves."""
    atoms = np.zeros((40, 40), int)
    atoms[:, 20:] = 1
    atoms[width:-width, width:-width] = 2
    areas = np.bincount(atoms.ravel()) / atoms.size
    classes = np.stack([row(**ring), row(**ring), row()])
    around = Part("", (0, 1), (Part("", (0,)), Part("", (1,))), 1.0)
    root = Part("", (0, 1, 2), (around, Part("", (2,))), 2.0)
    found = Seen(areas, classes, np.zeros((3, 8)), shares())
    return Regions(atoms, name_tree(atoms, root, found, {}).children)


def test_what_surrounds_all_else_is_the_background():
    regions = surrounded(5)
    assert regions.names == ("background", "centre")
    assert regions.parts[0].noun == "background"
    assert (regions.name_evidence[0].source, regions.name_evidence[0].sure) == ("place", True)
    assert regions.expand("background").names == ("left", "right", "centre")


def test_what_surrounds_all_else_keeps_its_own_noun():
    assert surrounded(5, sky=0.95).names == ("sky", "centre")


def test_a_frame_is_no_background():
    assert surrounded(1).names == ("all round", "centre")
    assert surrounded(1).name_evidence[0] == PLACE


# --- by classes: which noun is believed, and how much


def test_a_class_that_is_probable_enough_is_the_noun():
    noun = class_noun(row(sky=LEAST + 0.02))
    assert (noun.name, noun.basis, noun.evidence.source, noun.sure) == (
        "sky",
        "sky",
        "semantic",
        False,
    )
    assert class_noun(row(sky=SURE_CLASS)).sure
    assert class_noun(row(sky=LEAST - 0.02)) is None
    assert class_noun(row(object=1.0)) is None


def test_plants_are_believed_earlier():
    assert class_noun(row(tree=LEAST - 0.05)).name == "tree"
    assert class_noun(row(tree=LEAST_PLANTS / 2, grass=LEAST_PLANTS / 2)).name == "plants"
    assert class_noun(row(tree=LEAST_PLANTS / 2, grass=LEAST_PLANTS / 2 - 0.02)) is None
    assert class_noun(row(water=LEAST - 0.05)) is None


def test_the_more_probable_a_class_the_more_its_noun_is_believed():
    found = [class_noun(row(sky=p)).evidence.probability for p in (LEAST, 0.8, 0.9, 1.0)]
    assert found == sorted(found)


def test_classes_that_add_up_are_named_by_their_group():
    """Both are plants; neither has most of their probability."""
    noun = class_noun(row(tree=0.5, grass=0.45))
    assert (noun.name, noun.basis, noun.sure) == ("plants", "plants", True)
    assert class_noun(row(car=LEAST / 2, truck=LEAST / 2 - 0.02)) is None


def test_a_class_with_most_of_its_group_is_named_instead_of_it():
    whole = LEAST + 0.01
    assert class_noun(row(car=MAIN * whole + 0.01, truck=(1 - MAIN) * whole - 0.01)).name == "car"
    assert (
        class_noun(row(car=MAIN * whole - 0.01, truck=(1 - MAIN) * whole + 0.01)).name == "vehicle"
    )


def test_of_two_groups_the_narrower_one_is_named():
    assert class_noun(row(hair=0.45, face=0.45)).name == "head"
    assert class_noun(row(hair=0.3, face=0.2, clothes=0.45)).name == "person"


def test_an_animal_of_no_kind_needs_a_surer_head():
    assert class_noun(row(animal=SURE_CLASS)).name == "animal"
    assert class_noun(row(animal=SURE_CLASS - 0.02)) is None
    assert class_noun(row(cat=LEAST + 0.02)).name == "cat"
    assert class_noun(row(cat=SURE_CLASS / 2, dog=SURE_CLASS / 2)).name == "animal"


# --- by place, on label maps whose names anybody could give


@pytest.mark.parametrize(
    ("window", "place"),
    [
        ((slice(0, 10), slice(0, 10)), "top left"),
        ((slice(12, 18), slice(12, 18)), "centre"),
        ((slice(20, 30), slice(10, 20)), "bottom"),
        ((slice(10, 20), slice(20, 30)), "right"),
    ],
)
def test_a_square_is_named_by_its_place(window, place):
    atoms = np.zeros((30, 30), int)
    atoms[window] = 1
    assert places(atoms, [(1,)]) == [place]


def test_what_touches_all_edges_lies_all_round():
    atoms = np.zeros((30, 30), int)
    atoms[8:22, 8:22] = 1
    assert places(atoms, [(0,)]) == ["all round"]
    assert places(atoms, [(0, 1)]) == ["centre"]  # the whole picture is not round anything


def test_any_atoms_of_a_group_count_by_their_areas():
    """A column of ten pixels at the left and one pixel at the right lie at the left."""
    atoms = np.full((10, 10), 2)
    atoms[:, 0], atoms[5, 8] = 0, 1
    assert places(atoms, [(0,), (1,), (0, 1)]) == ["left", "right", "left"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_narrowest_picture_has_a_place(shape):
    assert places(np.zeros(shape, int), [(0,)]) == ["centre"]


def test_a_mirrored_picture_has_mirrored_places():
    atoms = np.arange(7)[None].repeat(5, 0)
    swapped = {"left": "right", "right": "left", "centre": "centre"}
    ours = places(atoms, [(k,) for k in range(7)])
    theirs = places(atoms[:, ::-1], [(k,) for k in range(7)])
    assert theirs == [swapped[place] for place in ours]
