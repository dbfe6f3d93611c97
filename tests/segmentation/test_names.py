"""Names by colour and place, on pictures whose names anybody could give."""

import numpy as np
import pytest

from segxai.segmentation.names import describe

RED, BLUE, GREY = (200, 30, 40), (0, 100, 185), (128, 128, 128)


@pytest.mark.parametrize(
    ("window", "place"),
    [
        ((slice(0, 10), slice(0, 10)), "top left"),
        ((slice(12, 18), slice(12, 18)), "centre"),
        ((slice(20, 30), slice(10, 20)), "bottom"),
        ((slice(10, 20), slice(20, 30)), "right"),
    ],
)
def test_a_square_has_the_name_of_its_colour_and_place(window, place):
    image, atoms = np.full((30, 30, 3), GREY, np.uint8), np.zeros((30, 30), int)
    image[window], atoms[window] = RED, 1
    background, square = describe(image, atoms, [(0,), (1,)])
    assert square == f"red, {place}"
    assert background.startswith("grey, ")


def test_what_touches_all_edges_lies_all_round():
    image, atoms = np.full((30, 30, 3), BLUE, np.uint8), np.zeros((30, 30), int)
    atoms[8:22, 8:22] = 1
    assert describe(image, atoms, [(0,)]) == ["blue, all round"]
    assert describe(image, atoms, [(0, 1)]) == ["blue, centre"]  # the whole picture is not round anything


def test_the_colour_is_that_of_most_pixels():
    image, atoms = np.full((10, 30, 3), BLUE, np.uint8), np.zeros((10, 30), int)
    image[:, :12] = RED
    assert describe(image, atoms, [(0,)])[0].split(",")[0] == "blue"
