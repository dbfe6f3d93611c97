"""The project's own files agree with each other, and Binder will take them."""

import os
import re
import subprocess
import sys
import tomllib

import pytest

IN_CI = bool(os.environ.get("SEGXAI_NO_SKIPS"))


def locked(root):
    """{package: version} of requirements.lock on Linux with Python 3.11, what Binder runs."""
    from packaging.markers import Marker

    here = {
        "python_full_version": "3.11.9",
        "python_version": "3.11",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "platform_system": "Linux",
    }
    versions = {}
    lines = (root / "requirements.lock").read_text() + (root / "requirements-crf.lock").read_text()
    for line in lines.splitlines():
        found = re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)(?: ; (.*?))? \\", line)
        if found and (not found[3] or Marker(found[3]).evaluate(here)):
            versions[found[1]] = found[2]
    return versions


def environment(root):
    """{package: pinned minor version} of environment.yml's pip part."""
    lines = (root / "environment.yml").read_text().splitlines()
    return dict(
        re.match(r"\s+- ([\w.-]+)==([\d.]+)\.\*", line).groups() for line in lines if "==" in line
    )


def test_environment_and_lock_agree(root):
    versions, pins = locked(root), environment(root)
    assert len(pins) > 15
    for package, minor in pins.items():
        assert f"{versions[package]}.".startswith(f"{minor}."), package


def test_environment_holds_everything_the_package_needs(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = (
        project["dependencies"]
        + extras["cpu"][:1]
        + extras["lab"]
        + extras["crf"]
        + extras["pascal"]
        + extras["dask"]
    )
    assert {re.match(r"[\w.-]+", w)[0] for w in wanted} <= set(environment(root))


LOCKS = (
    "requirements.lock",
    "requirements-test.lock",
    "requirements-crf.lock",
    "requirements-build.lock",
)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_only(root, name):
    lock = (root / name).read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
    for line in lock.splitlines():
        assert re.match(
            r"([A-Za-z0-9._-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)$", line
        ), line


def packages(path):
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", path.read_text(), re.MULTILINE))


def test_what_running_needs_and_what_testing_needs_are_locked_apart(root):
    running, testing, crf = (packages(root / name) for name in LOCKS[:3])
    assert not running & testing
    assert not running & crf
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = {re.match(r"[\w.-]+", wanted)[0] for wanted in extras["test"]}
    assert names <= testing
    needed = (
        project["dependencies"] + extras["cpu"] + extras["lab"] + extras["pascal"] + extras["dask"]
    )
    assert {re.match(r"[\w.-]+", wanted)[0] for wanted in needed} <= running


@pytest.fixture(scope="module")
def unlocked(uv, root, tmp_path_factory):
    """The dependencies as pip would choose them today without the lock.

    A requirements file for Python 3.11.
    """
    path = tmp_path_factory.mktemp("unlocked") / "requirements.txt"
    options = "--no-header", "--no-annotate", "--python-version", "3.11", "--extra", "cpu"
    path.write_text(uv("pip", "compile", "--quiet", *options, "pyproject.toml", cwd=root))
    return path


def test_unlocked_dependencies_stay_within_the_tested_releases(unlocked):
    versions = dict(re.findall(r"^([\w.-]+)==(\S+)", unlocked.read_text(), re.MULTILINE))
    assert re.match(r"1\.1(\.|$)", versions["tf-slim"])
    tensorflow = versions.get("tensorflow-cpu") or versions["tensorflow"]
    assert (2, 18) <= tuple(map(int, tensorflow.split(".")[:2])) < (2, 22)


@pytest.mark.skipif(
    not IN_CI, reason="installs TensorFlow in a new environment (a minute, 250 MB); runs in CI"
)
def test_the_networks_are_built_with_the_unlocked_dependencies(uv, unlocked, root, tmp_path):
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv("venv", "--quiet", "--python", "3.11", tmp_path / "venv", cwd=root)
    uv("pip", "install", "--quiet", "--python", python, "--requirement", unlocked, cwd=root)
    code = (
        "import segxai; print(segxai.FCN('vgg16', weights=None, fc_width=8), "
        "segxai.FCN('efficientnet_lite0'))"
    )
    done = subprocess.run(
        [python, "-c", code],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("<FCN-32s") == 2


def test_binder_is_taken_by_repo2docker(root, monkeypatch):
    """repo2docker's own detection, without Docker: conda from binder/, both scripts used."""
    app = pytest.importorskip("repo2docker.app", reason="jupyter-repo2docker is not installed")
    from repo2docker.buildpacks import CondaBuildPack

    monkeypatch.chdir(root)
    pack = CondaBuildPack(app.Repo2Docker().base_image)
    assert pack.detect()
    assert pack.binder_dir == "binder"
    pack.platform = "linux/amd64"
    dockerfile = pack.render({})
    assert "binder/environment.yml" in dockerfile
    for script in ("postBuild", "start"):
        assert os.access(root / "binder" / script, os.X_OK)
        assert f"binder/{script}" in dockerfile
    assert "set -e" in (root / "binder/postBuild").read_text().splitlines()
    assert (root / "binder/start").read_text().rstrip().endswith('exec "$@"')
    assert (root / "binder/environment.yml").is_symlink()


def test_the_readme_lists_every_segmenter(root):
    """Its table has a row for each record, with the same description.

    Where nothing further is needed, it has "–".
    """
    from segxai.segmentation.record import Segmenter
    from segxai.segmentation.registry import SEGMENTERS

    section = (
        (root / "README.md").read_text(encoding="utf-8").split("## Segmenters")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    assert [(name, about) for name, about, _ in rows] == [
        (s.name, s.about) for s in SEGMENTERS.values()
    ]
    for name, _, needs in rows:
        always_there = (
            SEGMENTERS[name].why_unavailable is Segmenter._field_defaults["why_unavailable"]
        )
        assert (needs == "–") == always_there, name


def test_the_readme_says_what_its_picture_shows(root):
    """`make picture` writes the description of the picture; what the text quotes is in it."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    (above, below) = re.search(
        r"!\[[^]]*?: (lime .+?\.) (lime .+)\]\(notebooks/diff", readme
    ).groups()
    weights = [
        dict(re.findall(r"([a-z][a-z ]*\d?)(?: \?)? ([+-]\d\.\d\d)", about.split(": ")[1]))
        for about in (above, below)
    ]
    first_screen = " ".join(readme.split("## Install")[0].split())
    counted = {"five": 5, "seven": 7, "eight": 8}
    patches = re.search(r"not of (\w+) anonymous patches", first_screen)[1]
    regions = re.search(r"(\w+) regions, (\w+) of which have nouns", first_screen)
    assert len(weights[0]) == counted[patches]
    assert len(weights[1]) == counted[regions[1]]
    assert sum("centre" not in name for name in weights[1]) == counted[regions[2]]
    quoted = re.search(r'but of "(.+?)"\.', first_screen)[1].split(", ")
    assert all(item in below for item in quoted)
    assert max(weights[0], key=lambda name: float(weights[0][name])) == "bottom right"


def test_the_commands_of_the_readme_exist(root):
    readme, makefile = (root / "README.md").read_text(), (root / "Makefile").read_text()
    for target in set(re.findall(r"^\s*make (\w+)", readme, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_annotations_are_in_step_with_their_polygons(root):
    subprocess.run([sys.executable, str(root / "data/rasterise.py"), "--check"], check=True)


def test_the_front_door_has_twenty_nine_names_and_opens_at_once():
    """`import segxai` is quick because nothing of it is imported before it is named."""
    code = """
import sys
import segxai
print(
    len(segxai.__all__), sorted({"numpy", "scipy", "matplotlib", "tensorflow"} & set(sys.modules))
)
assert all(getattr(segxai, name) is not None for name in segxai.__all__)
assert "tensorflow" not in sys.modules and "ipywidgets" not in sys.modules
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "29 []"
