"""Nouns by classes: which one is believed, and how much."""

from segxai.segmentation.names import LEAST, MAIN, SURE_CLASS, class_noun

from .hand import row


def test_a_class_that_is_probable_enough_is_the_noun():
    noun = class_noun(row(sky=LEAST + 0.02))
    assert (noun.name, noun.basis, noun.evidence.source, noun.sure) == (
        "sky",
        "sky",
        "semantic",
        False,
    )
    assert class_noun(row(sky=SURE_CLASS)).sure
    assert class_noun(row(sky=LEAST - 0.02)) is None
    assert class_noun(row(object=1.0)) is None


def test_trees_and_grass_are_believed_earlier():
    assert class_noun(row(tree=LEAST - 0.05)).name == "tree"
    assert class_noun(row(water=LEAST - 0.05)) is None


def test_the_more_probable_a_class_the_more_its_noun_is_believed():
    found = [class_noun(row(sky=p)).evidence.probability for p in (LEAST, 0.8, 0.9, 1.0)]
    assert found == sorted(found)


def test_classes_that_add_up_are_named_by_their_group():
    """Both are plants; neither has most of their probability."""
    noun = class_noun(row(tree=0.5, grass=0.45))
    assert (noun.name, noun.basis, noun.sure) == ("plants", "plants", True)
    assert class_noun(row(tree=LEAST / 2, grass=LEAST / 2 - 0.02)) is None


def test_a_class_with_most_of_its_group_is_named_instead_of_it():
    whole = LEAST + 0.01
    assert class_noun(row(car=MAIN * whole + 0.01, truck=(1 - MAIN) * whole - 0.01)).name == "car"
    assert (
        class_noun(row(car=MAIN * whole - 0.01, truck=(1 - MAIN) * whole + 0.01)).name == "vehicle"
    )


def test_of_two_groups_the_narrower_one_is_named():
    assert class_noun(row(hair=0.45, face=0.45)).name == "head"
    assert class_noun(row(hair=0.3, face=0.2, clothes=0.45)).name == "person"


def test_an_animal_of_no_kind_needs_a_surer_head():
    assert class_noun(row(animal=SURE_CLASS)).name == "animal"
    assert class_noun(row(animal=SURE_CLASS - 0.02)) is None
    assert class_noun(row(cat=LEAST + 0.02)).name == "cat"
    assert class_noun(row(cat=SURE_CLASS / 2, dog=SURE_CLASS / 2)).name == "animal"
