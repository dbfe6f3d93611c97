import itertools

import numpy as np
import pytest

import segxai
from segxai import Regions, SegxaiError
from segxai.weights.downloads import cached

FETCHED = {"pascal": "deeplab", "ade20k": "ade20k"}


def needing(method):
    name = FETCHED[method]
    missing = cached(name) is None
    skip = pytest.mark.skipif(missing, reason=f"not fetched: python -m segxai fetch {name}")
    return pytest.param(method, marks=skip)


METHODS = [needing(m) if m in FETCHED else m for m in segxai.segmenters()]


@pytest.mark.parametrize("method", METHODS)
def test_every_segmenter_covers_the_picture_with_named_regions(method, cat):
    small = cat[::3, ::3]
    regions = segxai.segment(small, method)
    assert regions.shape == small.shape[:2]
    assert regions.method == method
    assert len(regions) > 1
    assert len(set(regions.names)) == len(regions)
    again = segxai.segment(small, method)
    assert regions == again


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 3), (33, 100)])
def test_every_segmenter_bears_small_and_flat_pictures(method, shape):
    regions = segxai.segment(np.full((*shape, 3), 128, np.uint8), method)
    assert regions.shape == shape


def test_a_grid_of_a_small_picture_has_a_region_for_each_pixel():
    for rows, columns in ((1, 1), (2, 3), (3, 1)):
        regions = segxai.segment(np.zeros((rows, columns, 3), np.uint8), "grid")
        assert np.array_equal(regions.labels, np.arange(rows * columns).reshape(rows, columns))


def test_deep_regions_nest(astronaut):
    cuts = [segxai.segment(astronaut, "deep", n_regions=n) for n in (4, 6, 9, 20)]
    assert [len(r) for r in cuts] == [4, 6, 9, 20]
    for coarse, fine in itertools.pairwise(cuts):
        pairs = np.unique(coarse.labels.astype(int) * 100 + fine.labels)
        assert len(pairs) == len(fine)  # each fine region lies within one coarse region


def test_deep_regions_expand_into_their_parts(astronaut):
    regions = segxai.segment(astronaut, "deep", n_regions=5)
    name = regions.expandable()[0]
    finer = regions.expand(name)
    assert len(finer) == 6
    inside = regions.mask(name)
    assert len(np.unique(finer.labels[inside])) == 2
    for part in np.unique(finer.labels[inside]):
        assert not (finer.labels == part)[~inside].any()


def test_deep_has_no_crumbs_and_chooses_a_number_that_can_be_asked_exhaustively(astronaut, cat):
    from skimage.measure import label

    for image in (astronaut, cat):
        regions = segxai.segment(image, "deep")
        assert 3 <= len(regions) <= 10
        pieces = label(regions.labels, background=-1, connectivity=1)
        assert np.bincount(pieces.ravel())[1:].min() / pieces.size > 0.003


def test_deep_separates_what_colour_cannot(astronaut):
    """The helmet and the visor's black surroundings: one region by colour, two by what they are."""
    regions = segxai.segment(astronaut, "deep", n_regions=14)
    helmet = segxai.data.load("astronaut").annotation.mask("helmet")
    overlaps = [
        np.logical_and(regions.mask(n), helmet).sum() / np.logical_or(regions.mask(n), helmet).sum()
        for n in regions.names
    ]
    assert max(overlaps) > 0.8


def test_any_function_is_a_segmenter(cat):
    assert len(segxai.segment(cat, lambda image: image[..., 0] > 100)) == 2
    regions = segxai.segment(
        cat, lambda image: Regions.from_labels(image[..., 0] > 100, ["dark", "bright"])
    )
    assert regions.names == ("dark", "bright")
    assert segxai.segment(cat, lambda image, limit: image[..., 0] > limit, limit=300).names == (
        "region 0",
    )


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("slick", {}, "Did you mean 'slic'"),
        (3, {}, "must be a name"),
        ("slic", {"n_segment": 3}, "n_segments"),
        ("slic", {"n_segments": 0}, "at least 1"),
        ("slic", {"n_segments": "many"}, "at least 1"),
        ("deep", {"n_regions": 0}, "n_regions"),
        ("deep", {"n_regions": 4.5}, "n_regions"),
        ("deep", {"n_regions": 1000}, "n_regions"),
        ("grid", {"rows": 10**6}, "at most"),
        ("quickshift", {"kernel_size": 0}, "at least 1"),
        ("quickshift", {"seed": -1}, "seed"),
        ("slic", {"sigma": 10_000}, "at most"),
        (lambda image: image[:5, :5, 0], {}, "5 x 5"),
        (lambda image: image, {}, "colour picture"),
        (lambda image: 1 / 0, {}, "ZeroDivisionError"),
    ],
)
def test_bad_requests_are_refused_with_their_reason(method, params, said, cat):
    with pytest.raises(SegxaiError, match=said):
        segxai.segment(cat, method, **params)


@pytest.mark.parametrize("method", ["segment", "explain", "explain_many"])
def test_a_segmenter_that_writes_into_its_picture_changes_nothing(method):
    image = np.full((8, 8, 3), 200, np.uint8)
    seen = []

    def writing(picture):
        picture[:] = 0
        return np.arange(64).reshape(8, 8) // 32

    def bright(images):
        seen.append(images[0].mean())
        images[:] = 0
        return images.mean(axis=(1, 2, 3))

    if method == "segment":
        segxai.segment(image, writing)
    elif method == "explain":
        explanation = segxai.explain(image, writing, bright)
        assert (explanation.coalitions.game.image == 200).all()
    else:
        segxai.explain_many([image], writing, bright)
    assert (image == 200).all()
    assert method == "segment" or seen == [200]


def test_a_classifier_that_writes_into_pictures_of_different_sizes_changes_nothing():
    images = [np.full((side, 8, 3), 200, np.uint8) for side in (8, 9)]

    def writing(batch):
        batch[:] = 0
        return np.zeros(len(batch))

    segxai.load_classifier(writing).predict(images)
    assert all((image == 200).all() for image in images)
