"""The painter's Python side: what it gives, what it takes, and what it refuses from a browser."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai.fcn.annotation import class_png, read_annotation
from segxai.widgets.painter import painter as painter_module
from segxai.widgets.painter.painter import AnnotationPainter, PaintCanvas

NAMES = ("background", "cup", "spoon")


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (30, 44, 3), dtype=np.uint8)


@pytest.fixture
def classes():
    classes = np.full((30, 44), 255, np.uint8)
    classes[:10], classes[12:20, 5:20], classes[22:, 30:] = 0, 1, 2
    return classes


def png(array, mode=None, **options):
    data = io.BytesIO()
    Image.fromarray(array, mode).save(data, "PNG", **options)
    return data.getvalue()


def test_starts_empty(image):
    painter = AnnotationPainter(image)
    assert painter.names == ("background", "object")
    assert painter.annotation.dtype == np.uint8
    assert painter.annotation.shape == (30, 44)
    assert (painter.annotation == 255).all()
    with pytest.raises(segxai.SegxaiError, match="Nothing is painted"):
        _ = painter.regions


def test_annotation_and_regions(image, classes):
    painter = AnnotationPainter(image, NAMES, classes)
    np.testing.assert_array_equal(painter.annotation, classes)
    regions = painter.regions
    assert regions.names == (*NAMES, "unpainted")
    for k, name in enumerate(NAMES):
        np.testing.assert_array_equal(regions.mask(name), classes == k)
    merged = AnnotationPainter(
        image, annotation=regions.merge({"rest": ["background", "unpainted"]})
    )
    assert merged.names == ("rest", "cup", "spoon")
    assert (merged.annotation != 255).all()


def test_save_and_load(image, classes, tmp_path):
    names = ("background", "<img src=x onerror=alert(1)>", "שלום 🐈")
    AnnotationPainter(image, names, classes).save(tmp_path / "new" / "mine.png")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["mine.png"]
    with Image.open(tmp_path / "new" / "mine.png") as picture:
        assert picture.mode == "P"
        assert picture.text["Class names"] == "\n".join(names)
        np.testing.assert_array_equal(np.asarray(picture), classes)
    again = AnnotationPainter(image, annotation=tmp_path / "new" / "mine.png")
    assert again.names == names
    np.testing.assert_array_equal(again.annotation, classes)
    # The same file serves segxai.finetune, too.
    np.testing.assert_array_equal(
        read_annotation(tmp_path / "new" / "mine.png", (30, 44), names)[0], classes
    )
    with pytest.raises(segxai.SegxaiError, match=r"\.png"):
        again.save(tmp_path / "mine.jpg")


def test_one_class_survives_the_file(image, tmp_path):
    one = np.full((30, 44), 255, np.uint8)
    one[:4] = 0
    AnnotationPainter(image, annotation=one).save(tmp_path / "one.png")
    np.testing.assert_array_equal(
        AnnotationPainter(image, annotation=tmp_path / "one.png").annotation, one
    )


@pytest.mark.parametrize("name", segxai.data.names())
def test_bundled_annotations(name, root):
    sample = segxai.data.load(name)
    from_file = AnnotationPainter(
        sample.image, annotation=root / "data" / "annotations" / f"{name}.png"
    )
    from_regions = AnnotationPainter(sample.image, annotation=sample.annotation)
    for painter in (from_file, from_regions):
        assert painter.names == sample.annotation.names
        np.testing.assert_array_equal(painter.annotation, sample.annotation.labels)


def test_masks(image, tmp_path):
    mask = np.zeros((30, 44), bool)
    mask[5:9, 5:9] = True
    assert (AnnotationPainter(image, annotation=mask).annotation == mask).all()
    for stored in (mask.astype(np.uint8) * 255, mask):
        (tmp_path / "mask.png").write_bytes(png(stored))
        painter = AnnotationPainter(image, annotation=tmp_path / "mask.png")
        assert painter.names == ("background", "object")
        assert (painter.annotation == mask).all()


@pytest.mark.parametrize(
    ("names", "annotation", "message"),
    [
        ("cup", None, "list"),
        ([], None, "1 to 255"),
        ([1, 2], None, "string"),
        (None, np.zeros((3, 4), int), "the image has 30 x 44"),
        (None, np.full((30, 44), 0.5), "whole numbers"),
        (None, np.full((30, 44), -1), "0 to 254"),
        (["a", "b"], np.full((30, 44), 2), "2 names"),
        (None, "nowhere.png", "no file"),
    ],
)
def test_bad_input(image, names, annotation, message):
    with pytest.raises(segxai.SegxaiError, match=message):
        AnnotationPainter(image, names, annotation)


def chunked(width, height, pixels=b"", bits=8, kind=0):
    """A PNG by hand, which may claim what it does not hold."""

    def chunk(name, data):
        return (
            len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        )

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([bits, kind, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


REFUSED = {
    "empty": b"",
    "text": b"<svg onload=alert(1)>",
    "another size": png(np.zeros((30, 45), np.uint8)),
    "a bomb": chunked(100_000, 100_000),
    "cut short": chunked(44, 30, b"\0" * 50),
    "colour": png(np.zeros((30, 44, 3), np.uint8)),
    "16 bits": png(np.zeros((30, 44), np.uint16)),
    "an id too many": png(np.full((30, 44), 3, np.uint8)),
    "too long": png(np.zeros((30, 44), np.uint8)) + b"x" * 200_000,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refuses_bytes_of_a_browser(image, classes, data):
    painter = AnnotationPainter(image, NAMES, classes)
    with pytest.raises(segxai.SegxaiError):
        painter.canvas.set_state({"classes": memoryview(data)})
    with pytest.raises(segxai.SegxaiError):
        painter.canvas.set_state({"classes": memoryview(data), "names": ["only one"]})
    np.testing.assert_array_equal(painter.annotation, classes)
    assert painter.names == NAMES
    for kind in ("fit", "import"):
        painter.canvas._handle_custom_msg(
            {"type": kind} | ({"names": ["a", "b"]} if kind == "fit" else {}), [memoryview(data)]
        )
        assert painter.canvas.message.startswith("Not done: ") or data == REFUSED["an id too many"]
        painter.canvas.message = ""


def test_takes_strokes_and_names_together(image, classes):
    painter = AnnotationPainter(image, NAMES, classes)
    fewer = np.where(classes == 2, 255, classes).astype(np.uint8)
    painter.canvas.set_state(
        {"names": ["background", "cup"], "classes": memoryview(class_png(fewer))}
    )
    assert painter.names == ("background", "cup")
    np.testing.assert_array_equal(painter.annotation, fewer)


def test_names_become_one_line_and_differ(image):
    painter = AnnotationPainter(image, ["  a\nb ", "a b", "", "half \ud83d pair"])
    assert painter.names == ("a b", "a b 2", "class 2", "half ? pair")


def test_import(image, classes):
    painter = AnnotationPainter(image)
    painter.canvas._handle_custom_msg(
        {"type": "import"}, [memoryview(class_png(classes, ["x", "y", "z"]))]
    )
    assert painter.names == ("x", "y", "z")
    np.testing.assert_array_equal(painter.annotation, classes)
    painter = AnnotationPainter(image)
    painter.canvas._handle_custom_msg({"type": "import"}, [memoryview(png(classes))])
    assert painter.names == ("background", "object", "class 2")


def test_needs_two_classes(image, classes):
    painter = AnnotationPainter(image, NAMES, np.where(classes == 1, 1, 255))
    assert painter.fit_and_explain() is None
    assert "at least two classes" in painter.canvas.status
    assert painter.fitted is None
    assert painter.canvas.progress == -1


def test_fit_and_explain(quarters, additive):
    image, labels = quarters
    strokes = np.full(labels.shape, 255, np.uint8)
    strokes[8:12, 8:20], strokes[28:32, 40:52] = 0, 1
    painter = AnnotationPainter(
        image, ["left", "right"], strokes, classifier=segxai.load_classifier(additive)
    )
    painter.fit_and_explain().join(300)
    assert painter.fitted.fcn.class_names == ("left", "right")
    assert painter.fitted.fcn.stride == 8
    assert set(painter.explanation.regions.names) <= {"left", "right"}
    assert painter.canvas.status.startswith("Fitted")
    assert painter.children[1].explanation is painter.explanation
    first = painter.fitted
    painter.canvas.classes = class_png(np.where(strokes == 1, 255, strokes).astype(np.uint8))
    assert painter.canvas.status.startswith("The painting has changed")
    painter.canvas.classes = class_png(strokes)
    painter.fit_and_explain()
    assert painter.fit_and_explain() is None  # one at a time
    assert painter.canvas.status.startswith("A fit is already running")
    painter.cancel()
    painter._thread.join(300)
    assert painter.canvas.status == "Cancelled."
    assert painter.fitted is first
    first.fcn.close()


def test_an_error_leaves_no_network_open(quarters, monkeypatch):
    networks = []

    def broken(*args, **options):
        raise MemoryError("no room")

    def remembered(*args, **options):
        fitted = segxai.finetune(*args, iterations=1, **options)
        networks.append(fitted.fcn.net)
        return fitted

    monkeypatch.setattr(painter_module, "finetune", remembered)
    monkeypatch.setattr(painter_module, "explain", broken)
    painter = AnnotationPainter(quarters[0], ["left", "right"], quarters[1] % 2)
    painter.fit_and_explain().join(300)
    assert painter.canvas.status.startswith("This failed with MemoryError: no room")
    assert painter.canvas.progress == -1
    assert painter.fitted is None
    assert [net.closed for net in networks] == [True]


def test_an_interpreter_may_end_in_the_middle_of_a_fit(ends_in_peace):
    ends_in_peace(
        "import time, numpy as np; from segxai.widgets import AnnotationPainter\n"
        "p = AnnotationPainter(np.zeros((96, 96, 3)), annotation=np.eye(96, dtype=int))\n"
        "p.fit_and_explain()\n"
        "while p.canvas.progress <= 0: time.sleep(0.05)"
    )


def test_still_picture(image, classes):
    for painter in (AnnotationPainter(image), AnnotationPainter(image, ["a", "<b>", "c"], classes)):
        bundle = painter._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert "application/vnd.jupyter.widget-view+json" in data
        assert 'alt="' in data["text/html"]
        assert "<b>" not in data["text/html"]


def test_nothing_is_loaded_from_anywhere():
    text = PaintCanvas._esm + PaintCanvas._css
    assert "http:" not in text
    assert "https:" not in text
    assert "innerHTML" not in text
