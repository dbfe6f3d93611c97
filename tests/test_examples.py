"""The pages in examples/ run as they are, and what they print names the quantity that they explain."""

import runpy

import pytest

SCORES = "The values are scores, not probabilities: weights are differences of scores."


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("detector", ["“box” most", SCORES]),
        ("segmentation_model", ["supports “share of the cat” most", SCORES]),
        ("one_sigmoid", ["supports “warm” most"]),
        ("grey_model", ["opposes “bright” most"]),
        ("masks_of_other_models", ["'helmet'", "“helmet” supports “football helmet” most"]),
    ],
)
def test_runs_and_speaks_of_its_quantity(name, sentences, root, capsys):
    runpy.run_path(str(root / "examples" / f"{name}.py"))
    printed = capsys.readouterr().out
    assert all(sentence in printed for sentence in sentences), printed
    assert (SCORES in printed) == (SCORES in sentences)


def test_every_page_is_run(root):
    pages = {path.stem for path in (root / "examples").glob("*.py")}
    tested = {mark.args[1][i][0] for mark in test_runs_and_speaks_of_its_quantity.pytestmark for i in range(len(mark.args[1]))}
    assert pages == tested
