"""The widgets' JavaScript: its tests, run by node; bundles up to date; one palette."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from segxai.fcn.annotation import PALETTE
from segxai.plots import BLUE, INK, ORANGE, ORANGE_BLUE

TESTS = Path(__file__).parent / "javascript"
ROOT = Path(__file__).parents[2]
WIDGETS = ROOT / "segxai" / "widgets"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is missing: install Node.js 20 or newer"
)
needs_tools = pytest.mark.skipif(
    not (ROOT / "node_modules/esbuild").is_dir(), reason="esbuild is missing: run make bundles"
)


def node(*arguments):
    return subprocess.run(
        ["node", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=os.environ,
    )


def values(module, *names):
    """Exported values of a module, through JSON."""
    exports = ", ".join(f"m.{n}" for n in names)
    code = (
        f"import * as m from {json.dumps((WIDGETS / module).as_uri())}; "
        f"console.log(JSON.stringify([{exports}]))"
    )
    run = node("--input-type=module", "-e", code)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@needs_node
@pytest.mark.parametrize("path", sorted(TESTS.glob("*.test.js")), ids=lambda path: path.name)
def test_with_nodes_own_runner(path):
    run = node("--test", path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 0" not in run.stdout


@needs_node
@needs_tools
def test_bundles_are_up_to_date(tmp_path):
    run = node(WIDGETS / "bundle.mjs", tmp_path)
    assert run.returncode == 0, run.stderr
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) >= 5
    for path in made:
        assert (ROOT / "segxai" / path).read_bytes() == (tmp_path / path).read_bytes(), (
            f"{path} is old: run make bundles"
        )


@needs_node
def test_one_palette_on_both_sides():
    def rgb(colour):
        return [round(255 * part) for part in to_rgb(colour)]

    blue, orange, ink, stops, classes = values(
        "shared/palette.js", "BLUE", "ORANGE", "INK", "STOPS", "CLASS_COLOURS"
    )
    assert (blue, orange, ink) == (rgb(BLUE), rgb(ORANGE), INK)
    for share, stop in zip(
        (0.0, 0.25, 0.5, 0.75, 1.0), stops, strict=True
    ):  # matplotlib's map has 256 steps
        assert np.abs(np.array(ORANGE_BLUE(share, bytes=True)[:3], int) - stop).max() <= 2
    assert classes == [list(colour) for colour in PALETTE]


def test_the_lock_of_the_tools_names_no_address():
    lock = (ROOT / "package-lock.json").read_text()
    assert "://" not in lock
    assert lock.count('"integrity"') > 50
