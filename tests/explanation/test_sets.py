"""Sets of regions found by search, against known smallest sets and against the complete table."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai import SegxaiError
from segxai.explanation import necessary, sets
from segxai.explanation.surrogates import all_subsets, codes

NUMBER = 20


def game_of(value):
    """(image, labels, classifier) in which each of NUMBER regions is one column of pixels.

    value: (N, K) bool -> (N,) probabilities.
    """
    image = np.full((4, NUMBER, 3), 200, np.uint8)
    labels = np.arange(NUMBER)[None].repeat(4, axis=0)

    class Box:
        images = 0

        def __call__(self, images):
            self.images += len(images)
            return value(images[:, 0, :, 0] > 100)

    return image, labels, Box()


def explained(value, **options):
    image, labels, box = game_of(value)
    options = {"fill": "black", "max_evaluations": 300, "method": "shapley", **options}
    return segxai.explain(image, labels, box, 1, **options), box


def numbers(names):
    return {int(name.removeprefix("region ")) for name in names}


def test_what_only_works_together_is_found():
    """Three regions that count together, and one that is worth as much as noise."""
    e, box = explained(
        lambda shown: 0.1 + 0.8 * shown[:, [3, 8, 15]].all(axis=1) + 0.01 * shown[:, 0]
    )
    assert not e.coalitions.exact
    assert numbers(e.sufficient(0.5)) == {3, 8, 15}
    assert len(necessary(e, 0.5)) == 1
    assert numbers(necessary(e, 0.5)) < {3, 8, 15}
    calls = box.images
    assert calls <= 3 * e.coalitions.evaluations
    words = " ".join(e.in_words())
    assert (
        "alone keep “class 1” above half of its value "
        "(0.900; the whole photograph gives 0.910), the smallest set that was found"
    ) in words
    assert box.images == calls  # nothing is searched for twice


def test_what_stands_in_for_each_other_is_found():
    e, _ = explained(lambda shown: 0.1 + 0.8 * shown[:, [2, 11]].any(axis=1))
    assert len(e.sufficient(0.5)) == 1
    assert numbers(e.sufficient(0.5)) < {2, 11}
    assert numbers(necessary(e, 0.5)) == {2, 11}
    assert sets.find(e, "necessary", 0.5)[1] == pytest.approx(0.1)


def test_additive_games_give_the_largest_effects():
    effects = np.linspace(0, 1, NUMBER) ** 3
    effects *= 0.9 / effects.sum()
    e, _ = explained(lambda shown: shown @ effects)
    fewest = 1 + np.argmax(np.cumsum(effects[::-1]) >= 0.5 * 0.9)
    assert numbers(e.sufficient(0.5)) == set(range(NUMBER - fewest, NUMBER))
    assert numbers(necessary(e, 0.5)) == set(range(NUMBER - fewest, NUMBER))


def test_nothing_shown_may_be_enough_and_nothing_necessary():
    e, _ = explained(lambda shown: 0.5 + 0.01 * shown[:, 0])
    assert e.sufficient(0.5) == ()
    assert necessary(e, 0.5) is None
    assert "No necessary set was found" in " ".join(e.in_words())


def test_showing_an_explanation_evaluates_nothing():
    e, box = explained(lambda shown: 0.1 + 0.8 * shown[:, [3, 8]].all(axis=1))
    calls = box.images
    assert "found" not in " ".join(e.in_words(search=False))
    assert "found" not in e._repr_html_()
    assert box.images == calls
    e.sufficient()
    assert "the smallest set that was found" in e._repr_html_()


def test_without_a_classifier_there_is_no_search():
    from segxai.explanation.explanation import from_coalitions

    e, _ = explained(lambda shown: 0.1 + 0.8 * shown[:, 3])
    table = replace(e.coalitions, game=e.coalitions.game.with_(classifier=None))
    alone = from_coalitions(table, "shapley")
    with pytest.raises(SegxaiError, match="holds none"):
        alone.sufficient()
    assert "1,200 evaluations would at least halve the intervals" in " ".join(alone.in_words())


games = st.integers(2, 6).flatmap(
    lambda k: st.lists(st.floats(0, 1, width=32), min_size=2**k, max_size=2**k)
)


@given(games, st.floats(0.05, 1), st.integers(0, 100), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_found_set_is_enough_and_can_spare_no_region(values, p, budget, away):
    number = int(np.log2(len(values)))
    values, sign, evaluated = np.array(values), -1 if away else 1, []

    def score(chosen):
        return sign * values[codes(chosen ^ away)]

    def evaluate(chosen):
        evaluated.extend(map(bytes, chosen))
        return score(chosen)

    def enough(scores):
        return scores >= sign * p * values[-1]

    members = all_subsets(number)
    ends = members[[0, -1]]
    order = np.random.default_rng(0).permutation(number)
    found = sets.search(ends, score(ends), enough, evaluate, order, budget)
    assert len(evaluated) == len(set(evaluated)) <= budget
    smallest = sets.smallest(members, score(members), enough)
    if found is None:
        assert (
            smallest is None or away
        )  # the whole image is enough for itself; a necessary set may be missed
        return
    chosen, claimed = found
    assert claimed == score(chosen[None])[0]
    assert enough(np.array([claimed])).all()
    assert smallest[0].sum() <= chosen.sum()
    if budget > 2**number:  # it did not have to stop early
        inside = np.flatnonzero(chosen)
        for rest in combinations(inside, max(len(inside) - 1, 0)):
            spared = np.isin(np.arange(number), rest)
            assert not chosen.any() or not enough(score(spared[None])).any()
