import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.explanation.fills import FILLS, fill_image


def test_the_table_holds_the_classifier_s_answers(quarters, additive):
    image, labels = quarters
    table = segxai.evaluate_coalitions(additive, image, labels, target=1, fill="black")
    assert table.exact
    assert table.evaluations == additive.images == 16
    assert table.values.dtype == np.float32
    expected = additive.intercept + table.masks @ additive.effects
    assert np.allclose(table.values, expected, atol=1e-6)
    assert table.full == pytest.approx(0.65)
    assert table.empty == pytest.approx(0.3)
    assert table.value_of([True, False, False, True]) == pytest.approx(0.75)
    assert np.allclose(table.for_target("class 0").values, 1 - expected, atol=1e-6)
    assert np.allclose(table.for_target(0).values, 1 - expected, atol=1e-6)


def test_only_what_the_budget_allows_is_asked(quarters, additive):
    image, _ = quarters
    regions = segxai.segment(image, "grid", rows=4, columns=5)
    table = segxai.evaluate_coalitions(additive, image, regions, max_evaluations=50)
    assert not table.exact
    assert table.evaluations == additive.images == len(table.masks) == 50
    assert table.value_of(table.masks[7]) == table.values[7]
    asked = {tuple(mask) for mask in table.masks}
    other = next(mask for mask in np.eye(20, dtype=bool) if tuple(mask) not in asked)
    assert table.value_of(other) is None


def test_the_five_most_probable_classes_and_the_one_asked_for_are_kept(classifier, cat):
    regions = segxai.segment(cat, "grid", rows=1, columns=2)
    table = segxai.evaluate_coalitions(classifier, cat, regions, "espresso")
    assert table.target_name == "espresso"
    assert len(table.targets) == 6
    assert table.target_names[0] == "Egyptian Mau"
    with pytest.raises(SegxaiError, match="kept"):
        table.for_target("goldfish")


def test_the_batch_size_does_not_change_the_answers(cat):
    calls = []

    def function(images):
        calls.append(len(images))
        return images.mean(axis=(1, 2, 3)) / 255

    regions = segxai.segment(cat, "grid", rows=2, columns=3)
    tables = []
    for size in (1, 7, 32, 64):
        box = segxai.Classifier(function, batch_size=size)
        tables.append(segxai.evaluate_coalitions(box, cat, regions).values)
    assert max(calls) == 64
    assert all(np.array_equal(tables[0], table) for table in tables)


def test_every_fill_fills(quarters):
    image, labels = quarters
    for fill in (*FILLS, "gray", (10, 20, 30), np.zeros_like(image)):
        filled = fill_image(image, labels, fill)
        assert filled.shape == image.shape
        assert filled.dtype == np.uint8
    assert np.array_equal(fill_image(image, labels, "mean"), image)  # the quarters are flat
    assert (fill_image(image, labels, (10, 20, 30)) == [10, 20, 30]).all()
    assert np.array_equal(
        fill_image(image, labels, "noise", 1), fill_image(image, labels, "noise", 1)
    )
    assert not np.array_equal(
        fill_image(image, labels, "noise", 1), fill_image(image, labels, "noise", 2)
    )


def test_a_colour_of_floats_up_to_1_is_a_share_of_white(quarters):
    image, labels = quarters
    unit = image / 255
    own = unit.mean(axis=(0, 1))
    for fill, colour in [
        ((0.5, 0.5, 0.5), [128] * 3),  # as where the photograph was given as 0 to 1
        (own, np.rint(255 * own)),
        (image.mean(axis=(0, 1)), np.rint(255 * own)),
        ((1.0, 0.0, 1.0), [255, 0, 255]),
        ((1, 0, 1), [1, 0, 1]),
        (np.full(image.shape, 0.5), [128] * 3),
    ]:
        assert np.abs(fill_image(image, labels, fill).astype(int) - colour).max() <= 1
    given = segxai.evaluate_coalitions(
        lambda images: images.mean((1, 2, 3)) / 255, unit, labels, 1, fill=own
    )
    assert given.values[~given.masks.any(axis=1)].item() == pytest.approx(own.mean(), abs=0.01)


@pytest.mark.parametrize(
    "fill", ["blurr", (1, 2), (1, 2, 300), (1, 2, np.nan), np.zeros((3, 3, 3), np.uint8), 5, None]
)
def test_what_is_no_fill_is_refused(fill, quarters):
    image, labels = quarters
    with pytest.raises(SegxaiError, match=r"fill|Unknown"):
        fill_image(image, labels, fill)


def test_an_image_file_is_a_fill(quarters, additive, tmp_path, monkeypatch):
    image, labels = quarters
    Image.fromarray(image[::-1]).save(tmp_path / "other.png")
    for path in (tmp_path / "other.png", str(tmp_path / "other.png")):
        assert np.array_equal(fill_image(image, labels, path), image[::-1])
    (tmp_path / "other.png").rename(tmp_path / "file without ending")
    monkeypatch.chdir(tmp_path)
    given = segxai.evaluate_coalitions(additive, image, labels, fill="file without ending")
    assert np.array_equal(
        given.table, segxai.evaluate_coalitions(additive, image, labels, fill=image[::-1]).table
    )
    assert given.fill == "given"
    for missing, said in (
        ("other.png", "fill.*no file"),
        (tmp_path / "none", "fill.*no file"),
        ("blurr", "Did you mean 'blur'"),
    ):
        with pytest.raises(SegxaiError, match=said):
            segxai.explain(image, labels, additive, fill=missing)
    Image.fromarray(image[:9]).save(tmp_path / "small.png")
    with pytest.raises(SegxaiError, match=r"shape \(9, 60, 3\)"):
        segxai.explain(image, labels, additive, fill="small.png")


def test_grey_is_one_fill_however_it_is_spelt(quarters, additive, tmp_path):
    image, labels = quarters
    for method in ("lime", "tree"):
        e = segxai.explain(image, labels, additive, 1, fill="gray", method=method)
        assert e.coalitions.fill == "grey"
        assert segxai.robustness(
            e, fills=("grey", "black", "gray", "black"), borders=0
        ).variants == ("fill grey", "fill black")
    assert segxai.metrics.insertion(e, "gray").fill == "grey"
    before = additive.images
    segxai.save_explorer(
        tmp_path / "x.html", image, additive, 1, segmenters=[labels], fills=["grey", "gray"]
    )
    assert additive.images - before == 16


def test_progress_is_told(quarters, additive):
    told = []
    segxai.evaluate_coalitions(
        additive, *quarters, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (16, 16)


def test_regions_of_another_size_are_refused(quarters, additive):
    with pytest.raises(SegxaiError, match="10 x 60 pixels; the image has 40 x 60"):
        segxai.evaluate_coalitions(additive, quarters[0], quarters[1][:10])
