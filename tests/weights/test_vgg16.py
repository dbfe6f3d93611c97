"""Where VGG16's weights may come from, and everything that is not them.

Small stand-ins with VGG16's names serve as files.
"""

import hashlib

import numpy as np
import pytest

import segxai
from segxai import FCN, SegxaiError
from segxai.nets import vgg16
from segxai.nets.graph import GraphSession, tf
from segxai.weights import downloads
from segxai.weights.published import contours_weights
from segxai.weights.stored import Stored
from segxai.weights.vgg16 import KERNELS, read_checkpoint, vgg16_weights


@pytest.fixture(scope="module")
def slim_checkpoint(tmp_path_factory):
    """A slim checkpoint of VGG16 with a thin fc6, an optimiser's variables and a global step."""
    path = tmp_path_factory.mktemp("slim") / "vgg_16.ckpt"
    with GraphSession(seed=1) as net:
        with net.build():
            scores, _ = vgg16.vgg16(
                tf.placeholder(tf.float32, (1, 64, 64, 3)),
                10,
                fc_conv_padding="SAME",
                fc_width=32,
                fc6_kernel=3,
            )
            tf.train.AdamOptimizer().minimize(tf.reduce_sum(scores), tf.train.create_global_step())
            net.run(tf.global_variables_initializer())
            tf.train.Saver().save(net.session, str(path), write_meta_graph=False)
        values = {
            v.op.name: net.run(v) for v in net.graph.get_collection(tf.GraphKeys.MODEL_VARIABLES)
        }
    return path, values


def test_a_slim_checkpoint_fills_the_encoder_and_leaves_out_its_classifier(slim_checkpoint):
    path, values = slim_checkpoint
    with FCN("vgg16", num_classes=3, weights=path) as fcn:
        found = {v.op.name: fcn.net.run(v) for v in fcn.variables}
    assert np.array_equal(found["vgg_16/fc6/weights"], values["vgg_16/fc6/weights"])
    assert np.array_equal(
        found["vgg_16/conv1/conv1_1/biases"], values["vgg_16/conv1/conv1_1/biases"]
    )
    assert not any("fc8" in name or "Adam" in name for name in found)
    assert not found["fcn/score_32/weights"].any()


def test_a_checkpoint_of_the_first_format_is_read(slim_checkpoint, tmp_path):
    """The published vgg_16.ckpt is one file of the first version."""
    _, values = slim_checkpoint
    with GraphSession() as net:
        with net.build():
            variables = [
                tf.get_variable(n, initializer=v)
                for n, v in values.items()
                if n.startswith("vgg_16/conv1/")
            ]
            net.run(tf.global_variables_initializer())
            tf.train.Saver(variables, write_version=tf.train.SaverDef.V1).save(
                net.session, str(tmp_path / "vgg_16.ckpt"), write_meta_graph=False
            )
    assert (tmp_path / "vgg_16.ckpt").is_file()
    found = read_checkpoint(tmp_path / "vgg_16.ckpt")
    assert np.array_equal(
        found["vgg_16/conv1/conv1_2/weights"].read(), values["vgg_16/conv1/conv1_2/weights"]
    )


def bad_checkpoints(tmp_path, good):
    index = good.with_name("vgg_16.ckpt.index").read_bytes()
    data = good.with_name("vgg_16.ckpt.data-00000-of-00001").read_bytes()

    def write(name, index_bytes, data_bytes):
        (tmp_path / f"{name}.index").write_bytes(index_bytes)
        (tmp_path / f"{name}.data-00000-of-00001").write_bytes(data_bytes)
        return tmp_path / name

    yield tmp_path / "vgg_16.ckpt", "There is no file"
    yield (
        write("cut_index", index[: len(index) // 2], data),
        "cannot be read as a TensorFlow checkpoint",
    )
    for place in (0, 40, len(index) // 2, -3):
        damaged = bytearray(index)
        damaged[place] ^= 1
        yield (
            write(f"index{place}", bytes(damaged), data),
            "cannot be read as a TensorFlow checkpoint",
        )
    yield write("cut_data", index, data[:1000]), "damaged"
    flipped = bytearray(data)
    flipped[::4096] = bytes(b ^ 0xFF for b in flipped[::4096])
    yield write("flipped", index, bytes(flipped)), "damaged"
    (tmp_path / "photo.ckpt").write_bytes(b"\xff\xd8\xff\xe0 a photograph by another name")
    yield tmp_path / "photo.ckpt", "cannot be read as a TensorFlow checkpoint"
    (tmp_path / "page.ckpt").write_text("<html>404</html>")
    yield tmp_path / "page.ckpt", "cannot be read as a TensorFlow checkpoint"
    (tmp_path / "empty.ckpt").touch()
    yield tmp_path / "empty.ckpt", "cannot be read as a TensorFlow checkpoint"
    with GraphSession() as net, net.build():
        tf.get_variable("resnet/conv1/weights", (2, 2))
        net.run(tf.global_variables_initializer())
        tf.train.Saver().save(net.session, str(tmp_path / "resnet.ckpt"), write_meta_graph=False)
    yield tmp_path / "resnet.ckpt", "another network: it contains resnet/conv1/weights"


def test_every_bad_checkpoint_is_refused_with_what_to_do(slim_checkpoint, tmp_path):
    for path, said in bad_checkpoints(tmp_path, slim_checkpoint[0]):
        with pytest.raises(SegxaiError, match=said) as raised:
            FCN("vgg16", weights=path)
        assert "segxai fetch vgg16" in str(raised.value)


def test_a_checkpoint_whose_shapes_do_not_fit_names_the_variable(slim_checkpoint):
    with pytest.raises(SegxaiError, match=r"'vgg_16/fc6/weights' has shape \(3, 3, 512, 32\)"):
        FCN("vgg16", weights=slim_checkpoint[0], fc_width=64)


def test_without_any_weights_the_error_names_three_ways(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    for call in (
        lambda: segxai.load_classifier("vgg16"),
        lambda: segxai.load_classifier("vgg16", weights=None),
    ):
        with pytest.raises(
            SegxaiError, match=r"\(1\) .*fetch vgg16.*\(2\).*vgg_16.ckpt.*\(3\).*VGG16 model"
        ):
            call()


def write_keras_file(path, top, names=("W", "b")):
    """A Keras ``.h5`` of VGG16's names; with top, fc1 is thin so that the file stays small."""
    import h5py

    rng, channels = (
        np.random.default_rng(0),
        [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512],
    )
    with h5py.File(path, "w") as file:

        def layer(name, kernel_shape):
            file[f"{name}/{name}/{names[0]}"] = rng.normal(size=kernel_shape).astype("f4")
            file[f"{name}/{name}/{names[1]}"] = rng.normal(size=kernel_shape[-1]).astype("f4")

        for convolution, inside, outside in zip(KERNELS, channels, channels[1:], strict=False):
            layer(f"block{convolution[4]}_conv{convolution[-1]}", (3, 3, inside, outside))
        if top:
            layer("fc1", (25088, 8))
            layer("fc2", (8, 8))
            layer("predictions", (8, 4))
    return path


@pytest.mark.parametrize("names", [("W_1:0", "b_1:0"), ("kernel:0", "bias:0")])
def test_keras_files_are_turned_to_red_green_blue_and_to_convolutions(tmp_path, names):
    import h5py

    path = write_keras_file(tmp_path / "vgg.h5", top=True, names=names)
    weights = vgg16_weights(path)
    with h5py.File(path) as file:
        first, fc1 = (
            file[f"block1_conv1/block1_conv1/{names[0]}"][()],
            file[f"fc1/fc1/{names[0]}"][()],
        )
    assert np.array_equal(weights["vgg_16/conv1/conv1_1/weights"][:, :, 0], first[:, :, 2])
    assert weights["vgg_16/fc6/weights"].shape == (7, 7, 512, 8)
    assert np.array_equal(weights["vgg_16/fc6/weights"][3, 2, 100], fc1[(3 * 7 + 2) * 512 + 100])


def test_convolutions_alone_serve_an_fcn_but_no_classifier(tmp_path):
    path = write_keras_file(tmp_path / "notop.h5", top=False)
    with FCN("vgg16", weights=path, fc_width=16) as fcn:
        values = {v.op.name: v for v in fcn.variables}
        assert (
            fcn.net.run(values["vgg_16/fc6/weights"]).std() > 0
        )  # new ones, where they are asked for
    with FCN("vgg16", weights=path) as fcn:
        assert (fcn.fc_width, fcn.source) == (0, "notop.h5")
    with pytest.raises(SegxaiError, match="lacks fc6"):
        segxai.load_classifier("vgg16", weights=path)


def test_an_fcn_takes_imagenet_s_weights_where_they_are_fetched_and_the_contour_network_s_elsewhere(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    with FCN("vgg16") as fcn:
        assert fcn.source == "convolutions of the contour network"
        assert repr(fcn).startswith("<FCN-32s on vgg16 (convolutions of the contour network): ")
        found = {v.op.name: fcn.net.run(v) for v in fcn.variables}
    published = contours_weights()
    encoder = [name for name in found if not name.startswith("fcn/")]
    assert len(encoder) == 26
    assert all(np.array_equal(found[name], published[name]) for name in encoder)

    for name, top, width in (("vgg16-conv", False, 0), ("vgg16", True, 8)):
        path = write_keras_file(tmp_path / downloads.DOWNLOADS[name].file, top)
        its_hash, size = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}", path.stat().st_size
        monkeypatch.setitem(
            downloads.DOWNLOADS, name, downloads.DOWNLOADS[name]._replace(hash=its_hash, size=size)
        )
        with FCN("vgg16") as fcn:
            assert (fcn.source, fcn.fc_width, fcn.fc6_kernel) == ("ImageNet", width, 7)
            last = fcn.net.run(
                next(v for v in fcn.variables if v.op.name == "vgg_16/conv5/conv5_3/weights")
            )
        assert np.array_equal(last, vgg16_weights(path)["vgg_16/conv5/conv5_3/weights"])
    with FCN("vgg16", fc_width=0) as fcn:
        assert not any("fc6" in v.op.name for v in fcn.variables)


def test_files_of_keras_that_are_something_else(tmp_path):
    import h5py

    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["dense/kernel"] = np.zeros((2, 2))
    (tmp_path / "text.h5").write_text("nothing")
    for name, said in [
        ("other.h5", "is not VGG16"),
        ("text.h5", "cannot be read"),
        ("none.h5", "There is no file"),
    ]:
        with pytest.raises(SegxaiError, match=said):
            vgg16_weights(tmp_path / name)
    with pytest.raises(SegxaiError, match="cannot be taken from int"):
        vgg16_weights(7)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"fc_width": 64}, r"fc_width=64: .*32"), ({"class_names": ["a"]}, "1 class names")],
)
def test_arguments_are_checked_before_a_value_is_read(wrong, said, slim_checkpoint, monkeypatch):
    read = []
    monkeypatch.setattr(Stored, "pieces", lambda array: iter(read.append(array) or ()))
    with pytest.raises(SegxaiError, match=said):
        FCN("vgg16", weights=slim_checkpoint[0], **wrong)
    assert read == []


def test_layers_that_are_not_wanted_are_not_read(slim_checkpoint):
    path, values = slim_checkpoint
    found = vgg16_weights(path, fc_width=0)
    assert len(found) == 26
    assert np.array_equal(
        found["vgg_16/conv5/conv5_3/weights"], values["vgg_16/conv5/conv5_3/weights"]
    )
