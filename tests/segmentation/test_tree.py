"""Trees of photographs: cuts that nest, what is cached, pictures of any shape."""

import itertools

import numpy as np
import pytest
from skimage.measure import label

import segxai
from segxai import SegxaiError
from segxai.images import resize_labels
from segxai.segmentation import tree
from segxai.segmentation.tree import tree_regions

from .hand import CLASSES

METHODS = ("deep", "contours")


@pytest.mark.parametrize("method", METHODS)
def test_cuts_nest_in_one_piece_each_and_give_the_number_wanted(method, astronaut):
    cuts = [segxai.segment(astronaut, method, n_regions=n) for n in (1, 2, 5, 9, 14, 48)]
    assert [len(r) for r in cuts] == [1, 2, 5, 9, 14, 48]
    for coarse, fine in itertools.pairwise(cuts):
        assert len(np.unique(coarse.labels.astype(int) * 100 + fine.labels)) == len(fine)
    assert label(cuts[-1].labels, background=-1, connectivity=1).max() == 48
    assert cuts[-1].areas.min() > 0.0009
    assert cuts[-1].cut(5) == cuts[2]
    assert 3 <= len(segxai.segment(astronaut, method)) <= 9


def test_the_tree_is_kept_for_a_photograph_and_only_for_it(cat, monkeypatch):
    small = cat[::4, ::4]
    tree._trees.clear()
    first = segxai.segment(small, "contours", n_regions=6)
    monkeypatch.setattr(tree, "_grow", None)
    assert segxai.segment(small.copy(), "contours", n_regions=6) == first
    assert len(segxai.segment(small, "contours", n_regions=9)) == 9
    with pytest.raises(SegxaiError, match="not callable"):
        segxai.segment(small[::-1], "contours")


def test_the_number_of_trees_is_bounded_and_a_tree_grows_again_the_same(cat, monkeypatch):
    monkeypatch.setattr(tree, "KEPT", 2)
    small = cat[::6, ::6]
    first = segxai.segment(small, "deep", n_regions=20)
    for shift in range(tree.KEPT):
        segxai.segment(np.roll(small, shift + 1, axis=0), "deep")
    assert len(tree._trees) == tree.KEPT
    assert segxai.segment(small, "deep", n_regions=20) == first


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (50, 1), (2, 2), (7, 3), (600, 20)])
def test_tiny_and_narrow_pictures(method, shape):
    rng = np.random.default_rng(0)
    for image in (
        np.full((*shape, 3), 90, np.uint8),
        rng.integers(0, 256, (*shape, 3), dtype=np.uint8),
    ):
        regions = segxai.segment(image, method, n_regions=48)
        assert regions.shape == shape
        assert 1 <= len(regions) <= min(48, shape[0] * shape[1])


@pytest.mark.parametrize("method", METHODS)
def test_pictures_without_contours_are_divided_all_the_same(method):
    assert len(segxai.segment(np.full((200, 300, 3), 128, np.uint8), method, n_regions=7)) == 7


def test_a_large_photograph_is_divided_as_well():
    large = segxai.data.photograph("coffee").repeat(4, 0).repeat(4, 1)
    regions = segxai.segment(large, "contours", n_regions=12)
    assert regions.shape == large.shape[:2]
    assert label(regions.labels, background=-1, connectivity=1).max() == 12


@pytest.mark.parametrize("n_regions", [0, 49, 4.0, True, "many", None])
def test_other_numbers_of_regions_are_refused(n_regions, cat):
    with pytest.raises(SegxaiError, match="from 1 to 48"):
        tree_regions(cat, "contours", n_regions)


@pytest.mark.parametrize(
    ("name", "region", "least"),
    [
        ("coffee", "saucer", 0.85),
        ("coffee", "table", 0.85),
        ("coffee", "coffee", 0.85),
        ("astronaut", "helmet", 0.85),
        ("astronaut", "collar", 0.85),
        ("astronaut", "flag", 0.8),
    ],
)
def test_things_are_regions(name, region, least):
    """With 14 regions one of them is the thing, by intersection over union with the annotation."""
    regions = segxai.segment(segxai.data.photograph(name), "deep", n_regions=14)
    thing = segxai.data.load(name).annotation.mask(region)
    overlap = [
        np.logical_and(regions.mask(n), thing).sum() / np.logical_or(regions.mask(n), thing).sum()
        for n in regions.names
    ]
    assert max(overlap) >= least


def test_semantic_regions_are_the_classes_of_the_leaves(cat):
    """Against an argmax of each leaf's probabilities; a class is one region, made of leaves."""
    small = cat[::3, ::3]
    regions = segxai.segment(small, "semantic")
    assert set(regions.names) <= set(CLASSES)
    assert "cat" in regions.names
    found = tree.grown(small, "deep")
    classes = np.array(CLASSES)[found.seen.classes.argmax(axis=1)]
    expected = classes[resize_labels(found.atoms, small.shape[:2])]
    assert np.array_equal(np.array(regions.names)[regions.labels], expected)
    assert {evidence.source for evidence in regions.name_evidence} == {"semantic"}
    name = regions.expandable()[0]
    assert len(regions.expand(name)) > len(regions)


def test_numbered_parts_are_united_by_their_noun(cat):
    regions = segxai.segment(cat[::3, ::3], "semantic")
    name = regions.expandable()[0]
    assert regions.expand(name).by_noun().names == regions.names
