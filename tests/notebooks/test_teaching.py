"""The pages for teachers agree with the lessons.

That goes for minutes, titles, links, and the notebooks that the glossary names.
"""

import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))
PAGES = sorted(NOTEBOOKS.glob("*.md"))


def test_minutes_and_titles_in_the_table():
    row = re.compile(r"\[(\d\d) ([^]]+)\]\((\d\d_\w+)\.ipynb\) \| (\d+) \| ([^|]+) \|")
    found = {
        stem: (f"{number}_" == stem[:3], title, int(minutes), re.findall(r"\d\d", needs))
        for number, title, stem, minutes, needs in row.findall(page("TEACHING"))
    }
    assert found == {lesson.stem: (True, *promised(lesson)) for lesson in LESSONS}


def promised(lesson):
    """A lesson's title, its minutes, and the notebooks that it needs: not those that only help."""
    text = lesson.read_text(encoding="utf-8")
    needs = re.search(r"\*\*You need:\*\*(.+?)[.;:]", text, re.DOTALL)[1]
    return (
        re.search(r"^# # (.+)$", text, re.MULTILINE)[1],
        int(re.search(r"Time: (\d+) minutes", text)[1]),
        re.findall(r"\d\d", needs),
    )


@pytest.mark.parametrize(
    "row", [r"^\| \d+-\d+ \| (\d\d), ", r"^\| \d\. [A-Z]\w+.*? \| ([\d, ]+) \|"]
)
def test_in_a_plan_every_notebook_comes_after_those_that_it_needs(row):
    rows = re.findall(row, page("TEACHING"), re.MULTILINE)
    order = [number for numbers in rows for number in re.findall(r"\d\d", numbers)]
    assert len(set(order)) >= 7
    for place, number in enumerate(order):
        (lesson,) = (NOTEBOOKS / "src").glob(f"{number}_*.py")
        assert set(promised(lesson)[2]) <= set(order[:place]), number


def test_every_widget_and_tool_of_the_classroom_is_used_in_a_lesson():
    code = "".join(lesson.read_text(encoding="utf-8") for lesson in LESSONS)
    for call in (
        "ExplanationExplorer(",
        "AnnotationPainter(",
        "FineTuneMonitor(",
        ".rename(",
        ".expand(",
        "%tensorboard",
    ):
        assert call in code, call
    assert code.count("%load_ext tensorboard") == 1


def page(name):
    return (NOTEBOOKS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (NOTEBOOKS / link).is_file()] == []


def test_sections_that_a_plan_names_exist():
    """`00, 4 and 5`: a lesson and its numbered sections, in the plan of two lessons."""
    rows = re.findall(r"^\| \d+-\d+ \| (\d\d), ([^|]+) \|", page("TEACHING"), re.MULTILINE)
    assert len(rows) >= 8
    for number, sections in rows:
        (lesson,) = (NOTEBOOKS / "src").glob(f"{number}_*.py")
        last = max(
            map(int, re.findall(r"^# ## (\d+)\.", lesson.read_text(encoding="utf-8"), re.MULTILINE))
        )
        assert max(map(int, re.findall(r"\d+", sections))) <= last


def test_lessons_use_the_terms_that_the_glossary_says_they_introduce():
    for terms, meaning in re.findall(r"^\| (\*\*.+?) \| (.+) \|$", page("GLOSSARY"), re.MULTILINE):
        number = re.search(r"\((\d\d)[,)]", meaning)
        if number:
            (lesson,) = (NOTEBOOKS / "src").glob(f"{number[1]}_*.py")
            text = re.sub(r"\s+(?:# )?", " ", lesson.read_text(encoding="utf-8")).lower()
            names = [term.lower().rstrip("s") for term in re.findall(r"\*\*(.+?)\*\*", terms)]
            assert any(name in text for name in names), f"{names} in {lesson.stem}"
