from functools import partial

import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.images import resize
from segxai.segmentation import deeplab
from segxai.segmentation.deeplab import ADE20K_CLASSES, PASCAL_CLASSES, SMALLEST
from segxai.weights.downloads import cached


def needs(name):
    missing = cached(name) is None
    return pytest.mark.skipif(missing, reason=f"not fetched: python -m segxai fetch {name}")


needs_pascal, needs_ade20k = needs("deeplab"), needs("ade20k")
BOTH = [pytest.param("pascal", marks=needs_pascal), pytest.param("ade20k", marks=needs_ade20k)]


@needs_pascal
@pytest.mark.parametrize(
    ("name", "thing", "part"), [("cat", "cat", "cat"), ("astronaut", "person", "suit")]
)
def test_the_thing_on_the_photograph_is_found_and_named(name, thing, part):
    sample = segxai.data.load(name)
    regions = segxai.segment(sample.image, "pascal")
    assert thing in regions.names
    truth = sample.annotation.mask(part)
    assert (regions.mask(thing) & truth).sum() > 0.85 * truth.sum()


@needs_ade20k
def test_ade20k_finds_the_person_and_the_wall_behind(astronaut):
    regions = segxai.segment(astronaut, "ade20k")
    assert regions.shape == astronaut.shape[:2]
    assert {"person", "wall"} <= set(regions.names) <= set(ADE20K_CLASSES)
    assert {evidence.source for evidence in regions.name_evidence} == {"semantic"}
    assert regions.areas.min() > 0.5 * SMALLEST
    suit = segxai.data.load("astronaut").annotation.mask("suit")
    assert (regions.mask("person") & suit).sum() > 0.8 * suit.sum()  # .84; patches are its "flag"


@pytest.mark.parametrize(
    ("names", "nothing", "count"),
    [
        (PASCAL_CLASSES, "background", 20),
        (ADE20K_CLASSES, "other", 150),
    ],
)
def test_the_names_of_classes_differ(names, nothing, count):
    assert names[0] == nothing
    assert len(names) == len(set(names)) == count + 1


def test_the_classes_of_ade20k_are_in_the_order_of_the_data_set():
    known = {1: "wall", 13: "person", 81: "bus", 101: "poster", 127: "animal", 150: "flag"}
    assert {index: ADE20K_CLASSES[index] for index in known} == known


@needs_pascal
def test_pascal_is_divided_further_by_deep(astronaut):
    coarse = segxai.segment(astronaut, "pascal")
    finer = segxai.segment(astronaut, "pascal+deep")
    assert len(finer) > len(coarse)
    assert all(name.split(":")[0] in coarse.names for name in finer.names)
    assert len(segxai.segment(astronaut, "pascal+deep", n_regions=3)) < len(finer)


@pytest.mark.parametrize("segmenter", BOTH)
def test_two_threads_may_ask_at_once(segmenter, cat, astronaut):
    from concurrent.futures import ThreadPoolExecutor

    classify = partial(deeplab.classify, segmenter=segmenter)
    alone = [classify(image) for image in (cat, astronaut)]
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            together = threads.map(classify, (cat, astronaut))
            assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


class Interpreter:
    """In place of the runtime's: takes pictures of `side` pixels, returns what it was made with."""

    def __init__(self, side, dtype, output):
        self.side, self.dtype, self.output = side, dtype, output

    def get_input_details(self):
        return [{"index": 0, "shape": np.array([1, self.side, self.side, 3]), "dtype": self.dtype}]

    def get_output_details(self):
        return [{"index": 1}]

    def set_tensor(self, index, picture):
        assert (picture.dtype, picture.shape) == (self.dtype, (1, self.side, self.side, 3))
        self.given = picture

    def invoke(self):
        pass

    def tensor(self, index):
        return lambda: self.output[None]


@pytest.fixture
def runs(monkeypatch, nothing_loaded):
    """runs(interpreter): the segmenters use this interpreter."""

    def use(interpreter):
        monkeypatch.setattr(deeplab, "usable", lambda name: "model.tflite")
        monkeypatch.setattr(deeplab, "_interpreter", lambda path, segmenter: interpreter)
        return interpreter

    return use


@pytest.mark.parametrize("size", [(32, 32), (80, 50), (20, 31)])
def test_the_class_of_a_pixel_has_the_largest_enlarged_score(size, runs):
    """Against all scores enlarged at once; a class of one pixel leaves it to the next best."""
    rng = np.random.default_rng(0)
    scores = rng.normal(-9, 1, (32, 32, 151)).astype(np.float32)
    scores[:, :16, 7], scores[:16, 16:, 13], scores[16:, 16:, 150] = 5, 4, 6
    scores[3, 3, 99] = 20
    interpreter = runs(Interpreter(32, np.float32, scores))
    photo = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    found = deeplab.classify(photo, "ade20k")
    assert (interpreter.given.min() >= -1, interpreter.given.max() <= 1) == (True, True)
    np.testing.assert_allclose(interpreter.given[0], resize(photo, (32, 32)) / 127.5 - 1, atol=1e-5)
    scores[..., 99] = -9
    np.testing.assert_array_equal(found, resize(scores, size).argmax(axis=-1))
    assert deeplab.ade20k(photo).names == ("road", "person", "flag")


def test_a_small_class_of_pascal_is_background(runs):
    ids = np.zeros((32, 32), np.int64)
    ids[:, 16:], ids[3, 3] = 8, 15
    interpreter = runs(Interpreter(32, np.uint8, ids))
    found = deeplab.classify(np.full((64, 64, 3), 200, np.uint8), "pascal")
    assert (interpreter.given == 200).all()
    np.testing.assert_array_equal(found, np.kron(np.where(ids == 8, 8, 0), np.ones((2, 2), int)))


def test_pieces_of_a_class_are_its_parts(runs):
    scores = np.zeros((32, 32, 151), np.float32)
    scores[..., 0] = 1
    scores[:, 8:24, 0], scores[:, 8:24, 20] = 0, 1
    scores[12:20, 8:24, 20], scores[12:20, 8:24, 21] = 0, 1
    runs(Interpreter(32, np.float32, scores))
    regions = deeplab.ade20k(np.zeros((32, 32, 3), np.uint8))
    assert regions.names == ("other", "chair", "car")
    assert regions.expandable() == ("other", "chair")
    assert regions.expand("chair").names == ("other", "chair 1", "chair 2", "car")


@pytest.mark.parametrize(("segmenter", "name"), [("pascal", "deeplab"), ("ade20k", "ade20k")])
def test_without_the_model_the_error_names_the_command(segmenter, name, cat, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    with pytest.raises(SegxaiError, match=rf"segxai fetch {name} \(2 MB\)"):
        segxai.segment(cat, segmenter)
    assert deeplab.why_unavailable(segmenter) == f"needs python -m segxai fetch {name}"


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.tflite").write_text("<html>404</html>")
    with pytest.raises(SegxaiError, match="not a readable model"):
        deeplab._interpreter(str(tmp_path / "model.tflite"), "ade20k")
