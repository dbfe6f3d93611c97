import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai.__main__ import main
from segxai.explanation import examine


def test_explain_prints_a_table_and_writes_a_page(tmp_path, capsys, cat):
    Image.fromarray(cat[::2, ::2]).save(tmp_path / "größe und so.jpg")
    out = tmp_path / "out" / "index.html"
    code = main(
        [
            "explain",
            str(tmp_path / "größe und so.jpg"),
            "cat",
            "--segmenter",
            "grid",
            "--target",
            "auto",
            "--target",
            "tabby cat",
            "--max-evaluations",
            "40",
            "--out",
            str(out),
        ]
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert "row 2, column 2" in printed
    assert "tabby cat" in printed
    assert out.read_text(encoding="utf-8").count("<figure") == 2


def test_a_command_loads_neither_keras_nor_scikit_learn():
    code = """
import sys
from segxai.__main__ import main
sys.argv = ["segxai", "explain", "cat", "--segmenter", "grid", "--max-evaluations", "18"]
assert main() == 0
assert "tensorflow" in sys.modules
assert not {"keras", "sklearn"} & {name for name, module in sys.modules.items() if module}

"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_explain_examines_when_asked(tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(
        segxai.__main__,
        "examine",
        lambda e, **kw: asked.append(kw) or examine(e, fills=("grey",), placebos=3, **kw),
    )
    out = tmp_path / "index.html"
    assert (
        main(
            [
                "explain",
                "cat",
                "--segmenter",
                "grid",
                "--max-evaluations",
                "18",
                "--examine",
                "--seed",
                "3",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert asked == [{"seed": 3}]
    assert "placebo" in capsys.readouterr().out
    assert "Not examined here" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "nothing.jpg"], "no file"),
        (["explain", "cat", "--segmenter", "slick"], "Did you mean 'slic'"),
        (["explain", "cat", "--target", "catt"], "Unknown target"),
        (["explain", "cat", "--target", "a", "--target", "b"], "2 targets for 1"),
        (["explain", "cat", "--out", "report.doc"], ".html"),
        (["explain", "cat", "--segmenter", "grid", "--fill", "blu"], "Did you mean 'blur'"),
        (["explain", "."], "folder"),
    ],
)
def test_errors_are_one_line_and_code_2(arguments, said, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


WRONG = [
    ["explain", "cat", "--segmenter", "slick"],
    ["explain", "cat", "--segmenter", "grid", "--segmenter", "pascal+depp"],
    ["explain", "cat", "--target", "catt"],
    ["explain", "cat", "coffee", "--target", "tabby cat", "--target", "cofee mug"],
    ["explain", "cat", "--fill", "blu"],
    ["explain", "cat", "--fill", "nothing.png"],
    ["explain", "cat", "--max-evaluations", "1"],
    ["explain", "cat", "--seed", "-1"],
    ["explain", "cat", "nothing.jpg"],
    ["compare", "FOLDER", "--out", "x.html", "--segmenter", "slick"],
    ["compare", "FOLDER", "--out", "x.html", "--fill", "blu"],
    ["compare", "FOLDER", "--out", "x.html", "--max-evaluations", "1"],
]


def test_names_are_checked_before_anything_is_loaded(tmp_path, cat):
    """In a process of its own: neither TensorFlow nor a network is loaded for a misspelt name."""
    Image.fromarray(cat[::4, ::4]).save(tmp_path / "cat.png")
    wrong = [[str(tmp_path) if word == "FOLDER" else word for word in words] for words in WRONG]
    code = f"""
import sys
from segxai.__main__ import main
for arguments in {wrong!r}:
    sys.argv = ["segxai", *arguments]
    assert main() == 2, arguments
    assert "tensorflow" not in sys.modules, arguments
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == len(WRONG)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat.png"]


def test_what_cannot_be_read_is_listed_and_the_rest_is_written(tmp_path, capsys, cat, monkeypatch):
    for name in ("good.jpg", "cut.jpg", "fine.png"):
        Image.fromarray(cat[::4, ::4]).save(tmp_path / name)
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    images = [str(tmp_path / name) for name in ("good.jpg", "cut.jpg", "fine.png")]
    out, options = tmp_path / "out.html", ["--segmenter", "grid", "--max-evaluations", "20"]
    assert main(["explain", *images, *options, "--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "left out: cut.jpg: " in printed
    assert out.read_text(encoding="utf-8").count("<figure") == 2
    # Alone it is an error, in one line.
    assert main(["explain", images[1], *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "cut.jpg" in captured.err

    def one_fails(image, segmenter, *arguments, **options):
        if segmenter == "slic":
            raise segxai.SegxaiError("no memory")
        return segxai.explain(image, segmenter, *arguments, **options)

    monkeypatch.setattr("segxai.__main__.explain", one_fails)
    assert main(["explain", images[0], *options, "--segmenter", "slic", "--out", str(out)]) == 1
    assert "left out: good.jpg, slic: no memory" in capsys.readouterr().out
    assert out.read_text(encoding="utf-8").count("<figure") == 1
    assert main(["explain", images[0], images[2], "--segmenter", "slic"]) == 2


def test_a_file_s_name_gives_the_terminal_no_commands(tmp_path, capsys, cat):
    path = tmp_path / "a\x1b[31m\x07\u202e.png"
    Image.fromarray(cat[::4, ::4]).save(path)
    assert main(["explain", str(path), "--segmenter", "grid", "--max-evaluations", "20"]) == 0
    path.write_bytes(path.read_bytes()[:5000])
    assert main(["explain", str(path), "--segmenter", "grid"]) == 2
    captured = capsys.readouterr()
    assert "a?[31m??.png" in captured.out
    assert all(c.isprintable() or c == "\n" for c in captured.out + captured.err)


def test_the_folder_in_which_it_is_run_is_not_searched_for_modules(tmp_path, root):
    for name in ("tqdm", "numpy", "lazy_loader", "matplotlib"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of somebody')")
    run = subprocess.run(
        [sys.executable, "-m", "segxai", "explain", "nothing.jpg"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert run.returncode == 2, run.stderr
    assert "no file 'nothing.jpg'" in run.stderr


def test_a_wrong_command_is_code_2():
    run = subprocess.run(
        [sys.executable, "-m", "segxai", "explian"], capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "explain" in run.stderr


def test_doctor_says_what_is_here(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert str(tmp_path) in printed
    assert f"numpy            {np.__version__}" in printed
    assert "python -m segxai fetch deeplab" in printed
    assert "python -m segxai fetch ade20k" in printed


def test_several_downloads_are_fetched_at_once(monkeypatch, capsys):
    monkeypatch.setattr("segxai.__main__.fetch", lambda name: f"/cache/{name}")
    assert main(["fetch", "deeplab", "ade20k"]) == 0
    printed = capsys.readouterr().out
    assert "in /cache/deeplab" in printed
    assert "in /cache/ade20k" in printed


def test_a_fetch_with_a_time_limit_ends_in_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("SEGXAI_CACHE", str(tmp_path))
    stop = threading.Event()
    monkeypatch.setattr("segxai.weights.downloads.fetch", lambda name, progress: stop.wait(30))
    started = time.monotonic()
    assert main(["fetch", "deeplab", "ade20k", "--seconds", "0.2"]) == 2
    assert time.monotonic() - started < 10
    stop.set()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "python -m segxai fetch deeplab ade20k" in captured.err
