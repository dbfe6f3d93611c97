"""Nouns for regions: which evidence is believed, and what becomes of it when regions are renamed, merged, expanded and cut."""

import numpy as np
import pytest

import segxai
from segxai import Regions, SegxaiError
from segxai.regions import COLOUR_AND_PLACE, GIVEN, Evidence, Part
from segxai.segmentation import nouns
from segxai.segmentation.nouns import Nouns, agreed_noun, covering_class, view
from segxai.weights.imagenet import imagenet_class_names

CLASSES = imagenet_class_names()


def outputs(*views):
    """(2, 1000) hand-made probabilities; what is left is spread evenly over all classes."""
    rows = np.zeros((2, 1000))
    for row, known in zip(rows, views, strict=True):
        for name, p in known.items():
            row[CLASSES.index(name)] = p
        row += (1 - row.sum()) / 1000
    return rows


def test_classes_with_the_same_last_word_are_one_noun():
    noun, p = agreed_noun(outputs({"football helmet": 0.4, "crash helmet": 0.5, "banana": 0.0}, {"crash helmet": 0.7}))
    assert noun == "helmet"
    assert p == pytest.approx((0.9 + 2 * 0.1 / 1000 + 0.7 + 2 * 0.3 / 1000) / 2)


def test_one_sure_view_is_not_enough():
    assert agreed_noun(outputs({"hatchet": 0.99}, {"banana": 0.5, "hatchet": 0.4})) is None
    assert agreed_noun(outputs({"hatchet": 0.99}, {"hatchet": nouns.SUPPORTED / 2})) is None
    assert agreed_noun(outputs({"hatchet": nouns.SURE - 0.1}, {"hatchet": nouns.SURE - 0.1})) is None
    assert agreed_noun(outputs({"hatchet": 0.99}, {"hatchet": 0.9}))[0] == "hatchet"


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("teddy bear", "teddy bear"),
        ("polar bear", "bear"),
        ("a cat having a striped coat", "cat"),
        ("fur coat", "coat"),
        ("space shuttle", "space shuttle"),
        ("kite (bird of prey)", "kite"),
        ("cardboard box / carton", "box"),
        ("vaulted or arched ceiling", "ceiling"),
    ],
)
def test_the_noun_of_a_class(name, noun):
    assert agreed_noun(outputs({name: 0.9}, {name: 0.9}))[0] == noun


def test_the_two_views_of_a_region():
    """A red square of 20 pixels at the left edge of a white picture: a square of 25 pixels around it, of which 2 lie outside."""
    image = np.full((60, 40, 3), 255, np.uint8)
    mask = np.zeros((60, 40), bool)
    mask[10:30, :20] = True
    image[mask] = (200, 0, 0)
    alone, dimmed = view(image, mask, 0), view(image, mask, 0.25)
    assert alone.shape == dimmed.shape == (nouns.SIDE, nouns.SIDE, 3)
    for picture in (alone, dimmed):
        np.testing.assert_allclose(picture[112, 112], (200, 0, 0), atol=1)
        np.testing.assert_allclose(picture[112, 2], nouns.GREY, atol=1)  # outside the photograph
    np.testing.assert_allclose(alone[112, -3], nouns.GREY, atol=1)
    np.testing.assert_allclose(dimmed[112, -3], nouns.GREY + 0.25 * (255 - nouns.GREY), atol=1)
    assert (alone[..., 1] < 60).mean() == pytest.approx((20 / 25) ** 2, abs=0.03)


def covering(classes, mask):
    return covering_class(*(np.bincount(ids, minlength=21) for ids in (classes[mask], classes.ravel())))


def test_a_class_covers_a_region_from_sixty_percent_on():
    classes = np.zeros((10, 20), int)
    classes[:, :10] = 15  # person
    most, little, half = (np.zeros(classes.shape, bool) for _ in range(3))
    most[:, 2:14] = little[0, :10] = half[:, 5:15] = True
    assert covering(classes, most) == ("person", 80 / 120, True)
    assert covering(classes, little) == ("person", 1.0, False)
    assert covering(classes, half) is None
    assert covering(classes, ~(classes > 0)) is None


@pytest.fixture
def stripes(monkeypatch):
    """A tree over four stripes, all called "grey, centre"; stripes 0 and 2 look like cups, 1 like nothing, 2 and 3 together like a table.

    What is looked at is listed in `.looked_at`.
    """
    labels = np.arange(4).repeat(5)[None].repeat(6, 0)
    known = {(0,): ("cup", 0.9), (2,): ("cup", 0.7), (2, 3): ("table", 0.8)}
    looked_at = []

    def guesses(image, masks):
        covered = [tuple(map(int, np.unique(labels[mask]))) for mask in masks]
        looked_at.extend(covered)
        return [known.get(atoms) for atoms in covered]

    monkeypatch.setattr(nouns, "guess_nouns", guesses)
    monkeypatch.setattr(nouns.pascal, "why_unavailable", lambda: "not here")
    leaves = [Part("grey, centre", (i,), evidence=COLOUR_AND_PLACE) for i in range(4)]
    left = Part("grey, left", (0, 1), tuple(leaves[:2]), 1.0, COLOUR_AND_PLACE)
    right = Part("grey, right", (2, 3), tuple(leaves[2:]), 2.0, COLOUR_AND_PLACE)
    root = Part("grey, centre", (0, 1, 2, 3), (left, right), 3.0, COLOUR_AND_PLACE)
    regions = Regions(
        labels, [left, right], "", root, Nouns(np.zeros((*labels.shape, 3), np.uint8), labels, [left, right, *leaves])
    )
    regions.looked_at = looked_at
    return regions


def test_nouns_come_with_their_evidence_and_repeated_ones_are_numbered(stripes):
    whole = stripes.cut(4)
    assert whole.names == ("cup 1", "grey, centre", "cup 2", "grey, centre 2")
    assert whole.marked_names == ("cup 1 ?", "grey, centre", "cup 2 ?", "grey, centre 2")
    assert whole.name_evidence == (("guess", 0.9), ("colour and place", None), ("guess", 0.7), ("colour and place", None))


def test_parts_are_looked_at_once_and_smaller_ones_not_at_all(stripes):
    everything = [(0, 1), (2, 3), (0,), (1,), (2,), (3,)]
    assert stripes.cut(2).names == ("grey, left", "table")
    assert stripes.cut(2).expand("table").names == ("grey, left", "cup", "grey, centre")
    assert stripes.cut(4).names == ("cup 1", "grey, centre", "cup 2", "grey, centre 2")
    assert stripes.looked_at == everything
    coarse = Regions(
        stripes.atoms, stripes.parts, "", stripes.tree, Nouns(stripes.namer.image, stripes.atoms, stripes.tree.children)
    )
    assert coarse.cut(2).names == ("grey, left", "table")
    assert coarse.cut(3).names == ("grey, left", "grey, centre", "grey, centre 2")
    assert stripes.looked_at == [*everything, (0, 1), (2, 3)]


def test_regions_that_are_no_noun_when_cut_out_are_not_looked_at_again(monkeypatch):
    """Two of three regions are sure when cut out, and one of these with its surroundings, too."""
    batches = [[{"banana": 0.9}, {"banana": 0.5}, {"crash helmet": 0.8}], [{"lemon": 0.9}, {"crash helmet": 0.75}]]
    monkeypatch.setattr(nouns, "_classified", lambda views: [outputs(row, {})[0] for row in batches.pop(0)] if views else [])
    masks = [np.ones((4, 4), bool)] * 3
    assert [noun and noun[0] for noun in nouns.guess_nouns(np.zeros((4, 4, 3), np.uint8), masks)] == [None, None, "helmet"]


def test_a_given_name_stays_whatever_else_is_known(stripes):
    halves = stripes.cut(2).rename({"table": "desk"})
    assert halves.names == ("grey, left", "desk")
    assert halves.name_evidence[1] == GIVEN
    assert halves.marked_names == halves.names
    assert halves.cut(4).cut(2).names == ("grey, left", "desk")
    assert halves.cut(4).names == ("cup 1", "grey, centre", "cup 2", "grey, centre 2")


def test_merged_regions_keep_their_evidence_inside(stripes):
    merged = stripes.cut(4).merge({"things": ["cup 1", "cup 2"]})
    assert merged.names == ("things", "grey, centre", "grey, centre 2")
    assert merged.name_evidence[0] == GIVEN
    again = merged.expand("things")
    assert again.names == ("cup 1", "cup 2", "grey, centre", "grey, centre 2")
    assert again.name_evidence[:2] == (Evidence("guess", 0.9), Evidence("guess", 0.7))
    assert stripes.cut(2).merge({"all": ["table"]}).expand("all").expand("table").names[1:] == ("cup", "grey, centre")


def test_a_class_of_deeplab_comes_first_and_its_parts_say_that_they_are_parts(stripes, monkeypatch):
    classes = np.zeros(stripes.shape, int)
    classes[:, 1:11] = 8  # cat: stripe 0 but for a column, all of 1 and a column of 2
    monkeypatch.setattr(nouns.pascal, "why_unavailable", lambda: "")
    monkeypatch.setattr(nouns.pascal, "pascal_classes", lambda image: classes)
    halves = Regions(
        stripes.atoms, [stripes.tree], "", stripes.tree, Nouns(stripes.namer.image, stripes.atoms, stripes.namer.parts)
    ).cut(2)
    assert halves.names == ("cat", "table")
    assert halves.name_evidence == (("DeepLab", 0.9), ("guess", 0.8))
    assert halves.marked_names == ("cat", "table ?")
    # A noun for the part is better than the name of the whole; stripe 1 is half of the cat.
    assert halves.expand("cat").names == ("cup", "cat", "table")


def test_labels_and_classic_regions_say_where_their_names_come_from(cat):
    assert Regions.from_labels([[0, 1]]).name_evidence == (GIVEN, GIVEN)
    assert set(segxai.segment(cat, "slic").name_evidence) == {COLOUR_AND_PLACE}


@pytest.mark.parametrize("n_regions", ["auto", 14])
def test_the_helmet_is_called_helmet(n_regions, astronaut, monkeypatch):
    monkeypatch.setattr(nouns.pascal, "why_unavailable", lambda: "DeepLab knows no helmets")
    monkeypatch.setattr(segxai.segmentation.tree, "_trees", type(segxai.segmentation.tree._trees)())
    regions = segxai.segment(astronaut, "deep", n_regions=n_regions)
    assert "helmet" in regions.names
    truth = segxai.data.load("astronaut").annotation.mask("helmet")
    assert (regions.mask("helmet") & truth).sum() > 0.85 * truth.sum()
    assert regions.name_evidence[regions.index("helmet")].probability >= nouns.SURE


def test_names_by_place_run_no_classifier(cat, monkeypatch):
    small = cat[::4, ::4]
    named = segxai.segment(small, "deep", n_regions=8)
    monkeypatch.setattr(nouns, "default_classifier", None)
    plain = segxai.segment(small, "deep", n_regions=8, names="place")
    assert np.array_equal(plain.labels, named.labels)
    assert set(plain.name_evidence) == {COLOUR_AND_PLACE}
    assert set(segxai.segment(small, "contours", n_regions=8).name_evidence) == {COLOUR_AND_PLACE}
    with pytest.raises(SegxaiError, match="'auto' or 'place'"):
        segxai.segment(small, "deep", names="best")
