import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import Regions, SegxaiError, from_class_map, from_mask_list, refine
from segxai.images import resize
from segxai.segmentation.compose import KerasHubSegmenter

COARSE = Regions.from_labels(np.kron([[0, 1]], np.ones((20, 10), int)), ["left", "right"], "coarse")
FINER = Regions.from_labels(np.kron([[0], [1]], np.ones((10, 20), int)), ["top", "bottom"], "finer")


def test_a_coarse_map_is_refined_by_a_finer_one():
    refined = refine(COARSE, FINER)
    assert refined.names == ("left", "right")
    assert refined == Regions.from_labels(COARSE.labels, ["left", "right"])
    pieces = refined.expand("left").expand("right")
    assert pieces.names == ("left: top", "left: bottom", "right: top", "right: bottom")
    assert np.array_equal(pieces.mask("right: top"), COARSE.mask("right") & FINER.mask("top"))


@pytest.mark.parametrize(
    ("coarse", "finer", "made"),
    [
        ("", "", ""),
        ("", "finer", "regions+finer"),
        ("coarse", "", "coarse+regions"),
        ("coarse", "finer", "coarse+finer"),
    ],
)
def test_what_is_refined_names_the_methods_that_are_known(coarse, finer, made):
    assert (
        refine(
            Regions.from_labels(COARSE.labels, method=coarse),
            Regions.from_labels(FINER.labels, method=finer),
        ).method
        == made
    )


def test_pieces_too_small_to_matter_join_a_neighbour():
    finer = np.zeros((20, 20), int)
    finer[:10] = 1
    finer[0, 0] = 2
    refined = refine(COARSE, Regions.from_labels(finer)).expand("left")
    assert refined.names == ("left: region 0", "left: region 1", "right")
    assert (
        refined.mask("left: region 0").sum() == 101
    )  # two pieces of 100, and the crumb went to the first of them


def test_regions_of_two_sizes_cannot_be_refined():
    with pytest.raises(SegxaiError, match="cannot be refined"):
        refine(COARSE, Regions.from_labels(np.zeros((3, 3), int)))


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
        "segmentation": mask, "area": int(mask.sum()), "bbox": corner + size, "predicted_iou": iou, "point_coords": [[3.0, 4.0]],
        "stability_score": stability, "crop_box": [0, 0, 30, 30],
    }  # fmt: skip


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
    encoded = automatic(face, 0.9, 0.95) | {"segmentation": {"size": [30, 30], "counts": [900]}}
    with pytest.raises(SegxaiError, match=r"run-length encoded.*binary_mask"):
        from_mask_list([encoded])


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
    "bad", [[], [np.zeros((2, 2)), np.zeros((3, 3))], [np.zeros(4)], [{"mask": np.zeros((2, 2))}]]
)
def test_masks_that_are_none(bad):
    with pytest.raises(SegxaiError):
        from_mask_list(bad)


def test_class_maps_and_scores():
    classes = np.array([[0, 0, 7], [0, 7, 7]])
    assert from_class_map(classes).names == ("class 0", "class 7")
    assert from_class_map(classes, {7: "tree"}).names == ("class 0", "tree")
    scores = np.eye(3)[np.array([[0, 2], [2, 2]])]
    assert from_class_map(scores, ["sky", "sea", "sand"]).names == ("sky", "sand")
    assert from_class_map(scores[None]).names == ("class 0", "class 2")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A tiny DeepLabV3 of KerasHub with random weights and four classes, saved as a local preset."""
    hub = pytest.importorskip(
        "keras_hub", reason="KerasHub is not installed (pip install 'segxai[test]')"
    )
    import keras

    keras.utils.set_random_seed(0)
    encoder = hub.models.ResNetBackbone(
        input_conv_filters=[64], input_conv_kernel_sizes=[7], stackwise_num_filters=[64, 64, 64], stackwise_num_blocks=[1, 1, 1],
        stackwise_num_strides=[1, 2, 2], block_type="basic_block", image_shape=(64, 64, 3),
    )  # fmt: skip
    backbone = hub.models.DeepLabV3Backbone(
        image_encoder=encoder, low_level_feature_key="P2", spatial_pyramid_pooling_key="P4", projection_filters=4,
        upsampling_size=4, dilation_rates=[6, 12, 18], image_shape=(64, 64, 3),
    )  # fmt: skip
    converter = hub.layers.DeepLabV3ImageConverter(image_size=(64, 64), scale=1 / 255)
    preprocessor = hub.models.DeepLabV3ImageSegmenterPreprocessor(converter)
    model = hub.models.DeepLabV3ImageSegmenter(
        backbone=backbone, num_classes=4, preprocessor=preprocessor
    )
    folder = tmp_path_factory.mktemp("preset")
    model.save_to_preset(str(folder))
    return str(folder)


def test_a_keras_hub_preset_segments_the_whole_photograph(preset, cat):
    """The map must be the model's answer for the photograph scaled to its size, not for a square cut out of it."""
    import keras_hub

    model = keras_hub.models.ImageSegmenter.from_preset(preset)
    regions = segxai.segment(cat, KerasHubSegmenter(model, names=["a", "b", "c", "d"]))
    assert regions.shape == cat.shape[:2]
    scaled = resize(cat, (64, 64))[None]
    expected = resize(np.asarray(model.predict(scaled, verbose=0))[0], cat.shape[:2]).argmax(-1)
    named = np.array(list("abcd"))[expected]
    assert (np.array(regions.names)[regions.labels] == named).mean() > 0.999
    assert len(regions) > 1


def test_a_segmenter_without_a_preprocessor_takes_the_size_it_is_given(cat):
    class Halves:
        def predict(self, images, verbose):
            assert images.shape == (1, 32, 48, 3)
            return np.stack(
                [images[..., 0] * 0 + 1, np.arange(48) / 24 + images[..., 0] * 0], axis=-1
            )

    regions = segxai.segment(
        cat, KerasHubSegmenter(Halves(), size=(32, 48), names=["left", "right"])
    )
    assert regions.names == ("left", "right")
    assert regions.areas[0] == pytest.approx(0.5, abs=0.03)
