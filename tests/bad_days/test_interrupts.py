"""Ctrl-C at any step: it comes out as KeyboardInterrupt or ends the loop.

What was there stays usable, and sessions are freed. Ctrl-C between two steps of a fit is in
tests/fcn/test_training.py, between two photographs in those of tests/study.
"""

import contextlib
import itertools
import os
import sys

import numpy as np
import pytest

import segxai
from segxai.__main__ import main
from segxai.nets.graph import GraphSession


@contextlib.contextmanager
def ctrl_c_at_line(number, ending=".py"):
    """KeyboardInterrupt before the line of segxai that is run as the `number`-th.

    Only lines of files with this ending count.
    """
    folder, left = os.path.dirname(segxai.__file__), number

    def trace(frame, event, _):
        nonlocal left
        name = frame.f_code.co_filename
        if not (name.startswith(folder) and name.endswith(ending)):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def ctrl_c_everywhere(function, lines, ending=".py"):
    """Call `function` with Ctrl-C at each of these lines; yields after each.

    Ends with the first call that is not interrupted.
    """
    for number in lines:
        try:
            with ctrl_c_at_line(number, ending):
                function()
        except KeyboardInterrupt:
            yield number
        else:
            return


def test_at_any_line_of_saving_the_page_is_the_former_or_the_new_one(quarters, additive, tmp_path):
    explanation = segxai.explain(*quarters, additive, 1, fill="black")
    path, mask = tmp_path / "page.html", os.umask(0o027)
    try:
        explanation.save(path)
        new, seen = path.read_text(encoding="utf-8"), set()
        path.write_text("former")
        for number in ctrl_c_everywhere(
            lambda: explanation.save(path), itertools.count(), "files.py"
        ):
            seen.add(number)
            assert path.read_text(encoding="utf-8") in ("former", new)
            path.write_text("former")
            assert os.umask(0o027) == 0o027  # else every later file would be open to all
        assert path.read_text(encoding="utf-8") == new
        assert len(seen) > 6
    finally:
        os.umask(mask)


def test_at_any_line_of_explaining_the_next_one_is_as_if_nothing_had_been(quarters, additive):
    image, labels = quarters
    box, regions = segxai.load_classifier(additive), segxai.Regions.from_labels(labels)
    before = segxai.explain(image, regions, box, 1, fill="black")
    page = before._repr_html_()
    interrupted = list(
        ctrl_c_everywhere(
            lambda: segxai.explain(image, regions, box, 1, fill="black")._repr_html_(),
            range(0, 4000, 23),
        )
    )
    assert len(interrupted) > 10
    assert segxai.explain(image, regions, box, 1, fill="black")._repr_html_() == page
    assert before.refit("shapley").weights == pytest.approx(additive.effects, abs=1e-6)


@pytest.fixture
def sessions(monkeypatch):
    """Every network of the test; `sessions.interrupt(n)` makes the n-th run of any a Ctrl-C."""

    class Sessions(list):
        left = None

        def interrupt(self, number):
            self.left = number

    found, run, create = Sessions(), GraphSession.run, GraphSession.__init__

    def counted_run(net, *args):
        if found.left == 0:
            found.left = None
            raise KeyboardInterrupt
        found.left = found.left and found.left - 1
        return run(net, *args)

    def noted_create(net, *args):
        found.append(net)
        create(net, *args)

    monkeypatch.setattr(GraphSession, "run", counted_run)
    monkeypatch.setattr(GraphSession, "__init__", noted_create)
    return found


def test_at_any_run_of_fitting_the_steps_so_far_are_kept_or_the_network_is_freed(sessions, cat):
    image = cat[::8, ::8]
    labels = (np.arange(image.shape[1]) > 20) * np.ones(image.shape[:2], int)
    outcomes = []
    for number in itertools.count():
        del sessions[:]
        sessions.interrupt(number)
        try:
            fitted = segxai.finetune(image, labels, iterations=2, trainable="head")
        except KeyboardInterrupt:
            assert sessions
            assert all(net.closed for net in sessions)
            outcomes.append("freed")
            continue
        sessions.interrupt(None)
        assert fitted.fcn.predict(image).shape == (*image.shape[:2], 2)
        fitted.fcn.close()
        outcomes.append(len(fitted.losses))
        if not fitted.interrupted:
            break
    # Before the first step there is nothing to keep; after it, the steps are kept; in the final
    # evaluation the network goes.
    assert outcomes.count("freed") >= 3
    assert outcomes[-1] == 2
    assert 1 in outcomes


def test_at_any_run_of_asking_the_shared_network_stays_usable(sessions, cat, classifier):
    regions = segxai.segment(cat, "grid", rows=2, columns=3)
    before = segxai.explain(cat, regions)
    for number in itertools.count():
        sessions.interrupt(number)
        try:
            again = segxai.explain(cat, regions)
        except KeyboardInterrupt:
            assert not classifier.backbone.closed
        else:
            break
    assert number >= 2
    assert np.array_equal(again.weights, before.weights)


def test_the_command_line_says_stopped(monkeypatch, capsys):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("segxai.__main__.load_image", stop)
    try:
        assert main(["explain", "cat", "--segmenter", "grid"]) == 130
    except KeyboardInterrupt:
        pytest.fail("a traceback would be shown")
    assert capsys.readouterr().err == "segxai: stopped\n"
