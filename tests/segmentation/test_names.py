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
