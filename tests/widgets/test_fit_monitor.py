"""The monitor without a browser: the run in its thread, what it leaves, what would be sent."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.fcn.training import FineTuned
from segxai.metrics import intersection_over_union
from segxai.widgets import FineTuneMonitor
from segxai.widgets.fit_monitor import monitor as fit_monitor

LONG = 300  # seconds; machines are busy at times


@pytest.fixture(scope="module")
def small():
    sample = segxai.data.load("cat")
    return sample.image[::4, ::4], sample.annotation.labels[::4, ::4]


@pytest.fixture
def monitor(small):
    monitor = FineTuneMonitor(*small, ["background", "cat"], iterations=3)
    yield monitor
    monitor.close()


def rest(monitor):
    assert monitor.wait(LONG)
    assert monitor.error == ""


def frames(monitor):
    return monitor.history["frames"]


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_same_numbers_as_finetune(monitor, small):
    monitor.start()
    rest(monitor)
    expected = segxai.finetune(*small, iterations=3)
    expected.fcn.close()
    assert monitor.losses == expected.losses
    assert monitor.fitted.final_loss == expected.final_loss
    assert isinstance(monitor.fitted, FineTuned)
    assert np.array_equal(monitor.fitted.probabilities, expected.probabilities)
    assert np.array_equal(monitor.fitted.steps[2].predictions, expected.steps[2].predictions)
    assert monitor.fitted.steps[0].probabilities.dtype == np.float16
    assert not monitor.fitted.interrupted
    assert len(segxai.segment(small[0], monitor.fitted.segmenter())) >= 1
    assert monitor.status == "Done: 3 iterations."


def test_steps_one_by_one_make_the_same_run(monitor, small):
    for count in (1, 2, 3):
        monitor.step()
        rest(monitor)
        assert len(monitor.losses) == len(monitor.fitted.steps) == count
    stepped, final = monitor.losses, monitor.fitted.final_loss
    monitor.start()  # all three are done: this begins anew
    rest(monitor)
    assert (monitor.losses, monitor.fitted.final_loss) == (stepped, final)
    monitor.iterations = 5
    monitor.start()  # more iterations of the same run
    rest(monitor)
    assert monitor.losses[:3] == stepped
    assert len(monitor.losses) == 5


def test_stop_after_any_step_and_go_on(monitor, monkeypatch):
    real, done = fit_monitor.finetune_steps, []

    def slowly(*args, **kwargs):
        for step in real(*args, **kwargs):
            done.append(step.iteration)
            if step.iteration == 2:
                monitor.stop()
            yield step

    monkeypatch.setattr(fit_monitor, "finetune_steps", slowly)
    monitor.iterations = 6
    monitor.start()
    rest(monitor)
    assert len(monitor.losses) == 2
    assert monitor.fitted.interrupted
    assert monitor.status == "Stopped after 2 iterations."
    network = monitor.fitted.fcn
    monitor.start()
    rest(monitor)
    assert done == [1, 2, 3, 4, 5, 6]
    assert monitor.fitted.fcn is network


def test_changed_settings_begin_anew_and_free_the_former_network(monitor):
    monitor.step()
    rest(monitor)
    former = monitor.fitted.fcn
    monitor.stride = 8
    monitor.step()
    rest(monitor)
    assert len(monitor.losses) == 1
    assert monitor.fitted.fcn.stride == 8
    assert former.net.closed
    monitor.trainable = "head"
    monitor.step()
    rest(monitor)
    assert len(monitor.losses) == 1
    last = monitor.fitted.fcn
    monitor.close()
    assert last.net.closed
    with pytest.raises(SegxaiError, match="was closed"):
        monitor.start()


def test_closing_ends_the_run(small):
    monitor = FineTuneMonitor(*small, iterations=50)
    monitor.start()
    monitor.close()
    assert not monitor.running
    assert not [t for t in threading.enumerate() if t.name == "segxai-fit"]
    assert len(monitor.losses) < 50


def test_training_leaves_the_caller_free(monitor, monkeypatch):
    gate, real = threading.Event(), fit_monitor.finetune_steps

    def held(*args, **kwargs):
        assert gate.wait(LONG)
        yield from real(*args, **kwargs)

    monkeypatch.setattr(fit_monitor, "finetune_steps", held)
    monitor.start()
    assert monitor.running  # and we are here
    monitor.start()  # nothing happens twice
    assert not monitor.wait(0.01)
    gate.set()
    rest(monitor)
    assert len(monitor.losses) == 3


def test_a_rate_that_explodes_is_one_line(monitor):
    monitor.learning_rate = 1e30
    monitor.iterations = 5
    monitor.start()
    assert monitor.wait(LONG)
    assert "smaller learning_rate" in monitor.error
    assert "\n" not in monitor.error
    assert monitor.fitted is None
    assert not monitor.running
    monitor.learning_rate = 1e-4
    monitor.start()
    rest(monitor)
    assert len(monitor.losses) == 5


def test_an_error_of_a_library_is_shown_too(monitor, monkeypatch):
    def broken(*args, **kwargs):
        raise MemoryError("no room\nand a long story")
        yield

    monkeypatch.setattr(fit_monitor, "finetune_steps", broken)
    monitor.start()
    assert monitor.wait(LONG)
    assert monitor.error == "This failed with MemoryError: no room and a long story"


@pytest.mark.parametrize("bad", [
    {"learning_rate": 0}, {"learning_rate": "fast"},
    {"learning_rate": float("nan")}, {"learning_rate": True},
    {"stride": 4}, {"iterations": 0}, {"iterations": 51}, {"iterations": 2.5},
    {"trainable": "some"},
])  # fmt: skip
def test_settings_that_make_no_sense(monitor, small, bad):
    ((name, value),) = bad.items()
    before = getattr(monitor, name)
    with pytest.raises(SegxaiError, match=name):
        setattr(monitor, name, value)
    assert getattr(monitor, name) == before
    with pytest.raises(SegxaiError, match=name):
        FineTuneMonitor(*small, **bad)
    monitor._handle_custom_msg({"type": "start", "settings": bad}, [])  # from the page
    assert name in monitor.error
    assert not monitor.running


def test_an_annotation_is_needed(small):
    with pytest.raises(SegxaiError, match="annotation"):
        FineTuneMonitor(small[0])
    with pytest.raises(SegxaiError, match="only one class"):
        FineTuneMonitor(small[0], np.zeros(small[0].shape[:2], int))


def test_the_page_asks_with_its_own_settings(monitor):
    sent = []
    monitor.send = lambda content, buffers=None: sent.append((content, buffers))
    monitor._handle_custom_msg(
        {"type": "start", "settings": {"iterations": 2, "stride": 16, "nonsense": 1}}, []
    )
    rest(monitor)
    assert monitor.fitted.fcn.stride == 16
    assert [(c["frame"]["iteration"], c["frame"]["final"]) for c, _ in sent] == [
        (1, False),
        (2, False),
        (2, True),
    ]
    live, sent[:] = sent[:], []
    monitor._handle_custom_msg({"type": "frames"}, [])
    assert sent == live
    monitor._handle_custom_msg({"type": "close"}, [])  # only what the buttons do
    assert monitor.comm is not None


def test_frames_are_small_and_true():
    sample = segxai.data.load("astronaut")
    monitor = FineTuneMonitor(sample, iterations=2)
    monitor.start()
    rest(monitor)
    first, second, end = frames(monitor)
    truth, found = sample.annotation.labels, monitor.fitted.steps[1].predictions
    assert second["iou"] == pytest.approx(list(intersection_over_union(truth, found)))
    assert end["loss"] == monitor.fitted.final_loss
    labels, strip = pixels(second["labels"]), pixels(second["probabilities"])
    assert max(labels.shape[:2]) == 320
    assert labels[160, 160, 0] == found[256, 256]  # the pixel whose centre is nearest
    assert strip.dtype == np.uint8
    assert strip.shape == (9 * 213, 213)
    assert np.abs(strip.reshape(9, 213, 213).astype(int).sum(0) - 255).max() <= 5  # nine roundings
    assert np.allclose(pixels(first["probabilities"]), 255 / 9, atol=0.5)
    assert sum(len(f["labels"]) + len(f["probabilities"]) for f in (second, end)) < 2 * 60_000
    assert len(monitor.photo) + len(monitor.annotation) < 60_000
    monitor.close()


def test_classes_that_are_missing_have_no_score_and_no_place():
    labels = np.zeros((8, 8), np.uint8)
    labels[:, 4:] = 2
    probabilities = np.full((8, 8, 3), 1 / 3, np.float32)
    frame = fit_monitor.make_frame(labels, "abc", 1, 2.5, np.zeros((8, 8), np.uint8), probabilities)
    assert frame["iou"] == [0.5, None, 0.0]
    assert frame["spots"][1:] == [None, None]
    x, y = frame["spots"][0]
    assert 0 < x < 1
    assert 0 < y < 1


def test_names_are_in_the_still_figure(small):
    monitor = FineTuneMonitor(*small, ["<img src=x onerror=alert(1)>", "$x_$ &"], iterations=1)
    before = monitor._repr_mimebundle_()
    data = before[0] if isinstance(before, tuple) else before
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "<img src=x" not in data["text/html"]
    assert "&lt;img src=x" in data["text/html"]
    monitor.start()
    rest(monitor)
    assert "loss went from" in monitor.plot().alt
    monitor.plot().savefig(io.BytesIO())
    monitor.close()


def test_a_page_without_a_kernel_gets_the_figure_alone(monitor, monkeypatch):
    monkeypatch.setenv("SEGXAI_STILL", "1")
    assert set(monitor._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_an_interpreter_may_end_in_the_middle_of_a_run(ends_in_peace):
    ends_in_peace(
        "import numpy as np; from segxai.widgets import FineTuneMonitor\n"
        "m = FineTuneMonitor(np.zeros((64, 64, 3)), np.eye(64, dtype=int), iterations=50)\n"
        "m.start()\n"
        "import time\n"
        "while not m.losses: time.sleep(0.05)"
    )
