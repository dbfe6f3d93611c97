"""Classifiers that misbehave in the middle of the work.

What the first call shows already is in tests/classifiers/.
"""

import sys

import numpy as np
import pytest

import segxai
from segxai import Classifier, SegxaiError


def misbehaving(answer, calls=1, **options):
    """A classifier of batches of four that works for some calls, then gives `answer(images)`."""
    done = []

    def function(images):
        done.append(len(images))
        return answer(images) if len(done) > calls else np.full((len(images), 2), 0.5)

    return Classifier(function, batch_size=4, **options)


def broken(images):
    raise RuntimeError("CUDA error: out of memory")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (broken, "raised RuntimeError: CUDA error.*Its input was a batch of shape"),
        (lambda i: np.full((len(i), 2), np.nan), "NaN"),
        (lambda i: np.full((len(i), 2), 1e300), "infinite"),
        (lambda i: np.full((len(i), 3), 0.5), "returned 3 classes, but 2 at its first call"),
        (lambda i: np.full((len(i) - 1, 2), 0.5), r"shape \(3, 2\) for 4 images"),
        (lambda i: np.zeros((len(i), 0)), "shape"),
        (lambda i: np.zeros(()), "shape"),
        (lambda i: [[0.5], [0.5, 0.5]], "raised ValueError"),
        (lambda i: [{"cat": 1.0}] * len(i), "object values"),
        (lambda i: np.full((len(i), 2), 0.5j), "complex128 values"),
    ],
)
def test_what_goes_wrong_at_the_second_call_is_named(answer, said, quarters):
    with pytest.raises(SegxaiError, match=said):
        segxai.explain(*quarters, misbehaving(answer))


def test_after_a_failure_the_same_classifier_may_answer_again(quarters):
    failing = [True]

    def flaky(images):
        if failing:
            failing.clear()
            raise ConnectionError("the server of the model is away")
        return images.mean(axis=(1, 2, 3)) / 255

    box = segxai.load_classifier(flaky)
    with pytest.raises(SegxaiError, match="away"):
        segxai.explain(*quarters, box)
    assert len(segxai.explain(*quarters, box).weights) == 4


def test_one_bad_photograph_does_not_stop_many(quarters):
    def picky(images):
        if (images[0] == 7).all():
            raise ValueError("too dark")
        return images.mean(axis=(1, 2, 3)) / 255

    many = segxai.explain_many(
        [quarters[0], np.full((9, 9, 3), 7, np.uint8)], "grid", picky, max_evaluations=18
    )
    assert len(many.results) == 1
    assert "too dark" in many.failures[0][1]


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        lambda rows: [np.float16(row) for row in rows],
        lambda rows: [row[1] for row in rows],
    ],
)
def test_plain_lists_are_answers(wrap, quarters, additive):
    def lists(images):
        return wrap([[1 - p, p] for p in additive(images).tolist()])

    explanation = segxai.explain(*quarters, lists, 1, fill="black")
    assert explanation.weights == pytest.approx(additive.effects, abs=2e-3)


def test_a_slow_classifier_tells_its_progress_after_every_batch(quarters):
    happened = []
    box = Classifier(
        lambda images: happened.append("asked") or images.mean(axis=(1, 2, 3)), batch_size=4
    )
    segxai.explain(*quarters, box, progress=lambda done, total: happened.append((done, total)))
    assert happened == ["asked", (4, 16), "asked", (8, 16), "asked", (12, 16), "asked", (16, 16)]


def test_a_slow_classifier_shows_a_bar_where_somebody_watches(quarters, monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])

    def slow(images):
        clock[0] += 1.5  # seconds
        return images.mean(axis=(1, 2, 3)) / 255

    segxai.explain(*quarters, Classifier(slow, batch_size=4))
    assert "evaluating the classifier" in capsys.readouterr().err
    segxai.explain(*quarters, Classifier(lambda images: images.mean(axis=(1, 2, 3)), batch_size=4))
    assert capsys.readouterr().err == ""
