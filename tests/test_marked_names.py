"""A name is written in one way wherever people read it: a guess has a question mark."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

import segxai
from segxai import __main__ as command
from segxai import plots
from segxai.explanation.checks import Placebo, Robustness
from segxai.explanation.explanation import Details, renamed
from segxai.regions import PLACE, Evidence, Part
from segxai.report.page import explorer_state
from segxai.widgets import RegionCanvas

GUESS = Evidence("classifier", 0.6)
PARTS = (
    Part("helmet", (0,), evidence=GUESS),
    Part("suit", (1,), evidence=Evidence("semantic", 0.97)),
    Part("black, bottom left", (2,), evidence=PLACE),
    Part("flag", (3,), evidence=Evidence("given")),
)
WRITTEN = ("helmet ?", "suit", "black, bottom left", "flag")


@pytest.fixture(scope="module")
def explanation():
    labels = np.kron(np.array([[0, 1], [2, 3]]), np.ones((20, 30), int))
    image = np.random.default_rng(0).integers(100, 256, (40, 60, 3), np.uint8)

    def model(images):
        bright = images.astype(float).mean(axis=(1, 2, 3)) / 255
        helmet = images[:, :20, :30].mean(axis=(1, 2, 3)) / 255
        return np.stack([0.3 * bright + 0.6 * helmet, 0.1 * bright], axis=1)

    box = segxai.load_classifier(model, class_names=["astronaut", "other"], output="score")
    e = segxai.explain(image, segxai.Regions(labels, PARTS), box, "astronaut", fill="black")
    names, spread = e.regions.marked_names, np.array([e.weights, -e.weights])
    checks = (
        Robustness(names, e.target, ("fill mean", "fill black"), spread),
        Placebo(names, e.target, e.weights, np.zeros((4, 9)), e.regions.areas),
    )
    return replace(e, details=Details(checks=checks))


def tree(explanation):
    table = explanation.coalitions
    game = table.game
    return segxai.explain(
        game.image, game.regions, game.classifier, table.target, fill="black", method="tree"
    )


def texts(figure):
    """Return what stands in a figure, and its alternative text."""
    found = [text.get_text() for text in figure.findobj(Text)]
    return " ".join(" ".join(found).split()) + figure.alt


def page(e, path):
    e.save(path / "x.html")
    return (path / "x.html").read_text("utf-8")


PLACES = {
    "repr of regions": lambda e, path: repr(e.regions),
    "repr": lambda e, path: repr(e),
    "words": lambda e, path: " ".join(e.in_words()),
    "words of a tree": lambda e, path: " ".join(tree(e).in_words()),
    "nodes of a tree": lambda e, path: str(tree(e).descent.tree.names),
    "figure of regions": lambda e, path: texts(
        plots.plot_regions(e.coalitions.game.image, e.regions)
    ),
    "figure": lambda e, path: texts(e.plot()),
    "figure of a tree": lambda e, path: texts(tree(e).plot()),
    "figure of interactions": lambda e, path: texts(plots.plot_interactions(e)),
    "figure of robustness": lambda e, path: texts(e.details.checks[0].plot()),
    "figure of placebos": lambda e, path: texts(e.details.checks[1].plot()),
    "cell": lambda e, path: e._repr_html_(),
    "page": page,
    "explorer": lambda e, path: json.dumps(explorer_state([e])["segmentations"], default=str),
    "explorer of a tree": lambda e, path: json.dumps(explorer_state([tree(e)]), default=str),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_guess_is_marked_wherever_it_is_read(place, explanation, tmp_path):
    # The nouns that renaming offers are no names yet.
    text = re.sub(r'"nouns": \[\[.*?\]\]', "", PLACES[place](explanation, tmp_path))
    assert re.search(r"\bhelmet \?", text)
    assert not re.search(r"\bhelmet\b(?! \?)", text)
    assert not re.search(r"(suit|flag|left) \?", text)
    assert ", bottom left, " not in text  # in a list, a comma could end the name


@pytest.mark.parametrize("place", [place for place in PLACES if "explorer" not in place])
def test_shares_and_signs_are_written_in_one_way(place, explanation, tmp_path):
    text = re.sub(
        "(?s)<style.*?</style>|<script.*?</script>|<[^>]*>",
        "",
        PLACES[place](explanation, tmp_path),
    )
    assert not re.search(r"\d%", text)  # but 9.8 %
    assert "speaks against" not in text  # but opposes


def test_a_page_has_as_many_question_marks_as_guesses(explanation, tmp_path):
    text = page(explanation, tmp_path)
    (state,) = re.findall('data-segxai="explorer">(.*?)</script>', text)
    (segmentation,) = json.loads(state)["state"]["segmentations"]
    regions = explanation.regions
    pairs = zip(regions.names, regions.marked_names, strict=True)
    guesses = [written for name, written in pairs if written != name]
    assert guesses == ["helmet ?"]
    names = segmentation["regions"]["names"]
    rows = re.findall("<th scope='row'.*?>([^<>]*)</th>", text)
    for read in (names, rows):
        assert len(read) == len(regions)
        assert [name for name in read if "?" in name] == guesses


def test_the_command_marks_guesses(explanation):
    rows = command._rows("photo.png", "deep", explanation, 1.0)
    assert rows[0][3] == "helmet ?"
    assert {row[3] for row in rows} == set(WRITTEN)


def test_the_widget_shows_what_is_written_and_keeps_guesses(explanation):
    edits = []
    canvas = RegionCanvas(explanation, lambda what, value: edits.append(value))
    assert tuple(canvas.names) == WRITTEN
    canvas.names = ["helmet ?", "suit", "boots", "flag"]
    assert edits[-1].names == ("helmet", "suit", "boots", "flag")
    assert edits[-1].marked_names[0] == "helmet ?"
    canvas.names = ["helmet", "suit", "boots", "flag"]  # somebody is sure now
    assert edits[-1].marked_names[0] == "helmet"


def test_a_region_is_found_by_what_is_written(explanation):
    regions = explanation.regions
    assert [regions.index(name) for name in WRITTEN] == [0, 1, 2, 3]
    assert regions.index("helmet") == 0


def test_a_canvas_notices_that_a_guess_was_confirmed(explanation):
    canvas, confirmed = RegionCanvas(explanation), explanation.regions.rename({0: "helmet"})
    assert explanation.regions != confirmed
    canvas.show(renamed(explanation, confirmed))
    assert canvas.names[0] == "helmet"
    canvas.show(explanation)
    assert canvas.names[0] == "helmet ?"
