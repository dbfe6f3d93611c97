"""Masks and label maps as people have them: soft, scaled, compressed, turned, and large."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import segxai
from segxai import Regions, SegxaiError, from_mask_list, metrics
from segxai.masks import fit, read_mask

DISC = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20
SOFT = np.clip(20.5 - np.hypot(*(np.mgrid[:64, :64] - 31.5)), 0, 1)  # antialiased


def jpeg(mask):
    data = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(data, "JPEG", quality=60)
    return np.asarray(Image.open(data))


NOT_MASKS = {
    "probabilities": (SOFT, 0.5),
    "logits": (20.0 * SOFT - 10, 0),
    "antialiased": ((SOFT * 255).astype(np.uint8), 127),
    "JPEG": (jpeg(DISC), 127),
    "JPEG in RGB": (np.dstack([jpeg(DISC)] * 3), 127),
}


@pytest.mark.parametrize("kind", NOT_MASKS)
def test_a_soft_mask_needs_a_threshold(kind):
    mask, threshold = NOT_MASKS[kind]
    for make in (
        lambda **how: Regions.from_masks({"disc": mask}, **how),
        lambda **how: from_mask_list([{"segmentation": mask, "name": "disc"}], **how),
    ):
        with pytest.raises(SegxaiError, match=r"values from .* threshold=0.5 for probabilities"):
            make()
        assert np.array_equal(make(threshold=threshold).mask("disc"), DISC)


@pytest.mark.parametrize(
    "mask",
    [
        DISC,
        DISC.astype(int),
        DISC.astype(np.float32),
        DISC.astype(np.uint8) * 255,
        DISC * 255.0,
        DISC[..., None],
        np.dstack([DISC * 255] * 3),
        np.dstack([*[DISC * 255] * 3, np.full((64, 64), 255)]),
        Image.fromarray(DISC),
        Image.fromarray(DISC.astype(np.uint8) * 255).convert("RGB"),
    ],
)
def test_a_mask_of_two_values_is_read_as_it_is(mask):
    assert np.array_equal(read_mask(mask), DISC)
    assert np.array_equal(Regions.from_masks({"disc": mask}).mask("disc"), DISC)


@pytest.mark.parametrize(
    ("mask", "threshold", "said"),
    [
        (np.where(DISC, np.nan, 0), None, "NaN"),
        (np.where(DISC, np.nan, 0), 0.5, "NaN"),
        (SOFT, "half", "threshold must be a number"),
        (SOFT, np.nan, "threshold must be a number"),
        (DISC * 2, None, "from 0 to 2"),
        (DISC * -1, None, "from -1 to 0"),
        (np.dstack([DISC, ~DISC, DISC]), None, "colour picture.*from_class_map"),
        (np.zeros((3, 4, 5)), None, r"shape \(3, 4, 5\)"),
        (np.zeros((0, 4)), None, "shape"),
        (np.full((3, 4), "a"), None, "numbers"),
        (None, None, "numbers"),
    ],
)
def test_what_is_no_mask_is_refused_with_its_reason(mask, threshold, said):
    with pytest.raises(SegxaiError, match=said):
        read_mask(mask, "The mask", threshold)


@pytest.mark.parametrize("make", [Regions.from_labels, segxai.from_class_map])
def test_soft_borders_are_no_regions(make):
    """They used to become 77 regions of one disc."""
    for mask in ((SOFT * 255).astype(np.uint8), jpeg(DISC)):
        with pytest.raises(SegxaiError, match=r"soft borders .* labels > 127"):
            make(mask)
        with pytest.raises(SegxaiError, match="soft borders"):
            make(mask, {0: "rest", 255: "disc"})
    assert len(make(jpeg(DISC) > 127)) == 2


def test_ids_with_gaps_and_an_ignored_border_are_regions():
    ids = np.zeros((60, 60), int)
    for k, value in enumerate((1, 2, 3, 12, 150)):  # small things, each with an ignored border
        ids[10 * k : 10 * k + 8, 20:28] = 255
        ids[10 * k + 1 : 10 * k + 7, 21:27] = value
    assert len(Regions.from_labels(ids)) == 7
    ids[:, 30:] = 255  # and much that nobody painted
    assert len(Regions.from_labels(ids)) == 7


def test_each_pixel_a_region_is_refused_at_once():
    with pytest.raises(SegxaiError, match="1,048,576 regions; at most 10,000 are possible"):
        Regions.from_labels(np.arange(1 << 20).reshape(1024, 1024))


@pytest.mark.parametrize("longer", [2049, 4000, 4033, 8191])
def test_a_map_is_reduced_as_its_photograph_is(longer, tmp_path):
    for size in ((longer, 601), (601, longer)):
        Image.new("L", size).save(tmp_path / "photo.png")
        with pytest.warns(UserWarning, match="reduced"):
            shape = segxai.load_image(tmp_path / "photo.png").shape[:2]
        assert fit(np.zeros(size[::-1], bool), shape, "The mask").shape == shape


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A photograph that is reduced on reading, as a path, and where its disc and its dot are."""
    path = tmp_path_factory.mktemp("large") / "photo.png"
    picture = Image.new("RGB", (4032, 602), "grey")
    ImageDraw.Draw(picture).ellipse((1000, 50, 3000, 550), fill="red")
    picture.save(path, compress_level=1)
    disc = np.asarray(picture)[..., 0] == 255
    dot = np.zeros(disc.shape, bool)
    dot[1, 1] = True  # vanishes
    return path, disc, dot


def test_masks_of_a_large_photograph_are_reduced_with_it(large, additive):
    path, disc, dot = large
    given = Regions.from_masks({"disc": disc, "dot": dot})
    with pytest.warns(UserWarning, match="reduced from a longest side of 4032"):
        image = segxai.load_image(path)
    for regions in (given, disc, disc.astype(np.uint8) * 255):
        with pytest.warns(UserWarning, match="reduced"):
            found = segxai.explain(path, regions, additive, 1, max_evaluations=8).regions
        assert found.shape == image.shape[:2]
        inside = found.mask(len(found) - 1 if regions is not given else "disc")
        assert (inside == (image[..., 1] < 64)).mean() > 0.999
    assert given.fitted(image.shape[:2]).names == ("disc", "rest")
    assert given.fitted(disc.shape) is given


def test_reduced_regions_keep_their_parts_and_their_tree():
    labels = np.kron([[0, 1], [2, 3]], np.ones((2000, 60), int))
    labels[1, 1] = 4
    regions = Regions.from_labels(labels, list("abcde")).merge({"ab": list("ab"), "ce": list("ce")})
    small = regions.fitted((2048, 61))
    assert small.names == regions.names == ("ab", "ce", "d")
    assert small.expand("ab").names == ("a", "b", "ce", "d")
    assert small.expandable() == ("ab",)  # nothing is left of "e"
    assert small.areas == pytest.approx(regions.areas, abs=0.01)


def test_a_mask_of_another_size_is_told_what_is_wrong_with_it(quarters, additive):
    image, labels = quarters  # 40 x 60
    with pytest.raises(SegxaiError, match=r"10 x 60 pixels; the image has 40 x 60\.$"):
        segxai.explain(image, labels[:10], additive, 1)
    with pytest.raises(SegxaiError, match=r"60 x 40 .* not rotated.*EXIF.*rot90"):
        segxai.explain(image, labels.T, additive, 1)
    with pytest.raises(SegxaiError, match=r"4032 x 3024 .* not rotated"):
        fit(np.zeros((4032, 3024), bool), (1536, 2048), "The mask")
    with pytest.raises(SegxaiError, match="reduced to 2048 pixels on reading"):
        fit(np.zeros((4032, 3024), bool), (1000, 750), "The mask")
    explanation = segxai.explain(image, labels, additive, 1)
    with pytest.raises(SegxaiError, match="The mask has 10 x 60"):
        metrics.energy(explanation, labels[:10] == 0)
    assert metrics.energy(explanation, (labels == 0) * 255) == metrics.energy(
        explanation, labels == 0
    )


def packed(counts):
    """COCO's strings by the definition in maskApi.c, the other way round."""
    out = []
    for k, count in enumerate(counts):
        x = count - (counts[k - 2] if k > 2 else 0)
        while True:
            bits, x = x & 31, x >> 5
            last = (x == -1) if bits & 16 else (x == 0)
            out.append(chr((bits if last else bits | 32) + 48))
            if last:
                break
    return "".join(out)


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_are_decoded(seed):
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.random((9, 7)) < 0.4, np.ones((40, 30), bool))
    flat = np.r_[False, mask.T.ravel(), False]
    ends = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.r_[0, ends, mask.size]).tolist()
    for code in (counts, packed(counts), packed(counts).encode()):
        assert np.array_equal(read_mask({"size": mask.shape, "counts": code}), mask)


def test_strings_of_cocos_own_library():
    """Encoded by pycocotools 2.0.11."""
    rows, columns = np.mgrid[:90, :120]
    ellipse = ((rows - 40) / 30.0) ** 2 + ((columns - 60) / 12.0) ** 2 < 1
    counts = "gZ4g0n1:H6J6K4M2M4M2N2O000000000001N2N3L3N3L5J6J8FXV4"
    assert np.array_equal(read_mask({"size": [90, 120], "counts": counts}), ellipse)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({"size": [2, 2]}, "KeyError"),
        ({"size": [2, 2], "counts": [3]}, "3 pixels for a picture of 2 x 2"),
        ({"size": [2, 2], "counts": [5, -1]}, "4 pixels"),
        ({"size": [2, 2], "counts": "o" * 1_000_000}, "too long"),
        ({"size": [2, 2], "counts": [10**15, 1]}, "pixels for a picture"),
        ({"size": 4, "counts": [4]}, "TypeError"),
        ({"size": [2, 2], "counts": []}, "ValueError"),
    ],
)
def test_run_lengths_that_are_none(runs, said):
    with pytest.raises(SegxaiError, match=f"run-length code of COCO.*{said}"):
        read_mask(runs, "The mask")
