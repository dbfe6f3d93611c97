"""Fuzz: objects of other libraries that raise where they are looked at.

Nothing but SegxaiError comes out.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai import Classifier, Regions, SegxaiError, metrics
from segxai.explanation import drill_down, examine, necessary

FUZZ = settings(settings.get_profile("bad_days"))
IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))
METHODS = ("__array__", "__len__", "__iter__", "__str__", "__getitem__", "__float__", "__bool__")
ERRORS = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, MemoryError, OSError)


def hostile(methods, error):
    """An object that raises an error in some methods."""

    def raising(self, *arguments, **options):
        raise error("of another library")

    return type("Hostile", (), dict.fromkeys(methods, raising))()


objects = st.builds(
    hostile, st.lists(st.sampled_from(METHODS), min_size=1, unique=True), st.sampled_from(ERRORS)
)
# Alone, or inside of what is taken apart.
things = st.one_of(objects, objects, objects.map(lambda x: [x]), objects.map(lambda x: {"a": x}))


def brightness(images):
    return images.mean(axis=(1, 2, 3)) / 255


@pytest.fixture(scope="module")
def explanation():
    return segxai.explain(IMAGE, LABELS, brightness)


REGIONS = Regions.from_labels(LABELS)
BOX = Classifier(brightness)
# What takes a thing, by name; each raises SegxaiError, whatever is wrong with it.
REFUSING = {
    "image": lambda x, e: segxai.explain(x, LABELS, brightness),
    "regions": lambda x, e: segxai.explain(IMAGE, x, brightness),
    "classifier": lambda x, e: segxai.explain(IMAGE, LABELS, x),
    "target": lambda x, e: segxai.explain(IMAGE, LABELS, brightness, x),
    "method": lambda x, e: segxai.explain(IMAGE, LABELS, brightness, method=x),
    "fill": lambda x, e: segxai.explain(IMAGE, LABELS, brightness, fill=x),
    "max_evaluations": lambda x, e: segxai.explain(IMAGE, LABELS, BOX, max_evaluations=x),
    "batch_size": lambda x, e: segxai.explain(IMAGE, LABELS, BOX, batch_size=x),
    "kernel_width": lambda x, e: segxai.explain(IMAGE, LABELS, BOX, kernel_width=x),
    "alpha": lambda x, e: segxai.explain(IMAGE, LABELS, BOX, alpha=x),
    "seed": lambda x, e: segxai.explain(IMAGE, LABELS, BOX, seed=x),
    "answer": lambda x, e: segxai.explain(IMAGE, LABELS, lambda images: x),
    "evaluated": lambda x, e: segxai.evaluate_coalitions(brightness, x, LABELS),
    "segmented": lambda x, e: segxai.segment(x, "grid"),
    "segmenter": lambda x, e: segxai.segment(IMAGE, x),
    "segmenter's answer": lambda x, e: segxai.segment(IMAGE, lambda image: x),
    "rows": lambda x, e: segxai.segment(IMAGE, "grid", rows=x),
    "label map": lambda x, e: Regions.from_labels(x),
    "names": lambda x, e: Regions.from_labels(LABELS, x),
    "masks": lambda x, e: Regions.from_masks(x),
    "mask": lambda x, e: Regions.from_masks({"a": x}),
    "mask list": lambda x, e: segxai.from_mask_list([x]),
    "mask lists": lambda x, e: segxai.from_mask_list(x),
    "class map": lambda x, e: segxai.from_class_map(x),
    "region": lambda x, e: REGIONS.mask(x),
    "renamed": lambda x, e: REGIONS.rename(x),
    "new name": lambda x, e: REGIONS.rename({"region 0": x}),
    "merged": lambda x, e: REGIONS.merge(x),
    "group": lambda x, e: REGIONS.merge({"a": x}),
    "bands": lambda x, e: segxai.Bands(x),
    "rgb": lambda x, e: segxai.Bands(IMAGE, rgb=x),
    "class names": lambda x, e: Classifier(brightness, x),
    "output": lambda x, e: Classifier(brightness, output=x),
    "predicted": lambda x, e: BOX.predict(x),
    "predicted list": lambda x, e: BOX.predict([x]),
    "top": lambda x, e: BOX.top(IMAGE, x),
    "loaded": lambda x, e: segxai.load_classifier(x),
    "load image": lambda x, e: segxai.load_image(x),
    "refit": lambda x, e: e.refit(x),
    "refit target": lambda x, e: e.refit(target=x),
    "contrast": lambda x, e: e.refit(versus=x),
    "sufficient": lambda x, e: e.sufficient(x),
    "drill down": lambda x, e: drill_down(e, x),
    "saved": lambda x, e: e.save(x),
    "finetuned": lambda x, e: segxai.finetune(x, LABELS),
    "annotation": lambda x, e: segxai.finetune(IMAGE, x),
    "many": lambda x, e: segxai.explain_many(x, "grid", brightness),
    "compared": lambda x, e: segxai.compare(x, "grid", classifier=brightness),
    "compared segmenters": lambda x, e: segxai.compare([IMAGE], x, classifier=brightness),
    "metrics": lambda x, e: segxai.compare([IMAGE], "grid", x, classifier=brightness),
    "compared masks": lambda x, e: segxai.compare([IMAGE], "grid", masks=x, classifier=brightness),
    "fills": lambda x, e: segxai.robustness(e, fills=x),
    **{
        f"explanation of {function.__name__}": lambda x, e, function=function: function(x)
        for function in (
            segxai.robustness,
            segxai.placebo_test,
            necessary,
            examine,
            metrics.insertion,
            metrics.deletion,
            metrics.fidelity,
            metrics.seed_stability,
            metrics.random_label,
            metrics.select,
            metrics.compactness,
        )
    },
    **{
        f"explanation of {function.__name__}": lambda x, e, function=function: function(x, 0)
        for function in (drill_down, metrics.energy, metrics.covers_plant)
    },
    "placements": lambda x, e: segxai.placebo_test(e, placements=x),
    "ranked": lambda x, e: e.ranking(x),
    "explored": lambda x, e: segxai.save_explorer("a.html", IMAGE, brightness, segmenters=x),
    "fills of a page": lambda x, e: segxai.save_explorer(
        "a.html", IMAGE, brightness, segmenters=["grid"], fills=x
    ),
    "contours of": lambda x, e: segxai.contours(x),
    "loaded explanation": lambda x, e: segxai.load_explanation(x),
    "loaded regions": lambda x, e: segxai.load_regions(x, IMAGE),
    "energy": lambda x, e: metrics.energy(e, x),
    "photograph": lambda x, e: segxai.data.load(x),
}


@FUZZ
@given(name=st.sampled_from(sorted(REFUSING)), thing=things)
def test_objects_that_raise_are_refused(name, thing, explanation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name in ("many", "compared") and isinstance(thing, (list, dict)):  # one photograph fails
        thing = 5
    with pytest.raises(SegxaiError):
        REFUSING[name](thing, explanation)


@pytest.mark.parametrize("name", REFUSING)
@pytest.mark.parametrize("error", [RuntimeError, KeyError])
def test_each_argument_refuses_an_object_that_raises_everywhere(
    name, error, explanation, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SegxaiError):
        REFUSING[name](hostile(METHODS, error), explanation)


class Wrapped:
    """What other libraries return: no array, but one can be made of it."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=6)
FORMS = (
    list,
    tuple,
    lambda names: dict(enumerate(names)),
    lambda names: {str(k): name for k, name in enumerate(names)},
    lambda names: {name: k for k, name in enumerate(names)},
    np.array,
)
ANSWERS = (
    lambda rows: rows,
    lambda rows: rows.tolist(),
    lambda rows: list(rows),
    lambda rows: rows.astype(np.float16),
    lambda rows: {"logits": rows},
    lambda rows: [rows],
    Wrapped,
)
SPELLINGS = (
    lambda name, k: k,
    lambda name, k: np.int64(k),
    lambda name, k: str(k),
    lambda name, k: name,
    lambda name, k: f" {name.replace(' ', '_').upper()} ",
)


@FUZZ
@given(
    names=st.lists(st.tuples(letters, letters).map(" ".join), min_size=2, max_size=5, unique=True),
    form=st.sampled_from(FORMS),
    answer=st.sampled_from(ANSWERS),
    spelling=st.sampled_from(SPELLINGS),
    wrap=st.sampled_from([np.asarray, Wrapped]),
    data=st.data(),
)
def test_every_form_of_names_answers_and_targets_is_understood(
    names, form, answer, spelling, wrap, data
):
    k = data.draw(st.integers(0, len(names) - 1))

    def function(images):
        bright = images.mean(axis=(1, 2, 3)) / 255
        rows = np.repeat((1 - bright)[:, None] / (len(names) - 1), len(names), axis=1)
        rows[:, k] = bright
        return answer(rows)

    box = segxai.load_classifier(function, class_names=form(names))
    explanation = segxai.explain(
        wrap(IMAGE), wrap(LABELS), box, spelling(names[k], k), fill="black", method="shapley"
    )
    assert (explanation.target, box.class_names) == (names[k], tuple(names))
    expected = [IMAGE[region == LABELS].sum() / IMAGE.size / 255 for region in range(4)]
    assert explanation.weights == pytest.approx(expected, abs=2e-3)
