import json

import numpy as np
import pytest

import segxai
from segxai import FCN, SegxaiError, finetune
from segxai.errors import SegxaiFileError
from segxai.images import resize
from segxai.weights.semantic import SIDE, semantic_head


@pytest.fixture(scope="module")
def fitted():
    sample = segxai.data.load("coffee")
    fitted = finetune(
        sample.image[::3, ::3],
        sample.annotation.labels[::3, ::3],
        names=sample.annotation.names,
        stride=8,
        iterations=4,
    )
    yield fitted
    fitted.fcn.close()


@pytest.mark.parametrize("stride", [32, 16, 8])
def test_any_image_size_comes_back_at_its_size(stride):
    with FCN(num_classes=3, stride=stride) as fcn:
        for shape in ((1, 1), (31, 70), (64, 96), (100, 33)):
            probabilities = fcn.predict(np.full((*shape, 3), 90, np.uint8))
            assert probabilities.shape == (*shape, 3)
            assert np.allclose(probabilities, 1 / 3)  # equally likely before training


@pytest.mark.parametrize("name", ["fcn.npz", "fcn.other"])
def test_what_is_saved_is_loaded(fitted, tmp_path, name, cat):
    fitted.fcn.save(tmp_path / "new folder" / name)
    with FCN.load(tmp_path / "new folder" / name) as again:
        assert np.array_equal(again.predict(cat), fitted.fcn.predict(cat))
        assert again.class_names == ("table", "saucer", "cup", "coffee", "spoon")
        assert again.stride == 8


def test_saving_adds_nothing_to_the_graph_and_refuses_impossible_names(fitted, tmp_path):
    size = len(fitted.fcn.net.graph.get_operations())
    fitted.fcn.save(tmp_path / "a.npz")
    assert len(fitted.fcn.net.graph.get_operations()) == size
    for path in ("a\0b.npz", "/proc/none/a.npz"):
        with pytest.raises(SegxaiError, match="cannot be written"):
            fitted.fcn.save(path)


@pytest.mark.parametrize(
    ("name", "options"),
    [("v.npz", {"fc_width": 8}), ("v.npz", {}), ("v.other", {})],
)
def test_a_saved_vgg16_is_loaded(tmp_path, name, options):
    with FCN("vgg16", 2, 16, weights=None, **options) as fcn:
        fcn.save(tmp_path / name)
        for again in (FCN.load(tmp_path / name), FCN("vgg16", 2, 16, tmp_path / name)):
            assert (again.fc_width, again.source) == (options.get("fc_width", 0), "random weights")
            for ours, theirs in zip(fcn.variables, again.variables, strict=True):
                assert np.array_equal(fcn.net.run(ours), again.net.run(theirs))
            again.close()
    with pytest.raises(SegxaiError, match="fc6/weights"):
        FCN("vgg16", 2, 16, tmp_path / name, fc_width=4)


def test_a_description_that_lacks_something_is_refused(tmp_path):
    with FCN() as fcn:
        fcn.save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as file:
        arrays = dict(file)
    described = json.loads(str(arrays.pop("description")))
    for key in described:
        less = {other: value for other, value in described.items() if other != key}
        np.savez(tmp_path / "less.npz", description=np.array(json.dumps(less)), **arrays)
        for load in (FCN.load, lambda path: FCN(weights=path)):
            with pytest.raises(SegxaiError, match="this version"):
                load(tmp_path / "less.npz")


def test_damaged_files_are_refused(fitted, tmp_path):
    path = tmp_path / "fcn.npz"
    fitted.fcn.save(path)
    whole = path.read_bytes()
    for content in (b"", b"<html>", whole[:-200], whole[:5000]):
        path.write_bytes(content)
        with pytest.raises(SegxaiError, match="cannot be read as a complete file"):
            FCN.load(path)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(flipped))
    with pytest.raises(SegxaiError, match="the file is damaged"):
        FCN.load(path)
    with pytest.raises(SegxaiError, match="no file"):
        FCN.load(tmp_path / "none.npz")


def test_a_pickle_in_a_saved_file_is_not_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.savez(tmp_path / "bomb.npz", description=np.array(Bomb(), dtype=object))
    with pytest.raises(SegxaiError, match="cannot be read as a complete file"):
        FCN.load(tmp_path / "bomb.npz")
    assert not (tmp_path / "ran").exists()


def test_files_of_another_shape_name_what_differs(fitted, tmp_path):
    fitted.fcn.save(tmp_path / "fcn.npz")
    with pytest.raises(SegxaiError, match=r"num_classes=5.* not 2\. FCN\.load"):
        FCN(weights=tmp_path / "fcn.npz", stride=8)
    with np.load(tmp_path / "fcn.npz") as file:
        arrays = dict(file)
    name = "fcn/score_8/weights"
    np.savez(tmp_path / "wrong.npz", **{**arrays, name: arrays[name][..., :2]})
    with pytest.raises(SegxaiError, match=name):
        FCN.load(tmp_path / "wrong.npz")
    arrays.pop(name)
    np.savez(tmp_path / "less.npz", **arrays)
    with pytest.raises(SegxaiError, match=f"there is no array '{name}'"):
        FCN.load(tmp_path / "less.npz")
    described = json.loads(str(arrays["description"]))
    np.savez(
        tmp_path / "old.npz",
        **{**arrays, "description": np.array(json.dumps({**described, "format": "other"}))},
    )
    with pytest.raises(SegxaiError, match="this version"):
        FCN.load(tmp_path / "old.npz")


def test_closing_frees_the_graph(cat):
    import gc
    import weakref

    fcn = FCN()
    graph = weakref.ref(fcn.net.graph)
    fcn.predict(cat[::8, ::8])
    fcn.close()
    with pytest.raises(RuntimeError, match="closed"):
        fcn.predict(cat)
    del fcn
    gc.collect()
    assert graph() is None


@pytest.mark.parametrize(
    "bad",
    [
        {"num_classes": 1},
        {"stride": 64},
        {"encoder": "resnet"},
        {"class_names": ["one"]},
        {"weights": "imagenet"},
    ],
)
def test_bad_requests(bad):
    with pytest.raises(SegxaiError):
        FCN(**bad)


def test_a_fitted_network_is_a_segmenter(fitted):
    image = segxai.data.photograph("coffee")[::3, ::3]
    regions = segxai.segment(image, fitted.segmenter())
    assert set(regions.names) <= set(fitted.fcn.class_names)
    assert np.array_equal(
        np.array(fitted.fcn.class_names)[fitted.probabilities.argmax(-1)],
        np.array(regions.names)[regions.labels],
    )
    explanation = segxai.explain(image, fitted.segmenter(), max_evaluations=40)
    assert explanation.regions == regions


def test_connected_pieces_of_a_class_are_its_parts():
    from segxai.segmentation.compose import regions_of_classes

    classes = np.zeros((40, 40), int)
    classes[2:20, 2:20] = 1
    classes[30:38, 30:38] = 1
    classes[25, 3] = 1  # a crumb
    regions = regions_of_classes(classes, ("ground", "thing"), "learned")
    assert regions.names == ("ground", "thing")
    assert np.array_equal(regions.mask("thing"), classes == 1)
    parts = regions.expand("thing")
    assert parts.names == ("ground", "thing 1", "thing 2")
    assert parts.mask("thing 2").sum() == 64
    assert parts.mask("thing 1").sum() == 18 * 18 + 1


@pytest.fixture(scope="module")
def semantic():
    with FCN("efficientnet_lite0", weights="semantic", stride=8) as fcn:
        yield fcn


def test_the_trained_score_heads_predict_their_classes(semantic, cat):
    found = semantic.predict(cat[::2, ::2])
    assert found.shape == (150, 226, len(semantic_head().names))
    assert semantic.class_names == semantic_head().names
    assert semantic.source == "semantic"
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-4)
    truth = segxai.data.load("cat").annotation.mask("cat")[::2, ::2]
    assert found[truth].mean(axis=0)[semantic.class_names.index("cat")] > 0.3


def test_the_graph_computes_what_the_heads_compute(semantic, cat, classifier):
    """Against end points over their root mean square, times the kernels, upsampled in steps."""
    image, head = np.ascontiguousarray(cat[100:164, 100:196]), semantic_head()
    names = [f"stride_{stride}" for stride in (8, 16, 32)]
    maps = classifier.backbone.features(image[None], names)
    scores = np.zeros((1, 1, len(head.names)), np.float32)
    for stride in (32, 16, 8):
        value = maps[f"stride_{stride}"][0]
        value = value / np.sqrt(np.square(value).mean() + 1e-6)
        scores = resize(scores, value.shape[:2]) + value @ head.kernels[stride]
    expected = resize(scores, image.shape[:2]) + head.biases
    found = semantic.net.run(semantic.scores, {semantic.images: image[None]})[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    "bad",
    [{"stride": 16}, {"encoder": "vgg16"}, {"num_classes": 3}, {"class_names": ["sky", "rest"]}],
)
def test_the_trained_score_heads_belong_to_one_network(bad):
    with pytest.raises(SegxaiError, match=r"semantic weights are those of FCN|2 class names"):
        FCN(**{"weights": "semantic", "stride": 8, **bad})


def test_a_saved_semantic_network_sees_photographs_at_the_same_size(semantic, tmp_path, cat):
    semantic.save(tmp_path / "fcn.npz")
    with FCN.load(tmp_path / "fcn.npz") as again:
        assert again.side == semantic.side == SIDE
        assert np.array_equal(again.predict(cat), semantic.predict(cat))


def test_a_file_with_an_impossible_side_is_refused(semantic, tmp_path):
    semantic.save(tmp_path / "fcn.npz")
    with np.load(tmp_path / "fcn.npz") as file:
        described = json.loads(str(file["description"]))
    for side in ("448", 448.5, 0, -448, 31, 2049, True, [448]):
        text = json.dumps({**described, "side": side})
        np.savez(tmp_path / "other.npz", description=np.array(text))
        with pytest.raises(
            SegxaiFileError, match=r"side must be (a whole number of at least 32|at most 2048)"
        ):
            FCN.load(tmp_path / "other.npz")
