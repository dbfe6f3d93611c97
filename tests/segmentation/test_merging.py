"""Merging basins: costs by hand, Ward's tree, borders against a loop."""

import itertools

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, linkage
from skimage.measure import label

from segxai.regions import Part, labels_of
from segxai.segmentation import merging
from segxai.segmentation.merging import Join, Merging, basins, borders, leaves, merge


def test_four_basins_are_joined_by_hand():
    """Areas .1 .2 .3 .4 in a row, contours .5 .2 .4 between; cost = contour * a b / (a + b)."""
    border = {(0, 1): (2, 1.0), (1, 2): (10, 2.0), (2, 3): (5, 2.0)}
    joins = merge(np.array([0.1, 0.2, 0.3, 0.4]), border, Merging(0, 1, 0.5, 0))
    # At first .5 * .2/3, .2 * .12, .4 * .12/.7: 1 and 2. Then 0 and they: .5 * .1 * .5/.6; 3 and
    # they: .4 * .5 * .4/.9.
    assert [(sorted((j.a, j.b))) for j in joins] == [[1, 2], [0, 4], [3, 5]]
    np.testing.assert_allclose([j.cost for j in joins], [0.2 * 0.12, 0.5 * 0.05 / 0.6, 0.4 * 0.24])


def test_borders_of_joined_regions_are_averaged_by_length():
    """Basin 2 touches 0 over 9 strong pixels and 1 over 1 weak pixel.

    With both of them joined its border is strong still.
    """
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
        < merging.MOST_BASINS
    )
    assert 48 <= basins(np.zeros((300, 400), np.float32)).max() < 400


def test_leaves_are_what_the_last_joins_are_made_of(monkeypatch):
    monkeypatch.setattr(merging, "LEAVES", 3)
    leaf, root = leaves([Join(0, 1, 1.0), Join(3, 4, 2.0), Join(2, 5, 3.0), Join(6, 7, 4.0)])
    assert leaf.tolist() == [1, 1, 0, 2, 2]
    third, half = root.children
    assert (root.atoms, third.atoms, half.atoms) == ((2, 0, 1), (2,), (0, 1))
    assert (root.cost, half.cost, third.children) == (4.0, 3.0, ())


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


def test_what_lies_outside_all_parts_has_no_border():
    atoms = np.array([[0, 0, 1, 2], [3, 3, 1, 2]])
    labels = labels_of([Part("", (1,)), Part("", (0, 3))], atoms)
    assert labels.tolist() == [[1, 1, 0, -1], [1, 1, 0, -1]]
    assert borders(labels, np.ones(labels.shape)) == {(0, 1): (2, 2.0)}
