"""The reference from the docstrings: examples run, every public name says what it is, and the pages are made."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import segxai

MODULES = [m.name for m in pkgutil.walk_packages(segxai.__path__, "segxai.") if not m.name.endswith("__main__")]


def test_examples_run():
    results = [doctest.testmod(importlib.import_module(name)) for name in MODULES]
    assert sum(r.failed for r in results) == 0
    # Those marked to be skipped and bare imports prove nothing: expressions whose value is compared do.
    finder = doctest.DocTestFinder(exclude_empty=True)
    compared = [
        example
        for name in MODULES
        for test in finder.find(sys.modules[name])
        for example in test.examples
        if example.want and doctest.SKIP not in example.options
    ]
    assert len(compared) >= 8


def public_objects():
    for name in ("segxai", "segxai.metrics", "segxai.widgets"):
        module = importlib.import_module(name)
        for exported in module.__all__:
            thing = getattr(module, exported)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield pytest.param(thing, id=f"{name}.{exported}")


@pytest.mark.parametrize("thing", public_objects())
def test_every_public_name_says_what_it_is(thing):
    assert thing.__doc__
    assert len(thing.__doc__) > 20
    if inspect.isclass(thing):
        own = [m for n, m in vars(thing).items() if inspect.isfunction(m) and not n.startswith("_")]
        assert all(method.__doc__ for method in own), [method.__name__ for method in own if not method.__doc__]


def test_the_reference_is_made(root, tmp_path):
    line = next(line for line in (root / "Makefile").read_text().splitlines() if "pdoc" in line)
    modules = line.split("docs ", 1)[1].split()
    done = subprocess.run(
        [sys.executable, "-m", "pdoc", "--output-directory", str(tmp_path), *modules], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "ExplanationExplorer" in (tmp_path / "segxai" / "widgets.html").read_text(encoding="utf-8")
    assert "insertion" in (tmp_path / "segxai" / "metrics.html").read_text(encoding="utf-8")
