"""Progress bars: where they are shown, and that nothing is left of them."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from segxai import progress


def test_a_function_is_told_how_much_is_done():
    told = []
    with progress.track(
        5, "working", progress=lambda done, total: told.append((done, total))
    ) as advance:
        advance(2)
        advance(3)
    assert told == [(2, 5), (5, 5)]


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed in a notebook, and what it is replaced by in the end."""
    import IPython.display
    from tqdm import notebook

    shown = []

    def display(widget, display_id):
        assert display_id
        shown.append(widget)
        return SimpleNamespace(update=lambda bundle, raw: shown.append((bundle, raw)))

    monkeypatch.setattr(progress, "_Bar", progress._emptied(notebook.tqdm))
    monkeypatch.setattr(IPython.display, "display", display)
    return shown


@pytest.mark.parametrize(("choice", "bars"), [(True, 1), (None, 0), (False, 0)])
def test_a_bar_in_a_notebook_is_shown_as_chosen_and_leaves_no_widgets(choice, bars, displayed):
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    with progress.track(2, "working", progress=choice) as advance:
        assert len(displayed) == bars
        advance(2)
    assert set(_instances) == before
    assert displayed[1:] == bars * [({"text/plain": ""}, True)]


def test_work_that_fails_leaves_no_widgets_either(displayed):
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    with pytest.raises(KeyError), progress.track(2, "working", progress=True):
        raise KeyError
    assert set(_instances) == before
    assert len(displayed) == 2


def test_a_bar_appears_in_a_notebook_when_the_work_takes_long(displayed, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    with progress.track(3, "working") as advance:
        advance(1)
        assert displayed == []
        clock[0] = 2.5
        advance(1)
        assert "working" in displayed[0].children[0].value
        advance(1)
    assert displayed[0].comm is None


def test_a_kernel_without_ipywidgets_is_not_warned(tmp_path):
    (tmp_path / "ipywidgets.py").write_text("raise ImportError('not here')")
    code = (
        "import ipykernel.zmqshell, sys, warnings\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from segxai import progress\n"
        "with progress.track(2, 'working', progress=True) as advance: advance(2)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "working" in told.stderr
    assert "Warning" not in told.stderr


def test_no_bar_is_kept_in_a_page_that_needs_no_kernel():
    code = (
        "from segxai import progress; import sys\n"
        "progress._Bar = lambda disable, **_: sys.exit(not disable)\n"
        "with progress.track(2, 'working') as advance: pass\n"
    )
    environment = {**os.environ, "SEGXAI_STILL": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_work_deep_inside_shows_what_is_chosen_around_it():
    told = []

    def tell(done, total):
        told.append((done, total))

    def work(total, **own):
        with progress.track(total, "working", **own) as advance:
            advance(total)

    with progress.showing(tell):
        work(1)
        work(2, progress=False)
        with progress.showing(None):
            work(3)
        with progress.showing(progress.bars_only(tell)):
            work(4)
        work(5)
    work(6)
    assert told == [(1, 1), (3, 3), (5, 5)]


def test_nobody_is_told_where_nobody_looks(capsys):
    with progress.track(2, "working") as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")
