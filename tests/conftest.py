import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# A busy machine must not decide whether a test passes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI (SEGXAI_NO_SKIPS) a skipped test fails: nothing goes untested by accident."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("SEGXAI_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in a run that skips nothing: {report.longrepr[-1]}"


def pytest_terminal_summary(terminalreporter):
    """Say how many attacks of tests/bad_days were tried, and how many survived.

    Here, because the process that reports for others reads no other file of this kind.
    """
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and "bad_days" in report.nodeid
    ]
    numbers = {
        report: sum(n for key, n in report.user_properties if key == "attacks") or 1
        for report in reports
    }
    if numbers:
        held = sum(number for report, number in numbers.items() if report.passed)
        lost = len([report for report in reports if report.failed])
        terminalreporter.write_line(
            f"Attacks tried: {held + lost}, survived: {held}" + (f", lost: {lost}" if lost else "")
        )


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def uv():
    """Runs uv with some arguments; returns its standard output."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if beside is None:
        pytest.skip("uv is not installed: pip install uv")

    def run(*arguments, cwd):
        done = subprocess.run(
            [beside, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
        )
        if (
            done.returncode
            and not os.environ.get("SEGXAI_NO_SKIPS")
            and re.search(r"dns error|Failed to fetch|network was disabled|Connection", done.stderr)
        ):
            pytest.skip("uv needs a package index")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def dask_client():
    """A context: dask_client(workers, module) is a client of a cluster on this machine.

    Its workers know the test's own functions.
    """
    distributed = pytest.importorskip(
        "distributed", reason="dask's distributed is not installed: pip install 'segxai[dask]'"
    )
    import cloudpickle

    @contextlib.contextmanager
    def made(workers, module):
        cloudpickle.register_pickle_by_value(sys.modules[module])
        # Any free port: two tests may have clusters at once.
        options = {
            "threads_per_worker": 1,
            "processes": True,
            "dashboard_address": "127.0.0.1:0",
            "silence_logs": 50,
        }
        with (
            distributed.LocalCluster(n_workers=workers, **options) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client

    return made


@pytest.fixture(scope="session")
def classifier():
    import segxai

    return segxai.load_classifier()


@pytest.fixture
def nothing_loaded(monkeypatch):
    """No network is loaded; those that other tests have loaded come back afterwards."""
    from segxai.weights import loaded

    monkeypatch.setattr(loaded, "_networks", {})


@pytest.fixture(scope="session")
def plant():
    """Training takes half a minute, and one process does it.

    The tests that use it are in the group "plant".
    """
    import segxai

    return segxai.data.planted()


@pytest.fixture(scope="session")
def astronaut():
    import segxai

    return segxai.data.photograph("astronaut")


@pytest.fixture(scope="session")
def cat():
    import segxai

    return segxai.data.photograph("cat")


@pytest.fixture
def quarters():
    """A 40 x 60 picture of four flat colours, and the label map of its quarters."""
    labels = np.kron(np.array([[0, 1], [2, 3]]), np.ones((20, 30), int))
    colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [220, 220, 60]], np.uint8)
    return colours[labels], labels


@pytest.fixture
def additive():
    """A classifier that adds up fixed effects of the four quarters that are not black.

    It also counts its images.
    """

    class Additive:
        effects = np.array([0.4, 0.1, -0.2, 0.05])
        intercept = 0.3
        images = 0

        def __call__(self, images):
            self.images += len(images)
            corners = np.stack(
                [images[:, 5, 5], images[:, 5, 45], images[:, 35, 5], images[:, 35, 45]], axis=1
            )
            shown = (corners.sum(axis=-1) > 0).astype(float)
            return self.intercept + shown @ self.effects

    return Additive()
