"""The disk is full: what was there stays whole, and the error says so.

Nothing that is half-written takes a name.
"""

import numpy as np
import pytest

import segxai
from segxai import FCN, SegxaiError
from segxai.weights import downloads

FULL = "too large|No space"  # what the system says


@pytest.fixture
def saves(quarters, additive):
    """{file name: a function that saves to a path}, for everything that can be saved."""
    from segxai.fcn.annotation import save_annotation
    from segxai.widgets import RegionCanvas

    image, labels = quarters
    explanation = segxai.explain(image, labels, additive, 1, fill="black")
    comparison = segxai.compare(
        [image], "grid", "compactness", classifier=additive, max_evaluations=20
    )
    return {
        **{f"explanation.{ending}": explanation.save for ending in ("html", "png", "svg", "pdf")},
        "canvas.html": RegionCanvas(explanation).save,
        "comparison.html": comparison.save,
        "annotation.png": lambda path: save_annotation(path, labels.astype(np.uint8), list("abcd")),
    }


def everything_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_saved_before_stays_whole(saves, tmp_path, full_disk):
    for name, save in saves.items():
        save(tmp_path / name)
    before = everything_in(tmp_path)
    for name, save in saves.items():
        with full_disk(), pytest.raises(SegxaiError, match=FULL) as raised:
            save(tmp_path / name)
        assert name in str(raised.value)
        assert everything_in(tmp_path) == before, name


def test_a_first_save_leaves_nothing_behind(saves, tmp_path, full_disk):
    for name, save in saves.items():
        with full_disk(), pytest.raises(SegxaiError, match=FULL):
            save(tmp_path / name)
        assert everything_in(tmp_path) == {}, name


def test_a_network_that_was_saved_before_can_still_be_loaded(tmp_path, full_disk):
    with FCN() as fcn:
        fcn.save(tmp_path / "fcn.npz")
        before = everything_in(tmp_path)
        with full_disk(100_000), pytest.raises(SegxaiError, match=FULL):
            fcn.save(tmp_path / "fcn.npz")
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("function", ["explain_many", "compare"])
def test_many_photographs_go_on_when_there_is_room_again(function, tmp_path, full_disk, additive):
    images = list(np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), dtype=np.uint8))
    limit = full_disk()

    def run(folder, progress=False):
        options = {"max_evaluations": 18, "folder": folder, "run": "a", "progress": progress}
        if function == "compare":
            return segxai.compare(images, "grid", "compactness", classifier=additive, **options)
        return segxai.explain_many(images, "grid", additive, **options)

    def fill_up(done, total):
        if done == 2:
            limit.__enter__()

    try:
        with pytest.raises(SegxaiError, match=FULL):
            run(tmp_path / "full", fill_up)
    finally:
        limit.__exit__(None, None, None)
    assert len(everything_in(tmp_path / "full")) == 2
    asked = []
    for folder in ("full", "new"):
        additive.images = 0
        assert len(run(tmp_path / folder).results) == 4
        asked.append(additive.images)
    assert 2 * asked[0] == asked[1]  # what had been finished was not asked again


def test_a_fetch_says_that_there_is_no_room(published, full_disk):
    with (
        full_disk(1000),
        pytest.raises(SegxaiError, match=f"({FULL}).* Free some space, or set SEGXAI_CACHE"),
    ):
        downloads.fetch("deeplab", progress=False)
    assert not [path for path in downloads.cache_folder().rglob("*") if path.is_file()]
    assert downloads.fetch("deeplab", progress=False).read_bytes() == published.body


@pytest.mark.parametrize("trouble", ["full disk", "deleted folder"])
def test_tensorboard_s_events_are_not_lost_in_silence(trouble, tmp_path, full_disk, quarters):
    import shutil

    limit = full_disk(1000)

    def begin(step):
        if trouble == "full disk":
            limit.__enter__()
        else:
            shutil.rmtree(tmp_path / "logs")

    try:
        with pytest.raises(SegxaiError, match=r"TensorBoard folder .*logs.* cannot be written"):
            segxai.finetune(
                quarters[0], quarters[1].astype(np.uint8), weights=None, iterations=3,
                trainable="head", logdir=tmp_path / "logs", callback=begin,
            )  # fmt: skip
    finally:
        if trouble == "full disk":
            limit.__exit__(None, None, None)
