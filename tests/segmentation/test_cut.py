"""The automatic number of regions: against all cuts there are, and things with nouns by hand."""

import itertools

import numpy as np
import pytest

from segxai.regions import Part, coarsest, walk
from segxai.segmentation.cut import (
    FEWEST,
    MOST,
    automatic_cut,
    automatic_number,
    best_cut,
    raised,
    same_nouns,
)
from segxai.segmentation.seen import Seen

from .hand import CLASSES, shares


def random_tree(rng, leaves):
    """A binary tree of leaves that are joined in a random order, at increasing costs."""
    parts = [Part("", (i,)) for i in range(leaves)]
    for cost in np.sort(rng.random(leaves - 1)):
        a, b = (parts.pop(int(rng.integers(len(parts)))) for _ in range(2))
        parts.append(Part("", a.atoms + b.atoms, (a, b), float(cost)))
    return parts[0]


def all_cuts(part):
    """Every set of nodes that cover a tree, as (regions, nodes that are taken apart)."""
    yield [part], []
    if part.children:
        left, right = (list(all_cuts(child)) for child in part.children)
        for (first, above), (second, beside) in itertools.product(left, right):
            yield first + second, [part, *above, *beside]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_cut_against_all_cuts(seed):
    rng = np.random.default_rng(seed)
    root = random_tree(rng, leaves=int(rng.integers(FEWEST, MOST + 3)))
    kept = {part.atoms: rng.normal() for part in walk(root)}
    divided = {part.atoms: rng.normal() for part in walk(root)}

    def gain(cut):
        regions, above = cut
        return sum(kept[p.atoms] for p in regions) + sum(divided[p.atoms] for p in above)

    best = max((c for c in all_cuts(root) if FEWEST <= len(c[0]) <= MOST), key=gain)
    found = best_cut(root, kept, divided)
    assert [part.atoms for part in found] == [part.atoms for part in best[0]]


@pytest.mark.parametrize("leaves", [1, 2, 3, 9, 20])
@pytest.mark.parametrize("gain", [-1.0, 1.0])
def test_there_are_neither_too_few_regions_nor_too_many(leaves, gain):
    """Each division costs 1, or gains 1."""
    root = random_tree(np.random.default_rng(leaves), leaves)
    nodes = {part.atoms: gain for part in walk(root)}
    number = len(best_cut(root, dict.fromkeys(nodes, 0.0), nodes))
    assert number == min(leaves, FEWEST if gain < 0 else MOST)


@pytest.mark.parametrize("seed", range(5))
def test_raised_regions_are_the_first_cut_of_their_number(seed):
    rng = np.random.default_rng(seed)
    root = random_tree(rng, 10)
    cuts = [regions for regions, _ in all_cuts(root)]
    for regions in (cuts[int(k)] for k in rng.integers(len(cuts), size=20)):
        covered = {frozenset(part.atoms) for part in regions}
        lifted = raised(root, covered)
        assert {frozenset(part.atoms) for part in coarsest(lifted, len(regions))} == covered
        assert all(child.cost <= part.cost for part in walk(lifted) for child in part.children)
        assert [part.atoms for part in walk(lifted)] == [part.atoms for part in walk(root)]


def seen(names, areas):
    """What is seen of leaves each of which certainly has the class that is named."""
    classes = np.zeros((len(names), len(CLASSES)))
    classes[np.arange(len(names)), [CLASSES.index(name) for name in names]] = 1
    return Seen(np.array(areas), classes, np.zeros((len(names), 4)), shares())


def joined(a, b, cost):
    return Part("", a.atoms + b.atoms, (a, b), cost)


def cut(root, found, objects=(), worth=1.0):
    return {part.atoms for part in automatic_cut(root, found, objects, worth)}


def test_a_cat_is_one_region_and_sky_with_grass_are_two():
    """However much the halves of the cat differ, and however little sky and grass do."""
    leaves = [Part("", (i,)) for i in range(6)]
    cat = joined(joined(leaves[0], leaves[1], 5.0), leaves[2], 6.0)
    landscape = joined(leaves[3], leaves[4], 0.001)
    root = joined(joined(cat, landscape, 7.0), leaves[5], 8.0)
    found = seen(["cat", "cat", "cat", "sky", "grass", "road"], [0.1, 0.1, 0.1, 0.2, 0.2, 0.3])
    assert cut(root, found) == {(0, 1, 2), (3,), (4,), (5,)}


def test_kinds_of_animals_do_not_divide_one():
    """The head takes a leaf of the cat for a dog, which touches it."""
    leaves = [Part("", (i,)) for i in range(4)]
    root = joined(joined(joined(leaves[0], leaves[1], 5.0), leaves[2], 6.0), leaves[3], 7.0)
    found = seen(["cat", "dog", "sky", "grass"], [0.2, 0.2, 0.3, 0.3])
    assert cut(root, found) == {(0, 1), (2,), (3,)}


def test_what_the_classifier_named_is_whole_and_other_objects_are_divided_by_cost():
    leaves = [Part("", (i,)) for i in range(6)]
    cup, heap = joined(leaves[0], leaves[1], 5.0), joined(leaves[2], leaves[3], 5.0)
    root = joined(joined(joined(cup, heap, 6.0), leaves[4], 7.0), leaves[5], 8.0)
    found = seen(["object"] * 4 + ["wall", "floor"], [0.1, 0.1, 0.1, 0.1, 0.3, 0.3])
    assert cut(root, found, [cup.atoms]) == {(0, 1), (2,), (3,), (4,), (5,)}
    assert cut(root, found) == {(0,), (1,), (2,), (3,), (4,), (5,)}
    assert cut(root, found, worth=1000.0) == {(0, 1, 2, 3), (4,), (5,)}


@pytest.mark.parametrize(
    ("costs", "number"),
    [((9, 8, 7, 1), 4), ((9, 8, 1, 1), 3), ((9, 1, 1, 1), 3), ((9, 8, 7, 6), 5)],
)
def test_the_automatic_number_undoes_the_joins_that_are_worth_it(costs, number):
    part = Part("", (0,))
    for cost in reversed(costs):
        part = Part("", (), (part, Part("", (1,))), cost)
    assert automatic_number(part, worth=5) == number


def test_parts_of_one_noun_that_touch_are_one_thing():
    parts = [Part(name, (k,)) for k, name in enumerate(["cat", "sky", "cat", "cat"])]
    groups = same_nouns(parts, [(0, 1), (1, 2), (2, 3)])
    assert [[part.atoms[0] for part in group] for group in groups] == [[0], [1], [2, 3]]
