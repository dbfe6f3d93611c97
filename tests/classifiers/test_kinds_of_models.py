"""Models as people have them: each is read, or refused with what to do."""

import numpy as np
import pytest

import segxai
from segxai import Bands, SegxaiError
from segxai.errors import QUOTED, quoted

LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))
IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
GREY = IMAGE @ [0.299, 0.587, 0.114]
ROWS = np.array([[0.1, 0.9]])


def averaging(shape, layers, axes):
    """A Keras model of the logistic of some means."""
    import keras

    entry = keras.Input(shape)
    mean = keras.ops.mean(layers(entry), axis=axes)
    return keras.Model(entry, keras.layers.Softmax()(mean / 64))


def softmax(values):
    powers = np.exp((values - values.max()) / 64)
    return powers / powers.sum()


@pytest.fixture
def subclassed():
    import keras

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat = keras.layers.Flatten()
            self.head = keras.layers.Dense(3, activation="softmax")

        def call(self, images):
            return self.head(self.flat(images) / 255)

    return Subclassed()


def test_a_subclassed_keras_model_gets_pictures_of_the_size_it_was_called_with(subclassed):
    subclassed(np.zeros((1, 6, 8, 3), np.float32))
    box = segxai.load_classifier(subclassed)
    expected = subclassed.predict_on_batch(segxai.images.resize(IMAGE, (6, 8))[None])
    assert np.allclose(box.predict(IMAGE), expected, atol=1e-6)
    assert len(segxai.explain(IMAGE, LABELS, box).weights) == 4


def test_a_subclassed_keras_model_that_was_never_called_gets_them_as_they_are(subclassed):
    assert segxai.load_classifier(subclassed).predict(IMAGE).shape == (1, 3)
    assert subclassed.get_build_config()["input_shape"][1:] == (12, 16, 3)


def test_channels_first():
    box = segxai.load_classifier(averaging((3, None, None), lambda x: x, (2, 3)))
    assert np.allclose(box.predict(IMAGE)[0], softmax(IMAGE.mean(axis=(0, 1))), atol=1e-4)
    patches = segxai.load_classifier(averaging((3, 3, 200), lambda x: x, (1, 2)))
    assert patches.predict([Bands(np.zeros((3, 3, 200)))]).shape == (1, 200)


@pytest.mark.parametrize("shape", [(12, 16), (12, 16, 1), (1, 12, 16)])
def test_grey_models_get_grey_pictures(shape):
    import keras

    halves = averaging(shape, keras.layers.Reshape((2, 96)), 2)  # the upper and the lower half
    box = segxai.load_classifier(halves)
    expected = softmax(GREY.reshape(2, 96).mean(axis=1))
    for picture in (IMAGE, GREY.round().astype(np.uint8)):
        assert np.allclose(box.predict(picture)[0], expected, atol=2e-3)
    assert segxai.explain(IMAGE, LABELS, box).coalitions.full == pytest.approx(
        expected.max(), abs=2e-3
    )
    with pytest.raises(SegxaiError, match="takes 1 channels, but the picture has 5"):
        box.predict([Bands(np.zeros((12, 16, 5)))])


@pytest.fixture(scope="module")
def two_heads():
    import keras

    entry = keras.Input((None, None, 3))
    mean = keras.layers.GlobalAveragePooling2D()(entry) / 255
    species = keras.layers.Softmax(name="species")(mean)
    breed = keras.layers.Softmax(name="breed")(keras.ops.concatenate([mean, mean], axis=1))
    return keras.Model(entry, [species, breed]), keras.Model(entry, {"s": species, "b": breed})


@pytest.mark.parametrize(("head", "classes"), [("species", 3), ("Breed", 6), (1, 6), ("1", 6)])
def test_the_head_of_a_keras_model_is_chosen(two_heads, head, classes):
    box = segxai.load_classifier(two_heads[0], output_head=head)
    assert box.predict(IMAGE).shape == (1, classes)
    assert box.predict(IMAGE).sum() == pytest.approx(1)


def test_several_heads_ask_for_a_choice(two_heads):
    for model, names in zip(two_heads, [r"'species', 'breed'", r"'b', 's'|'s', 'b'"], strict=True):
        with pytest.raises(SegxaiError, match=f"2 outputs.*({names}).*output_head="):
            segxai.explain(IMAGE, LABELS, model)
        with pytest.raises(SegxaiError, match="Unknown output_head 'sbecies'"):
            segxai.load_classifier(model, output_head="sbecies").predict(IMAGE)
    assert segxai.load_classifier(two_heads[1], output_head="b").predict(IMAGE).shape == (1, 6)


@pytest.mark.parametrize(
    ("answer", "head"),
    [
        (lambda rows: {"logits": rows}, None),
        (lambda rows: [rows], None),
        (lambda rows: {"aux": rows[:, :1], "main": rows}, "main"),
        (lambda rows: (rows, rows[:, :1]), 0),
        (lambda rows: {7: rows[:, :1], 8: rows}, "8"),
    ],
)
def test_outputs_of_functions_in_dicts_and_lists(answer, head):
    def function(images):
        return answer(np.repeat(ROWS, len(images), axis=0))

    box = segxai.load_classifier(function, output_head=head)
    assert np.allclose(box.predict([IMAGE, IMAGE]), np.repeat(ROWS, 2, axis=0))


def test_bfloat16_and_other_floats_are_numbers():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in (ml_dtypes.bfloat16, np.float16, np.longdouble, ml_dtypes.float8_e5m2):
        box = segxai.load_classifier(lambda i, dtype=dtype: np.full((len(i), 2), 0.5, dtype))
        assert box.predict(IMAGE).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("ids", [lambda n: np.full(n, 281), lambda n: [[3]] * n])
def test_class_ids_are_no_probabilities(ids):
    with pytest.raises(SegxaiError, match=r"whole number (281|3), like a class id.*predict_proba"):
        segxai.load_classifier(lambda images: ids(len(images))).predict(IMAGE)
    counted = segxai.load_classifier(lambda images: ids(len(images)), output="score")
    assert counted.predict(IMAGE)[0, 0] in (281, 3)
    votes = segxai.load_classifier(lambda images: np.ones(len(images), int))
    assert votes.predict(IMAGE).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.pth", "Pass a function.*\n.*examples/pytorch_model.py"),
        ("a.pt", "Pass a function.*\n.*examples/pytorch_model.py"),
        ("a.onnx", "function.*\n.*InferenceSession"),
        ("a.tflite", "function.*\n.*ai_edge_litert"),
        ("folder", "function.*\n.*TFSMLayer.*SavedModel"),
    ],
)
def test_files_of_other_libraries_say_what_to_do_in_two_lines(name, said, tmp_path):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        path = path / "saved_model.pb"
    path.write_bytes(b"anything")
    with pytest.raises(SegxaiError, match=said) as caught:
        segxai.load_classifier(tmp_path / name)
    assert str(caught.value).count("\n") == 1


def test_a_pytorch_model_that_wants_tensors_names_the_page():
    class Module:
        def named_parameters(self):
            pass

        def __call__(self, images):
            raise TypeError("conv2d(): argument 'input' must be Tensor, not numpy.ndarray")

    with pytest.raises(SegxaiError, match=r"must be Tensor.*examples/pytorch_model\.py"):
        segxai.explain(IMAGE, LABELS, Module())


def test_other_libraries_are_quoted_in_one_short_line(two_heads, tmp_path):
    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError

    assert quoted(ValueError("a\n  b")) == "a b"
    assert quoted(Unspeakable()) == "a Unspeakable"
    assert quoted("x" * 999) == f"'{'x' * 295} ..."
    for failure in (ValueError("word \n" * 999), Unspeakable()):

        def failing(images, failure=failure):
            raise failure

        with pytest.raises(SegxaiError, match=f"raised {type(failure).__name__}: ") as caught:
            segxai.load_classifier(failing).predict(IMAGE)
        assert len(str(caught.value)) < QUOTED + 200
        assert "\n" not in str(caught.value)
        with pytest.raises(SegxaiError, match=f"failed with {type(failure).__name__}") as caught:
            segxai.segment(IMAGE, failing)
        assert len(str(caught.value)) < QUOTED + 100
