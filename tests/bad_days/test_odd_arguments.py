"""Arguments of the wrong kind, one by one: each raises a SegxaiError before any costly work."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import Regions, SegxaiError, compare, explain_many, metrics

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))
RAGGED = [[1], [1, 2]]


def brightness(images):
    return images.mean(axis=(1, 2, 3)) / 255


def explain_opened(path):
    with Image.open(path) as picture:  # which is decoded only later
        segxai.explain(picture, LABELS, brightness)


@pytest.fixture(scope="module")
def explanation():
    return segxai.explain(IMAGE, LABELS, brightness)


@pytest.mark.parametrize(
    "call",
    [
        lambda e, path: segxai.segment(IMAGE, lambda image: RAGGED),
        lambda e, path: segxai.finetune(IMAGE, RAGGED),
        lambda e, path: segxai.finetune(IMAGE, LABELS, iterations=-1),
        lambda e, path: metrics.energy(e, RAGGED),
        lambda e, path: explain_many([IMAGE], "grid", brightness, folder="x" * 300, run="a"),
        lambda e, path: explain_many([IMAGE], ["grid"], brightness),
        lambda e, path: explain_many(5, "grid", brightness),
        lambda e, path: compare(None, classifier=brightness),
        lambda e, path: compare([IMAGE], 5, classifier=brightness),
        lambda e, path: compare([IMAGE], "grid", 5, classifier=brightness),
        lambda e, path: compare([IMAGE], "grid", "energy", masks=[RAGGED], classifier=brightness),
        lambda e, path: segxai.from_mask_list([{"segmentation": LABELS == 1, "score": None}]),
        lambda e, path: segxai.from_mask_list([RAGGED]),
        lambda e, path: segxai.Classifier(brightness, batch_size=0),
        lambda e, path: segxai.load_image(path),
        lambda e, path: explain_opened(path),
    ],
)
def test_what_cannot_be_meant_is_refused(call, explanation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = tmp_path / "whole.png"
    Image.fromarray(IMAGE).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:200])
    with pytest.raises(SegxaiError):
        call(explanation, tmp_path / "cut.png")


def test_a_fit_that_cannot_be_is_refused_before_a_network_is_built(monkeypatch):
    monkeypatch.setattr("segxai.fcn.training.FCN", None)
    with pytest.raises(SegxaiError, match="iterations"):
        segxai.finetune(IMAGE, LABELS, iterations=0)
    with pytest.raises(SegxaiError, match="learning_rate"):
        segxai.finetune(IMAGE, LABELS, learning_rate=0)


def test_owen_values_of_a_sample_are_refused_before_the_classifier_is_asked():
    asked = []

    def counted(images):
        asked.append(len(images))
        return brightness(images)

    with pytest.raises(SegxaiError, match="every coalition"):
        segxai.explain(IMAGE, "grid", counted, method="owen", max_evaluations=64)
    assert not asked


def test_numpy_numbers_are_numbers(tmp_path):
    options = {"classifier": brightness, "target": 1, "folder": tmp_path, "run": "a"}
    numbers = {"seed": np.int64(0), "max_evaluations": np.int32(40), "match_regions": np.int64(4)}
    assert compare([IMAGE], "grid", ("compactness",), **options, **numbers).results
    numbers = {name: int(number) for name, number in numbers.items()}
    assert compare(
        [IMAGE], "grid", ("compactness",), **options, **numbers
    ).results  # the same run, taken up again


def test_records_that_hold_arrays_can_be_compared_and_kept_in_sets(explanation):
    for record in (explanation, explanation.coalitions, segxai.data.load("cat")):
        assert record == record
        assert len({record, record}) == 1


def test_a_process_without_a_standard_error():
    code = "import os; os.close(2); import segxai.nets.graph; print('loaded')"
    run = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert run.stdout == "loaded\n"


def test_a_region_of_no_name_at_all():
    with pytest.raises(SegxaiError):
        Regions.from_masks({"a": RAGGED})
