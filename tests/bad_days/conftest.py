"""The fixtures that the bad days share, and how long to fuzz.

They are a full disk, a weaker user, a process of its own and a server on this machine.
"""

import contextlib
import http.server
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("SEGXAI_NO_SKIPS"))
settings.register_profile(
    "bad_days",
    max_examples=300 if IN_CI else 50,
    deadline=None,
    derandomize=IN_CI,  # a build that failed fails again
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
settings.register_profile(
    "promises", settings.get_profile("bad_days"), max_examples=1000 if IN_CI else 50
)


@pytest.fixture
def survived(record_property):
    """Count attacks that a test survives, for the summary: survived(300).

    Other tests here count as one.
    """
    return lambda number=1: record_property("attacks", number)


@pytest.fixture
def small_fcn():
    """A function: small_fcn(1.0) saves as an FCN does.

    It saves only two small arrays, which depend on the number.
    """
    from segxai.fcn.network import FCN

    class SmallFCN:
        """What `FCN.save` needs of a network."""

        encoder, num_classes, stride, class_names = "efficientnet_lite0", 2, 32, ("a", "b")
        fc_width, fc6_kernel, side = 0, 7, None
        save = FCN.save

        def __init__(self, value):
            self.value, self.source = np.float32(value), f"{value:g}"
            self.variables = [SimpleNamespace(op=SimpleNamespace(name=name)) for name in "ab"]
            self.net = self

        def run(self, variables):
            arrays = self.value * np.ones((3, 4), "f4"), self.value * np.arange(5, dtype="f4")
            return dict(zip(variables, arrays, strict=True))

    return SmallFCN


@pytest.fixture
def full_disk():
    """A context in which no file grows beyond `size` bytes.

    The system then says EFBIG, as it says ENOSPC of a full disk.
    """
    resource = pytest.importorskip("resource", reason="limits of file sizes are known to Unix only")

    @contextlib.contextmanager
    def limited(size=20):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (size, hard)
        )  # Python ignores the signal that would come with it
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


def give_up_privileges():
    """In a child: even root may then write only where permissions allow it.

    Linux only; there is nothing to do for other users.
    """
    if sys.platform == "linux" and os.geteuid() == 0:
        import ctypes

        libc = ctypes.CDLL(None)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture
def run_python():
    """Run Python in a process of its own, as a user whom permissions hold.

    Returns the finished process with its bytes.
    """

    def run(*arguments, cwd, env=None, timeout=300):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **(env or {})},
            capture_output=True,
            timeout=timeout,
            preexec_fn=give_up_privileges if os.name == "posix" else None,
        )

    return run


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A model of 300 kB in place of DeepLab, "published" by a local server, and an empty cache."""
    import hashlib

    from segxai.weights import downloads

    class Handler(http.server.BaseHTTPRequestHandler):
        body = os.urandom(300_000)

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(self.body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    model = downloads.Download(
        "model.tflite",
        f"http://127.0.0.1:{server.server_port}/model.tflite",
        f"sha256:{hashlib.sha256(Handler.body).hexdigest()}",
        len(Handler.body),
        "a model",
    )
    monkeypatch.setitem(downloads.DOWNLOADS, "deeplab", model)
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path / "cache"))
    yield Handler
    server.shutdown()
    server.server_close()
