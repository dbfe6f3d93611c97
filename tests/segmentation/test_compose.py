import numpy as np
import pytest
from PIL import Image

from segxai import Regions, SegxaiError, from_class_map, from_mask_list
from segxai.fcn.annotation import read_annotation
from segxai.segmentation.compose import refine

COARSE = Regions.from_labels(np.kron([[0, 1]], np.ones((20, 10), int)), ["left", "right"], "coarse")
FINER = Regions.from_labels(np.kron([[0], [1]], np.ones((10, 20), int)), ["top", "bottom"], "finer")


def test_a_coarse_map_is_refined_by_a_finer_one():
    pieces = refine(COARSE, FINER)
    assert pieces.method == "coarse+finer"
    assert pieces.names == ("left: top", "left: bottom", "right: top", "right: bottom")
    assert np.array_equal(pieces.mask("right: top"), COARSE.mask("right") & FINER.mask("top"))


@pytest.mark.parametrize(
    ("coarse", "finer", "made"),
    [("", "", "regions+regions"), ("", "finer", "regions+finer"), ("coarse", "", "coarse+regions")],
)
def test_what_is_refined_has_a_name_in_any_case(coarse, finer, made):
    pair = (
        Regions.from_labels(regions.labels, method=method)
        for regions, method in ((COARSE, coarse), (FINER, finer))
    )
    assert refine(*pair).method == made


def test_pieces_too_small_to_matter_join_a_neighbour():
    finer = np.zeros((20, 20), int)
    finer[:10] = 1
    finer[0, 0] = 2
    finer[:, 10:] = 3
    refined = refine(COARSE, Regions.from_labels(finer))
    assert refined.names == ("left: region 0", "left: region 1", "right")
    # Two pieces of 100, and the crumb went to the first of them.
    assert refined.mask("left: region 0").sum() == 101


def masks():
    body, face, twin = (np.zeros((30, 30), bool) for _ in range(3))
    body[5:25, 5:25], face[8:14, 10:16] = True, True
    twin[5:25, 5:24] = True
    return body, face, twin


def test_overlapping_masks_the_part_lies_on_the_whole():
    body, face, _ = masks()
    regions = from_mask_list([face, body])
    assert regions.names == ("rest", "mask 2", "mask 1")
    assert np.array_equal(regions.mask("mask 1"), face)
    assert np.array_equal(regions.mask("mask 2"), body & ~face)
    assert np.array_equal(regions.mask("rest"), ~body)


def test_of_two_masks_of_one_thing_the_better_scored_stays():
    body, face, twin = masks()
    regions = from_mask_list(
        [
            {"segmentation": twin, "predicted_iou": 0.5, "stability_score": 0.4, "name": "twin"},
            {"segmentation": body, "score": 0.95, "name": "body"},
            {"segmentation": face, "score": 0.7, "name": "face"},
            {"segmentation": np.zeros((30, 30), bool), "score": 1.0, "name": "nothing"},
        ]
    )
    assert set(regions.names) == {"rest", "body", "face"}


def automatic(mask, iou, stability):
    """An entry of the list that Segment Anything's automatic mask generator returns."""
    rows, columns = np.nonzero(mask)
    corner = [int(columns.min()), int(rows.min())] if mask.any() else [0, 0]
    size = [int(np.ptp(columns)), int(np.ptp(rows))] if mask.any() else [0, 0]
    return {
        "segmentation": mask,
        "area": int(mask.sum()),
        "bbox": corner + size,
        "predicted_iou": iou,
        "point_coords": [[3.0, 4.0]],
        "stability_score": stability,
        "crop_box": [0, 0, 30, 30],
    }


def test_automatic_masks_of_segment_anything_as_they_come():
    body, face, twin = masks()
    nothing = np.zeros((30, 30), bool)
    regions = from_mask_list(
        [
            automatic(face, 0.9, 0.95),
            automatic(nothing, 1.0, 1.0),
            automatic(twin, 0.7, 0.8),
            automatic(body, 0.96, 0.97),
        ]
    )
    assert regions.names == ("rest", "mask 4", "mask 1")  # the body's twin is scored lower
    assert np.array_equal(regions.mask("mask 1"), face)
    assert np.array_equal(regions.mask("mask 4"), body & ~face)
    assert np.array_equal(regions.mask("rest"), ~body)
    first = int(face.T.ravel().argmax())  # COCO's run lengths go down the columns
    counts = [first, *[6, 24] * 5, 6, 900 - first - 6 * 6 - 24 * 5]
    runs = {"size": [30, 30], "counts": counts}
    for encoded in (runs, automatic(face, 0.9, 0.95) | {"segmentation": runs}):
        assert np.array_equal(from_mask_list([encoded]).mask("mask 1"), face)


def picture_of(mask, mode):
    """A mask as the Pillow image that transformers returns ("L": 0 and 255), or of one bit."""
    return Image.fromarray(mask.astype(np.uint8) * 255).convert(mode)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_answers_of_the_transformers_pipeline_as_they_come(mode):
    body, face, _ = masks()
    other = np.zeros((30, 30), bool)
    other[26:, :4] = True
    answer = [
        {"label": "person", "mask": picture_of(body, mode), "score": 0.99},
        {
            "label": "face",
            "mask": picture_of(face, mode),
            "score": None,
        },  # semantic segmentation has no scores
        {"label": "person", "mask": picture_of(other, mode), "score": 0.8},
        {"label": "nothing", "mask": picture_of(np.zeros((30, 30), bool), mode), "score": 0.9},
    ]
    regions = from_mask_list(answer)
    assert set(regions.names) == {"rest", "person", "person 2", "face"}
    assert np.array_equal(regions.mask("face"), face)
    assert np.array_equal(regions.mask("person"), body & ~face)
    assert np.array_equal(regions.mask("person 2"), other)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32, "L", "1"])
def test_masks_without_anything_in_whatever_type(kind):
    body, face, _ = masks()
    given = [picture_of(m, kind) if isinstance(kind, str) else m.astype(kind) for m in (body, face)]
    assert from_mask_list(given) == from_mask_list([body, face])
    assert from_mask_list([{"segmentation": m} for m in given]) == from_mask_list([body, face])


def test_a_mask_that_smaller_ones_cover_is_left_out():
    body = masks()[0]
    left, right = body.copy(), body.copy()
    left[:, 15:], right[:, :15] = False, False
    assert from_mask_list([body, left, right]).names == ("rest", "mask 2", "mask 3")


def test_no_mask_at_all_is_one_region():
    assert from_mask_list([], shape=(4, 5)).names == ("rest",)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([], "no masks"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], "same shape"),
        ([np.zeros(4)], r"got shape \(4,\)"),
        ([{"mask": np.zeros((2, 2))}], "without 'segmentation'"),
        (None, "must be a list.*NoneType"),
        (3, "must be a list"),
        ("masks", "must be a list"),
        ({"cat": np.ones((2, 2))}, "Regions.from_masks"),
    ],
)
def test_masks_that_are_none(bad, said):
    with pytest.raises(SegxaiError, match=said):
        from_mask_list(bad)


def test_class_maps_and_scores():
    classes = np.array([[0, 0, 7], [0, 7, 7]])
    assert from_class_map(classes).names == ("class 0", "class 7")
    assert from_class_map(classes, {7: "tree"}).names == ("class 0", "tree")
    scores = np.eye(3)[np.array([[0, 2], [2, 2]])]
    assert from_class_map(scores, ["sky", "sea", "sand"]).names == ("sky", "sand")
    assert from_class_map(scores[None]).names == ("class 0", "class 2")


SCORES = np.random.default_rng(0).normal(size=(20, 30, 5))
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (PICTURE, "axis 2 would be red, green and blue"),
        (PICTURE / 255, "looks like a picture"),
        (PICTURE.astype(np.float32), "looks like a picture"),
        (np.dstack([PICTURE, PICTURE[..., :1]]), "looks like a picture"),
        (np.moveaxis(SCORES, -1, 0), "If axis 0 is"),
        (np.moveaxis(SCORES, -1, 0)[None], "If axis 0 is"),
        (np.random.default_rng(0).normal(size=(150, 32, 32)), "If axis 0 is"),
        (np.moveaxis(np.eye(25)[np.arange(600).reshape(20, 30) % 25], -1, 0), "If axis 0 is"),
        (np.where(SCORES > 2, np.nan, SCORES), "scores contain NaN"),
        (np.full((20, 30), np.nan), "NaN"),
        (SCORES[None, None], "shape"),
        (SCORES.astype(str), "numbers"),
        (None, "numbers"),
    ],
)
def test_what_is_no_class_map_is_told_by_its_axes(classes, said):
    with pytest.raises(SegxaiError, match=said):
        from_class_map(classes)


def test_scores_are_read_where_their_axes_are_known():
    expected = SCORES.argmax(axis=-1)
    for scores in (SCORES, SCORES[None], np.where(SCORES < -1, -np.inf, SCORES)):
        regions = from_class_map(scores)
        assert np.array_equal(
            np.array(regions.names)[regions.labels], np.char.add("class ", expected.astype(str))
        )
    wide = np.random.default_rng(0).normal(size=(4, 6, 30))
    assert from_class_map(wide, [f"n{k}" for k in range(30)]).names[0].startswith("n")
    assert len(from_class_map(np.exp(wide) / np.exp(wide).sum(-1, keepdims=True))) > 1
    with pytest.raises(SegxaiError, match="If axis 0 is"):
        from_class_map(SCORES, [f"n{k}" for k in range(20)])


COLOURS = {"cat": (64, 0, 0), "wall": (0, 0, 0), "edge": (224, 224, 192)}
IDS = np.repeat(np.repeat([[0, 12, 12], [0, 255, 12]], 10, axis=0), 10, axis=1).astype(np.uint8)


@pytest.fixture
def coloured(tmp_path):
    """The same classes as a palette PNG, as a PNG in RGB, and as a table of CVAT."""
    palette = Image.fromarray(IDS).convert("P")
    table = np.zeros((256, 3), np.uint8)
    table[12], table[255] = COLOURS["cat"], COLOURS["edge"]
    palette.putpalette(table.ravel().tolist())
    palette.save(tmp_path / "palette.png")
    palette.convert("RGB").save(tmp_path / "rgb.png")
    lines = "# label:color_rgb:parts:actions\n\ncat:64,0,0::\nwall:0,0,0::\nedge:224,224,192::\n"
    (tmp_path / "labelmap.txt").write_text(lines)
    return tmp_path


@pytest.mark.parametrize("name", ["palette.png", "rgb.png"])
def test_colours_are_read_by_a_table(coloured, name):
    path = coloured / name
    with Image.open(path) as opened:
        picture = opened.copy()
    for source in (path, str(path), picture, np.asarray(picture.convert("RGB"))):
        for table in (COLOURS, coloured / "labelmap.txt"):
            regions = from_class_map(source, colours=table)
            assert regions.names == ("cat", "wall", "edge")
            assert np.array_equal(regions.mask("cat"), IDS == 12)
            assert np.array_equal(regions.mask("edge"), IDS == 255)


def test_a_palette_picture_holds_class_ids(coloured):
    """As PASCAL VOC's: 0 is the background, 12 the dog, 255 void."""
    for source in (coloured / "palette.png", Image.open(coloured / "palette.png")):
        regions = from_class_map(source)
        assert regions.names == ("class 0", "class 12", "void")
        assert np.array_equal(regions.mask("void"), IDS == 255)
        assert from_class_map(source, {"dog": 12}).names == ("class 0", "dog", "void")
    labels, names = read_annotation(coloured / "palette.png", IDS.shape, {"12": "dog"})
    assert np.array_equal(labels, IDS)
    assert names[12] == "dog"
    assert read_annotation(coloured / "palette.png", IDS.shape)[1][12] == "class 12"
    assert read_annotation(IDS, IDS.shape, {12: "dog"})[1][12] == "dog"


@pytest.mark.parametrize(
    ("colours", "said"),
    [
        ({"cat": (64, 0, 0), "wall": (0, 0, 0)}, r"16.67% .* lacks: \(224, 224, 192\)\. Add"),
        ({"cat": (64, 0)}, "its own"),
        ({"cat": (64, 0, 0), "dog": (64, 0, 0)}, "its own"),
        ({}, "its own"),
        ({"cat": "red"}, "invalid literal"),
        ({"cat": 3}, "not iterable"),
        (3, "got int"),
        ("nowhere.txt", "No such file"),
    ],
)
def test_a_table_of_colours_that_is_none(coloured, colours, said):
    with pytest.raises(SegxaiError, match=said):
        from_class_map(coloured / "rgb.png", colours=colours)


def test_a_lossy_picture_of_classes_is_refused(coloured):
    with Image.open(coloured / "rgb.png") as picture:
        picture.save(coloured / "lossy.jpg")
    with pytest.raises(SegxaiError, match="save the annotation as PNG"):
        from_class_map(coloured / "lossy.jpg", colours=COLOURS)
