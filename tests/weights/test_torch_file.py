"""A weights file is untrusted: it may be damaged, or written to run something."""

import pickle
import struct

import numpy as np
import pytest

from segxai import SegxaiError
from segxai.weights.downloads import obtain
from segxai.weights.efficientnet_lite import fold_efficientnet
from segxai.weights.torch_file import _MAGIC, _PROTOCOL, read_torch_file


def plain(value) -> bytes:
    """The pickle opcodes of a plain value, without the frame around them."""
    return pickle.dumps(value, 2)[2:-1]


def named(module, name) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tensor(key="0", numel=6, offset=0, shape=(2, 3), strides=(3, 1), kind="FloatStorage") -> bytes:
    storage = (
        b"("
        + plain("storage")
        + named("torch", kind)
        + plain(key)
        + plain("cpu")
        + plain(numel)
        + b"tQ"
    )
    rest = plain(offset) + plain(shape) + plain(strides) + plain(False) + b"}"
    return named("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + rest + b"tR"


def write(path, value: bytes, storages=None):
    """A file in the old layout of torch.save whose dictionary is {"w": value}; made without PyTorch."""
    storages = {"0": np.arange(6, dtype="<f4")} if storages is None else storages
    head = b"".join(pickle.dumps(v, 2) for v in (_MAGIC, _PROTOCOL, {"little_endian": True}))
    state = b"\x80\x02}" + plain("w") + value + b"s."
    raw = b"".join(struct.pack("<q", len(v)) + v.tobytes() for v in storages.values())
    path.write_bytes(head + state + pickle.dumps(list(storages), 2) + raw)
    return path


def test_a_tensor_is_read_with_its_shape_and_strides(tmp_path):
    assert np.array_equal(
        read_torch_file(write(tmp_path / "a", tensor()))["w"], [[0, 1, 2], [3, 4, 5]]
    )
    turned = tensor(shape=(3, 2), strides=(1, 3))
    assert np.array_equal(
        read_torch_file(write(tmp_path / "b", turned))["w"], [[0, 3], [1, 4], [2, 5]]
    )
    part = tensor(shape=(2,), strides=(1,), offset=4)
    assert np.array_equal(read_torch_file(write(tmp_path / "c", part))["w"], [4, 5])


def test_a_malicious_pickle_is_refused_and_nothing_of_it_runs(tmp_path):
    mark = tmp_path / "ran"
    for module, name, argument in [
        ("os", "system", f"touch {mark}"),
        ("posix", "system", f"touch {mark}"),
        ("builtins", "eval", f"open({str(mark)!r}, 'w')"),
        ("subprocess", "call", f"touch {mark}"),
        ("torch", "load", "x"),
        ("collections", "OrderedDict.__init__", "x"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__", "x"),
        ("functools", "partial", "x"),
    ]:
        call = named(module, name) + b"(" + plain(argument) + b"tR"
        with pytest.raises(SegxaiError, match="refers to"):
            read_torch_file(write(tmp_path / "bad.pth", call))
    assert not mark.exists()


def test_a_crafted_pickle_cannot_change_the_reader(tmp_path):
    """The BUILD opcode sets attributes on whatever it is given."""
    for target in (
        named("torch._utils", "_rebuild_tensor_v2"),
        named("torch", "FloatStorage"),
        named("collections", "OrderedDict"),
    ):
        with pytest.raises(SegxaiError):
            read_torch_file(
                write(tmp_path / "bad.pth", target + plain({"dtype": "O", "__call__": 1}) + b"b")
            )
    assert read_torch_file(write(tmp_path / "good.pth", tensor()))["w"].shape == (2, 3)


@pytest.mark.parametrize(
    "value",
    [
        tensor(shape=(200, 3)),
        tensor(offset=5),
        tensor(offset=-1),
        tensor(shape=(2, 3), strides=(-3, 1)),
        tensor(shape=(2, 3), strides=(1,)),
        tensor(key="missing"),
        tensor(kind="ObjectStorage"),
        named("torch._utils", "_rebuild_tensor_v2")
        + b"("
        + plain("no storage")
        + plain(0)
        + plain(())
        + plain(())
        + b"tR",
    ],
)
def test_tensors_that_cannot_be_are_refused(tmp_path, value):
    with pytest.raises(SegxaiError):
        read_torch_file(write(tmp_path / "bad.pth", value))


def test_files_that_are_no_weights(tmp_path):
    whole = write(tmp_path / "whole", tensor()).read_bytes()
    for content in (b"", b"<html>not found</html>", whole[:40], whole[:-3], b"PK\x03\x04" + whole):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(SegxaiError, match="download the file again"):
            read_torch_file(tmp_path / "bad")
    with pytest.raises(SegxaiError, match="no file"):
        read_torch_file(tmp_path / "none")
    with pytest.raises(SegxaiError, match="larger than the file"):
        read_torch_file(write(tmp_path / "bad", tensor(shape=(2**20, 2**20), strides=(0, 0))))
    content = write(tmp_path / "bad", tensor()).read_bytes()
    for size in (2**60, 2**33, 7):
        (tmp_path / "bad").write_bytes(content[: -24 - 8] + struct.pack("<q", size) + bytes(20))
        with pytest.raises(SegxaiError, match="download the file again"):
            read_torch_file(tmp_path / "bad")


def test_another_network_is_named_as_such():
    state = read_torch_file(obtain("efficientnet_lite0"))
    state.pop("_conv_head.weight")
    with pytest.raises(SegxaiError, match=r"lacks '_conv_head.weight'"):
        fold_efficientnet(state)


def test_a_file_of_another_network_s_size_is_not_read(tmp_path):
    path = write(tmp_path / "good.pth", tensor())
    with path.open("ab") as file:
        file.truncate(200_000_000)
    with pytest.raises(SegxaiError, match="larger than 100 MB"):
        read_torch_file(path)
