"""Unfriendly surroundings: a read-only checkout, odd names of files, and things missing.

What is missing may be a home, a locale, or a place for font lists.
"""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.fcn.annotation import load_annotation
from segxai.fcn.training import _writing
from segxai.weights.vgg16 import read_checkpoint

COMMAND = (
    "-m",
    "segxai",
    "explain",
    "cat",
    "--segmenter",
    "grid",
    "--max-evaluations",
    "18",
    "--out",
)
ODD_NAMES = [
    "größe und so – 猫 🐈",
    "C:\\Users\\me\\cat",
    "a'b\"c<d>&e",
    "--out",
    "%20 $HOME `id` *",
    ".hidden",
]
LOCALE_C = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}


@pytest.fixture
def read_only(tmp_path):
    """A folder in which nothing can be made."""
    folder = tmp_path / "read only"
    folder.mkdir()
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def made_read_only(folder):
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
def test_a_read_only_checkout_without_a_home_in_the_locale_c(root, read_only, run_python, tmp_path):
    """All at once: a read-only checkout, HOME that does not exist, ASCII, and accents in paths."""
    for part in ("segxai", "data"):
        shutil.copytree(root / part, read_only / part, ignore=shutil.ignore_patterns("__pycache__"))
    made_read_only(read_only)
    out = tmp_path / "Übung eins" / "séance 1.html"
    home = {"HOME": str(read_only / "nobody"), "MPLCONFIGDIR": str(read_only / "fonts")}
    run = run_python(*COMMAND, out, cwd=read_only, env=LOCALE_C | home)
    assert (run.returncode, run.stderr) == (0, b""), run.stderr.decode()
    page = out.read_text(encoding="utf-8")
    assert page.count("<figure") == 1
    assert "“" in page
    assert not list(read_only.rglob("__pycache__"))
    # The copy was what ran.
    where = (
        run_python("-c", "import segxai; print(segxai.__file__)", cwd=read_only)
        .stdout.decode()
        .strip()
    )
    assert Path(where).parent == read_only / "segxai"


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
def test_without_home_at_all_and_no_place_for_the_list_of_fonts(read_only, run_python, tmp_path):
    made_read_only(read_only)
    code = (
        "import segxai; e = segxai.explain(segxai.data.photograph('cat')[::4, ::4], 'grid', "
        "lambda i: i.mean(axis=(1, 2, 3)) / 255, max_evaluations=18); "
        "e.save('a.png'); e.save('a.html')"
    )
    run = run_python(
        "-W",
        "error",
        "-c",
        code,
        cwd=tmp_path,
        env=LOCALE_C | {"MPLCONFIGDIR": str(read_only / "fonts")},
    )
    assert run.returncode == 0, run.stderr.decode()
    assert segxai.load_image(tmp_path / "a.png").shape[1] > 500
    # Matplotlib says where it keeps its fonts meanwhile; nothing else is said.
    assert b"Traceback" not in run.stderr
    assert b"Warning" not in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
def test_a_cache_that_cannot_be_made_is_named_with_what_to_do(read_only, run_python, tmp_path):
    made_read_only(read_only)
    run = run_python(
        "-m",
        "segxai",
        "fetch",
        "deeplab",
        cwd=tmp_path,
        env={"SEGXAI_CACHE": str(read_only / "cache")},
    )
    assert run.returncode == 2
    assert b"set SEGXAI_CACHE" in run.stderr
    assert run.stderr.count(b"\n") == 1


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_files_and_folders(name, tmp_path, quarters, additive):
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"photo {name}.png"
    Image.fromarray(quarters[0]).save(path)
    assert len(segxai.explain_many(folder, "grid", additive, max_evaluations=18).results) == 1
    explanation = segxai.explain(path, quarters[1], additive, 1, fill="black")
    for ending in ("html", "png"):
        explanation.save(folder / f"{name} out.{ending}")
        assert (folder / f"{name} out.{ending}").stat().st_size > 1000


def test_names_of_files_that_are_no_text(tmp_path, quarters, additive):
    """Names from old disks and archives may hold bytes of another alphabet."""
    name = os.fsdecode(b"caf\xe9.png")
    try:
        Image.fromarray(quarters[0]).save(tmp_path / name)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    comparison = segxai.compare(
        tmp_path, "grid", "compactness", classifier=additive, max_evaluations=18
    )
    comparison.save(tmp_path / "page.html")
    assert "caf?.png" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.skipif(os.sep != "/", reason="on Windows these are paths")
def test_a_windows_path_is_not_found_with_a_hint():
    for path in (r"C:\Users\me\photos\cat.jpg", r"photos\cat.jpg", r"\\server\share\cat.jpg"):
        with pytest.raises(SegxaiError, match="separated by '/'"):
            segxai.load_image(path)


@pytest.mark.parametrize(
    "path",
    ["a\0b.html", "\ud800.html", "x" * 300 + ".html", "/proc/none/a.html", "/dev/null/a.html"],
)
def test_names_that_no_file_can_have(path, quarters, additive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explanation = segxai.explain(*quarters, additive, 1, fill="black")
    with pytest.raises(SegxaiError, match="cannot be written"):
        explanation.save(path)
    with pytest.raises(SegxaiError, match="no file"):
        segxai.load_image(path)
    with pytest.raises(SegxaiError, match=r"no (annotation|file)"):
        segxai.finetune(quarters[0], path)
    with pytest.raises(SegxaiError, match=r"no (annotation|file)"):
        load_annotation(path, quarters[1].shape)
    with pytest.raises(SegxaiError, match="no folder"):
        segxai.explain_many(path)
    with pytest.raises(SegxaiError, match="cannot be written"), _writing(path):
        Path(path).mkdir()
    for load in (segxai.FCN.load, segxai.load_classifier, read_checkpoint):
        for ending in ("", ".npz", ".keras"):
            with pytest.raises(SegxaiError):
                load(f"{path}{ending}")
    assert not list(tmp_path.iterdir())


def test_names_in_every_alphabet_are_drawn(quarters, additive, tmp_path):
    """Without a font for them they are drawn as boxes, and nothing is said."""
    names = ["猫", "שלום", "👩‍🚀", "\u202eright to left"]
    explanation = segxai.explain(
        quarters[0], segxai.Regions.from_labels(quarters[1], names), additive, 1, fill="black"
    )
    for ending in ("png", "svg", "pdf"):
        explanation.save(tmp_path / f"a.{ending}")
    assert all(name in explanation._repr_html_() for name in names)
    assert segxai.load_image(tmp_path / "a.png").std() > 0
