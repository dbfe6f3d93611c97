import itertools

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, linkage
from skimage.measure import label

import segxai
from segxai import SegxaiError
from segxai.images import resize
from segxai.regions import Part
from segxai.segmentation import nouns, tree
from segxai.segmentation.pooling import pool
from segxai.segmentation.tree import (
    Join,
    Merging,
    automatic_number,
    basins,
    borders,
    leaves,
    merge,
    tree_regions,
)

METHODS = ("deep", "contours")


def test_four_basins_are_joined_by_hand():
    """Areas .1 .2 .3 .4 in a row, contours .5, .2, .4 between them, cost = contour * (a b / (a + b))."""
    border = {(0, 1): (2, 1.0), (1, 2): (10, 2.0), (2, 3): (5, 2.0)}
    joins = merge(np.array([0.1, 0.2, 0.3, 0.4]), border, Merging(0, 1, 0.5, 0))
    # At first .5 * .2/3, .2 * .12, .4 * .12/.7: 1 and 2. Then 0 and they: .5 * .1 * .5/.6; 3 and they: .4 * .5 * .4/.9.
    assert [(sorted((j.a, j.b))) for j in joins] == [[1, 2], [0, 4], [3, 5]]
    np.testing.assert_allclose([j.cost for j in joins], [0.2 * 0.12, 0.5 * 0.05 / 0.6, 0.4 * 0.24])


def test_borders_of_joined_regions_are_averaged_by_length():
    """Basin 2 touches 0 over 9 strong pixels and 1 over 1 weak pixel: with both of them joined its border is strong still."""
    border = {(0, 1): (1, 0.0), (0, 2): (9, 9.0), (1, 2): (1, 0.1)}
    joins = merge(np.array([0.3, 0.3, 0.4]), border, Merging(0, 1, 0, 0))
    np.testing.assert_allclose([j.cost for j in joins], [0, 9.1 / 10])


def test_without_contours_it_is_wards_tree():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(40, 5))
    everyone = dict.fromkeys(itertools.combinations(range(40), 2), (1, 0.7))
    joins = merge(np.full(40, 1 / 40), everyone, Merging(0, 0, 0.5, 0), points)
    ward = linkage(points, "ward")
    np.testing.assert_allclose(
        [j.cost for j in joins], ward[:, 2] ** 2 / 80
    )  # scipy's height: sqrt(2 n m / (n + m)) * distance
    top = np.arange(40)
    for k, join in enumerate(joins[:-4]):
        top[np.isin(top, (join.a, join.b))] = 40 + k
    expected = cut_tree(ward, n_clusters=5).ravel()
    assert len(set(zip(top, expected, strict=True))) == 5


def test_costs_never_decrease_and_what_is_too_small_goes_first():
    rng = np.random.default_rng(0)
    labels = rng.permutation(64).reshape(8, 8).repeat(4, 0).repeat(4, 1)
    area = 1 + rng.random(64)
    area[17] = 0.0005 * area.sum()
    border = borders(labels, rng.random(labels.shape))
    joins = merge(
        area / area.sum(), border, Merging(0.1, 2, 0.2, 0), rng.normal(size=(64, 3)) * 100
    )
    assert (np.diff([j.cost for j in joins]) >= 0).all()
    assert 17 in joins[0][:2]


def test_borders_against_a_loop():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, (12, 9))
    strength = rng.random((12, 9))
    expected: dict = {}
    for y, x in np.ndindex(12, 9):
        for yy, xx in ((y, x + 1), (y + 1, x)):
            if yy < 12 and xx < 9 and labels[y, x] != labels[yy, xx]:
                pair = tuple(sorted((int(labels[y, x]), int(labels[yy, xx]))))
                length, total = expected.get(pair, (0, 0.0))
                expected[pair] = length + 1, total + max(strength[y, x], strength[yy, xx])
    found = borders(labels, strength)
    assert found.keys() == expected.keys()
    for pair, (length, total) in found.items():
        assert length == expected[pair][0]
        assert total == pytest.approx(expected[pair][1])


def test_basins_lie_between_the_contours_in_one_piece_each():
    strength = np.zeros((80, 120), np.float32)
    strength[:, 50] = strength[30, :] = 0.9
    labels = basins(strength)
    assert sorted(np.unique(labels)) == list(range(labels.max() + 1))
    assert label(labels, background=-1, connectivity=1).max() == labels.max() + 1
    for y, x in (
        (slice(0, 29), slice(0, 49)),
        (slice(32, 80), slice(52, 120)),
    ):  # no basin crosses a contour
        inside = np.unique(labels[y, x])
        elsewhere = np.ones(labels.shape, bool)
        elsewhere[max(0, y.start - 2) : y.stop + 2, max(0, x.start - 2) : x.stop + 2] = False
        assert not np.isin(labels[elsewhere], inside).any()


def test_noise_gives_no_more_basins_than_are_bearable():
    assert (
        basins(np.random.default_rng(0).random((512, 512)).astype(np.float32)).max()
        < tree.MOST_BASINS
    )
    assert 48 <= basins(np.zeros((300, 400), np.float32)).max() < 400


def test_leaves_are_what_the_last_joins_are_made_of(monkeypatch):
    monkeypatch.setattr(tree, "LEAVES", 3)
    labels = np.array([[0, 1, 2, 3, 4]])
    atoms, groups = leaves(
        labels, [Join(0, 1, 1.0), Join(3, 4, 2.0), Join(2, 5, 3.0), Join(6, 7, 4.0)]
    )
    assert [{int(a) for a in atoms[0, columns]} for columns in ([0, 1], [2], [3, 4])] == [
        {1},
        {0},
        {2},
    ]
    assert groups == {2: (0,), 5: (1,), 6: (2,), 7: (0, 1), 8: (2, 0, 1)}


@pytest.mark.parametrize(
    ("costs", "number"),
    [((9, 8, 7, 1), 4), ((9, 8, 1, 1), 3), ((9, 1, 1, 1), 3), ((9, 8, 7, 6), 5)],
)
def test_the_automatic_number_undoes_the_joins_that_are_worth_it(costs, number):
    part = Part("", (0,))
    for cost in reversed(costs):
        part = Part("", (), (part, Part("", (1,))), cost)
    assert automatic_number(part, worth=5) == number


def test_the_upper_nodes_are_those_that_some_cut_has_as_regions(astronaut):
    whole = segxai.segment(astronaut, "contours")
    regions = {part.atoms for n in range(1, 8) for part in whole.cut(n).parts}
    assert {part.atoms for part in nouns.upper(whole.tree, 7)} == regions


def test_different_classes_make_a_merge_dearer():
    """Of three basins in a row 0 and 1 have the weaker border, 1 and 2 the same class."""
    border = {(0, 1): (1, 0.5), (1, 2): (1, 0.6)}
    areas, classes = np.full(3, 1 / 3), np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    plain = merge(areas, border, Merging(0, 1, 0, 0), None, classes)
    by_class = merge(areas, border, Merging(0, 1, 0, 0, nouns=0.7), None, classes)
    assert sorted(plain[0][:2]) == [0, 1]
    assert sorted(by_class[0][:2]) == [1, 2]
    # The mean class of a merged node is that of both halves: 0 and {1, 2} have nothing in common.
    np.testing.assert_allclose([j.cost for j in by_class], [0.6, 0.5 * np.exp(0.7)])


def test_pooled_features_are_means_of_the_upsampled_map():
    rng = np.random.default_rng(0)
    feature_map = rng.normal(size=(7, 5, 3)).astype(np.float32)
    labels = rng.integers(0, 6, (50, 41))
    labels.ravel()[:6] = range(6)
    upsampled = resize(feature_map, labels.shape)
    expected = np.stack([upsampled[labels == k].mean(axis=0) for k in range(6)])
    np.testing.assert_allclose(pool(feature_map, labels), expected, atol=1e-5)


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


def test_the_number_of_trees_is_bounded_and_a_tree_grows_again_the_same(cat):
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
        tree_regions(cat, "contours", n_regions, tree.BY_CONTOUR)


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
