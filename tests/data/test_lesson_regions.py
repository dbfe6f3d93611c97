"""The regions of the lesson on names: what the file holds, and how regions become rows."""

import importlib.util
import sys

import numpy as np
import pytest

from segxai.weights.semantic import semantic_head


@pytest.fixture(scope="module")
def path(root):
    return root / "data" / "lesson_regions.npz"


@pytest.fixture(scope="module")
def script(path):
    spec = importlib.util.spec_from_file_location("lesson_regions", path.with_suffix(".py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_file_is_small_and_has_no_pictures(path):
    assert path.stat().st_size <= 500_000
    with np.load(path, allow_pickle=False) as file:
        data = dict(file)
    number = len(data["features"])
    for name in ("classes", "sources", "by_people", "held_out", "photographs"):
        assert data[name].shape == (number,)
    assert all(values.ndim <= 2 for values in data.values())
    assert data["features"].shape[1] == data["reduce"].shape[1] == 90
    assert data["reduce"].shape[0] == len(data["mean"]) == 40 + 112 + 320
    assert set(data["names"]) <= set(semantic_head().names)
    assert data["names"][-1] == "object"


def test_no_photograph_is_both_learned_from_and_held_out(path):
    with np.load(path, allow_pickle=False) as file:
        held_out, photographs = file["held_out"], file["photographs"]
    assert not set(photographs[held_out]) & set(photographs[~held_out])


def segments(number=6):
    """Of one size, in a row."""
    return {
        "area": np.full(number, 0.05),
        "row": np.full(number, 0.5),
        "col": np.linspace(0.1, 0.9, number),
        "f448": np.arange(number, dtype=np.float16)[:, None].repeat(472, axis=1),
    }


def test_a_large_region_is_halved_across_its_longer_axis(script):
    m = segments()
    halves = script.halves(np.arange(6), m)
    assert sorted(sorted(half.tolist()) for half in halves) == [[0, 1, 2], [3, 4, 5]]
    assert [half.tolist() for half in script.halves(np.array([2]), m)] == [[2]]


def test_a_row_is_the_mean_of_its_segments_by_area(script):
    m = segments()
    m["area"][1] = 0.15
    np.testing.assert_allclose(script.mean_features(np.array([0, 1]), m), 0.75)


def test_components_are_the_largest_first(script):
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 3)) * [5, 3, 2]
    features = hidden @ rng.normal(size=(3, 100)) + 0.01 * rng.normal(size=(400, 100))
    mean, reduce = script.components(features)
    spread = ((features - mean) @ reduce.astype(float)).std(axis=0)
    assert (np.diff(spread[:3]) < 0).all()
    assert spread[2] > 10 * spread[3]
