"""What networks see of leaves: pooled, averaged over nodes, the same in a mirror."""

import numpy as np
import pytest

import segxai
from segxai.images import resize
from segxai.regions import Part
from segxai.segmentation import seen as module
from segxai.segmentation.nouns import class_noun
from segxai.segmentation.seen import Seen, pool, pooled, seen
from segxai.weights.semantic import SIDE, semantic_head

from .hand import CLASSES


def random_seen(rng, labels):
    areas = np.bincount(labels.ravel()) / labels.size
    return Seen(
        areas,
        rng.dirichlet(np.ones(len(CLASSES)), len(areas)),
        rng.normal(size=(len(areas), 6)),
        rng.uniform(size=5),
    )


def test_pooled_values_against_a_loop():
    rng = np.random.default_rng(0)
    areas, values = rng.dirichlet(np.ones(7)), rng.normal(size=(7, 3))
    nodes = [Part("", (2,)), Part("", (0, 3, 5)), Part("", tuple(range(7)))]
    for found, node in zip(pooled(nodes, areas, values), nodes, strict=True):
        expected = sum(areas[a] * values[a] for a in node.atoms) / sum(areas[a] for a in node.atoms)
        np.testing.assert_allclose(found, expected)


def test_what_is_seen_of_coarser_regions_against_a_loop():
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.arange(60) % 12).reshape(6, 10)
    region = np.array([0, 1, 2, 2, 1, 0, 3, 3, 3, 0, 1, 2])
    coarser = region[labels]
    found = random_seen(rng, labels)
    over = found.over(region)
    for k in range(4):
        members = np.unique(labels[coarser == k])
        assert over.areas[k] == pytest.approx((coarser == k).mean())
        for ours, theirs in ((over.classes, found.classes), (over.features, found.features)):
            np.testing.assert_allclose(
                ours[k], np.average(theirs[members], axis=0, weights=found.areas[members])
            )
    assert np.array_equal(over.whole, found.whole)


def test_pooling_equals_upsampling_then_argmax(monkeypatch):
    """Against the means of score maps that are all upsampled to the size of the label map."""
    rng = np.random.default_rng(2)
    head = semantic_head()
    depths = {f"stride_{stride}": kernel.shape[0] for stride, kernel in head.kernels.items()} | {
        "head": 1280
    }
    maps = {
        name: rng.gamma(
            1.0, size=(64 // int(name[7:] or 32), 96 // int(name[7:] or 32), depth)
        ).astype(np.float32)
        for name, depth in depths.items()
    }
    monkeypatch.setattr(module, "mirrored_end_points", lambda image, longest: maps)
    atoms = np.arange(9).reshape(3, 3).repeat(20, 0).repeat(30, 1)
    atoms[10:30, 20:40] = 9
    found = seen(np.zeros((60, 90, 3), np.uint8), atoms)
    scores = head.biases + sum(
        resize(maps[f"stride_{stride}"] @ kernel, atoms.shape)
        for stride, kernel in head.kernels.items()
    )
    means = np.stack([scores[atoms == k].mean(axis=0) for k in range(10)])
    powers = np.exp(means - means.max(axis=1, keepdims=True))
    assert np.array_equal(found.classes.argmax(axis=1), means.argmax(axis=1))
    np.testing.assert_allclose(found.classes, powers / powers.sum(axis=1, keepdims=True), atol=1e-4)
    np.testing.assert_allclose(found.areas, np.bincount(atoms.ravel()) / atoms.size)


def test_a_mirrored_photograph_has_the_same_nouns(cat):
    """At sides that are multiples of 32; SLIC is run once, so that both have the same regions."""
    image = np.ascontiguousarray(resize(cat, (288, SIDE)).round().astype(np.uint8))
    labels = segxai.segment(image, "slic", n_segments=30).labels
    ours = seen(image, labels)
    theirs = seen(np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(labels[:, ::-1]))
    np.testing.assert_allclose(theirs.classes, ours.classes, atol=1e-3)
    np.testing.assert_allclose(theirs.areas, ours.areas)
    np.testing.assert_allclose(theirs.whole, ours.whole, atol=1e-4)
    assert [class_noun(p) and class_noun(p).name for p in theirs.classes] == [
        class_noun(p) and class_noun(p).name for p in ours.classes
    ]


def test_pooled_features_are_means_of_the_upsampled_map():
    rng = np.random.default_rng(0)
    feature_map = rng.normal(size=(7, 5, 3)).astype(np.float32)
    labels = rng.integers(0, 6, (50, 41))
    labels.ravel()[:6] = range(6)
    upsampled = resize(feature_map, labels.shape)
    expected = np.stack([upsampled[labels == k].mean(axis=0) for k in range(6)])
    np.testing.assert_allclose(pool(feature_map, labels), expected, atol=1e-5)
