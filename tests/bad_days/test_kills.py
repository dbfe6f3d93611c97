"""kill -9 at the worst moment: no half file under a final name, and nothing finished is done again.

A killed fetch is in tests/weights/test_downloads.py, a killed worker of a cluster in
tests/study/test_many.py.
"""

import io
import os
import signal
import textwrap
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.fcn.network import read_npz
from segxai.study.engine import Store

SAVE = """
    import os, pathlib, signal, numpy, segxai
    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)
    def half(path, text, **kwargs):
        with path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            die()
    explanation = segxai.explain(
        numpy.zeros((20, 30, 3), numpy.uint8),
        "grid",
        lambda i: i.mean(axis=(1, 2, 3)),
        max_evaluations=18,
    )
    explanation.save("kept.html")
    print(len(open("kept.html", encoding="utf-8").read()), flush=True)
    if "{moment}" == "half-way":
        pathlib.Path.write_text = half
    else:
        os.replace = die
    explanation.save("kept.html")
"""

COMPARE = """
    import os, signal, sys, pathlib, segxai
    def brightness(images):
        with open("asked", "a") as file:
            file.write("x" * len(images))
        if sys.argv[1:] and os.path.getsize("asked") > 3 * 18:  # in the fourth photograph
            os.kill(os.getpid(), signal.SIGKILL)
        return images.mean(axis=(1, 2, 3)) / 255
    found = segxai.compare(
        "photographs",
        "grid",
        "compactness",
        classifier=brightness,
        target=1,
        max_evaluations=18,
        folder="kept",
        run="a",
    )
    print(*found.column("grid", "compactness"), *found.column("grid", "calls"))
"""


@pytest.mark.parametrize("moment", ["half-way", "before it takes its name"])
def test_a_killed_save_leaves_the_former_page_whole(moment, run_python, tmp_path):
    run = run_python("-c", textwrap.dedent(SAVE.replace("{moment}", moment)), cwd=tmp_path)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    page = (tmp_path / "kept.html").read_text(encoding="utf-8")
    assert len(page) == int(run.stdout)
    assert page.endswith("</html>\n")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        "kept.html"
    ]


def test_a_killed_comparison_goes_on_where_it_was(run_python, tmp_path):
    (tmp_path / "photographs").mkdir()
    for number, picture in enumerate(
        np.random.default_rng(0).integers(0, 256, (5, 24, 30, 3), dtype=np.uint8)
    ):
        Image.fromarray(picture).save(tmp_path / f"photographs/{number}.png")
    (tmp_path / "compare.py").write_text(textwrap.dedent(COMPARE))
    killed = run_python("compare.py", "die", cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(list((tmp_path / "kept").glob("[!.]*.json"))) == 3
    (tmp_path / "asked").unlink()
    again = run_python("compare.py", cwd=tmp_path)
    assert (tmp_path / "asked").stat().st_size == 2 * 18  # for two photographs
    whole = segxai.compare(
        tmp_path / "photographs", "grid", "compactness", max_evaluations=18, target=1,
        classifier=lambda images: images.mean(axis=(1, 2, 3)) / 255,
    )  # fmt: skip
    values = [whole.column("grid", metric) for metric in ("compactness", "calls")]
    assert [float(value) for value in again.stdout.split()] == np.concatenate(values).tolist()


class Killed(BaseException):
    """Nothing that handles errors handles this."""


class Counted:
    """Within it the process seems to be killed at the n-th write, rename, link or fsync."""

    def __init__(self, monkeypatch, number):
        self.monkeypatch, self.left = monkeypatch, number

    def step(self, function):
        def stepped(*args, **kwargs):
            self.left -= 1
            if self.left == 0:
                raise Killed
            return function(*args, **kwargs)

        return stepped

    def __enter__(self):
        opened = io.open

        def counting(*args, **kwargs):
            file = opened(*args, **kwargs)
            if file.writable() and hasattr(file, "__dict__"):
                file.write = self.step(file.write)
            return file

        context = self.monkeypatch.context()
        patch = context.__enter__()
        for name in ("replace", "rename", "link", "fsync"):
            patch.setattr(os, name, self.step(getattr(os, name)))
        patch.setattr(io, "open", counting)
        patch.setattr("builtins.open", counting)
        self.leave = context.__exit__
        return self

    def __exit__(self, *error):
        self.leave(*error)


def killed_everywhere(monkeypatch, save, check):
    """Call `save` until it is not killed, each time with one step more.

    `check` what there is after each. Returns how often.
    """
    for number in range(1, 1000):
        try:
            with Counted(monkeypatch, number):
                save()
        except (Killed, SegxaiError):
            check()
        else:
            check()
            assert number > 2, "nothing was counted"
            return number
    raise AssertionError("It never ended.")


def fcn_save(folder, explanations, small_fcn):
    def load():
        stored, described = read_npz(folder / "a.npz")
        return float(stored["a"].read()[0, 0]), described["source"]

    return (lambda v: small_fcn(v).save(folder / "a.npz")), load, ((1.0, "1"), (2.0, "2"))


@dataclass
class Outcome:
    value: int


def store_save(folder, *_):
    store = Store(folder, {"a": 1}, lambda kept: kept["value"])
    job = (0, np.zeros((2, 3, 3), np.uint8))
    return (lambda v: store.write(job, Outcome(v))), (lambda: store.read(job)), (1, 2)


def page_save(ending):
    def made(folder, explanations, _):
        path = folder / f"a.{ending}"
        whole = []
        for explanation in explanations:
            explanation.save(path)
            whole.append(path.stat().st_size)
        return (
            (lambda v: explanations[v - 1].save(path)),
            (lambda: path.stat().st_size),
            tuple(whole),
        )

    return made


SAVES = {
    "fcn": fcn_save,
    "result": store_save,
    "html": page_save("html"),
    "svg": page_save("svg"),
}


@pytest.mark.parametrize("kind", SAVES)
def test_a_save_killed_at_any_step_leaves_the_old_or_the_new(
    kind, tmp_path, monkeypatch, quarters, additive, small_fcn, survived
):
    e = segxai.explain(*quarters, additive, 1, fill="black")
    save, load, (old, new) = SAVES[kind](tmp_path, (e, e.refit("shapley")), small_fcn)
    save(1)
    assert load() == old
    found = []
    survived(killed_everywhere(monkeypatch, lambda: save(2), lambda: found.append(load())))
    assert set(found) <= {old, new}
    assert found[-1] == new
    assert found == sorted(found, key=lambda value: value == new), "and never the old one again"


def test_a_result_of_other_settings_or_another_version_is_not_taken(tmp_path, monkeypatch):
    job = (0, np.zeros((2, 3, 3), np.uint8))

    def store(name):
        return Store(tmp_path, {"a": name}, lambda kept: kept["value"])

    one, other = store("a"), store("b")
    one.write(job, Outcome(7))
    assert one.read(job) == 7
    assert other.read(job) is None
    os.link(one._path(job), other._path(job))  # whoever renames a file does not change what it is
    assert other.read(job) is None
    monkeypatch.setattr(segxai, "__version__", "0.0.1")
    assert store("a").read(job) is None


def test_300_damaged_results_are_made_again(tmp_path, survived):
    job = (0, np.zeros((2, 3, 3), np.uint8))
    store = Store(tmp_path, {"a": 1}, lambda kept: kept["value"])
    store.write(job, Outcome(12345))
    (path,) = tmp_path.iterdir()
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        assert store.read(job) in (None, 12345)
    for content in (b"NaN", b"[" * 100_000, b"{}", b"", whole.replace(b"12345", b"NaN")):
        path.write_bytes(content)
        assert store.read(job) is None
    survived(305)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_no_result(tmp_path, survived):
    job = (0, np.zeros((2, 3, 3), np.uint8))
    store = Store(tmp_path / "a", {"a": 1}, lambda kept: kept["value"])
    (tmp_path / "a").mkdir()
    os.mkfifo(store._path(job))
    assert store.read(job) is None
    with pytest.raises(SegxaiError, match="a folder or a device"):
        store.write(job, Outcome(3))
    survived(1)
