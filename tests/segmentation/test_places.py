"""Names by place, on label maps whose names anybody could give."""

import numpy as np
import pytest

from segxai.segmentation.names import places


@pytest.mark.parametrize(
    ("window", "place"),
    [
        ((slice(0, 10), slice(0, 10)), "top left"),
        ((slice(12, 18), slice(12, 18)), "centre"),
        ((slice(20, 30), slice(10, 20)), "bottom"),
        ((slice(10, 20), slice(20, 30)), "right"),
    ],
)
def test_a_square_is_named_by_its_place(window, place):
    atoms = np.zeros((30, 30), int)
    atoms[window] = 1
    assert places(atoms, [(1,)]) == [place]


def test_what_touches_all_edges_lies_all_round():
    atoms = np.zeros((30, 30), int)
    atoms[8:22, 8:22] = 1
    assert places(atoms, [(0,)]) == ["all round"]
    assert places(atoms, [(0, 1)]) == ["centre"]  # the whole picture is not round anything


def test_any_atoms_of_a_group_count_by_their_areas():
    """A column of ten pixels at the left and one pixel at the right lie at the left."""
    atoms = np.full((10, 10), 2)
    atoms[:, 0], atoms[5, 8] = 0, 1
    assert places(atoms, [(0,), (1,), (0, 1)]) == ["left", "right", "left"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_narrowest_picture_has_a_place(shape):
    assert places(np.zeros(shape, int), [(0,)]) == ["centre"]


def test_a_mirrored_picture_has_mirrored_places():
    atoms = np.arange(7)[None].repeat(5, 0)
    swapped = {"left": "right", "right": "left", "centre": "centre"}
    ours = places(atoms, [(k,) for k in range(7)])
    theirs = places(atoms[:, ::-1], [(k,) for k in range(7)])
    assert theirs == [swapped[place] for place in ours]
