"""Malicious files of weights: nothing is read but what the network has and the file holds."""

import io
import itertools
import json
import os
import shutil
import sys
import zipfile

import h5py
import numpy as np
import pytest

from segxai import SegxaiError
from segxai.fcn.network import FCN, read_npz
from segxai.nets.graph import GraphSession, tf
from segxai.weights.stored import Stored, hdf5_arrays, take
from segxai.weights.vgg16 import KERNELS, read_checkpoint, vgg16_weights

FIRST = "block1_conv1/block1_conv1/kernel"
SHAPE = (3, 3, 3, 64)
HUGE = (3, 3, 3, 230_000_000)  # 8.3 GB of floats


def external_storage(file, secret):
    file.create_dataset(FIRST, SHAPE, "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def virtual(file, secret):
    with h5py.File(secret, "w") as other:
        other["x"] = np.zeros(SHAPE, "f4")
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[:] = h5py.VirtualSource(str(secret), "x", SHAPE)
    file.create_virtual_dataset(FIRST, layout)


def cycle(file, secret):
    group = file.create_group("block1_conv1")
    group["block1_conv1"] = group


ATTACKS = {
    "nothing behind a huge shape": lambda file, _: file.create_dataset(FIRST, HUGE, "f4"),
    "nothing behind the right shape": lambda file, _: file.create_dataset(FIRST, SHAPE, "f4"),
    "zeros, compressed": lambda file, _: file.create_dataset(
        FIRST, data=np.zeros(SHAPE, "f4"), compression="gzip"
    ),
    "a chunk larger than its array": lambda file, _: file.create_dataset(
        FIRST, SHAPE, "f4", maxshape=(None,) * 4, chunks=(64, 64, 64, 512)
    ),
    "another file of the machine": external_storage,
    "an array of another file": virtual,
    "a link to another file": lambda file, secret: file.__setitem__(
        FIRST, h5py.ExternalLink(str(secret), "/x")
    ),
    "a link to another place": lambda file, _: file.__setitem__(FIRST, h5py.SoftLink("/x")),
    "a group in itself": cycle,
    "letters": lambda file, _: file.create_dataset(FIRST, data=np.full(SHAPE, b"x")),
    "whole numbers": lambda file, _: file.create_dataset(FIRST, data=np.zeros(SHAPE, "i4")),
    "objects": lambda file, _: file.create_dataset(FIRST, SHAPE, h5py.string_dtype()),
    "numbers without end": lambda file, _: file.create_dataset(FIRST, data=np.full(SHAPE, np.nan)),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_hdf5_file_gives_only_what_it_holds_in_full(attack, tmp_path, survived):
    secret = tmp_path / "secret"
    secret.write_bytes(os.urandom(10_000))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        ATTACKS[attack](file, secret)
    with pytest.raises(SegxaiError, match=r"a\.h5"):
        vgg16_weights(tmp_path / "a.h5")
    with pytest.raises(SegxaiError, match=r"a\.h5"):
        take(hdf5_arrays(tmp_path / "a.h5"), {FIRST: SHAPE}, "'a.h5'")
    survived(2)


def small_h5(path, _):
    with h5py.File(path, "w") as file:
        file["fuse/vars/0"], file["fuse/vars/1"] = np.ones((1, 1, 5, 1), "f4"), np.ones(1, "f4")
        file[FIRST] = np.ones(SHAPE, "f4")
    layout = {"a": ("fuse/vars/0", (1, 1, 5, 1)), "b": ("fuse/vars/1", (1,)), "c": (FIRST, SHAPE)}

    def read():
        return take(hdf5_arrays(path), dict(layout.values()), str(path))

    return read


def small_npz(path, small_fcn):
    small_fcn(1.0).save(path)

    def read():
        stored, _ = read_npz(path)
        return take(stored, {"a": (3, 4), "b": (5,)}, str(path))

    return read


def small_ckpt(path, _):
    shapes = {"vgg_16/a/weights": (3, 400), "vgg_16/a/biases": (5,)}
    with GraphSession(seed=0) as net:
        with net.build():
            variables = [tf.get_variable(*named) for named in shapes.items()]
            net.run(tf.global_variables_initializer())
            tf.train.Saver(variables, write_version=tf.train.SaverDef.V1).save(
                net.session, str(path), write_meta_graph=False
            )
    return lambda: take(read_checkpoint(path), shapes, str(path))


@pytest.mark.parametrize("kind", ["h5", "npz", "ckpt"])
def test_300_flipped_files_each(kind, tmp_path, small_fcn, survived):
    """A segxai error, or arrays of the network's shapes.

    With a checksum in the file, they are the arrays that were written.
    """
    path = tmp_path / f"a.{kind}"
    small = {"h5": small_h5, "npz": small_npz, "ckpt": small_ckpt}[kind]
    read = small(path, small_fcn)
    whole, before = path.read_bytes(), read()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            after = read()
        except SegxaiError as error:
            refused += 1
            if str(path) not in str(error):
                raise AssertionError(f"which file? {error}") from error
        else:
            for name, array in after.items():
                assert np.isfinite(array).all()
                if kind in ("npz", "ckpt"):
                    assert np.array_equal(array, before[name])
    assert refused > 10
    survived(300)


def test_an_fcn_of_text_or_of_numbers_without_end_is_refused(tmp_path, small_fcn, survived):
    small_npz(tmp_path / "a.npz", small_fcn)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        arrays = dict(file)
    for values in (np.full((3, 4), "x"), np.full((3, 4), np.nan), np.ones((3, 4), int)):
        np.savez(tmp_path / "b.npz", **{**arrays, "a": values})
        stored, _ = read_npz(tmp_path / "b.npz")
        with pytest.raises(SegxaiError, match=r"floats|not finite"):
            take(stored, {"a": (3, 4)}, "b.npz")
        survived()


def test_the_description_of_an_fcn_promises_no_more_than_there_is(tmp_path, small_fcn, survived):
    small_npz(tmp_path / "a.npz", small_fcn)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        arrays = dict(file)
    described = json.loads(str(arrays["description"]))
    for change in (
        {"num_classes": 500_000_000},
        {"num_classes": True},
        {"encoder": ["vgg16"]},
        {"encoder": "vgg16", "fc_width": 10**9},
        {"fc6_kernel": 1e9},
        {"stride": "32"},
        {"class_names": 5},
        {"class_names": "ab"},
        {"side": "large"},
        {"side": 10**9},
        {"format": None},
    ):
        text = np.array(json.dumps({**described, **change}))
        np.savez(tmp_path / "b.npz", **{**arrays, "description": text})
        with pytest.raises(SegxaiError):
            FCN.load(tmp_path / "b.npz")
        survived()


def forge_keras(folder):
    """Saved models that declare more than they hold, or hold it elsewhere; returns their names."""
    import keras

    def declared(*changes):
        def changed(config):
            for old, new in changes:
                assert old in config
                config = config.replace(old, new)
            return config

        return changed

    def forge(source, name, config=str, weights=None, packed=zipfile.ZIP_STORED):
        with (
            zipfile.ZipFile(folder / source) as old,
            zipfile.ZipFile(folder / name, "w", packed) as new,
        ):
            new.writestr("config.json", config(old.read("config.json").decode()))
            new.writestr("metadata.json", old.read("metadata.json"))
            new.writestr("model.weights.h5", weights or old.read("model.weights.h5"))

    layers, entry = keras.layers, keras.Input((8, 8, 3))
    dense = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(4), layers.Dense(2)]
    keras.Sequential([entry, *dense]).save(folder / "dense.keras")
    keras.Sequential([entry, *dense]).save(folder / "units.h5")
    pooled = [layers.Conv2D(6, 3), layers.GlobalAveragePooling2D()]
    keras.Sequential([entry, *pooled]).save(folder / "conv.keras")
    keras.Sequential([layers.Flatten(), layers.Dense(10**9)]).save(folder / "unbuilt.keras")
    units = declared(('"units": 4', '"units": 1000000000'))
    square = declared(('"units": 4', '"units": 60000'), ('"units": 2', '"units": 60000'))
    forge("dense.keras", "units.keras", units)
    forge("dense.keras", "square.keras", square)
    spacious = [lambda text: text + " " * 400_000_000, None]
    forge("dense.keras", "spaces.keras", *spacious, zipfile.ZIP_DEFLATED)
    forge("dense.keras", "long.keras", *spacious)
    forge("conv.keras", "filters.keras", declared(('"filters": 6', '"filters": 400000000')))
    forge("conv.keras", "sides.keras", declared(("8, 8, 3", "200000, 200000, 3")))
    with h5py.File(folder / "units.h5", "r+") as file:
        file.attrs["model_config"] = units(file.attrs["model_config"])
    for name, options in {
        "elsewhere": {"external": [(str(folder / "units.h5"), 0, h5py.h5f.UNLIMITED)]},
        "nothing": {},
    }.items():
        with h5py.File(content := io.BytesIO(), "w") as file:
            file.create_dataset("layers/dense/vars/0", (192, 4), "f4", **options)
        forge("dense.keras", f"{name}.keras", weights=content.getvalue())
    with h5py.File(folder / "much.h5", "w") as file:  # 400 MB of no use, and one array of no bytes
        file.create_dataset("layers/dense/vars/0", data=np.zeros(10**8, "f4"))
        file.create_dataset("layers/dense/vars/1", (192, 4), "f4")
    forge("dense.keras", "much.keras", weights=(folder / "much.h5").read_bytes())
    return sorted(path.name for path in folder.iterdir() if path.stem not in ("dense", "conv"))


PEAK = """
import json, pathlib, resource, sys, time
def peak():
    # getrusage counts what the parent held, too, on Linux.
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
"""
MEASURED = """
import zipfile
import h5py, numpy as np
import segxai
from segxai.nets import graph  # TensorFlow is part of the import, and so is Keras
import keras
from segxai.weights.vgg16 import vgg16_weights

first = "block1_conv1/block1_conv1/kernel"
with h5py.File("huge.h5", "w") as file:
    file.create_dataset(first, (3, 3, 3, 230_000_000), "f4")
with h5py.File("chunk.h5", "w") as file:
    file.create_dataset(
        first,
        (3, 3, 3, 64),
        "f4",
        maxshape=(None,) * 4,
        chunks=(9, 9, 9, 150_000),
        compression="gzip",
    )
with zipfile.ZipFile("entries.npz", "w") as file:
    for number in range(5000):
        file.writestr(str(number), b"")
with h5py.File("links.h5", "w") as file:
    group = file.create_group("a")
    for number in range(12_000):
        group[str(number)] = group
described = {
    "format": "segxai-fcn-1",
    "encoder": "vgg16",
    "num_classes": 250,
    "stride": 8,
    "source": "x",
    "side": None,
    "class_names": ["a"] * 250,
    "fc_width": 4096,
    "fc6_kernel": 7,
}
np.savez("promise.npz", description=np.array(json.dumps(described)))
np.savez_compressed(
    "zeros.npz", description=np.array(json.dumps(described)), x=np.zeros(10**7, "f4")
)
values = {"fcn/score_32/weights": np.zeros((1, 1, 512, 255), "f4")}
described |= {"num_classes": 255, "class_names": ["a"] * 255, "fc_width": 0}
np.savez("classes.npz", description=np.array(json.dumps(described)), **values)
polygon = {"label": "a", "points": [[0, 0], [1999, 0], [1999, 1499], [0, 1499]]}
kept = {
    "areas": {"shapes": [polygon] * 1000, "imageHeight": 1500, "imageWidth": 2000},
    "runs": {
        "images": [{"file_name": "a", "id": 1, "height": 1500, "width": 2000}],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": [
            {
                "image_id": 1,
                "category_id": 1,
                "segmentation": {"size": [10**5, 10**5], "counts": [0, 10**10]},
            }
        ],
    },
    "brush": [
        {
            "data": {"image": "a"},
            "annotations": [
                {
                    "result": [
                        {
                            "original_height": 10**5,
                            "original_width": 10**5,
                            "value": {"rle": [255] * 10**5, "brushlabels": ["a"]},
                        }
                    ]
                }
            ],
        }
    ],
}
for name, data in kept.items():
    json.dump(data, open(f"{name}.json", "w"))
open("objects.json", "w").write("[" + '{"a":1},' * 1_199_999 + '{"a":1}]')
photograph = np.zeros((1500, 2000, 3), np.uint8)
def load_regions(path):
    return segxai.load_regions(path, photograph)
before, slowest, tried = peak(), 0, 0
for path, loads in {
    "huge.h5": (vgg16_weights, segxai.load_classifier),
    "chunk.h5": (vgg16_weights, segxai.load_classifier),
    "promise.npz": (segxai.FCN.load,),
    "zeros.npz": (segxai.FCN.load,),
    "entries.npz": (segxai.FCN.load,),
    "links.h5": (vgg16_weights, segxai.load_classifier),
    "classes.npz": (segxai.FCN.load,),
    **dict.fromkeys(
        [f"{name}.json" for name in ("objects", "areas", "runs", "brush")], (load_regions,)
    ),
    **dict.fromkeys(sys.argv[1:], (segxai.load_classifier,)),
}.items():
    for load in loads:
        started = time.process_time()
        try:
            load(path)
        except segxai.SegxaiError as error:
            assert path in str(error) or 'The photograph of this file' in str(error), error
        else:
            raise AssertionError(path)
        print(path, load.__name__, time.process_time() - started, peak() - before, file=sys.stderr)
        slowest, tried = max(slowest, time.process_time() - started), tried + 1
print(json.dumps([peak() - before, slowest, tried]))
"""


@pytest.mark.filterwarnings("ignore")  # Keras has its own to say of old and of unbuilt models
@pytest.mark.skipif(sys.platform == "win32", reason="the system's account of memory is Unix's")
def test_a_refusal_costs_little_memory_and_time(run_python, tmp_path, survived):
    run = run_python("-c", PEAK + MEASURED, *forge_keras(tmp_path), cwd=tmp_path)
    assert run.returncode == 0, run.stderr.decode()
    megabytes, seconds, tried = json.loads(run.stdout)
    assert megabytes < 300, "more than after the import"
    assert seconds < 5
    survived(tried)


def large_vgg16(folder):
    """VGG16's 550 MB in every format, right but for a value of the last array.

    Returns the files' names.
    """
    shapes = KERNELS | {"fc6": (7, 7, 512, 4096), "fc7": (1, 1, 4096, 4096), "fc8": (1, 1, 4096, 9)}
    arrays = {f"vgg_16/{name}/weights": np.zeros(shape, "f4") for name, shape in shapes.items()}
    arrays |= {f"vgg_16/{name}/biases": np.zeros(shape[-1], "f4") for name, shape in shapes.items()}
    arrays["vgg_16/fc8/biases"][-1] = np.nan
    with h5py.File(folder / "vgg16.h5", "w") as file:
        for name, values in arrays.items():
            *_, layer, part = name.split("/")
            known = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}
            layer = known.get(layer, f"block{layer[4:5]}_conv{layer[-1]}")
            dense = layer in known.values() and part == "weights"
            file[f"{layer}/{part}"] = values.reshape(-1, values.shape[-1]) if dense else values
    described = {"format": "segxai-fcn-1", "encoder": "vgg16", "num_classes": 9, "stride": 32}
    described |= {"class_names": [*"abcdefghi"], "fc_width": 4096, "fc6_kernel": 7}
    own = {name.replace("vgg_16/fc8", "fcn/score_32"): values for name, values in arrays.items()}
    np.savez(folder / "vgg16.npz", description=np.array(json.dumps(described)), **own)
    for version in (tf.train.SaverDef.V1, tf.train.SaverDef.V2):
        with GraphSession() as net:
            with net.build():
                variables = [tf.get_variable(name, v.shape) for name, v in arrays.items()]
            net.assign(list(zip(variables, arrays.values(), strict=True)))
            with net.build():
                tf.train.Saver(variables, write_version=version).save(
                    net.session, str(folder / f"{version}.ckpt"), write_meta_graph=False
                )
    return ["vgg16.h5", "vgg16.npz", "1.ckpt", "2.ckpt"]


def large_keras(folder):
    """Models of 410 MB that do not fit their weights, or take no pictures.

    Returns the files' names.
    """
    import keras

    body = [keras.layers.Flatten(), keras.layers.Dense(4000), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((160, 160, 1)), *body])
    model.save(folder / "right.keras")
    model.save(folder / "right.h5")
    for old, new in (('"units": 2', '"units": 3'), ("160, 160, 1]", "25600]")):
        shutil.copy(folder / "right.h5", folder / f"{len(old)}.h5")
        with h5py.File(folder / f"{len(old)}.h5", "r+") as file:
            file.attrs["model_config"] = file.attrs["model_config"].replace(old, new)
        with (
            zipfile.ZipFile(folder / "right.keras") as right,
            zipfile.ZipFile(folder / f"{len(old)}.keras", "w") as file,
        ):
            file.writestr("config.json", right.read("config.json").decode().replace(old, new))
            for name in ("metadata.json", "model.weights.h5"):
                file.writestr(name, right.read(name))
    return ["10.h5", "12.h5", "10.keras", "12.keras"]


LARGE = """
import segxai
from segxai.nets import graph
import keras

before, slowest = peak(), 0
for path in sys.argv[2:]:
    started = time.process_time()
    try:
        if path.endswith(".npz"):
            segxai.FCN.load(path)
        elif sys.argv[1] == "large_vgg16":
            segxai.load_classifier("vgg16", weights=path)
        else:
            segxai.load_classifier(path)
    except segxai.SegxaiError as error:
        print(path, time.process_time() - started, peak() - before, error, file=sys.stderr)
        assert path in str(error), error
    else:
        raise AssertionError(path)
    slowest = max(slowest, time.process_time() - started)
print(json.dumps([peak() - before, slowest]))
"""


@pytest.mark.filterwarnings("ignore")  # Keras has its own to say of old models
@pytest.mark.skipif(sys.platform == "win32", reason="the system's account of memory is Unix's")
@pytest.mark.parametrize("made", [large_vgg16, large_keras])
def test_a_refusal_of_a_large_network_costs_no_more(made, run_python, tmp_path, survived):
    names = made(tmp_path)
    run = run_python("-c", PEAK + LARGE, made.__name__, *names, cwd=tmp_path)
    assert run.returncode == 0, run.stderr.decode()
    megabytes, seconds = json.loads(run.stdout)
    assert megabytes < 300, "more than after the import"
    assert seconds < 5
    for path in tmp_path.iterdir():  # pytest would keep gigabytes
        path.unlink()
    survived(len(names))


def test_the_published_layout_is_that_of_the_network():
    assert len(KERNELS) == 13
    assert list(itertools.islice(KERNELS.values(), 3)) == [SHAPE, (3, 3, 64, 64), (3, 3, 64, 128)]


def test_no_array_is_read_before_all_are_checked():
    read = []
    array = Stored((2,), np.dtype("f4"), 8, lambda: read.append(1) or io.BytesIO(bytes(8)))
    with pytest.raises(SegxaiError, match="'b' has shape"):
        take({"a": array, "b": array}, {"a": (2,), "b": (3,)}, "A file")
    assert read == []
    assert list(take({"a": array}, {"a": (2,)}, "A file")) == ["a"]
