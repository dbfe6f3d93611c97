"""The script that trains the semantic head: what it takes segments for, and that it learns."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from segxai.weights.imagenet import everyday_nouns

LABELLED = Path(__file__).parents[3] / "shared" / "semantic"


@pytest.fixture(scope="module")
def script(root):
    """The script as a module; in a wheel's tests there is none."""
    path = root / "data" / "train_semantic_head.py"
    spec = importlib.util.spec_from_file_location("train_semantic_head", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def names(script, may):
    return {name for name, is_allowed in zip(script.NAMES, may, strict=True) if is_allowed}


def synthetic(script, rng, number=3000):
    """Features around the centres of six classes; half of the labels allow two of them."""
    centres = rng.normal(size=(6, 24))
    truth = rng.integers(0, 6, number)
    features = (centres[truth] + rng.normal(size=(number, 24))).astype(np.float32)
    may = np.zeros((number, len(script.NAMES)), bool)
    may[np.arange(number), truth] = True
    partial = np.arange(number) % 2 == 0
    may[partial, (truth[partial] + rng.integers(1, 6, partial.sum())) % 6] = True
    return features, may, np.ones(number), truth


def test_a_head_learns_from_partial_labels(script):
    features, may, weights, truth = synthetic(script, np.random.default_rng(0))
    head = script.fit(features[:2000], may[:2000], weights[:2000], epochs=40, batch=128)
    p = head.probabilities(features[2000:])
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-4)
    assert (p.argmax(axis=1) == truth[2000:]).mean() > 0.9
    assert p[:, 6:].max() < 0.1  # no example has any other class


def test_one_seed_gives_one_head(script):
    features, may, weights, _ = synthetic(script, np.random.default_rng(0), 1000)
    first, again = (
        script.fit(features, may, weights, epochs=3, batch=100, seed=3) for _ in range(2)
    )
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    other = script.fit(features, may, weights, epochs=3, batch=100, seed=4)
    assert np.abs(first.kernel - other.kernel).max() > 1e-6


def test_the_written_file_needs_no_standardised_features(script, tmp_path):
    rng = np.random.default_rng(1)
    depth, number = 40 + 112 + 320, len(script.NAMES)
    head = script.Linear(
        rng.normal(size=(depth, number)),
        rng.normal(size=number),
        rng.normal(size=depth),
        rng.uniform(0.5, 2, depth),
    )
    script.write(head, tmp_path / "head.npz")
    features = rng.normal(size=(5, depth)).astype(np.float32)
    with np.load(tmp_path / "head.npz", allow_pickle=False) as file:
        kernel = np.concatenate([file[f"kernel_{stride}"] for stride in (8, 16, 32)])
        scores = features @ kernel + file["biases"]
        assert tuple(file["names"]) == script.NAMES
        assert dict(zip(everyday_nouns().names, file["kinds"], strict=True))["dog"] == "dog"
    np.testing.assert_allclose(script.softmax(scores), head.probabilities(features), atol=1e-4)


def test_segments_are_divided_where_the_variance_is_largest(script):
    """Three segments show the thing, four do not; one in between belongs to neither."""
    p = np.array([0.9, 0.95, 0.92, 0.2, 0.001, 0.002, 0.001, 0.003])
    thing, around = script.divided(p, np.full(8, 1 / 8))
    assert thing.tolist() == [True] * 3 + [False] * 5
    assert around.tolist() == [False] * 4 + [True] * 4


def test_where_nothing_stands_out_nothing_is_called_its_surroundings(script):
    thing, around = script.divided(np.linspace(0.5, 0.7, 10), np.full(10, 0.1))
    assert not around.any()
    assert not thing[:6].any()


def test_labels_of_pixels_allow_classes(script):
    """Of MSRC-21: sky, a body (hair, face, clothes ...), nothing, and a segment with two labels."""
    m = {
        "label": np.array([7, script.BODY, 0, 7]),
        "purity": np.array([0.95, 0.9, 1.0, script.PURE - 0.1]),
        "area": np.full(4, 0.25),
    }
    may, weight = script.targets("msrc", Path("1_1_s.jpg"), m)
    assert names(script, may[0]) == {"sky"}
    assert names(script, may[1]) == set(script.GROUPS["person"])
    assert weight.astype(bool).tolist() == [True, True, False, False]


def test_skin_beside_the_hair_is_a_face_and_the_background_no_person(script):
    hair = script.KINDS["hair"].ccp[0]
    m = {
        "label": np.array([hair, script.SKIN, script.SKIN, 0, script.GARMENTS[0]]),
        "purity": np.array([0.9, 0.9, 0.9, 0.95, 0.9]),
        "row": np.array([0.1, 0.15, 0.6, 0.5, 0.5]),
        "col": np.array([0.5, 0.5, 0.4, 0.1, 0.5]),
        "area": np.full(5, 0.2),
    }
    may, weight = script.targets("ccp", Path("0001.jpg"), m)
    assert names(script, may[0]) == {"hair"}
    assert names(script, may[1]) == {"face"}
    assert names(script, may[2]) == {"skin"}
    assert names(script, may[4]) == {"clothes"}
    background = names(script, may[3])
    assert not background & set(script.GROUPS["person"])
    assert {"wall", "tree"} <= background
    assert 0 < weight[3] < weight[0]


def test_the_thing_of_a_photograph_is_where_its_class_is(script):
    """A tabby cat on two of six segments: the others may be anything but an animal."""
    tabby = next(k for wnid, k in script.classes_by_number().items() if wnid == "n02123045")
    dense = np.full((6, 1000), 1e-6)
    dense[:2, tabby], dense[2:, tabby] = 0.9, 1e-4
    m = {"dense": dense, "area": np.full(6, 1 / 6)}
    may, weight = script.targets("imagenet", Path("n02123045_tabby.jpg"), m)
    assert [names(script, row) for row in may[:2]] == [{"cat"}] * 2
    for row in may[2:]:
        assert {"grass", "wall"} <= names(script, row)
        assert not names(script, row) & set(script.GROUPS["animal"])
    assert (weight > 0).all()


def test_a_fifth_of_each_group_is_left_out_of_training(script):
    paths = [Path(f"{group}_{k}_s.jpg") for group in (1, 2) for k in range(1, 11)]
    assert {p.stem for p in set(paths) - set(script.training("msrc", paths))} == {
        "1_9_s", "1_10_s", "2_9_s", "2_10_s",
    }  # fmt: skip
    assert len(script.training("imagenet", paths)) == 16
    assert script.training("unlabelled", paths) == paths


@pytest.mark.skipif(
    not (LABELLED / "msrc").is_dir(), reason="needs ../shared/semantic beside the checkout"
)
def test_what_is_measured_on_a_photograph_is_kept(script, tmp_path):
    path = min((LABELLED / "msrc").glob("*.jpg"))
    script.measure("msrc", path, tmp_path, None)  # no teacher for photographs with labels of pixels
    kept = script.kept_in(tmp_path, "msrc", path)
    before = kept.read_bytes()
    with np.load(kept) as file:
        m = dict(file)
    number = len(m["area"])
    assert m["area"].sum() == pytest.approx(1)
    for side in script.SIDES:
        assert m[f"f{side}"].shape == (number, 40 + 112 + 320)
    np.testing.assert_allclose(m["dense"].astype(float).sum(axis=1), 1, atol=0.02)
    may, weight = script.targets("msrc", path, m)
    assert may.shape == (number, len(script.NAMES))
    assert 0 < (weight > 0).mean() < 1
    script.measure("msrc", path, tmp_path, None)
    assert kept.read_bytes() == before
