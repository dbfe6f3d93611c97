"""What the tests of several widgets share."""

import subprocess
import sys

import pytest


@pytest.fixture
def ends_in_peace():
    """Run a program whose interpreter ends while a thread of a widget works.

    It may not crash, complain, or leave the thread.
    """

    def run(code):
        # What is registered first is called last.
        code = (
            "import atexit, threading\n"
            "atexit.register(lambda: print([t.name for t in threading.enumerate()]))\n" + code
        )
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=300
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "['MainThread']\n", "")

    return run
