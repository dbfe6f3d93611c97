"""The score heads that come with the package."""

import hashlib

import numpy as np

from segxai.files import data_file
from segxai.segmentation.nouns import GROUPS
from segxai.weights.imagenet import everyday_nouns
from segxai.weights.semantic import semantic_head

# Written by data/train_semantic_head.py. After another training:
# python -c "import runpy; print(runpy.run_path('tests/weights/test_semantic.py')['fingerprint']())"
SHIPPED = "89cb8ff5723fcf1bc9d7a606fce33105bd95064d94f03a7eaf5d17e7939a8524"


def fingerprint():
    """A hash of the names, and of kernels and biases rounded to 1e-4."""
    head = semantic_head()
    digest = hashlib.sha256("\n".join(head.names).encode())
    for array in (*(head.kernels[stride] for stride in (8, 16, 32)), head.biases):
        digest.update(np.rint(array.astype(np.float64) * 1e4).astype("<i4").tobytes())
    return digest.hexdigest()


def test_the_file_is_the_one_that_was_measured():
    assert fingerprint() == SHIPPED


def test_the_file_is_small_and_holds_no_objects():
    path = data_file("semantic_head.npz")
    assert path.stat().st_size <= 300_000
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"names", "kernel_8", "kernel_16", "kernel_32", "biases", "kinds"}
        assert all(file[name].dtype.kind in "fU" for name in file.files)


def test_there_are_fifty_to_seventy_classes_and_object_is_the_last():
    head = semantic_head()
    assert 50 <= len(head.names) <= 70
    assert len(set(head.names)) == len(head.names)
    assert head.names[-1] == "object"
    shapes = {stride: kernel.shape for stride, kernel in head.kernels.items()}
    assert shapes == {
        8: (40, len(head.names)),
        16: (112, len(head.names)),
        32: (320, len(head.names)),
    }
    assert head.biases.shape == (len(head.names),)
    assert all(np.isfinite(array).all() for array in (*head.kernels.values(), head.biases))


def test_every_everyday_noun_belongs_to_a_class():
    head = semantic_head()
    assert set(head.kinds) == set(everyday_nouns().names)
    assert set(head.kinds.values()) <= set(head.names)
    wanted = {"dog": "dog", "car": "car", "bird": "bird", "owl": "bird"}
    assert {noun: head.kinds[noun] for noun in wanted} == wanted
    assert {"bird", "clothes"} <= head.refined


def test_groups_are_made_of_classes():
    assert all(set(members) <= set(semantic_head().names) for members in GROUPS.values())
