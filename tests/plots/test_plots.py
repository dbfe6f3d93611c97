"""Where figures put things: names at the widest place, borders around regions.

Large photographs are drawn in their own coordinates.
"""

import numpy as np
import pytest

from segxai import Regions
from segxai.plots import draw, plot_regions
from segxai.regions import SURE, Evidence, Part


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


def test_a_doubtful_name_is_marked():
    evidence = {"cup": Evidence("classifier", SURE - 0.1), "table": Evidence("semantic", SURE)}
    parts = [Part(name, (k,), evidence=evidence[name]) for k, name in enumerate(evidence)]
    labels = np.arange(2).repeat(20)[None].repeat(20, 0)
    figure = plot_regions(np.zeros((20, 40, 3), np.uint8), Regions(labels, parts))
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["cup ?", "table"]
    assert "cup ?" in figure.alt
