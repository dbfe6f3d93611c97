import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.explanation.fills import fill_image
from segxai.weights.imagenet import imagenet_class_names


def brightness(images):
    """Two classes, dark and bright; as any function a user may bring."""
    bright = images.reshape(len(images), -1).mean(axis=1) / 255
    return np.stack([1 - bright, bright], axis=1)


def test_the_default_network_knows_a_cat_and_an_espresso(classifier, cat):
    assert classifier.top(cat)[0][0] == "Egyptian Mau"
    assert classifier.top(segxai.data.photograph("coffee"), k=1)[0][0] == "espresso"
    probabilities = classifier.predict([cat, segxai.data.photograph("coffee")])
    assert probabilities.shape == (2, 1000)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_class_names_are_a_thousand_different_ones():
    names = imagenet_class_names()
    assert len(set(names)) == 1000
    assert (names[657], names[744]) == ("missile", "projectile")


def test_masking_in_the_graph_equals_masking_the_photograph(classifier, quarters):
    """Where region borders fall on the network's own pixels the two ways are the same picture."""
    image, _ = quarters
    labels = np.kron(np.array([[0, 1], [2, 3]]), np.ones((112, 112), np.int32)).astype(np.int32)
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    fill = fill_image(image, labels, "blur")
    masks = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]], bool)
    pictures = np.where(masks[:, labels][..., None], image, fill)
    assert np.allclose(
        classifier.masked_predictor(image, labels, fill)(masks),
        classifier.predict(pictures),
        atol=1e-6,
    )


def test_any_function_is_a_classifier(cat):
    box = segxai.load_classifier(brightness, class_names=["dark", "bright"])
    assert box.predict(cat).shape == (1, 2)
    assert box.predict([cat, cat[:50]]).shape == (2, 2)
    assert box.predict(np.stack([cat, cat])).shape == (2, 2)
    assert box.class_names == ("dark", "bright")
    assert box.index("BRIGHT") == box.index(1) == 1
    assert segxai.load_classifier(box) is box


@pytest.mark.parametrize(
    "answer", [lambda i: np.full(len(i), 0.25), lambda i: np.full((len(i), 1), 0.25)]
)
def test_one_output_is_the_second_of_two_classes(answer, cat):
    assert segxai.load_classifier(answer).predict(cat).tolist() == [[0.75, 0.25]]


def keras_model(outputs, activation):
    import keras

    return keras.Sequential(
        [
            keras.Input((32, 48, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(outputs, activation),
        ]
    )


@pytest.mark.parametrize(
    ("outputs", "activation", "columns"), [(3, "softmax", 3), (1, "sigmoid", 2)]
)
def test_a_keras_model_in_memory_or_saved_is_a_classifier(
    tmp_path, cat, outputs, activation, columns
):
    model = keras_model(outputs, activation)
    box = segxai.load_classifier(model)
    probabilities = box.predict(cat)
    assert probabilities.shape == (1, columns)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    model.save(tmp_path / "mine.keras")
    assert np.allclose(segxai.load_classifier(tmp_path / "mine.keras").predict(cat), probabilities)
    explanation = segxai.explain(cat, segxai.segment(cat, "grid", rows=2, columns=2), box, target=1)
    assert len(explanation.weights) == 4


def test_what_is_no_classifier_is_refused_with_its_reason(tmp_path):
    (tmp_path / "text.keras").write_text("nothing")
    for model, said in [
        ("efficientnet", "Did you mean 'efficientnet_lite0'"),
        (tmp_path / "none.keras", "no file"),
        (tmp_path / "text.keras", "cannot be read as a Keras model"),
        (7, "int is not a classifier"),
    ]:
        with pytest.raises(SegxaiError, match=said):
            segxai.load_classifier(model)
    with pytest.raises(SegxaiError, match="its pip package"):
        segxai.load_classifier("efficientnet_lite0", weights="mine.ckpt")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda images: 1 / 0, "ZeroDivisionError"),
        (lambda images: np.full((len(images), 3), np.nan), "NaN"),
        (lambda images: np.zeros((len(images) + 1, 3)), r"shape \(2, 3\) for 1 images"),
        (lambda images: np.zeros((len(images), 3, 3)), "shape"),
        (lambda images: "cat", "probabilities"),
        (lambda images: None, "probabilities"),
    ],
)
def test_a_classifier_that_misbehaves_is_named(function, said, cat):
    with pytest.raises(SegxaiError, match=said):
        segxai.load_classifier(function).predict(cat)


def test_a_wrong_number_of_names(cat):
    with pytest.raises(SegxaiError, match="2 classes, but 3 names"):
        segxai.load_classifier(brightness, class_names=list("abc")).predict(cat)


@pytest.mark.parametrize("target", ["fotball helmet", 1000, -1, True, 1.5])
def test_unknown_targets(classifier, target):
    with pytest.raises(SegxaiError):
        classifier.index(target)
    if target == "fotball helmet":
        with pytest.raises(SegxaiError, match="Did you mean 'football helmet'"):
            classifier.index(target)
