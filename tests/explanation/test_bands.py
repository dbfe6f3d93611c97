"""Pictures with other channels than red, green and blue.

What is segmented and shown is a view; what is perturbed is everything.
"""

import numpy as np
import pytest

import segxai
from segxai import Bands, Regions, SegxaiError, metrics
from segxai.explanation import drill_down
from segxai.explanation.fills import FILLS, fill_image
from segxai.widgets import RegionCanvas

LABELS = np.kron(np.array([[0, 1], [2, 3]]), np.ones((20, 30), int))
REGIONS = Regions.from_labels(LABELS)
RNG = np.random.default_rng(0)
PIXELS = {
    "uint16": RNG.integers(0, 4000, (40, 60, 5)).astype(np.uint16),
    "float": RNG.normal(0, 3, (40, 60, 5)).astype(np.float32),
    "uint8": RNG.integers(0, 256, (40, 60, 4), dtype=np.uint8),
}


class LastChannel:
    """A score that only the last channel, which is not shown, decides.

    It remembers what it was given.
    """

    def __init__(self):
        self.batches = []

    def __call__(self, images):
        self.batches.append(images)
        return images[..., -1].astype(float).mean(axis=(1, 2))


def classifier():
    function = LastChannel()
    return function, segxai.load_classifier(function, class_names=["box"], output="score")


@pytest.mark.parametrize("kind", PIXELS)
@pytest.mark.parametrize("fill", ["mean", "blur", "black", "white", "grey"])
def test_all_channels_are_perturbed(kind, fill):
    """Beside an evaluation by hand of each region's last channel and of what it is filled with."""
    pixels = PIXELS[kind]
    function, box = classifier()
    e = segxai.explain(Bands(pixels, rgb=(2, 1, 0)), REGIONS, box, fill=fill, method="shapley")
    assert all(
        batch.dtype == pixels.dtype and batch.shape[1:] == pixels.shape
        for batch in function.batches
    )
    filled = fill_image(pixels, LABELS, fill)
    lost = (pixels[..., -1].astype(float) - filled[..., -1]) / LABELS.size
    expected = [lost[k == LABELS].sum() for k in range(4)]
    assert np.allclose(e.weights, expected, atol=1e-4 * np.abs(pixels.astype(float)).max())
    assert e.coalitions.game.image.shape == (40, 60, 3)
    assert e.coalitions.game.image.dtype == np.uint8


@pytest.mark.parametrize("kind", PIXELS)
def test_fills_of_any_number_of_channels(kind):
    pixels = PIXELS[kind]
    low, high = (0, 255) if kind == "uint8" else (pixels.min(axis=(0, 1)), pixels.max(axis=(0, 1)))
    for fill in (*FILLS, (7,) * pixels.shape[-1], pixels[::-1].copy(), Bands(pixels[::-1])):
        filled = fill_image(pixels, LABELS, fill)
        assert (filled.shape, filled.dtype) == (pixels.shape, pixels.dtype)
        assert (filled >= low).all() or not isinstance(fill, str)
        assert (filled <= high).all() or not isinstance(fill, str)
    assert (fill_image(pixels, LABELS, "black") == low).all()
    assert (fill_image(pixels, LABELS, "white") == high).all()
    assert (fill_image(pixels, LABELS, (7,) * pixels.shape[-1]) == 7).all()
    means = fill_image(pixels, LABELS, "mean")
    by_hand = pixels[LABELS == 2].astype(float).mean(axis=0)
    assert np.allclose(means[30, 10], by_hand, atol=0.5 if pixels.dtype.kind == "u" else 1e-5)
    with pytest.raises(SegxaiError, match="fill"):
        fill_image(pixels, LABELS, (1, 2))
    with pytest.raises(SegxaiError, match="must be equal"):
        fill_image(pixels, LABELS, np.zeros((40, 60, 3), np.uint8))


def test_everything_that_evaluates_again_sees_all_channels(tmp_path):
    pixels = PIXELS["uint16"]
    function, box = classifier()
    picture = Bands(pixels, rgb=(2, 1, 0))
    parts = Regions.from_labels(LABELS).merge({"top": ["region 0", "region 1"]})
    e = segxai.explain(picture, parts, box, fill="black")
    drill_down(e, "top")
    segxai.robustness(e, fills=("white",))
    segxai.placebo_test(e, placements=2)
    metrics.insertion(e, "blur")
    sampled = segxai.explain(
        picture,
        segxai.segment(picture, "grid", rows=4, columns=4),
        box,
        fill="black",
        max_evaluations=60,
    )
    sampled.sufficient()
    metrics.seed_stability(sampled, 2)
    tree = segxai.explain(picture, REGIONS, box, fill="black", method="tree")
    segxai.robustness(tree, fills=("white",))
    e.plot()
    tree.plot()
    e.save(tmp_path / "page.html")
    segxai.save_explorer(
        tmp_path / "explorer.html", picture, box, segmenters=[REGIONS], fills=["black", "mean"]
    )
    many = segxai.explain_many(
        [picture], [REGIONS], box, fill="black", folder=tmp_path / "kept", run="bands"
    )
    assert not many.failures
    canvas = RegionCanvas(e)
    assert canvas.photo
    assert canvas.filled
    assert all(
        batch.dtype == np.uint16 and batch.shape[1:] == (40, 60, 5) for batch in function.batches
    )
    assert box.predict([picture]).shape == (1, 1)
    assert box.top(picture) == [("box", pytest.approx(pixels[..., -1].mean(), rel=1e-5))]


def test_segmenters_see_the_view():
    seen = []

    def segmenter(image):
        seen.append(image)
        return LABELS

    picture = Bands(PIXELS["uint16"], rgb=(4, 1, 0))
    assert segxai.segment(picture, segmenter).shape == (40, 60)
    assert np.array_equal(seen[0], picture.view())


def test_a_network_for_three_channels_refuses_five():
    with pytest.raises(
        SegxaiError, match="efficientnet_lite0 takes 3 channels, but the picture has 5"
    ):
        segxai.explain(Bands(PIXELS["uint16"]), REGIONS)


def keras_model(channels):
    import keras

    return keras.Sequential(
        [
            keras.Input((None, None, channels)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Softmax(),
        ]
    )


def test_a_keras_model_of_four_channels_gets_them_or_says_so():
    box = segxai.load_classifier(keras_model(4))
    pixels = PIXELS["uint8"]
    means = pixels.reshape(-1, 4).mean(axis=0)
    expected = np.exp(means - means.max()) / np.exp(means - means.max()).sum()
    assert np.allclose(box.predict([Bands(pixels)])[0], expected, atol=1e-3)
    with pytest.raises(
        SegxaiError,
        match=r"takes 4 channels, but the picture has 3\. Pass the picture as segxai\.Bands",
    ):
        segxai.explain(np.dstack([pixels[..., :3], np.full((40, 60), 255, np.uint8)]), REGIONS, box)


def test_four_channels_that_do_not_look_like_rgba_are_no_silent_rgba():
    bands = np.clip(PIXELS["uint8"], 1, 254)  # no pixel is opaque or transparent
    _, box = classifier()
    with pytest.warns(UserWarning, match=r"was read as RGBA.*segxai\.Bands"):
        segxai.explain(bands, REGIONS, box)
    with pytest.raises(
        SegxaiError, match=r"IndexError.*a picture with other channels is passed as segxai\.Bands"
    ):
        segxai.explain(
            PIXELS["uint8"], REGIONS, lambda images: images[..., 3].mean(axis=(1, 2)) / 255
        )
    e = segxai.explain(Bands(bands), REGIONS, lambda images: images[..., 3].mean(axis=(1, 2)) / 255)
    assert np.abs(e.coalitions.full - bands[..., 3].mean() / 255) < 1e-5


def test_an_array_of_five_channels_says_how_to_declare_them():
    with pytest.raises(SegxaiError, match=r"shape \(40, 60, 5\).*segxai\.Bands\(image, rgb="):
        segxai.explain(PIXELS["uint16"], REGIONS)


@pytest.mark.parametrize(
    ("pixels", "rgb", "said"),
    [
        (np.zeros((4, 4)), (0, 1, 2), "shape"),
        (np.zeros((4, 4, 5), bool), (0, 1, 2), "numbers"),
        (np.full((4, 4, 5), np.nan), (0, 1, 2), "NaN"),
        (np.zeros((4, 4, 5)), (0, 1, 5), "at most 4"),
        (np.zeros((4, 4, 2)), (0, 1, 2), "at most 1"),
        (np.zeros((4, 4, 5)), (0, 1), "three channels"),
        (np.zeros((4, 4, 5)), (0, 1, 1.5), "whole number"),
        (np.zeros((4, 4, 5)), "rgb", "whole number|three"),
    ],
)
def test_what_are_no_bands_is_refused(pixels, rgb, said):
    with pytest.raises(SegxaiError, match=said):
        Bands(pixels, rgb)


def test_the_view_shows_the_middle_of_the_range_and_uint8_as_it_is():
    ramp = np.linspace(-5, 5, 101)[None, :, None] * np.ones((3, 1, 4))
    view = Bands(ramp, rgb=(3, 0, 0)).view()
    assert (view[:, :3] == 0).all()
    assert (view[:, -3:] == 255).all()
    assert np.abs(view[0, 50] - 127.5).max() == 0.5
    pixels = PIXELS["uint8"]
    assert np.array_equal(Bands(pixels, rgb=(3, 0, 1)).view(), pixels[..., [3, 0, 1]])


def test_comparisons_refuse_what_they_would_reduce_to_three_channels():
    _, box = classifier()
    found = segxai.compare([Bands(PIXELS["uint16"])], ["grid"], ["insertion"], classifier=box)
    assert "segxai.Bands" in found.failures[0][2]
