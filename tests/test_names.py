import numpy as np
import pytest

from segxai import Regions, SegxaiError
from segxai.names import list_names, read_names

EXPECTED = {0: "sky", 7: "dog"}
LABELS = np.array([[0, 0, 7], [0, 2, 7]])


@pytest.mark.parametrize(
    "names",
    [
        EXPECTED,
        {"0": "sky", "7": "dog"},
        {"sky": 0, "dog": 7},
        {np.int64(0): "sky", np.uint8(7): "dog"},
        {"sky": np.int64(0), "dog": np.uint8(7)},
    ],
)
def test_a_mapping_is_read_by_what_it_is(names):
    assert read_names(names) == EXPECTED
    assert Regions.from_labels(LABELS, names).names == ("sky", "region 2", "dog")


def test_names_that_are_digits_are_told_by_their_numbers():
    assert read_names({"7": 0, "9": 1}) == {0: "7", 1: "9"}
    assert read_names({"0": "7", "1": "9"}) == {0: "7", 1: "9"}
    assert read_names({False: "rest", True: "cat"}) == {0: "rest", 1: "cat"}
    assert read_names({"-1": "rest"}) == {-1: "rest"}


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_sequence_names_what_it_stands_for(kind):
    assert read_names(kind(["a", "b"])) == {0: "a", 1: "b"}
    assert read_names(kind(["a", "b"]), ids=(5, 9)) == {5: "a", 9: "b"}
    assert list_names(kind(["a", "b"])) == ("a", "b")
    assert list_names({"b": 1, "a": 0}) == ("a", "b")


class Raises:
    def __iter__(self):
        raise RuntimeError("no")

    __len__ = __str__ = __repr__ = __iter__


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("abc", "single value"),
        (b"abc", "single value"),
        (3, "cannot be listed: .*int"),
        (None, "cannot be listed: .*NoneType"),
        (Raises(), "cannot be listed: .*no"),
        ([1, 2], "must be strings"),
        (["a", Raises()], "must be strings"),
        ({"a": "b"}, "whole numbers as ids"),
        ({0: 1}, "strings as names"),
        ({0: "a", 1: 2}, "whole numbers as ids"),
        ({0.5: "a"}, "whole numbers as ids"),
        ({"a": 0, 1: 1}, "strings as names"),
        ({"a": 0, "b": 0}, "two names for 0"),
        ({"0": "a", 0: "b"}, "two names for 0"),
        ({0: ["n01440764", "tench"]}, "whole numbers as ids"),
        ({"a": 0, "b": 2}, "each class from 0 on"),
        ({1: "a", 2: "b"}, "each class from 0 on"),
        ([], "each class from 0 on"),
    ],
)
def test_what_names_nothing_is_refused_with_its_reason(names, said):
    with pytest.raises(SegxaiError, match=said):
        list_names(names)
