import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.explanation.methods import METHODS
from segxai.plots import describe, plot_explanations, plot_regions
from segxai.regions import Evidence, Part
from segxai.report.page import explorer_state, figure, write_report
from segxai.report.state import as_json

NASTY = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\"' onmouseover='alert(1)",
    "a & b < c \u202e שלום 👩‍🚀 $x_1$ " + "long " * 40,
]


@pytest.fixture
def explanation(quarters, additive):
    box = segxai.load_classifier(additive, class_names=["other", NASTY[1]])
    return segxai.explain(
        quarters[0], segxai.Regions.from_labels(quarters[1], NASTY), box, 1, fill="black"
    )


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_names_from_outside_stay_text(explanation, tmp_path):
    explanation.save(tmp_path / "x.html")
    for page in ((tmp_path / "x.html").read_text(encoding="utf-8"), explanation._repr_html_()):
        elements = Elements(page)
        assert not any(
            name.startswith("on") for _, attributes in elements.found for name in attributes
        )
        assert all(
            attributes.get("src", "data:").startswith("data:") for _, attributes in elements.found
        )
        assert [tag for tag, _ in elements.found].count(
            "script"
        ) <= 2  # the state, which is no code, and the code
        for name in NASTY:
            assert any(
                name.strip() in text or json.dumps(name.strip()).replace("<", "\\u003c") in text
                for text in elements.text
            )


def test_a_doubtful_name_is_marked_and_its_probability_shown_on_hover(quarters, additive):
    evidence = {
        "cup": ("classifier", 0.8),
        "top left": ("place",),
        "cat": ("semantic", 0.97),
        "desk": ("given",),
    }
    parts = [
        Part(name, (k,), evidence=Evidence(*evidence[name])) for k, name in enumerate(evidence)
    ]
    box = segxai.load_classifier(additive, class_names=["other", "thing"])
    e = segxai.explain(quarters[0], segxai.Regions(quarters[1], parts), box, 1, fill="black")
    elements = Elements(e._repr_html_())
    hints = {
        attributes.get("title")
        for tag, attributes in elements.found
        if tag == "th" and "scope" in attributes
    }
    assert hints == {"name: classifier, 80 %", "name: place", "name: semantic, 97 %", "name: given"}
    assert {"cup ?", "top left", "cat", "desk"} <= set(elements.text)


def test_the_page_needs_nothing_from_elsewhere(explanation, tmp_path):
    explanation.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    for _, attributes in Elements(page).found:
        for name in ("href", "src", "xlink:href", "action", "data"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    assert "://" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_a_saved_page_has_its_heading_once(explanation, tmp_path):
    explanation.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert re.findall(r"<h\d>", page) == ["<h1>"]
    write_report(tmp_path / "x.html", [("one", []), ("two", [])], "three")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert re.findall(r"<h\d>(.*?)</h\d>", page) == ["three", "one", "two"]


def test_a_cell_has_described_pictures_and_neither_scripts_nor_dead_buttons(explanation):
    found = Elements(explanation._repr_html_()).found
    assert not {tag for tag, _ in found} & {"script", "button", "input", "a"}
    pictures = [attributes["alt"] for tag, attributes in found if tag == "img"]
    assert pictures[0] == describe(explanation)
    order = np.argsort(-explanation.weights, kind="stable")
    assert pictures[1:] == [explanation.regions.marked_names[k] for k in order]


def test_a_page_holds_the_whole_table_and_the_controls(explanation, tmp_path):
    explanation.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    whole = json.loads(
        re.search(
            r'<script type="application/json" data-segxai="explorer">(.*?)</script>',
            page,
            re.DOTALL,
        )[1]
    )
    (segmentation,) = whole["state"]["segmentations"]
    table = np.frombuffer(
        base64.b64decode(whole["files"][segmentation["fills"]["black"]["table"]["file"]]), "<f4"
    )
    assert np.array_equal(table.reshape(16, -1), explanation.coalitions.table)
    assert segmentation["regions"]["names"] == list(explanation.regions.names)
    assert [field["key"] for field in whole["state"]["fields"]] == [
        "target",
        "versus",
        "method",
        "kernel_width",
    ]


def test_a_contrast_is_shown_as_one(explanation):
    rival = next(name for name in explanation.coalitions.target_names if name != explanation.target)
    settings = explorer_state([explanation.refit(versus=rival)])["settings"]
    assert (settings["target"], settings["versus"]) == (explanation.target, rival)


@pytest.mark.parametrize("output", ["probability", "logit"])
def test_a_contrast_is_no_output_of_the_classifier(output, quarters, additive, tmp_path):
    def three(images):
        p = additive(images)
        return np.stack([1 - p, 0.48 * p, 0.52 * p], axis=1)

    box = segxai.load_classifier(three, class_names=["tree", "cat", "dog"], output=output)
    regions = segxai.Regions.from_labels(quarters[1], list("abcd"))
    for method in ("shapley", "tree"):
        contrast = segxai.explain(
            quarters[0], regions, box, "cat", fill="black", method=method
        ).refit(versus="tree")
        assert contrast.coalitions.full == pytest.approx(0.312 - 0.35, abs=1e-6)
        contrast.save(tmp_path / "x.html")
        text = re.sub(
            r"<script.*?</script>",
            "",
            (tmp_path / "x.html").read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        whole, rival = (
            ("31.2 %", "35.0 %") if output == "probability" else ("logit 0.312", "logit 0.350")
        )
        assert (
            f"“cat” <span>{whole}</span> and “tree” <span>{rival}</span> with everything shown"
            in contrast._repr_html_()
        )
        assert repr(contrast).startswith(
            f"<Explanation of 'cat rather than tree' ({whole} and {rival}) by {method}: a +0.59"
        )
        figure = contrast.plot()
        assert f"for cat rather than tree ({output} 0.31 and 0.35): " in figure.alt
        named = {"probability": "P(cat) − P(tree)", "logit": "logit of cat − logit of tree"}[output]
        assert figure.axes[-1].get_xlabel() == f"change of {named}"
        with pytest.raises(
            SegxaiError, match=r"share of the whole image's difference, which is -0\.038"
        ):
            contrast.sufficient()
        for said in (text, contrast._repr_html_(), repr(contrast), figure.alt):
            assert "-3.8 %" not in said
            assert "logit -0.038" not in said


def test_pictures_are_saved_by_their_ending(explanation, tmp_path):
    for ending, head in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        explanation.save(tmp_path / f"x{ending}")
        assert (tmp_path / f"x{ending}").read_bytes().startswith(head)
    with pytest.raises(SegxaiError, match="must end in"):
        explanation.save(tmp_path / "x.docx")


@pytest.mark.parametrize("path", [None, io.BytesIO(), 7, b"x.png"])
def test_what_is_no_name_of_a_file_is_refused_in_words(path, explanation):
    with pytest.raises(SegxaiError, match=f"'why.html'; got {type(path).__name__}"):
        explanation.save(path)


def test_figures_need_no_latex_and_read_no_name_as_a_command(explanation, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no LaTeX is found here
    with matplotlib.rc_context({"text.usetex": True}):
        explanation.save(tmp_path / "x.png")
        made = explanation.plot()
    made.savefig(tmp_path / "y.png")  # made for LaTeX, drawn after
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_segmenters_may_be_called_as_they_like_and_keep_their_order(quarters, additive):
    names = ["slic", "7", "file", "__proto__", "3", "slic"]
    box = segxai.load_classifier(additive, class_names=["other", "thing"])
    made = []
    for i, name in enumerate(names):  # of different regions, all of them
        labels = np.where(np.arange(60) < 5 + 5 * i, 4, quarters[1])
        regions = segxai.Regions.from_labels(labels, None, name)
        made.append(segxai.explain(quarters[0], regions, box, 1, fill="black"))
    state = json.loads(as_json(explorer_state(made)))["state"]
    wanted = ["slic", "7", "file", "__proto__", "3", "slic 2"]
    assert [each["name"] for each in state["segmentations"]] == wanted
    assert [len(each["regions"]["names"]) for each in state["segmentations"]] == [
        len(e.regions) for e in made
    ]


def test_the_policy_allows_the_page_s_own_script_alone(explanation, tmp_path):
    explanation.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert {rules[key] for key in ("default-src", "form-action", "base-uri")} == {"'none'"}


def test_a_page_offers_the_methods_of_the_registry_that_it_computes(explanation):
    fields = {field["key"]: field for field in explorer_state([explanation])["fields"]}
    shown = fields["method"]["options"]
    assert shown == [[name, METHODS[name].title] for name, _ in shown]


def test_a_failed_write_leaves_what_was_there(explanation, tmp_path, monkeypatch):
    (tmp_path / "x.html").write_text("before")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(SegxaiError, match="No space left"):
        explanation.save(tmp_path / "x.html")
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["x.html"]
    assert (tmp_path / "x.html").read_text() == "before"


def test_a_folder_that_cannot_be_made(explanation, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SegxaiError, match="cannot be written"):
        explanation.save(tmp_path / "file" / "x.html")


def test_figures_describe_themselves(explanation, quarters):
    picture = plot_explanations([explanation])
    strongest = int(explanation.weights.argmax())
    name, weight = explanation.regions.marked_names[strongest], explanation.weights[strongest]
    assert f"{name} {weight:+.2f}" in picture.alt
    assert (
        f"weights for {explanation.target} (probability {explanation.coalitions.full:.2f})"
        in picture.alt
    )
    assert "onerror" not in re.sub(r'alt="[^"]*"', "", picture._repr_html_())
    assert plot_regions(quarters[0], explanation.regions).alt


def test_many_regions_are_cut_down_to_what_can_be_read(quarters, additive, tmp_path):
    regions = segxai.segment(quarters[0], "grid", rows=6, columns=6)
    explanation = segxai.explain(quarters[0], regions, additive, max_evaluations=60)
    assert "weakest regions are left out" in explanation._repr_html_()
    explanation.plot()
    write_report(tmp_path / "x.html", [("one", [figure(explanation)])])


def test_weights_that_are_written_as_zero_have_neither_bar_nor_colour(quarters):
    """Of a classifier that depends on nothing, rounding noise must not look like an explanation."""
    image, labels = quarters
    flat = segxai.load_classifier(
        lambda images: 0.5 + 1e-9 * images.mean(axis=(1, 2, 3))[:, None] * [1, -1],
        class_names=["a", "b"],
    )
    e = segxai.explain(image, labels, flat, 0, fill="black")
    assert 0 < np.abs(e.weights).max() < 1e-6
    page = e._repr_html_()
    widths = [float(width) for width in re.findall(r"<rect [^>]*width='([\d.]+)' height='8'", page)]
    assert len(widths) == 4
    assert max(widths) < 0.1
    assert "+0.000" not in page
    assert "-0.000" not in page
    assert plot_explanations([e]).axes[-1].get_xlim()[1] >= 0.0005
