import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.segmentation.deeplab import _interpreter, pascal_classes
from segxai.weights.downloads import cached

needs_model = pytest.mark.skipif(cached("deeplab") is None, reason="DeepLab was not fetched: python -m segxai fetch deeplab")


@needs_model
@pytest.mark.parametrize(("name", "thing", "part"), [("cat", "cat", "cat"), ("astronaut", "person", "suit")])
def test_the_thing_on_the_photograph_is_found_and_named(name, thing, part):
    sample = segxai.data.load(name)
    regions = segxai.segment(sample.image, "pascal")
    assert thing in regions.names
    truth = sample.annotation.mask(part)
    assert (regions.mask(thing) & truth).sum() > 0.85 * truth.sum()


@needs_model
def test_pascal_is_divided_further_by_deep(astronaut):
    coarse = segxai.segment(astronaut, "pascal")
    finer = segxai.segment(astronaut, "pascal+deep")
    assert len(finer) > len(coarse)
    assert all(name.split(":")[0] in coarse.names for name in finer.names)
    assert len(segxai.segment(astronaut, "pascal+deep", n_regions=3)) < len(finer)


@needs_model
def test_pieces_of_a_class_become_objects(cat):
    two = np.concatenate([cat, np.full((300, 200, 3), 127, np.uint8), cat[:, ::-1]], axis=1)
    regions = segxai.segment(two, "pascal", objects=True)
    assert {"cat 1", "cat 2"} <= set(regions.names)


@needs_model
def test_two_threads_may_ask_at_once(cat, astronaut):
    from concurrent.futures import ThreadPoolExecutor

    alone = [pascal_classes(image) for image in (cat, astronaut)]
    with ThreadPoolExecutor(2) as threads:
        for _ in range(4):
            assert all(np.array_equal(a, b) for a, b in zip(alone, threads.map(pascal_classes, (cat, astronaut)), strict=True))


def test_without_the_model_the_error_names_the_command(cat, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    with pytest.raises(SegxaiError, match="segxai fetch deeplab"):
        segxai.segment(cat, "pascal")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.tflite").write_text("<html>404</html>")
    with pytest.raises(SegxaiError, match="not a readable model"):
        _interpreter(str(tmp_path / "model.tflite"))
