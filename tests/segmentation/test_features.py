"""Clusters of deep features: the cut of Ward's tree against scipy's, and regions that nest."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

import segxai
from segxai import SegxaiError
from segxai.regions import coarsest
from segxai.segmentation import features
from segxai.segmentation.merging import leaves


@pytest.mark.parametrize("number", [2, 5, 9, 30])
def test_the_cut_is_that_of_scipy(number):
    points = np.random.default_rng(number).normal(size=(120, 4))
    leaf, root = leaves(features._ward_joins(points))
    found = np.empty(len(points), int)
    for index, node in enumerate(coarsest(root, number)):
        found[np.isin(leaf, node.atoms)] = index
    theirs = fcluster(linkage(points, "ward"), number, "maxclust")
    assert np.array_equal(found[:, None] == found, theirs[:, None] == theirs)


def test_fewer_regions_are_unions_of_more(cat):
    coarse, fine = (segxai.segment(cat, "features", n_regions=n) for n in (4, 9))
    assert (len(coarse), len(fine)) == (4, 9)
    assert all(len(np.unique(coarse.labels[fine.labels == k])) == 1 for k in range(9))
    name = coarse.expandable()[0]
    assert len(coarse.expand(name)) == 5


def test_noise_that_is_one_superpixel_is_one_region():
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    assert len(segxai.segment(noise, "features")) == 1


def test_other_numbers_of_regions_are_refused(cat):
    with pytest.raises(SegxaiError, match="1 to 48"):
        segxai.segment(cat, "features", n_regions=49)
