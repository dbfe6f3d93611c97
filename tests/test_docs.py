"""The reference from the docstrings.

Examples run, every public name says what it is, and the pages are made.
"""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import segxai

MODULES = [
    m.name
    for m in pkgutil.walk_packages(segxai.__path__, "segxai.")
    if not m.name.endswith("__main__")
]
BENEATH_WIDGETS = [name for name in MODULES if not name.startswith("segxai.widgets")]


def test_examples_run():
    results = [doctest.testmod(importlib.import_module(name)) for name in MODULES]
    assert sum(r.failed for r in results) == 0
    # Those marked to be skipped and bare imports prove nothing: expressions whose value is
    # compared do.
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
        assert all(method.__doc__ for method in own), [
            method.__name__ for method in own if not method.__doc__
        ]


def own_functions(name):
    """The functions and methods written in a module, with their names.

    Those that `dataclass` generates are left out.
    """
    for member, thing in vars(importlib.import_module(name)).items():
        if getattr(thing, "__module__", None) != name:
            continue
        found = (
            {f"{member}.{n}": m for n, m in vars(thing).items()}
            if inspect.isclass(thing)
            else {member: thing}
        )
        for label, function in found.items():
            function = (
                function.fget
                if isinstance(function, property)
                else getattr(function, "__func__", function)
            )
            function = inspect.unwrap(function) if callable(function) else function
            if (
                inspect.isfunction(function)
                and function.__code__.co_filename == importlib.import_module(name).__file__
            ):
                yield label, function


@pytest.mark.parametrize("name", BENEATH_WIDGETS)
def test_progress_is_keyword_only(name):
    for label, function in own_functions(name):
        parameter = inspect.signature(function).parameters.get("progress")
        assert parameter is None or parameter.kind is parameter.KEYWORD_ONLY, label


@pytest.mark.parametrize("name", BENEATH_WIDGETS)
def test_public_functions_are_annotated(name):
    for label, function in own_functions(name):
        last = label.rsplit(".", 1)[-1]
        if (
            any(part.startswith("_") for part in label.split("."))
            and last not in ("__init__", "__call__")
        ) or label.startswith("_"):
            continue
        parameters = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
        missing = [p for p in parameters if p not in function.__annotations__]
        assert not missing, f"{label}: {missing}"
        assert last == "__init__" or "return" in function.__annotations__, label


def test_the_reference_is_made(root, tmp_path):
    line = next(line for line in (root / "Makefile").read_text().splitlines() if "pdoc" in line)
    options = line.split("--output-directory")[0].split()[1:]
    modules = line.split("docs ", 1)[1].split()
    done = subprocess.run(
        [sys.executable, "-m", "pdoc", *options, "--output-directory", str(tmp_path), *modules],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "ExplanationExplorer" in (tmp_path / "segxai" / "widgets.html").read_text(
        encoding="utf-8"
    )
    assert "insertion" in (tmp_path / "segxai" / "metrics.html").read_text(encoding="utf-8")
    # Sections of a docstring become headings, not rows of dashes.
    assert ">Parameters</h6>" in (tmp_path / "segxai" / "metrics.html").read_text(encoding="utf-8")
