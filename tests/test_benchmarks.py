"""The second classifier of the benchmarks: its network, and the foreign file of its weights."""

import pickle

import numpy as np
import pytest

from segxai import SegxaiError


@pytest.fixture
def classifiers(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "benchmarks")
    import classifiers

    return classifiers


def written(path, content):
    """A pickle as NumPy 1 wrote it, like that of the package."""
    path.write_bytes(pickle.dumps(content, 3).replace(b"numpy._core.", b"numpy.core."))
    return path


def test_squeezenet_has_the_published_number_of_weights_and_takes_rgb(classifiers):
    model = classifiers.squeezenet_model()
    assert model.count_params() == 1_235_496
    assert model.get_layer("fire9").output.shape == (None, 13, 13, 512)
    weights = {w.name.replace("-", "/"): w.get_weights() for w in model.layers if w.weights}
    weights["conv1"][0] = weights["conv1"][0][:, :, ::-1]
    turned = classifiers.squeezenet_model(weights, "RGB")
    image = np.random.default_rng(0).uniform(0, 255, (1, 227, 227, 3)).astype(np.float32)
    [p], [q] = model.predict_on_batch(image), turned.predict_on_batch(image)
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert np.allclose(p, q, atol=1e-6)


def test_weights_are_read_as_they_were_written(classifiers, tmp_path):
    arrays = [np.arange(24, dtype="<f4").reshape(2, 3, 4), np.float32([1, 2])]
    by_columns = np.asfortranarray(arrays[0][0])
    found = classifiers.read_weights(
        written(tmp_path / "a", {"fire2/squeeze1x1": arrays, "conv10": [by_columns]})
    )
    assert list(found) == ["fire2/squeeze1x1", "conv10"]
    for wanted, array in zip(arrays, found["fire2/squeeze1x1"], strict=True):
        assert np.array_equal(wanted, array)
    assert np.array_equal(found["conv10"][0], by_columns)


class Call:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def test_a_pickle_that_calls_anything_else_is_refused_and_nothing_of_it_runs(classifiers, tmp_path):
    mark = tmp_path / "ran"
    for call in (
        Call(open, str(mark), "w"),
        Call(eval, f"open({str(mark)!r}, 'w')"),
        Call(np.zeros, 3),
    ):
        with pytest.raises(SegxaiError, match="refers to"):
            classifiers.read_weights(written(tmp_path / "bad", {"conv1": [call]}))
    assert not mark.exists()
    for other in (np.array([mark], object), np.array([1.0]), np.array([1.0], ">f4"), "text"):
        with pytest.raises(SegxaiError, match="cannot be read"):
            classifiers.read_weights(written(tmp_path / "bad", {"conv1": [other]}))


def test_a_crafted_pickle_cannot_change_the_reader(classifiers, tmp_path):
    """The BUILD opcode sets attributes on whatever it is given."""
    for module, name in (("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct")):
        target = f"c{module}\n{name}\n".encode()
        (tmp_path / "bad").write_bytes(
            b"\x80\x02" + target + pickle.dumps({"__call__": 1}, 2)[2:-1] + b"b."
        )
        with pytest.raises(SegxaiError):
            classifiers.read_weights(tmp_path / "bad")
    good = written(tmp_path / "good", {"conv1": [np.float32([3])]})
    assert classifiers.read_weights(good)["conv1"][0] == 3
