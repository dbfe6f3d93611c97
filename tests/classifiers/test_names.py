"""Which class a name means: the command line, explain and refit ask one function."""

import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.__main__ import main
from segxai.classifiers.classifier import class_number
from segxai.weights.imagenet import imagenet_class_names

IMAGENET = dict(enumerate(imagenet_class_names()))
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))
IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def three(images):
    """Three classes, the most probable one last."""
    return np.tile([[0.1, 0.3, 0.6]], (len(images), 1))


@pytest.mark.parametrize(("target", "number"), [("a", 1), ("A", 0), (" a ", 1), ("B", 2), ("2", 2)])
def test_a_name_as_it_is_spelled_comes_first(target, number):
    box = segxai.load_classifier(three, class_names=["A", "a", "b"])
    explanation = segxai.explain(IMAGE, LABELS, box, target)
    found = explanation.coalitions.target, explanation.refit(target=target).coalitions.target
    assert (box.index(target), *found) == (number,) * 3


@pytest.mark.parametrize("names", [["cat", "cat", "dog"], ["Cat", "CAT", "dog"]])
def test_a_name_of_several_classes_is_refused_with_their_numbers(names):
    box = segxai.load_classifier(three, class_names=names)
    explanation = segxai.explain(IMAGE, LABELS, box)
    for find in (
        box.index,
        lambda name: explanation.refit(target=name),
        lambda name: explanation.refit(versus=name),
    ):
        with pytest.raises(SegxaiError, match=r"[01] \((cat|Cat|CAT)\)"):
            find("cat")
    assert explanation.refit(target=1).coalitions.target == 1
    shown = explanation.coalitions.target_names
    assert len(set(shown)) == 3  # on pages, too
    assert explanation.refit(target=shown[1]).target == shown[1]


@pytest.mark.parametrize(
    "names",
    [
        {0: "sky", 1: "dog", 2: "tree"},
        {"0": "sky", "2": "tree", "1": "dog"},
        {"dog": 1, "sky": 0, "tree": 2},
        iter(["sky", "dog", "tree"]),
    ],
)
def test_names_as_a_mapping_are_read_by_what_they_are(names):
    box = segxai.load_classifier(three, class_names=names)
    assert box.class_names == ("sky", "dog", "tree")
    assert segxai.explain(IMAGE, LABELS, box).target == "tree"


@pytest.mark.parametrize(
    "names", [{0: "sky", 2: "tree"}, {"sky": "dog"}, "abc", 5, [1, 2, 3], [], {1: "a", "1": "b"}]
)
def test_other_names_are_refused(names):
    with pytest.raises(SegxaiError, match="class_names"):
        segxai.load_classifier(three, class_names=names)


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("tiger_cat", 282),
        ("Tiger Cat", 282),
        ("281", 281),
        (281, 281),
        ("Egyptian_cat", 285),  # as WordNet and Keras call what is shown as Egyptian Mau
        ("tabby", 281),
        ("crane bird", 134),
        ("football_helmet", 560),
    ],
)
def test_spellings_of_imagenet(target, number):
    assert class_number(target, IMAGENET) == number


def test_an_everyday_noun_offers_its_classes():
    with pytest.raises(SegxaiError) as caught:
        class_number("cat", IMAGENET)
    offered = " or ".join(repr(IMAGENET[k]) for k in range(281, 286))
    assert str(caught.value) == f"Unknown target 'cat'. Did you mean {offered}?"
    with pytest.raises(SegxaiError, match="or another of 121") as caught:
        class_number("Dog", IMAGENET)
    assert repr(IMAGENET[151]) in str(caught.value)
    with pytest.raises(SegxaiError, match=r"several classes.*134 \(crane bird\) or 517"):
        class_number("crane", IMAGENET)


def test_other_names_offer_the_same_word_and_nothing_far_fetched():
    names = dict(enumerate(["castle", "ant", "lab coat", "tiger cat", "Siamese_cat"]))
    with pytest.raises(SegxaiError, match="Did you mean 'tiger cat' or 'Siamese_cat'\\?"):
        class_number("cat", names)
    with pytest.raises(SegxaiError, match="Known: castle, ant, lab coat"):
        class_number("cat", {k: names[k] for k in range(3)})


@pytest.mark.parametrize("target", [True, 1.0, 1000, -1, "1000", None, ["tench"], "x" * 5000])
def test_what_is_no_class_is_refused_in_few_words(target):
    with pytest.raises(SegxaiError, match="Unknown target") as caught:
        class_number(target, IMAGENET)
    assert len(str(caught.value)) < 800
    assert "999" in str(caught.value) or isinstance(target, str)


def test_the_command_line_takes_numbers_and_says_which_cats_there_are(capsys):
    command = ["explain", "cat", "--segmenter", "grid", "--max-evaluations", "18", "--target"]
    assert main([*command, "281"]) == 0
    assert "tabby cat" in capsys.readouterr().out
    assert main([*command, "cat"]) == 2
    assert "or 'Persian cat' or 'Siamese cat' or" in capsys.readouterr().err
