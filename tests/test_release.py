"""What is published.

The distributions, installed and used away from the checkout, and the files beside them.
"""

import os
import re
import runpy
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

import segxai

pytestmark = pytest.mark.xdist_group("release")  # one process builds the distributions


@pytest.fixture(scope="module")
def distributions(uv, root, tmp_path_factory):
    """The folder with the source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder, cwd=root)
    return folder


@pytest.fixture(scope="module")
def installed(uv, distributions, tmp_path_factory):
    """Runs a command of an environment into which the wheel was installed.

    The dependencies are those of this one.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    (wheel,) = distributions.glob("*.whl")
    uv("pip", "install", "--quiet", "--no-deps", "--python", python, wheel, cwd=folder)
    # A .pth file adds the folder of the dependencies but does not follow the .pth files in it, such
    # as this checkout's own.
    site = next(
        (folder / "venv").glob("lib/python*/site-packages"),
        folder / "venv" / "Lib" / "site-packages",
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }

    def run(*command):
        done = subprocess.run(
            [scripts / command[0], *command[1:]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = folder
    return run


def test_the_wheel_holds_all_that_the_package_opens(distributions, root):
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    code = {
        str(path.relative_to(root))
        for path in (root / "segxai").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert code <= names
    annotations = {
        f"segxai/_data/annotations/{path.name}" for path in (root / "data/annotations").iterdir()
    }
    assert annotations <= names
    assert not [name for name in names if name.startswith(("tests", "notebooks", "benchmarks"))]


def test_the_source_distribution_can_be_tested_and_holds_nothing_of_this_machine(distributions):
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.split("/", 1)[1] for name in opened.getnames() if "/" in name}
    assert {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "Makefile",
        "requirements.lock",
        "requirements-test.lock",
        "tests/conftest.py",
    } <= names
    assert not [
        name
        for name in names
        if re.match(r"\.(venv|cache|git)/|node_modules/|demo/|html/|screenshots/", name)
    ]
    assert archive.stat().st_size < 20e6


def test_the_installed_package_explains_and_writes_a_page(installed):
    assert "elsewhere" in installed("python", "-c", "import segxai; print(segxai.__file__)")
    printed = installed(
        "python",
        "-m",
        "segxai",
        "explain",
        "astronaut",
        "--segmenter",
        "slic",
        "--out",
        "page.html",
    )
    assert re.search(r"^astronaut +slic +\S", printed, re.MULTILINE)
    page = (installed.folder / "page.html").read_text(encoding="utf-8")
    assert "<figure" in page
    assert "<script" in page


def test_the_installed_command_and_its_data(installed):
    printed = installed("segxai", "doctor")
    assert re.search(rf"^ +segxai +{re.escape(segxai.__version__)}$", printed, re.MULTILINE)
    assert "cat" in installed(
        "python", "-c", "import segxai; print(segxai.data.load('cat').annotation.names)"
    )


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_dependencies_resolve(version, uv, root):
    """The locked versions of everything, for this version of Python."""
    extras = [option for extra in ("cpu", "pascal", "dask", "lab") for option in ("--extra", extra)]
    options = (
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--python-version",
        version,
        "--constraint",
        "requirements.lock",
    )
    found = uv("pip", "compile", *options, *extras, "pyproject.toml", cwd=root)
    assert re.search(r"^tensorflow(-cpu)?==2\.", found, re.MULTILINE)
    assert re.search(r"^tf-slim==1\.1", found, re.MULTILINE)


BADGE = re.compile(
    r"https://(?:mybinder\.org/v2/gh|colab\.research\.google\.com/github)/[^)\s\"\\]+"
)
SHAPES = (
    r"https://mybinder\.org/v2/gh/{owner}/segxai/main\?urlpath="
    r"(?:lab/tree|voila/render)/(notebooks/\w+\.ipynb)",
    r"https://colab\.research\.google\.com/github/{owner}/segxai/blob/main/(notebooks/\w+\.ipynb)",
)


def test_links_are_set_by_one_command(root, tmp_path, capsys):
    links = runpy.run_path(str(root / ".ci/links.py"))
    for path in links["files"](root):
        copy = tmp_path / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    for owner in ("octo-cat", "another"):  # the second replaces the first
        assert links["main"]([owner], tmp_path) == 0
        text = "\n".join(path.read_text(encoding="utf-8") for path in links["files"](tmp_path))
        found = BADGE.findall(text)
        assert len(found) >= 5
        for link in found:
            (match,) = filter(
                None, (re.fullmatch(shape.format(owner=owner), link) for shape in SHAPES)
            )
            assert (root / match[1]).is_file(), link
        assert "OWNER" not in text.replace("make links OWNER=name", "")
        assert f"https://github.com/{owner}/segxai" in text
    for wrong in ([], ["a/b"], ["-a"], ["a" * 40], ["a", "b"]):
        assert links["main"](wrong, tmp_path) == 2
    assert "make links OWNER=" in capsys.readouterr().err


def test_versions_agree(root):
    (stated,) = re.findall(r"^version: (\S+)$", (root / "CITATION.cff").read_text(), re.MULTILINE)
    assert stated == segxai.__version__
    assert re.search(
        rf"^## {re.escape(stated)} ", (root / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert f'version = "{stated}"' in (root / "pyproject.toml").read_text()


def test_workflows_call_what_is_here(root):
    yaml = pytest.importorskip("yaml")
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    commands = ""
    for path in (root / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            commands += "\n".join(step.get("run", "") for step in job["steps"]) + "\n"
    assert "bash .ci/run" in commands
    made = {
        word
        for line in re.findall(r"^\s*make (.*)$", commands, re.MULTILINE)
        for word in line.split()
    }
    assert {"html", "docs"} <= made <= targets


def pages(root):
    folders = (
        root,
        root / "docs",
        root / "notebooks",
        root / "benchmarks/results",
        root / "data",
        root / "examples",
    )
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_the_pages_lead_somewhere(root):
    checked = 0
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
            path = page.parent / target if target else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor and path.suffix == ".md":
                assert anchor in anchors(path.read_text(encoding="utf-8")), (
                    f"{page.name}: {target}#{anchor}"
                )
            checked += 1
    assert checked > 10
