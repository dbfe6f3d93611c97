"""The regions of an explanation are chosen where the classifier's evidence is."""

import numpy as np
import pytest

import segxai
from segxai.explanation import choosing
from segxai.explanation.explain import explain
from segxai.explanation.game import new_game
from segxai.regions import Part, Regions
from segxai.segmentation import registry
from segxai.segmentation.record import by_count

SIDE, CELLS = 16, 16
# The picture is divided into 16 strips, which a balanced tree joins two at a time.
STRIPS = np.repeat(np.arange(CELLS), SIDE * SIDE // CELLS).reshape(SIDE, SIDE)
IMAGE = np.full((SIDE, SIDE, 3), 200, np.uint8)


def tree(first=0, number=CELLS):
    atoms = tuple(range(first, first + number))
    if number == 1:
        return Part(f"strip {first}", atoms)
    halves = tree(first, number // 2), tree(first + number // 2, number // 2)
    return Part(f"strips {first} to {first + number - 1}", atoms, halves, cost=float(number))


def strips(image, n_regions="auto"):
    root = tree()
    return Regions(STRIPS, root.children, "strips", root)


def bright(rows):
    """A classifier whose probability is the brightness of some strips."""

    def classifier(images):
        classifier.calls += len(images)
        share = images[:, rows].mean(axis=(1, 2, 3)) / 255
        return np.stack([share, 1 - share], axis=1)

    classifier.calls = 0
    return classifier


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setitem(registry.SEGMENTERS, "strips", by_count("strips", strips, "nothing"))


def game_of(classifier):
    return new_game(IMAGE, strips(IMAGE), classifier, 0, "black", 0)


@pytest.mark.parametrize("strip", [0, 5, 15])
def test_the_strip_that_counts_becomes_a_region(strip):
    game, _ = choosing.choose_regions(game_of(bright([strip])), progress=False)
    assert f"strip {strip}" in game.regions.names
    assert len(game.regions) == choosing.NUMBER
    assert game.regions.tree == tree()


def test_the_division_follows_the_largest_effects():
    # Two strips with effects and fourteen without: both are told apart from all others.
    game, _ = choosing.choose_regions(game_of(bright([3, 12])), progress=False)
    assert {"strip 3", "strip 12"} < set(game.regions.names)


def test_without_evidence_the_costliest_joins_are_undone():
    flat = game_of(lambda images: np.full((len(images), 2), 0.5))
    game, _ = choosing.choose_regions(flat, progress=False)
    assert np.array_equal(game.regions.labels, strips(IMAGE).cut(choosing.NUMBER).labels)


def test_images_are_counted_and_within_the_budget(named):
    classifier = bright([5])
    e = explain(IMAGE, "strips", classifier, 0, fill="black", progress=False)
    assert e.coalitions.exact
    assert len(e.coalitions.masks) == 2**choosing.NUMBER
    assert e.evaluations == classifier.calls
    assert 2**choosing.NUMBER < e.evaluations <= 2**choosing.NUMBER + choosing.EVALUATIONS
    values = dict(zip(e.regions.names, e.weights, strict=True))
    assert max(values, key=values.get) == "strip 5"


@pytest.mark.parametrize(
    ("regions", "options"),
    [
        (strips(IMAGE), {}),  # given regions are explained as they are
        ("strips", {"max_evaluations": 512}),  # too few to choose and to evaluate all
        ("grid", {}),  # no tree
    ],
)
def test_otherwise_the_regions_stay(named, regions, options):
    e = explain(IMAGE, regions, bright([5]), 0, fill="black", progress=False, **options)
    wanted = regions if isinstance(regions, Regions) else segxai.segment(IMAGE, regions)
    assert e.regions == wanted
    assert e.evaluations == len(e.coalitions.masks)


def test_the_target_decides(named):
    def classifier(images):
        first, last = (images[:, row].mean(axis=(1, 2)) / 255 for row in (0, 15))
        return np.stack([first, last], axis=1)

    for target, strip in ((0, "strip 0"), (1, "strip 15")):
        e = explain(IMAGE, "strips", classifier, target, fill="black", progress=False)
        assert e.ranking()[0][0] == strip
