"""What a user reads for five kinds of outputs and four kinds of pictures.

The quantity is named for what it is.
"""

import html
import re

import numpy as np
import pytest

import segxai
from segxai import metrics, plots

EFFECTS = np.array([0.4, 0.1, -0.2, 0.05])
LABELS = np.kron(np.array([[0, 1], [2, 3]]), np.ones((20, 30), int))
REGIONS = segxai.Regions.from_labels(LABELS, ["hat", "coat", "dog", "lawn"])


def shown(images):
    """(N, 4) which quarters are not filled, whatever the channels."""
    dark = 1500 if images.dtype == np.uint16 else 0
    corners = np.stack(
        [images[:, 5, 5], images[:, 5, 45], images[:, 35, 5], images[:, 35, 45]], axis=1
    )
    return corners.max(axis=-1) > dark


def probability(images):
    return 0.3 + shown(images) @ EFFECTS


def probabilities(images):
    return np.stack([1 - probability(images), probability(images)], axis=1)


def logits(images):
    return np.stack([np.zeros(len(images)), 10 * probability(images) - 1], axis=1)


def sigmoid(images):
    return probability(images)[:, None]


def box_score(images):
    return 10 * probability(images)


def share_of_pixels(images):
    return probability(images)


# function, options of load_classifier, axis, value of the whole picture in the page, sentence
OUTPUTS = {
    "probabilities": (probabilities, {"class_names": ["rest", "box"]}, "P(box)", "65.0 %", None),
    "logits": (
        logits,
        {"class_names": ["rest", "box"], "output": "logit"},
        "logit of box",
        "logit 5.500",
        "logits",
    ),
    "one sigmoid": (sigmoid, {"class_names": ["rest", "box"]}, "P(box)", "65.0 %", None),
    "a box score": (
        box_score,
        {"class_names": ["box"], "output": "score"},
        "score of box",
        "score 6.500",
        "scores",
    ),
    "a share of pixels": (
        share_of_pixels,
        {"class_names": ["box"], "output": "score"},
        "score of box",
        "score 0.650",
        "scores",
    ),
}
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [220, 220, 60]], np.uint8)
BANDS = np.full((4, 5), 1000, np.uint16)
BANDS[range(4), (0, 1, 3, 4)] = (
    3000  # the third and the fourth quarter differ only in channels that are not shown
)
PICTURES = {
    "grey": COLOURS[LABELS][..., 0],
    "RGB": COLOURS[LABELS],
    "RGBA": np.dstack([COLOURS[LABELS], np.full(LABELS.shape, 255, np.uint8)]),
    "5 bands": segxai.Bands(BANDS[LABELS], rgb=(2, 1, 0)),
}
FACTOR = {"logits": 10, "a box score": 10}


def explained(output, picture, **options):
    function, made, *_ = OUTPUTS[output]
    settings = {"target": "box", "fill": "black", "method": "shapley"} | options
    return segxai.explain(
        PICTURES[picture], REGIONS, segxai.load_classifier(function, **made), **settings
    )


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_sentences_that_a_user_sees(output, picture):
    axis, value, plural = OUTPUTS[output][2:]
    e, factor = explained(output, picture), FACTOR.get(output, 1)
    assert np.allclose(e.weights, factor * EFFECTS, atol=1e-4)
    words = e.in_words()
    assert words[0] == f"“hat” supports “box” most (Shapley weight {factor * 0.4:+.3f})."
    said = [sentence for sentence in words if "probabilit" in sentence]
    assert said == (
        []
        if plural is None
        else [f"The values are {plural}, not probabilities: weights are differences of {plural}."]
    )
    assert f"change of {axis}" in [axes.get_xlabel() for axes in e.plot().axes]
    assert f"<Explanation of 'box' ({value}) by shapley" in repr(e)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_axis_and_every_page_names_the_quantity(output, tmp_path):
    axis, value, plural = OUTPUTS[output][2:]
    e = explained(output, "RGB")
    kind = "probability" if plural is None else plural[:-1]
    stable, placebo = (
        segxai.robustness(e, fills=("black", "white")),
        segxai.placebo_test(e, placements=3),
    )
    many = segxai.explain_many(
        [PICTURES["RGB"]], [REGIONS], e.coalitions.game.classifier, "box", fill="black"
    )
    axes = [
        figure.axes[0]
        for figure in (stable.plot(), placebo.plot(), many.plot(), metrics.insertion(e).plot())
    ]
    labels = [
        axes[0].get_xlabel(),
        axes[1].get_xlabel(),
        axes[2].get_xlabel(),
        axes[3].get_ylabel(),
    ]
    assert labels == [
        f"change of {axis}",
        f"decrease of {axis}",
        f"mean change of the target's {kind} (in brackets: photographs)",
        f"{kind} relative to the whole photograph",
    ]
    named = "P(“box”)" if plural is None else f"{kind} of “box”"
    assert placebo.sentences()[0].startswith(f"Covering “hat” lowers {named} by")
    e.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    # A page's script writes the value; without scripts, a sentence has it.
    for text, said in ((page, plots.describe(e)), (e._repr_html_(), value)):
        body = html.unescape(
            re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
        )
        assert said in body
        assert kind in said or value == said
        assert plural is None or "65.0 %" not in body
    assert f'"output": "{kind}"' in page
    assert f"The class whose {kind} the weights explain" in page


def test_a_tree_names_its_quantity_too():
    e = explained("a box score", "RGB", method="tree")
    assert (
        e.in_words()[-1]
        == "The values are scores, not probabilities: weights are differences of scores."
    )
    assert "change of score of box" in [axes.get_xlabel() for axes in e.plot().axes]


def test_values_that_cannot_be_probabilities_are_noticed():
    def unmarked(images):
        return logits(images) - 2

    e = segxai.explain(
        PICTURES["RGB"],
        REGIONS,
        segxai.load_classifier(unmarked, class_names=["rest", "box"]),
        fill="black",
    )
    assert e.in_words()[-1] == (
        "The values are not probabilities: they range from -2 to 5.5. "
        "Name them with load_classifier(function, output='logit') or output='score'."
    )
    assert "change of output of box" in [axes.get_xlabel() for axes in e.plot().axes]
    assert "P(" not in " ".join([*e.in_words(), e.plot().alt])


def test_values_that_add_up_to_more_than_one_are_noticed():
    def two_labels(images):
        return np.stack([probability(images), 0.9 + 0 * probability(images)], axis=1)

    e = segxai.explain(PICTURES["RGB"], REGIONS, two_labels, target=0, fill="black")
    assert e.in_words()[-1].startswith(
        "The values of the classes add up to 1.75, "
        "so they are not probabilities of classes that exclude"
    )


def almost_nothing(images):
    """A little less than nothing, whatever is shown."""
    return -1e-9 * (1 + shown(images) @ np.array([1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize("method", ["lime", "shapley", "tree"])
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_what_is_rounded_to_zero_has_no_minus(method, output, tmp_path):
    model = segxai.load_classifier(
        lambda images: np.stack([almost_nothing(images), 0.5 + 0 * almost_nothing(images)], 1),
        output=output,
    )
    e = segxai.explain(PICTURES["RGB"], REGIONS, model, 0, fill="black", method=method)
    many = segxai.explain_many([PICTURES["RGB"]], [REGIONS], model, 0, fill="black", method=method)
    stable, placebo = (
        segxai.robustness(e, fills=("black", "white")),
        segxai.placebo_test(e, placements=3),
    )
    said = [
        repr(e),
        e.plot().alt,
        *e.in_words(),
        *stable.sentences(),
        stable.plot().alt,
        *placebo.sentences(),
        placebo.plot().alt,
    ]
    said += [many.plot().alt, e._repr_html_()]
    if e.coalitions.exact:
        said += [segxai.plots.plot_interactions(e).alt]
    e.save(tmp_path / "page.html")
    said.append(
        re.sub(
            r"<script.*?</script>",
            "",
            (tmp_path / "page.html").read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
    )
    assert re.findall(r".{30}[-−]0(?:\.0+)?(?![\d.]).{9}", " ".join(said)) == []
