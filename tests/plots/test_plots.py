"""Where figures put things: names at the widest place, borders around regions.

Large photographs are drawn in their own coordinates.
"""

import re

import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox

import segxai
from segxai import Regions
from segxai.plots import draw, plot_regions


def test_the_widest_place_is_the_pixel_farthest_from_the_border():
    mask = np.zeros((30, 40), bool)
    mask[4:9, 2:30] = True  # a bar 5 pixels high ...
    mask[15:28, 20:33] = True  # ... and a square of 13
    assert draw.widest_place(mask) == (21, 26)
    assert (
        draw.widest_place(np.ones((5, 7), bool))[0] == 2
    )  # the sides of the photograph are borders


@pytest.mark.parametrize("factor", [1, 3])
def test_a_large_photograph_is_drawn_in_its_own_coordinates(factor, monkeypatch):
    monkeypatch.setattr(draw, "DRAWN_SIDE", 60)
    labels = np.zeros((40, 60), int)
    labels[10:30, 12:24] = 1
    labels = np.kron(labels, np.ones((factor, factor), int))
    labels[-1, -1] = 2  # with a factor, a region of which no pixel is drawn
    regions = Regions.from_labels(labels, ["ground", "thing", "speck"])
    figure = plot_regions(np.zeros((*labels.shape, 3), np.uint8), regions)
    (axes,) = figure.axes
    assert axes.get_xlim() == (-0.5, 60 * factor - 0.5)
    assert axes.images[0].get_array().shape[:2] == (40, 60)
    assert tuple(axes.images[0].get_extent()) == (-0.5, 60 * factor - 0.5, 40 * factor - 0.5, -0.5)
    corners = np.concatenate(axes.collections[0].get_segments())
    around = corners[(np.abs(corners - np.array([18, 20]) * factor) < 12 * factor).all(axis=1)]
    assert (
        np.abs(around.min(axis=0) - np.array([12, 10]) * factor).max() <= factor
    )  # (x, y) of the thing's upper left
    assert np.abs(around.max(axis=0) - np.array([24, 30]) * factor).max() <= factor
    places = {text.get_text(): text.get_position() for text in axes.texts}
    column, row = places["thing"]
    assert labels[row, column] == 1
    assert places["speck"] == (60 * factor - 1, 40 * factor - 1)


def test_a_cut_out_shows_the_region_alone():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 20:30] = (200, 100, 50)
    mask = image[..., 0] > 0
    mask[10:15, 20:25] = False
    picture = draw.cut_out(image, mask)
    assert picture.shape == (48, 24, 4)
    assert (picture[20:, :, :3] == (200, 100, 50)).all()
    assert picture[2:8, 2:8, 3].max() == 0  # where the region is not
    assert picture[20:, :, 3].min() == 255
    assert draw.cut_out(image, np.ones((40, 60), bool)).shape == (32, 48, 4)


@pytest.mark.parametrize("method", ["shapley", "tree"])
def test_bars_have_cut_outs_and_numbers_that_nothing_clips(method):
    """A "+0.02" that lost a part reads as "-0.02"."""
    image = np.zeros((30, 60, 3), np.uint8)
    image[:, 20:40] = 60
    image[:, 40:] = 255
    regions = Regions.from_labels(np.arange(60)[None].repeat(30, 0) // 20, ["a", "b", "c" * 40])

    def model(images):
        dark, light = images[:, :, 20:40], images[:, :, 40:]
        return 0.02 + 3e-4 * (light.mean(axis=(1, 2, 3)) - dark.mean(axis=(1, 2, 3)))

    e = segxai.explain(image, regions, model, 1, fill="black", method=method)
    figure = e.plot()
    bars = figure.axes[-1]
    figure.draw_without_rendering()
    edge = figure.bbox
    numbers = [text for text in bars.texts if text.get_text()[0] in "+-0"]
    assert [text.get_text() for text in numbers] == ["+0.077", "0", "-0.018"]
    for text in [*numbers, *bars.get_yticklabels()]:
        box = text.get_window_extent()
        assert edge.x0 <= box.x0 < box.x1 <= edge.x1
    boxes = [artist for artist in bars.artists if isinstance(artist, AnnotationBbox)]
    assert len(boxes) == 3
    for name, box in zip(bars.get_yticklabels(), boxes, strict=True):
        place = box.get_window_extent()
        assert name.get_window_extent().x1 <= place.x0 < place.x1 <= bars.bbox.x0


def test_two_regions_of_one_noun_have_different_pictures():
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = (0, 200, 0)
    regions = Regions.from_labels(np.arange(40)[None].repeat(20, 0) // 20, ["cup", "cup 2"])
    e = segxai.explain(image, regions, lambda x: x.mean(axis=(1, 2, 3)) / 255, 1, fill="black")
    pictures = re.findall(r"<img class='sx-cut' alt='([^']*)' src='([^']*)'", e._repr_html_())
    assert [name for name, _ in pictures] == ["cup 2", "cup"]
    assert len({source for _, source in pictures}) == 2
