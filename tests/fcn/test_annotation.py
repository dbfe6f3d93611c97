"""Files of labelme, COCO and label-studio for one drawing: a cat of two polygons, and a mat."""

import json

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.fcn.annotation import class_png, read_annotation

HEIGHT, WIDTH = 40, 60
# Corners of pixels: x to the right, y down, from the upper left corner of the picture.
BODY = [[10, 10], [30, 10], [30, 25], [10, 25]]
HEAD = [[40, 5], [50, 5], [50, 15], [40, 15]]
MAT = [[5, 20], [55, 35]]  # a rectangle's corners; the body covers a part of it
EXPECTED = np.zeros((HEIGHT, WIDTH), int)
EXPECTED[20:35, 5:55] = 2
EXPECTED[10:25, 10:30] = EXPECTED[5:15, 40:50] = 1


def rectangle(corners):
    (left, top), (right, bottom) = corners
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def mask_of(points):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    (left, top), _, (right, bottom), _ = points
    mask[top:bottom, left:right] = True
    return mask


def labelme():
    shapes = [
        {"label": "cat", "points": BODY, "shape_type": "polygon", "group_id": None, "flags": {}},
        {"label": "cat", "points": HEAD, "flags": {}},  # older versions have polygons alone
        {"label": "mat", "points": MAT[::-1], "shape_type": "rectangle"},
    ]
    return {
        "version": "5.5.0",
        "shapes": shapes,
        "imagePath": "a.png",
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
    }


def flat(points):
    return [float(each) for point in points for each in point]


def runs(mask):
    ends = np.flatnonzero(np.diff(np.r_[False, mask.T.ravel()]))
    return {"size": [HEIGHT, WIDTH], "counts": np.diff(np.r_[0, ends, mask.size]).tolist()}


def coco():
    areas = [
        (3, [flat(BODY), flat(HEAD)], 7),
        (5, runs(mask_of(rectangle(MAT))), 7),
        (5, [flat(HEAD)], 8),
    ]
    return {
        "images": [
            {"id": 8, "file_name": "train/b.png", "height": 9, "width": 9},
            {"id": 7, "file_name": "train/a.png", "height": HEIGHT, "width": WIDTH},
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 5, "name": "mat"}],
        "annotations": [
            {
                "id": i,
                "image_id": image,
                "category_id": category,
                "segmentation": area,
                "iscrowd": 0,
            }
            for i, (category, area, image) in enumerate(areas)
        ],
    }


def brush(mask):
    """Pack RGBA pixels as thi.ng's rle-pack does: 8-bit words, lengths of 3, 4, 8 or 16 bits."""
    values = np.repeat(mask.ravel() * 255, 4).tolist()
    bits = f"{len(values):032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    start = 0
    while start < len(values):
        stop = start
        while stop < len(values) and values[stop] == values[start] and stop - start < 300:
            stop += 1
        if stop - start == 300 or stop == len(values):
            bits += f"1{3:02b}{stop - start - 1:016b}{values[start]:08b}"
        else:  # one by one, eight at most
            stop = min(start + 8, len(values))
            bits += f"0{0:02b}{stop - start - 1:03b}" + "".join(
                f"{v:08b}" for v in values[start:stop]
            )
        start = stop
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def turned(data):
    data[1]["annotations"][0]["result"][2]["value"]["rotation"] = 30


def label_studio():
    percent = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in BODY]
    (left, top), (right, bottom) = MAT
    box = {"x": 100 * left / WIDTH, "y": 100 * top / HEIGHT, "width": 100 * (right - left) / WIDTH,
           "height": 100 * (bottom - top) / HEIGHT, "rotation": 0}  # fmt: skip
    values = [
        {"points": percent, "closed": True, "polygonlabels": ["cat"]},
        {"format": "rle", "rle": brush(mask_of(HEAD)), "brushlabels": ["cat"]},
        {**box, "rectanglelabels": ["mat"]},
    ]
    result = [
        {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0, "value": value}
        for value in values
    ]
    other = {"data": {"image": "/data/upload/1/00c0ffee-b.png"}, "annotations": []}
    mine = {
        "data": {"image": "/data/upload/1/1badc0de-a.png?x=1"},
        "annotations": [{"result": result}],
    }
    return [other, mine]


FILES = {"labelme": labelme, "coco": coco, "label_studio": label_studio}


@pytest.fixture
def written(tmp_path):
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "a.png")
    for name, make in FILES.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(make()), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_drawing_is_read_as_regions(name, written):
    regions = segxai.load_regions(written / f"{name}.json", written / "a.png")
    assert set(regions.names) == {"rest", "cat", "mat"}
    named = np.array(["rest", "cat", "mat"])[EXPECTED]
    assert np.array_equal(np.array(regions.names)[regions.labels], named)


def test_the_polygons_of_a_label_are_its_parts(written):
    regions = segxai.load_regions(written / "labelme.json", written / "a.png")
    parts = regions.expand("cat")
    masks = [parts.mask(part) for part in parts.names if part.startswith("cat")]
    expected = [mask_of(BODY).tolist(), mask_of(HEAD).tolist()]
    assert sorted(mask.tolist() for mask in masks) == sorted(expected)


@pytest.mark.parametrize("name", FILES)
def test_a_drawing_is_read_as_an_annotation(name, written):
    if name == "labelme":
        labels, names = read_annotation(written / "labelme.json", (HEIGHT, WIDTH))
    else:
        with pytest.raises(
            SegxaiError, match=r"Of 2 photographs in the file, 0 .* segxai\.load_regions"
        ):
            read_annotation(written / f"{name}.json", (HEIGHT, WIDTH))
        regions = segxai.load_regions(written / f"{name}.json", written / "a.png")
        labels, names = read_annotation(regions, (HEIGHT, WIDTH))
    assert np.array_equal(np.array(names)[labels], np.array(["rest", "cat", "mat"])[EXPECTED])


@pytest.mark.parametrize("name", ["coco", "label_studio"])
def test_a_drawing_of_one_photograph_is_an_annotation_by_its_path(name, written):
    data = FILES[name]()
    if name == "coco":
        data["images"] = [each for each in data["images"] if each["file_name"].endswith("a.png")]
    else:
        data = [task for task in data if "-a.png" in task["data"]["image"]]
    (written / "one.json").write_text(json.dumps(data))
    labels, names = read_annotation(written / "one.json", (HEIGHT, WIDTH))
    assert np.array_equal(np.array(names)[labels], np.array(["rest", "cat", "mat"])[EXPECTED])


def test_an_annotation_with_soft_borders_is_refused():
    row, column = np.indices((60, 80))
    disc = np.clip(20.5 - np.hypot(row - 30, column - 40), 0, 1)
    with pytest.raises(SegxaiError, match="The annotation is a mask with soft borders"):
        read_annotation(np.rint(255 * disc).astype(np.uint8), (60, 80))
    labels, _ = read_annotation((disc > 0.5).astype(np.uint8), (60, 80))
    assert labels.sum() == (disc > 0.5).sum()


def test_polygons_of_a_reduced_photograph_are_drawn_on_it(tmp_path):
    Image.new("RGB", (4096, 128)).save(tmp_path / "a.png")
    shape = {"label": "left", "points": [[0, 0], [1024, 0], [1024, 128], [0, 128]]}
    data = {"shapes": [shape], "imageHeight": 128, "imageWidth": 4096}
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.warns(UserWarning, match="reduced"):
        regions = segxai.load_regions(tmp_path / "a.json", tmp_path / "a.png")
    assert regions.shape == (64, 2048)
    assert np.array_equal(regions.mask("left"), np.arange(2048) < np.full((64, 1), 512))


def test_a_picture_of_classes_is_read_as_regions(tmp_path):
    (tmp_path / "a.png").write_bytes(class_png(EXPECTED.astype(np.uint8), ["rest", "cat", "mat"]))
    regions = segxai.load_regions(tmp_path / "a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert regions.names == ("rest", "cat", "mat")
    assert np.array_equal(regions.labels, EXPECTED)


def changed(make, change):
    data = make()
    change(data)
    return data


def packed(data):
    """The brush in label-studio's data."""
    return data[1]["annotations"][0]["result"][1]["value"]["rle"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "labelme, COCO or label-studio"),
        ([], "labelme, COCO or label-studio|Of 0 photographs"),
        (None, "TypeError"),
        (
            changed(labelme, lambda d: d.update(imageHeight=41)),
            "41 x 60 pixels; the image has 40 x 60",
        ),
        (changed(labelme, lambda d: d.update(imageHeight=60, imageWidth=40)), "not rotated"),
        (changed(labelme, lambda d: d["shapes"][0].update(shape_type="line")), "'line' is neither"),
        (changed(labelme, lambda d: d["shapes"][0].update(points=[])), "ValueError"),
        (changed(labelme, lambda d: d["shapes"][0].update(points=[[float("nan"), 1]] * 3)), "JSON"),
        (changed(labelme, lambda d: d["shapes"][0].update(points=[[1e400, 1]] * 3)), "JSON"),
        (changed(coco, lambda d: d["images"].pop()), "9 x 9"),
        (changed(coco, lambda d: d["categories"].clear()), "KeyError"),
        (changed(label_studio, lambda d: packed(d).__delitem__(slice(20, None))), "JSON"),
        (changed(label_studio, lambda d: packed(d).__setitem__(0, 255)), "a brush of"),
        (changed(label_studio, turned), "a rectangle is rotated"),
    ],
)
def test_files_that_are_not(data, said, written):
    (written / "bad.json").write_text(json.dumps(data))
    with pytest.raises(SegxaiError, match=said):
        segxai.load_regions(written / "bad.json", written / "a.png")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json(content, written):
    (written / "bad.json").write_bytes(content)
    with pytest.raises(SegxaiError, match="labelme, COCO or label-studio"):
        segxai.load_regions(written / "bad.json", written / "a.png")
    with pytest.raises(SegxaiError, match="There is no file"):
        segxai.load_regions(written / "nothing.json", written / "a.png")
