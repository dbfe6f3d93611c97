import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError


@pytest.mark.parametrize(
    ("name", "things"),
    [
        ("cat", {"background", "cat"}),
        (
            "astronaut",
            {
                "background",
                "flag",
                "shuttle",
                "hair",
                "face",
                "suit",
                "collar",
                "helmet",
                "patches",
            },
        ),
        ("coffee", {"table", "saucer", "cup", "coffee", "spoon"}),
    ],
)
def test_every_photograph_has_its_annotation(name, things):
    sample = segxai.data.load(name)
    assert set(sample.annotation.names) == things
    assert sample.annotation.shape == sample.image.shape[:2]
    assert sample.title
    assert sample.credit


def test_annotations_lie_on_their_things():
    """A few pixels whose thing cannot be doubted."""
    annotation = segxai.data.load("astronaut").annotation
    for name, (row, column) in {
        "face": (150, 225),
        "hair": (50, 225),
        "helmet": (450, 430),
        "suit": (300, 80),
        "flag": (200, 20),
        "background": (60, 340),
    }.items():
        assert annotation.names[annotation.labels[row, column]] == name


def test_unknown_photographs():
    for function in (segxai.data.load, segxai.data.photograph):
        with pytest.raises(SegxaiError, match="Did you mean 'astronaut'"):
            function("astronut")


def test_a_name_stands_for_its_photograph_where_no_file_is_called_so(tmp_path, monkeypatch, cat):
    monkeypatch.chdir(tmp_path)

    def brightness(images):
        return images.mean(axis=(1, 2, 3)) / 255

    options = {"regions": "grid", "classifier": brightness, "max_evaluations": 18}
    explanation = segxai.explain("cat", **options)
    assert np.array_equal(explanation.coalitions.game.image, cat)
    assert segxai.segment("coffee", "grid").shape == (400, 600)
    assert len(segxai.explain_many(["cat", "coffee"], **options).results) == 2
    Image.fromarray(cat[:50]).save(tmp_path / "cat", "PNG")
    assert segxai.load_image("cat").shape == (50, 451, 3)
    with pytest.raises(SegxaiError, match="no file 'dog'"):
        segxai.explain("dog", **options)
