import os
import subprocess
import sys

import numpy as np
import pytest

import segxai
from segxai import SegxaiError


@pytest.fixture(scope="module")
def helmet(astronaut):
    return segxai.explain(astronaut, target="football helmet")


def test_the_region_that_covers_the_helmet_weighs_most(helmet):
    annotation = segxai.data.load("astronaut").annotation.mask("helmet")
    strongest = helmet.regions.mask(int(helmet.weights.argmax()))
    assert (strongest & annotation).sum() > 0.8 * annotation.sum()
    assert (
        (strongest & annotation).sum() > 0.6 * strongest.sum()
    )  # of nine regions the strongest is the helmet with what lies behind it


def test_weights_are_bit_for_bit_the_same_again(astronaut, helmet):
    again = segxai.explain(astronaut, target="football helmet")
    assert np.array_equal(helmet.weights, again.weights)
    assert np.array_equal(helmet.coalitions.values, again.coalitions.values)


def test_a_linear_classifier_is_explained_exactly(quarters, additive):
    for method in ("lime", "shapley", "banzhaf"):
        explanation = segxai.explain(*quarters, additive, 1, fill="black", method=method)
        assert np.allclose(explanation.weights, additive.effects, atol=1e-6)
        assert explanation.r2 == pytest.approx(1)
        assert explanation.method == method


def test_an_explanation_has_few_public_members(quarters, additive):
    """Those that DESIGN.md fixes, `method`, and what belongs to none of them: the details."""
    public = {n for n in dir(segxai.explain(*quarters, additive, 1)) if not n.startswith("_")}
    values = {
        "weights",
        "intercept",
        "r2",
        "interval",
        "target",
        "regions",
        "coalitions",
        "evaluations",
    }
    methods = {"refit", "weight_map", "interactions", "sufficient", "in_words", "to_lime"}
    assert public == values | methods | {"plot", "save", "ranking", "method", "details"}


def test_ranking_has_every_region_the_largest_weight_first(quarters, additive):
    explanation = segxai.explain(*quarters, additive, 1)
    ranked = explanation.ranking()
    assert sorted(name for name, _ in ranked) == sorted(explanation.regions.marked_names)
    assert [weight for _, weight in ranked] == sorted(explanation.weights, reverse=True)


def test_refit_asks_the_classifier_nothing(quarters, additive):
    explanation = segxai.explain(*quarters, additive, 1, fill="black")
    asked = additive.images
    other = explanation.refit("shapley").refit("lime", kernel_width=2.0, alpha=1.0).refit(target=0)
    assert additive.images == asked
    assert other.target == "class 0"
    assert (other.details.kernel_width, other.details.alpha) == (2.0, 1.0)
    assert np.allclose(explanation.refit(target=0).weights, -explanation.weights, atol=1e-6)


def test_sufficient_is_the_smallest_set_that_keeps_enough(quarters, additive):
    explanation = segxai.explain(
        quarters[0],
        segxai.Regions.from_labels(quarters[1], list("abcd")),
        additive,
        1,
        fill="black",
    )
    assert explanation.sufficient(p=1.0) == ("a",)  # 0.7 alone, above the whole image's 0.65
    assert explanation.sufficient(p=0.4) == ()  # even with nothing shown 0.3 of 0.65 is left
    for bad in (1.5, True, np.True_, "half"):
        with pytest.raises(SegxaiError, match="share"):
            explanation.sufficient(p=bad)


def test_interactions_of_a_sample_are_refused(quarters, additive):
    grid = segxai.segment(quarters[0], "grid")
    explanation = segxai.explain(
        quarters[0], grid, lambda images: additive(images) ** 2, fill="black", max_evaluations=40
    )
    assert (explanation.interval[:, 0] < explanation.interval[:, 1]).any()
    with pytest.raises(SegxaiError, match="sample"):
        explanation.interactions()
    assert segxai.explain(*quarters, additive).interactions().shape == (4, 4)


def test_to_lime_is_lime_s_own_kind_of_explanation(helmet):
    lime = helmet.to_lime()
    label = lime.top_labels[0]
    picture, mask = lime.get_image_and_mask(
        label, positive_only=True, num_features=1, hide_rest=True
    )
    assert np.array_equal(mask > 0, helmet.regions.mask(int(helmet.weights.argmax())))
    assert picture.shape == (*helmet.regions.shape, 3)
    assert dict(lime.local_exp[label]) == pytest.approx(dict(enumerate(helmet.weights)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"regions": "sclic"}, "Did you mean 'slic'"),
        ({"target": "fotball helmet"}, "Did you mean 'football helmet'"),
        ({"method": "shaply"}, "Did you mean 'shapley'"),
        ({"fill": "whyte"}, "Did you mean 'white'"),
        ({"regions": np.zeros((3, 3), int)}, "3 x 3"),
        ({"kernel_width": 0}, "kernel_width"),
        ({"max_evaluations": 0}, "max_evaluations"),
        ({"classifier": 3}, "is not a classifier"),
    ],
)
def test_bad_requests_are_refused_with_their_reason(arguments, said, cat):
    with pytest.raises(SegxaiError, match=said):
        segxai.explain(cat, **{"regions": "grid", "max_evaluations": 20, **arguments})


def test_one_region_is_all_there_is_to_say(quarters, additive):
    explanation = segxai.explain(quarters[0], np.zeros((40, 60), int), additive, 1, fill="black")
    assert explanation.weights == pytest.approx([0.35], abs=1e-6)
    assert explanation.interactions().tolist() == [[0.0]]


def test_nothing_is_printed_by_tensorflow_or_warned_about(tmp_path):
    """A fresh process, warnings as errors; what C++ code prints counts too."""
    code = "import segxai; segxai.explain(segxai.data.photograph('cat')[::2, ::2]).save('x.html')"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ},
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_importing_segxai_does_not_import_tensorflow():
    code = (
        "import sys, segxai; "
        "print('tensorflow' in sys.modules, 'matplotlib' in sys.modules, 'sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"] * 3
