"""Fetching from a server on this machine: whole, damaged, killed, twice at once."""

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from segxai import SegxaiError
from segxai.weights import downloads

CONTENT = os.urandom(300_000)
DAMAGED = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])


class Handler(http.server.BaseHTTPRequestHandler):
    body, delay, hits = CONTENT, 0.0, 0

    def do_GET(self):
        type(self).hits += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        for start in range(0, len(self.body), 10_000):
            try:
                self.wfile.write(self.body[start : start + 10_000])
            except OSError:
                return
            time.sleep(self.delay)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    handler = type("ThisHandler", (Handler,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}/model.tflite"
    handler.download = downloads.Download(
        "model.tflite",
        handler.url,
        "sha256:" + hashlib.sha256(CONTENT).hexdigest(),
        len(CONTENT),
        "a model",
    )
    monkeypatch.setitem(downloads.DOWNLOADS, "deeplab", handler.download)
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path / "cache"))
    yield handler
    server.shutdown()
    server.server_close()


def in_another_process(handler):
    code = (
        "from segxai.weights import downloads as d; "
        f"d.DOWNLOADS['deeplab'] = d.Download{tuple(handler.download)!r}; "
        "d.fetch('deeplab', progress=False)"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


def test_a_file_is_fetched_once(server):
    assert downloads.cached("deeplab") is None
    path = downloads.fetch("deeplab", progress=False)
    assert path.read_bytes() == CONTENT
    assert downloads.cached("deeplab") == path
    downloads.fetch("deeplab", progress=False)
    assert server.hits == 1


@pytest.mark.parametrize(
    "body", [b"<html>sign in to the school's network</html>", DAMAGED, CONTENT[:1000], b""]
)
def test_what_is_not_the_file_never_takes_its_name(server, body):
    server.body = body
    with pytest.raises(SegxaiError, match="put it into"):
        downloads.fetch("deeplab", progress=False)
    assert not [p for p in downloads.cache_folder().rglob("*") if p.is_file()]
    server.body = CONTENT
    assert downloads.fetch("deeplab", progress=False).read_bytes() == CONTENT


def test_a_damaged_file_is_fetched_again(server):
    path = downloads.fetch("deeplab", progress=False)
    path.write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    assert downloads.fetch("deeplab", progress=False).read_bytes() == CONTENT
    path.write_bytes(CONTENT[:500])
    assert downloads.cached("deeplab") is None


def test_offline_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    monkeypatch.setitem(
        downloads.DOWNLOADS,
        "deeplab",
        downloads.DOWNLOADS["deeplab"]._replace(source="http://127.0.0.1:9/x"),
    )
    with pytest.raises(SegxaiError, match="another machine") as raised:
        downloads.fetch("deeplab", progress=False)
    assert str(tmp_path) in str(raised.value)


def test_a_killed_fetch_leaves_no_file_and_the_next_succeeds(server):
    server.delay = 0.1
    process = in_another_process(server)
    while not server.hits:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert downloads.cached("deeplab") is None
    server.delay = 0
    assert downloads.fetch("deeplab", progress=False).read_bytes() == CONTENT


def test_what_arrives_within_the_time_limit_is_kept(server):
    assert downloads.fetch_within(30, ["deeplab"]) == []
    assert downloads.cached("deeplab").read_bytes() == CONTENT


def test_what_takes_longer_than_the_time_limit_is_missing_until_it_is_whole(server):
    server.delay = 0.1
    assert downloads.fetch_within(0.3, ["deeplab"]) == ["deeplab"]
    assert not (downloads.cache_folder() / "model.tflite").exists()
    server.delay = 0
    (running,) = (t for t in threading.enumerate() if t.name.endswith("(work)"))
    running.join(30)
    assert downloads.cached("deeplab").read_bytes() == CONTENT


def test_a_process_ends_with_its_time_limit_and_leaves_no_file(server):
    server.delay = 2  # a minute for the whole file
    code = (
        "import sys; from segxai.__main__ import main; from segxai.weights import downloads as d; "
        f"d.DOWNLOADS['deeplab'] = d.Download{tuple(server.download)!r}; "
        "sys.exit(main(['fetch', 'deeplab', '--seconds', '1']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert server.hits == 1
    assert downloads.cached("deeplab") is None
    server.delay = 0
    assert downloads.fetch("deeplab", progress=False).read_bytes() == CONTENT


def test_offline_nothing_arrives_and_nothing_is_raised(server, monkeypatch):
    nowhere = server.download._replace(source="http://127.0.0.1:9/x")
    monkeypatch.setitem(downloads.DOWNLOADS, "deeplab", nowhere)
    assert downloads.fetch_within(30, ["deeplab"]) == ["deeplab"]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_limit_is_positive(seconds):
    with pytest.raises(SegxaiError, match="positive number"):
        downloads.fetch_within(seconds, ["deeplab"])


def leftover(name):
    return downloads.cache_folder() / "segxai-partial" / name


def test_what_a_kill_left_is_cleared_away_when_it_is_old(server):
    old, young = leftover("0123abcd-model.tflite"), leftover("0123abce-model.tflite")
    old.parent.mkdir(parents=True)
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    downloads.fetch("deeplab", progress=False)
    assert (old.exists(), young.exists()) == (False, True)


def test_nothing_is_cleared_away_that_fetch_did_not_name(server, tmp_path):
    """Not in another program's folder, not under another name, and not through a link."""
    mine = tmp_path / "mine"
    kept = [
        downloads.cache_folder() / "partial" / "thesis.docx",
        downloads.cache_folder() / "partial" / "0123abcd-model.tflite",
        leftover("thesis.docx"),
        leftover("0123abcd-other.tflite"),
        leftover("0123abcd-model.tflite") / "a folder of that name",
        mine / "0123abcd-model.tflite",
        mine / "letters" / "first.txt",
    ]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        os.utime(path, (0, 0))
        os.utime(path.parent, (0, 0))
    leftover("0123abc0-model.tflite").symlink_to(kept[0])
    leftover("0123abc1-model.tflite.pip-x").symlink_to(mine, target_is_directory=True)
    downloads.fetch("deeplab", progress=False)
    assert [path for path in kept if not path.exists()] == []


def test_a_folder_of_leftovers_that_is_a_link_is_left_alone(server, tmp_path):
    (tmp_path / "mine").mkdir()
    kept = tmp_path / "mine" / "0123abcd-model.tflite"
    kept.touch()
    os.utime(kept, (0, 0))
    downloads.cache_folder().mkdir()
    leftover("").symlink_to(tmp_path / "mine", target_is_directory=True)
    downloads.fetch("deeplab", progress=False)
    assert kept.exists()


def test_a_leftover_that_cannot_be_cleared_away_stops_nothing(server, monkeypatch):
    """It is somebody else's, in a cache that is shared, or another process was quicker."""
    old = leftover("0123abcd-model.tflite")
    old.parent.mkdir(parents=True)
    old.touch()
    os.utime(old, (0, 0))

    def refused(self, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refused)
    assert downloads.fetch("deeplab", progress=False).read_bytes() == CONTENT


def test_a_download_stops_at_the_published_size(server):
    """Whatever a server sends, no more than the published bytes reach the disk."""
    sent = []

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1_000_000))
                sent.append(1)
        except OSError:
            pass

    server.do_GET = endless
    with pytest.raises(SegxaiError, match="more than the published 300000 bytes arrived"):
        downloads.fetch("deeplab", progress=False)
    assert sum(sent) < 20
    assert not [p for p in downloads.cache_folder().rglob("*") if p.is_file()]


def test_a_change_that_keeps_size_and_time_is_found(server):
    path = downloads.fetch("deeplab", progress=False)
    assert downloads.usable("deeplab") == path
    state = path.stat()
    damaged = bytearray(CONTENT)
    damaged[50_000:250_000] = bytes(200_000)
    path.write_bytes(damaged)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a careful attacker would
    with pytest.raises(SegxaiError, match=r"damaged.*fetch deeplab"):
        downloads.usable("deeplab")


def test_two_processes_may_fetch_at_once(server):
    server.delay = 0.02
    processes = [in_another_process(server) for _ in range(2)]
    assert [(p.communicate()[1], p.returncode) for p in processes] == [(b"", 0)] * 2
    assert downloads.cached("deeplab").read_bytes() == CONTENT
    assert [p.name for p in downloads.cache_folder().rglob("*") if p.is_file()] == ["model.tflite"]


def test_unknown_downloads(server):
    with pytest.raises(SegxaiError, match="Did you mean 'deeplab'"):
        downloads.fetch("deeplap")
