"""The canvas and the explorer from Python's side: what is sent, comes back, is not repeated."""

import gc
import io
import json
import re
import threading
import time
import weakref

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances  # every widget that is not closed
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.explanation import examine, necessary
from segxai.report.state import jpeg, number_png
from segxai.widgets import ExplanationExplorer, RegionCanvas


class Counting:
    """A classifier that counts the images it is evaluated on, and can be held up."""

    def __init__(self):
        self.images, self.go = 0, threading.Event()
        self.go.set()

    def __call__(self, images):
        self.go.wait(30)
        self.images += len(images)
        return images[:, ::9, ::9].mean(axis=(1, 2, 3)) / 255


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def explorer(quarters, counting):
    explorer = ExplanationExplorer(
        quarters[0],
        counting,
        start="grid",
        also={"quarters": segxai.Regions.from_labels(quarters[1])},
    )
    yield explorer
    explorer.close()


def test_numbers_survive_as_a_picture():
    numbers = np.arange(300 * 250).reshape(300, 250) % 65536
    pixels = np.asarray(Image.open(io.BytesIO(number_png(numbers)))).astype(int)
    assert (pixels[..., 0] + 256 * pixels[..., 1] == numbers).all()


def test_photographs_are_sent_no_larger_than_they_are_shown():
    for given, sent in (((2048, 1024, 3), (320, 640)), ((100, 60, 3), (60, 100))):
        assert Image.open(io.BytesIO(jpeg(np.zeros(given, np.uint8)))).size == sent


def test_the_canvas_knows_the_whole_table(quarters, additive):
    image, labels = quarters
    explanation = segxai.explain(image, labels, additive, 1)
    canvas = RegionCanvas(explanation)
    values = np.frombuffer(canvas.table, "<f4").reshape(16, -1)
    column = canvas.classes.index(explanation.target)
    for code in range(16):
        shown = [bool(code >> k & 1) for k in range(4)]
        assert values[code, column] == pytest.approx(explanation.coalitions.value_of(shown))
    assert canvas.bits == b""
    canvas.off = [2, 0, 0, 99, -1]
    assert canvas.off == [0, 2]


def test_the_same_regions_keep_what_is_off_and_send_the_pictures_once(quarters, additive):
    explanation = segxai.explain(quarters[0], quarters[1], additive, 1)
    canvas = RegionCanvas(explanation)
    canvas.off = [1]
    changed = []
    canvas.observe(lambda change: changed.append(change["name"]))
    canvas.show(explanation.refit("shapley", kernel_width=2.0))
    assert canvas.off == [1]
    assert not {"photo", "filled", "labels", "table", "names"} & set(changed)
    canvas.show(segxai.explain(quarters[0], "grid", additive, 1))
    assert canvas.off == [2, 3, 6, 7]  # the parts of what was off
    canvas.show(
        segxai.explain(
            quarters[0], segxai.segment(quarters[0], "grid", rows=3, columns=3), additive, 1
        )
    )
    assert canvas.off == []  # none of them is that place


@pytest.mark.parametrize("budget", [1024, 10])
def test_what_was_found_before_a_renaming_has_the_new_names(budget, quarters, additive):
    image, labels = quarters
    e = segxai.explain(
        image, segxai.Regions.from_labels(labels), additive, 1, fill="black", max_evaluations=budget
    )
    e = examine(e, fills=("grey",), borders=0, placebos=3)
    assert e.coalitions.exact == (budget == 1024)
    before = e.sufficient(1.0), e.sufficient(), necessary(e), " ".join(e.in_words())
    assert before[0] == ("region 0",)
    assert "Covering “region 0” lowers" in before[3]
    canvas = RegionCanvas(e)
    canvas.set_state({"names": ["sky", "sea", "sand", "sun"]})
    after = canvas.explanation
    assert (after.sufficient(1.0), necessary(after)) == (("sky",), ("sky",))
    assert not re.search(r"region \d", " ".join(after.in_words()))
    assert "Covering “sky” lowers" in " ".join(after.in_words())
    assert before == (e.sufficient(1.0), e.sufficient(), necessary(e), " ".join(e.in_words()))


def test_the_canvas_notices_that_parts_came_or_went(quarters, additive):
    image, labels = quarters
    coarse = segxai.Regions.from_labels(labels).merge({"top": ["region 0", "region 1"]})
    flat = segxai.Regions.from_labels(coarse.labels, coarse.names)
    assert coarse == flat  # in names and pixels
    canvas = RegionCanvas(segxai.explain(image, flat, additive, 1))
    assert canvas.divisible == []
    canvas.show(segxai.explain(image, coarse, additive, 1))
    assert canvas.divisible == ["top"]
    canvas.show(segxai.explain(image, flat, additive, 1))
    assert canvas.divisible == []


def test_a_sampled_table_is_sent_with_its_coalitions(quarters, additive):
    explanation = segxai.explain(
        quarters[0], segxai.segment(quarters[0], "grid"), additive, 1, max_evaluations=64
    )
    canvas, table = RegionCanvas(explanation), explanation.coalitions
    bits = np.frombuffer(canvas.bits, np.uint8).reshape(64, 2)
    assert (np.unpackbits(bits, axis=1, bitorder="little")[:, :16] == table.masks).all()
    column = canvas.classes.index(explanation.target)
    sent = np.frombuffer(canvas.table, "<f4").reshape(64, -1)
    assert (sent[:, column] == table.values).all()


def test_a_tiny_region_that_is_lost_in_the_small_copy(additive):
    image = np.zeros((1600, 1200, 3), np.uint8)
    labels = np.zeros((1600, 1200), int)
    labels[1, 1] = 1
    canvas = RegionCanvas(segxai.explain(image, labels, lambda images: images.mean((1, 2, 3)), 1))
    assert len(canvas.anchors) == 2


def test_method_target_and_width_evaluate_nothing(explorer, counting):
    before = counting.images
    explorer.set(method="shapley")
    explorer.set(method="banzhaf", kernel_width=1.0)
    assert explorer.explanation.method == "banzhaf"
    explorer.set(target="class 0")
    assert explorer.explanation.target == "class 0"
    assert explorer.panes[0].canvas.target == "class 0"
    assert counting.images == before


def test_what_was_computed_is_kept(explorer, counting):
    pane = explorer.panes[0]
    pane.set(segmenter="quarters")
    explorer.wait()
    assert explorer.explanation.regions.names[0] == "region 0"
    before = counting.images
    pane.set(segmenter="grid")
    explorer.wait()
    pane.set(segmenter="quarters")
    explorer.wait()
    assert counting.images == before
    assert len(explorer.explanation.regions) == 4
    explorer.set(fill="gray")
    explorer.wait()
    before = counting.images
    assert explorer.shared.values["fill"] == "grey"
    explorer.set(fill="grey")
    explorer.wait()
    assert counting.images == before
    with pytest.raises(SegxaiError, match="Did you mean 'blur'"):
        explorer.set(fill="blurr")


@pytest.mark.parametrize("also", [{}, {"fill": "black"}])
def test_cancelling_keeps_what_was_there(explorer, counting, also):
    pane, before = explorer.panes[0], explorer.explanation
    counting.go.clear()
    explorer.set(**also)
    pane.set(segmenter="quarters")
    assert pane.form.progress == 0
    pane.cancel()
    counting.go.set()
    explorer.wait()
    assert explorer.explanation is before
    assert pane.form.values["segmenter"] == "grid"
    assert pane.form.progress == -1
    assert pane.form.message == "Cancelled."


def test_only_the_last_of_quick_requests_is_shown(explorer, counting):
    pane = explorer.panes[0]
    counting.go.clear()
    for rows in (2, 3, 1):
        pane.set(rows=rows, columns=2)
    counting.go.set()
    explorer.wait()
    assert len(explorer.explanation.regions) == 2
    assert pane.form.values == {"segmenter": "grid", "rows": 1, "columns": 2}


def test_errors_of_the_background_are_shown(explorer):
    pane = explorer.panes[0]
    pane.set(rows=1000)
    explorer.wait()
    assert "rows must be at most 40" in pane.form.message
    explorer.classifier._function = lambda images: images.nothing
    pane.set(segmenter="slic")
    explorer.wait()
    assert "AttributeError" in pane.form.message
    assert explorer.explanation is not None


def test_a_kernel_too_narrow_is_reported_and_nothing_changes(explorer):
    before = explorer.explanation
    explorer.set(kernel_width=0.001)
    assert "kernel_width 0.001" in explorer.panes[0].form.message
    assert explorer.explanation is before
    explorer.set(kernel_width=0.5)
    assert explorer.panes[0].form.message == ""


def test_a_fill_that_was_only_requested_can_be_taken_back(explorer, counting):
    counting.go.clear()
    explorer.set(fill="black")
    explorer.set(fill="mean")
    counting.go.set()
    explorer.wait()
    assert explorer.explanation.coalitions.fill == "mean"
    assert explorer.panes[0].form.progress == -1


def test_what_was_cancelled_is_requested_again(explorer, counting):
    counting.go.clear()
    explorer.set(fill="black")
    explorer.panes[0].cancel()
    counting.go.set()
    explorer.set(method="shapley")
    explorer.wait()
    assert (explorer.explanation.method, explorer.explanation.coalitions.fill) == (
        "shapley",
        "black",
    )


def test_one_thread_at_a_time_changes_what_is_shown(explorer, monkeypatch):
    real, busy, entered, met = explorer.panes[0].draw, threading.Lock(), threading.Event(), []

    def slowly():
        if not busy.acquire(blocking=False):
            met.append(threading.current_thread().name)
            return
        try:
            if threading.current_thread() is not threading.main_thread():
                entered.set()
                time.sleep(0.2)  # the other thread has its chance
            real()
        finally:
            busy.release()

    monkeypatch.setattr(explorer.panes[0], "draw", slowly)
    explorer.set(fill="black")
    assert entered.wait(30)
    explorer.set(method="shapley")
    explorer.wait()
    assert met == []
    assert (explorer.explanation.method, explorer.explanation.coalitions.fill) == (
        "shapley",
        "black",
    )


def test_a_function_of_ones_own_may_have_the_name_of_a_segmenter(quarters, counting):
    explorer = ExplanationExplorer(
        quarters[0], counting, start="slic", also={"slic": lambda image: quarters[1]}
    )
    assert explorer.panes[0].form.values == {"segmenter": "slic"}
    assert len(explorer.explanation.regions) == 4
    explorer.close()


def in_background():
    return [thread for thread in threading.enumerate() if thread.name == "segxai-explain"]


def test_closing_ends_the_thread_and_frees_the_widgets(quarters, counting):
    before, threads = set(_instances), in_background()
    explorer = ExplanationExplorer(quarters[0], counting, start="grid")
    counting.go.clear()
    explorer.set(fill="black", compare=True)
    (thread,) = set(in_background()) - set(threads)
    explorer.close()
    explorer.close()  # a second time nothing happens
    counting.go.set()
    thread.join(30)
    assert not thread.is_alive()
    assert set(_instances) == before
    assert not explorer._work._cache
    with pytest.raises(SegxaiError, match="was closed"):
        explorer.wait()


@pytest.mark.parametrize(
    "options", [{"start": ("nonsense",)}, {"start": "grid", "target": "nonsense"}]
)
def test_what_could_not_be_made_leaves_nothing_behind(quarters, counting, options):
    before, threads = set(_instances), in_background()
    with pytest.raises(SegxaiError, match="nonsense"):
        ExplanationExplorer(quarters[0], counting, **options)
    assert set(_instances) == before
    assert in_background() == threads


def test_an_interpreter_may_end_while_something_is_computed(ends_in_peace):
    ends_in_peace(
        "import time, numpy as np; from segxai.widgets import ExplanationExplorer\n"
        "def slow(images): time.sleep(0.1); return images.mean((1, 2, 3)) / 255\n"
        "e = ExplanationExplorer(np.zeros((32, 32, 3)), slow, start='grid', max_evaluations=64)\n"
        "e.set(fill='black'); e.set(fill='blur')"
    )


def test_a_pane_that_was_hidden_catches_up(explorer):
    explorer.set(compare=True)
    explorer.wait()
    explorer.set(compare=False)
    explorer.set(method="shapley", fill="black")
    explorer.wait()
    explorer.set(compare=True)
    explorer.wait()
    assert [(e.method, e.coalitions.fill) for e in explorer.explanations] == [
        ("shapley", "black")
    ] * 2


def test_another_explanation_is_one_message(quarters, additive, monkeypatch):
    canvas, sent = RegionCanvas(segxai.explain(quarters[0], quarters[1], additive, 1)), []
    monkeypatch.setattr(canvas, "send_state", lambda key=None: sent.append(set(key)))
    canvas.show(segxai.explain(quarters[0], "grid", additive, 1))
    assert len(sent) == 1
    assert {"labels", "names", "weights", "table"} <= sent[0]


def test_the_form_and_the_panes_are_one_group(explorer):
    explorer.set(compare=True)
    explorer.wait()
    assert len(explorer.explanations) == 2
    assert {pane.canvas.group for pane in explorer.panes} == {explorer.shared.group} != {""}


def test_a_saved_explorer_holds_every_fill_and_the_names_of_the_page(explorer, tmp_path):
    explorer.panes[0].set(segmenter="quarters")
    explorer.wait()
    explorer.panes[0].canvas.set_state({"names": ["sky", "region 1", "region 2", "region 3"]})
    explorer.save(tmp_path / "explorer.html", fills=("mean", "black"))
    page = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    state = json.loads(re.search(r'data-segxai="explorer">(.*?)</script>', page)[1])["state"]
    (segmentation,) = state["segmentations"]
    assert segmentation["regions"]["names"][0] == "sky"
    assert list(segmentation["fills"]) == ["mean", "black"]
    with pytest.raises(SegxaiError, match="html"):
        explorer.save(tmp_path / "explorer.png")


def test_a_contrast_evaluates_nothing(explorer, counting):
    target, rival = explorer.explanation.coalitions.target_names[:2]
    before, weights = counting.images, explorer.explanation.weights
    explorer.set(versus=rival)
    assert counting.images == before
    assert (explorer.panes[0].canvas.target, explorer.panes[0].canvas.versus) == (target, rival)
    assert np.allclose(
        explorer.explanation.weights, weights - explorer.explanation.refit(target=rival).weights
    )


def test_what_is_off_survives_fill_method_and_class_but_not_other_regions(explorer):
    canvas = explorer.panes[0].canvas
    canvas.off = [1, 3]
    for change in (
        {"fill": "black"},
        {"method": "shapley"},
        {"target": explorer.explanation.coalitions.target_names[1]},
    ):
        explorer.set(**change)
        explorer.wait()
        assert canvas.off == [1, 3]
    explorer.panes[0].set(segmenter="quarters")
    explorer.wait()
    assert canvas.off == []


def test_regions_are_renamed_merged_and_divided_in_the_page(explorer, counting):
    pane = explorer.panes[0]
    pane.set(segmenter="quarters")
    explorer.wait()
    before = counting.images
    pane.canvas.set_state({"names": ["sky", "region 1", "region 2", "region 3"]})
    assert explorer.regions.names == ("sky", "region 1", "region 2", "region 3")
    explorer.set(method="shapley")
    assert explorer.explanation.regions.names[0] == "sky"  # also after another method
    assert counting.images == before
    explorer.set(fill="black")
    explorer.wait()
    assert explorer.regions.names[0] == "sky"
    pane.set(segmenter="grid")
    explorer.wait()
    pane.set(segmenter="quarters")
    explorer.wait()
    assert explorer.regions.names[0] == "sky"  # also after other regions
    explorer.set(method="tree", depth=4)
    explorer.wait()
    assert "sky" in explorer.regions.names
    explorer.set(method="shapley")
    explorer.wait()
    pane.canvas.set_state({"names": ["sky", "sky", "region 2", "region 3"]})
    assert explorer.regions.names[1] == "region 1"
    assert "distinct" in pane.canvas.note
    assert pane.canvas.names == list(explorer.regions.names)
    pane.canvas._handle_custom_msg({"type": "merge", "regions": ["region 2", "region 3"]}, [])
    explorer.wait()
    assert explorer.regions.names == ("sky", "region 1", "region 2 and region 3")
    assert pane.canvas.divisible == ["region 2 and region 3"]
    pane.canvas._handle_custom_msg({"type": "divide", "region": "region 2 and region 3"}, [])
    explorer.wait()
    assert explorer.regions.names == ("sky", "region 1", "region 2", "region 3")
    for nonsense in (
        {"type": "merge", "regions": ["nothing", "sky"]},
        {"type": "divide", "region": "sky"},
        {"type": "merge", "regions": 3},
    ):
        pane.canvas._handle_custom_msg(nonsense, [])
        assert pane.canvas.note
        pane.canvas.note = ""
        assert len(explorer.regions) == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda image: ExplanationExplorer(image, start=("deep", "slic", "grid")),
        lambda image: ExplanationExplorer(image, start="slick"),
        lambda image: RegionCanvas(
            segxai.explain(image, "grid", lambda x: x.mean((1, 2, 3)) / 255)
        ).save("canvas.txt"),
        lambda image: ExplanationExplorer(
            image, lambda x: x.mean((1, 2, 3)) / 255, start="grid"
        ).set(methode="lime"),
    ],
)
def test_bad_requests(make, quarters):
    with pytest.raises(SegxaiError):
        make(quarters[0])


def test_a_viewer_without_javascript_sees_a_picture(explorer):
    for widget in (explorer, explorer.panes[0].canvas):
        bundle = widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert "application/vnd.jupyter.widget-view+json" in data
        assert re.match(
            r'<img alt="lime weights for [^"]+" style="max-width:100%" '
            r'src="data:image/webp;base64,',
            data["text/html"],
        )
        assert len(data["text/html"]) < 150_000


def test_a_page_without_kernel_holds_no_names_as_markup(quarters, additive, tmp_path, monkeypatch):
    nasty = "</script><img src=x onerror=alert(1)>"
    regions = segxai.Regions.from_labels(quarters[1], [nasty, "b", "c", "d"], nasty)
    canvas = RegionCanvas(segxai.explain(quarters[0], regions, additive, 1))
    canvas.save(tmp_path / "canvas.html")
    page = (tmp_path / "canvas.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert page.count("</script>") == 2
    monkeypatch.setenv("SEGXAI_STILL", "1")
    data = canvas._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" not in data
    assert "<img src=x" not in data["text/html"]


def test_a_forgotten_explorer_ends_with_its_thread_and_its_widgets(quarters, counting):
    """One that was shown lives on: somebody may be looking at it."""
    gc.collect()
    before = set(_instances), threading.active_count()
    explorer = ExplanationExplorer(quarters[0], counting, start=("grid", "slic"))
    explorer.panes[0].set(rows=2)
    explorer.wait()
    gone = weakref.ref(explorer)
    del explorer
    gc.collect()
    assert gone() is None
    assert (set(_instances), threading.active_count()) == before
    explorer = ExplanationExplorer(quarters[0], counting, start="grid")
    explorer._repr_mimebundle_()
    shown = weakref.ref(explorer)
    del explorer
    gc.collect()
    assert shown().explanation is not None
    shown().close()
    gc.collect()
    assert shown() is None
    assert set(_instances) == before[0]
