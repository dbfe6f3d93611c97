"""Progress bars: where they are shown, and that nothing is left of them."""

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


@pytest.mark.parametrize("shown", [True, None])
def test_a_bar_in_a_notebook_leaves_no_widgets(shown, monkeypatch):
    from ipywidgets.widgets.widget import _instances

    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr(progress, "_is_interactive", lambda: True)
    before = set(_instances)
    with progress.track(2, "working", progress=shown) as advance:
        assert set(_instances) > before
        advance(2)
    assert set(_instances) == before


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


def test_nobody_is_told_where_nobody_looks(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_is_interactive", lambda: False)
    with progress.track(2, "working") as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")
