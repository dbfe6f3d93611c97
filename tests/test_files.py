"""Paths and atomic writes: home folders, links, long names, modes, and a crash at every step."""

import io
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import FCN, SegxaiError
from segxai.__main__ import main
from segxai.fcn.annotation import load_annotation, read_annotation, save_annotation
from segxai.files import as_path, replacing
from segxai.weights.downloads import cache_folder
from segxai.weights.vgg16 import vgg16_weights

PIXELS = np.kron(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20, np.ones((4, 4), np.uint8))


def write(path, text):
    with replacing(path) as temporary:
        temporary.write_text(text)


def brightness(images):
    return images.mean((1, 2, 3)) / 255


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder, and an empty current folder, in which no `~` may appear."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "home"
    assert not list((tmp_path / "here").iterdir())


def test_a_tilde_is_the_home_folder_in_reading_and_writing(home):
    (home / "photos").mkdir()
    Image.fromarray(PIXELS).save(home / "photos/a.png")
    image = segxai.load_image("~/photos/a.png")
    explanation = segxai.explain(
        "~/photos/a.png", "grid", brightness, fill="~/photos/a.png", max_evaluations=40
    )
    explanation.save("~/made/why.html")
    save_annotation("~/made/a.png", (PIXELS > 90).astype(np.uint8), ["dark", "bright"])
    assert read_annotation("~/made/a.png", image.shape[:2])[1] == ("dark", "bright")
    options = {"classifier": brightness, "max_evaluations": 40, "run": "a"}
    (home / "made" / "labelmap.txt").write_text("wall:0,0,0::")
    black = np.zeros((2, 3, 3), np.uint8)
    assert segxai.from_class_map(black, colours="~/made/labelmap.txt").names == ("wall",)
    segxai.compare("~/photos", "grid", "compactness", folder="~/kept", **options).save("~/b.html")
    assert len(list((home / "kept").iterdir())) == 1
    made = {path.name for path in home.rglob("*")}
    assert {"why.html", "a.png", "b.html"} <= made


@pytest.mark.parametrize(
    "read",
    [
        segxai.load_image,
        segxai.load_explanation,
        FCN.load,
        vgg16_weights,
        lambda path: segxai.explain_many(path),
        lambda path: main(["explain", path]) and segxai.load_image(path),
    ],
)
def test_what_is_missing_is_named_with_the_home_folder(read, home, capsys):
    with pytest.raises(SegxaiError, match="There is no") as raised:
        read("~/none.h5")
    assert str(home / "none.h5") in str(raised.value)


def test_the_cache_may_be_in_the_home_folder(home, monkeypatch):
    monkeypatch.setenv("SEGXAI_CACHE", "~/cache")
    assert cache_folder() == home / "cache"


@pytest.mark.parametrize("path", [None, io.BytesIO(), 7, b"why.html"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(SegxaiError, match=f"got {type(path).__name__}"):
        as_path(path)


def test_a_link_is_written_through_and_stays_one(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for name in ("there.txt", "not yet.txt"):
        link, target = tmp_path / f"link to {name}", tmp_path / "elsewhere" / name
        link.symlink_to(target)
        write(link, "old")
        write(link, "new")
        assert link.is_symlink()
        assert target.read_text() == "new"
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_nothing_but_a_file_is_replaced(make, tmp_path):
    make(tmp_path / "taken")
    (tmp_path / "link").symlink_to(tmp_path / "taken")
    for path in (tmp_path / "taken", tmp_path / "link"):
        with pytest.raises(SegxaiError, match="a folder or a device"):
            write(path, "new")
    assert not (tmp_path / "taken").is_file()


def test_a_name_may_have_250_characters(tmp_path):
    path = tmp_path / ("n" * 245 + ".html")
    write(path, "text")
    assert path.read_text() == "text"
    with pytest.raises(SegxaiError, match="cannot be written"):
        write(tmp_path / ("n" * 300 + ".html"), "text")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o444])
def test_the_mode_of_a_replaced_file_is_kept(mode, tmp_path):
    path = tmp_path / "a.txt"
    write(path, "old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~os.umask(os.umask(0o022))
    path.chmod(mode)
    with replacing(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600  # nobody else reads it meanwhile
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_file_and_folder_are_flushed_around_the_renaming(tmp_path, monkeypatch):
    done = []

    def recorded(name, function):
        def call(first, *rest):
            folder = isinstance(first, int) and stat.S_ISDIR(os.fstat(first).st_mode)
            done.append(f"{name} folder" if folder else name)
            return function(first, *rest)

        monkeypatch.setattr(os, name, call)

    recorded("fsync", os.fsync)
    recorded("replace", os.replace)
    write(tmp_path / "a.txt", "text")
    assert done == ["fsync", "replace", "fsync folder"]


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt()])
def test_whichever_call_fails_the_file_is_the_old_or_the_new_one(error, tmp_path, monkeypatch):
    """Each call to the system fails once: to make, flush, change and rename files."""
    path, calls, fail_at = tmp_path / "a.txt", 0, 0

    def failing(function):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == fail_at:
                raise error
            return function(*args, **kwargs)

        return call

    for name in ("open", "fsync", "replace", "chmod"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    outcomes = []
    while not outcomes or calls >= fail_at:
        path.write_text("old")
        calls, fail_at = 0, fail_at + 1
        try:
            write(path, "new")
        except (SegxaiError, KeyboardInterrupt):
            outcomes.append(path.read_text())
        else:
            assert path.read_text() == "new"
            outcomes.append("saved")
        assert outcomes[-1] in ("old", "new", "saved")
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert outcomes[0] == "old"
    assert outcomes[-1] == "saved"
    assert len(outcomes) > 5


def test_a_jpeg_of_regions_is_refused_in_words():
    data = io.BytesIO()
    Image.fromarray(PIXELS).save(data, "JPEG")
    with pytest.raises(SegxaiError, match="is a JPEG file") as raised:
        load_annotation(data.getvalue(), PIXELS.shape)
    assert "BytesIO" not in str(raised.value)
