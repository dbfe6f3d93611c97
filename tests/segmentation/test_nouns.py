"""Nouns for regions: which evidence is believed, what is pooled, and what names depend on."""

import numpy as np
import pytest

import segxai
from segxai import Regions
from segxai.images import resize, resize_labels
from segxai.regions import GIVEN, PLACE, Part
from segxai.segmentation import nouns, tree
from segxai.segmentation.nouns import (
    LEAST,
    MAIN,
    SURE_CLASS,
    Noun,
    Seen,
    chosen_nouns,
    class_noun,
    fits,
    name_tree,
    object_nouns,
    pooled,
    seen,
    view,
    walk,
)
from segxai.weights.downloads import DOWNLOADS, cached
from segxai.weights.imagenet import everyday_nouns
from segxai.weights.semantic import semantic_head

CLASSES = semantic_head().names
NOUNS = everyday_nouns()
SOURCES = {"semantic", "classifier", "place"}


def row(**known):
    """(C,) hand-made probabilities of classes; "object" has what is left."""
    p = np.zeros(len(CLASSES))
    for name, value in known.items():
        p[CLASSES.index(name)] = value
    p[-1] += 1 - p.sum()
    return p


# --- classes of the head ---


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


def test_the_more_probable_a_class_the_more_its_noun_is_believed():
    found = [class_noun(row(sky=p)).evidence.probability for p in (LEAST, 0.8, 0.9, 1.0)]
    assert found == sorted(found)


def test_classes_that_add_up_are_named_by_their_group():
    """Both are plants; neither has most of their probability."""
    noun = class_noun(row(tree=0.5, grass=0.45))
    assert (noun.name, noun.basis, noun.sure) == ("plants", "plants", True)
    assert class_noun(row(tree=LEAST / 2, grass=LEAST / 2 - 0.02)) is None


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


# --- nouns of the classifier ---


def shares(**known):
    """(nouns,) hand-made probabilities of everyday nouns, and of all nouns above them."""
    p = np.zeros(len(NOUNS.names))
    for name, value in known.items():
        for above in NOUNS.above(NOUNS.names.index(name)):
            p[above] = max(p[above], value)
    return p


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
    views, whole = [{"helmet": 1.6 * nouns.MEAN}] * 3, {"helmet": nouns.SUPPORT}
    assert names(candidates(views, whole=whole)) == {(0,): "helmet"}
    views[k] = {"cup": 0.9}
    assert candidates(views, whole=whole) == {}


def test_surroundings_with_the_same_features_refuse_the_noun():
    """Grass around a dog is no dog, although the classifier sees one."""
    views = [[HELMET] * 3]
    whole = {"helmet": nouns.SUPPORT}
    assert (
        candidates(*views, whole=whole, inside=[{"helmet": 0.5}], outside=[{"helmet": 0.5}]) == {}
    )
    assert candidates(*views, whole=whole, inside=[{"helmet": 0.5}], outside=[{"helmet": 0.1}])


def test_what_the_whole_photograph_does_not_support_must_be_surer():
    low = (nouns.MEAN + nouns.UNSUPPORTED) / 2
    weak = [{"helmet": low}] * 3
    assert candidates(weak, inside=[{"helmet": low}]) == {}
    assert candidates(weak, inside=[{"helmet": low}], whole={"helmet": nouns.SUPPORT}) != {}
    assert candidates([HELMET] * 3) != {}


def test_the_noun_of_the_whole_goes_to_the_node_that_it_fits_best():
    """Neither view alone would be believed; the second node has its features."""
    doubtful = [
        {"helmet": nouns.MEAN / 2},
        {"helmet": nouns.MEAN / 2},
        {"helmet": nouns.WHOLE_CROP},
    ]
    inside = [{"helmet": 0.1}, {"helmet": 0.7}, {}]
    assert names(candidates(doubtful, doubtful, doubtful, whole=HELMET, inside=inside)) == {
        (1,): "helmet"
    }
    doubtful[2] = {"helmet": nouns.WHOLE_CROP / 2}
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
    unsure = {"helmet": nouns.MEAN - 0.1, parent: 0.95}
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
        assert picture.shape == (nouns.VIEW, nouns.VIEW, 3)
        np.testing.assert_allclose(picture[112, 112], (200, 0, 0), atol=1)
        np.testing.assert_allclose(picture[112, 2], nouns.GREY, atol=1)  # outside the photograph
    np.testing.assert_allclose(alone[112, -3], nouns.GREY, atol=1)
    np.testing.assert_allclose(dimmed[112, -3], nouns.GREY + 0.25 * (255 - nouns.GREY), atol=1)
    np.testing.assert_allclose(crop[112, -3], 255, atol=1)
    assert (alone[..., 1] < 60).mean() == pytest.approx((20 / 25) ** 2, abs=0.03)


# --- pooling ---


def random_seen(rng, labels):
    areas = np.bincount(labels.ravel()) / labels.size
    return Seen(
        areas, rng.dirichlet(np.ones(len(CLASSES)), len(areas)), rng.normal(size=(len(areas), 6))
    )


def test_pooled_values_against_a_loop():
    rng = np.random.default_rng(0)
    areas, values = rng.dirichlet(np.ones(7)), rng.normal(size=(7, 3))
    nodes = [Part("", (2,)), Part("", (0, 3, 5)), Part("", tuple(range(7)))]
    for found, node in zip(pooled(nodes, areas, values), nodes, strict=True):
        expected = sum(areas[a] * values[a] for a in node.atoms) / sum(areas[a] for a in node.atoms)
        np.testing.assert_allclose(found, expected)


def test_what_is_seen_of_coarser_regions_against_a_loop():
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.arange(60) % 12).reshape(6, 10)
    coarser = np.array([0, 1, 2, 2, 1, 0, 3, 3, 3, 0, 1, 2])[labels]
    found = random_seen(rng, labels)
    over = found.over(labels, coarser)
    for k in range(4):
        members = np.unique(labels[coarser == k])
        assert over.areas[k] == pytest.approx((coarser == k).mean())
        for ours, theirs in ((over.classes, found.classes), (over.features, found.features)):
            np.testing.assert_allclose(
                ours[k], np.average(theirs[members], axis=0, weights=found.areas[members])
            )


def test_pooling_equals_upsampling_then_argmax(monkeypatch):
    """Against the means of score maps that are all upsampled to the size of the label map."""
    rng = np.random.default_rng(2)
    head = semantic_head()
    depths = {f"stride_{stride}": kernel.shape[0] for stride, kernel in head.kernels.items()} | {
        "head": 1280
    }
    maps = {
        name: rng.gamma(
            1.0, size=(64 // int(name[7:] or 32), 96 // int(name[7:] or 32), depth)
        ).astype(np.float32)
        for name, depth in depths.items()
    }
    monkeypatch.setattr(nouns, "end_points", lambda image, longest: maps)
    atoms = np.arange(9).reshape(3, 3).repeat(20, 0).repeat(30, 1)
    atoms[10:30, 20:40] = 9
    found = seen(np.zeros((60, 90, 3), np.uint8), atoms)
    scores = head.biases + sum(
        resize(maps[f"stride_{stride}"] @ kernel, atoms.shape)
        for stride, kernel in head.kernels.items()
    )
    means = np.stack([scores[atoms == k].mean(axis=0) for k in range(10)])
    powers = np.exp(means - means.max(axis=1, keepdims=True))
    assert np.array_equal(found.classes.argmax(axis=1), means.argmax(axis=1))
    np.testing.assert_allclose(found.classes, powers / powers.sum(axis=1, keepdims=True), atol=1e-4)
    np.testing.assert_allclose(found.areas, np.bincount(atoms.ravel()) / atoms.size)


# --- names of a tree ---


@pytest.fixture
def stripes():
    """A tree over four stripes: a cat of two, a helmet, and sky."""
    leaves = [Part("", (i,)) for i in range(4)]
    cat = Part("", (0, 1), tuple(leaves[:2]), 1.0)
    right = Part("", (2, 3), tuple(leaves[2:]), 2.0)
    root = Part("", (0, 1, 2, 3), (cat, right), 3.0)
    atoms = np.arange(4).repeat(6)[None].repeat(12, 0)
    classes = np.stack([row(cat=0.9), row(cat=0.5, wall=0.2), row(clothes=0.5), row(sky=0.95)])
    found = Seen(np.full(4, 0.25), classes, np.zeros((4, 8)))
    return atoms, root, found


def test_every_node_is_named_by_its_noun_or_by_its_place(stripes):
    atoms, root, found = stripes
    helmet = Noun("helmet", nouns.evidence("classifier", 0.8))
    named = name_tree(atoms, root, found, {(2,): helmet})
    by_atoms = {part.atoms: part for part in walk(named)}
    assert {atoms: part.noun for atoms, part in by_atoms.items()} == {
        (0, 1, 2, 3): "", (0, 1): "cat", (0,): "cat", (1,): "cat", (2, 3): "", (2,): "helmet", (3,): "sky",
    }  # fmt: skip
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


def test_a_sure_class_is_not_overruled_by_the_classifier(stripes):
    atoms, root, found = stripes
    wrong = Noun("helmet", nouns.evidence("classifier", 0.8))
    named = name_tree(atoms, root, found, {(3,): wrong})
    assert next(part for part in walk(named) if part.atoms == (3,)).noun == "sky"


def test_only_what_the_head_cannot_name_well_is_looked_at(stripes, monkeypatch):
    atoms, root, found = stripes
    looked_at = []

    def look(image, mask, contrast, margin):
        looked_at.append(tuple(map(int, np.unique(atoms[mask]))))
        return np.zeros((nouns.VIEW, nouns.VIEW, 3), np.float32)

    monkeypatch.setattr(nouns, "view", look)
    monkeypatch.setattr(
        nouns, "by_noun", lambda pictures: np.zeros((len(pictures), len(NOUNS.names)))
    )
    some = np.ones(len(NOUNS.names))  # by the features every node may be anything
    monkeypatch.setattr(
        nouns, "dense_nouns", lambda nodes, found: (np.outer(np.ones(len(nodes)), some), 0 * some)
    )
    assert object_nouns(np.zeros((12, 24, 3), np.uint8), atoms, root, found) == {}
    assert (2,) in looked_at
    assert (3,) not in looked_at  # sky
    assert (0, 1, 2, 3) not in looked_at  # larger than LARGEST
    looked_at.clear()
    monkeypatch.setattr(
        nouns, "dense_nouns", lambda nodes, found: (np.zeros((len(nodes), len(some))), some)
    )
    assert object_nouns(np.zeros((12, 24, 3), np.uint8), atoms, root, found) == {}
    assert looked_at == []  # the features allow no noun


# --- photographs ---


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


def test_a_mirrored_photograph_has_the_same_nouns(cat):
    """At sides that are multiples of 32; SLIC is run once, so that both have the same regions."""
    image = np.ascontiguousarray(resize(cat, (288, nouns.SIDE)).round().astype(np.uint8))
    labels = segxai.segment(image, "slic", n_segments=30).labels
    ours = seen(image, labels)
    theirs = seen(np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(labels[:, ::-1]))
    np.testing.assert_allclose(theirs.classes, ours.classes, atol=1e-3)
    np.testing.assert_allclose(theirs.areas, ours.areas)
    assert [class_noun(p) and class_noun(p).name for p in theirs.classes] == [
        class_noun(p) and class_noun(p).name for p in ours.classes
    ]


@pytest.mark.parametrize("method", ["deep", "contours", "semantic"])
@pytest.mark.parametrize("shape", [(60, 80), (1, 1), (1, 50), (300, 9, 3), (40, 40, 4)])
def test_any_picture_gets_nouns_or_places(method, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    regions = segxai.segment(image, method)
    assert regions.shape == shape[:2]
    assert all(regions.names)
    assert {evidence.source for evidence in regions.name_evidence} <= SOURCES
    assert all(e.probability is None or 0 <= e.probability <= 1 for e in regions.name_evidence)


def test_semantic_regions_are_the_classes_of_the_leaves(cat):
    """Against an argmax of each leaf's probabilities; a class is one region, made of leaves."""
    small = cat[::3, ::3]
    regions = segxai.segment(small, "semantic")
    assert set(regions.names) <= set(CLASSES)
    assert "cat" in regions.names
    found = tree.grown(small, "deep", segxai.segmentation.deep.MERGING, None)
    classes = np.array(CLASSES)[found.seen.classes.argmax(axis=1)]
    expected = classes[resize_labels(found.atoms, small.shape[:2])]
    assert np.array_equal(np.array(regions.names)[regions.labels], expected)
    assert {evidence.source for evidence in regions.name_evidence} == {"semantic"}
    name = regions.expandable()[0]
    assert len(regions.expand(name)) > len(regions)
