"""Make notebooks/*.ipynb from notebooks/src/NN_*.py and app_*.py, and the teachers' answer key.

The sources are in jupytext's percent format. The same source always gives the same bytes: no
outputs, no dates, and cells numbered c00, c01, ... `python notebooks/src/build.py` writes; with
`--check` nothing is written, the files that are out of step with their source are named, and the
exit status is 1 when there is one.
"""

import argparse
import ast
import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat

SOURCES = Path(__file__).parent
NOTEBOOKS = SOURCES.parent
ANSWERS = NOTEBOOKS / "ANSWERS.md"
# Cells whose source would give something away are collapsed; what JupyterLab then shows of them is
# their first line.
COLLAPSED = {
    "quiz": "# Run this cell, then choose an answer.",
    "check": "# Run this cell to check your answer.",
    "hidden": "# A test of the text; there is nothing to do here.",
}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook_text(source: Path) -> str:
    """The notebook made of one source, as the text of its .ipynb file."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"c{number:02d}"
        # jupytext also notes how many blank lines followed; only the tags mean something here.
        tags = cell.metadata.get("tags", []) + ["quiz"] * cell.source.startswith("Quiz(")
        cell.metadata = {"tags": tags} if tags else {}
        cell.metadata["slideshow"] = {"slide_type": slide_type(cell)}
        if is_collapsed(cell):
            (kind,) = COLLAPSED.keys() & set(tags)
            cell.source = f"{COLLAPSED[kind]}\n{cell.source}"
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.metadata = METADATA
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def answer_key() -> str:
    """Every quiz with its answer and every exercise with its solution, as Markdown."""
    parts = [
        "# Answer key",
        "For teachers. `make notebooks` writes it from the lessons.",
    ]
    for source in lessons():
        cells = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
        parts.append(f"## {source.stem[:2]} {cells[0].source.splitlines()[0].lstrip('# ')}")
        for cell in cells:
            if cell.source.startswith("Quiz("):
                parts.append(_answer(ast.parse(cell.source).body[0].value))
            elif cell.cell_type == "markdown":
                for heading in re.findall(r"^##+ .+$", cell.source, re.MULTILINE):
                    parts.append(f"### {heading.lstrip('# ')}")
                if "solution" in cell.metadata.get("tags", []):
                    parts.append(re.search(r"```python\n.*?```", cell.source, re.DOTALL)[0])
    # A heading counts only where something follows it.
    kept = [
        part
        for part, after in zip(parts, [*parts[1:], "### "], strict=True)
        if not part.startswith("### ") or not after.startswith(("### ", "## "))
    ]
    return "\n\n".join(kept) + "\n"


def _answer(quiz: ast.Call) -> str:
    question = ast.literal_eval(quiz.args[0])
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in quiz.keywords}
    return f"*{question}*\n\n**{given['answer']}**. {given['rationale']}"


def is_collapsed(cell) -> bool:
    """Whether the source of a cell is not for a reader's eyes; pages and slides leave it out."""
    return bool(COLLAPSED.keys() & set(cell.metadata.get("tags", [])))


def slide_type(cell) -> str:
    """Where a cell goes when a notebook is shown as slides, in Jupyter's own words.

    Each section is a slide; its parts scroll down.
    """
    tags = cell.metadata.get("tags", [])
    if {"hidden", "check", "solution"} & set(tags):
        return "skip"
    if cell.cell_type == "markdown":
        return "slide" if cell.source.startswith(("# ", "## ")) else "subslide"
    return "subslide" if "exercise" in tags else "-"  # code stays with the text above it


def lessons() -> list[Path]:
    """The sources of the numbered lessons, in order."""
    return sorted(SOURCES.glob("[0-9][0-9]_*.py"))


def sources() -> list[Path]:
    """The lessons, then the applications."""
    return lessons() + sorted(SOURCES.glob("app_*.py"))


def made() -> dict[Path, str]:
    """What the sources give: {path: text}."""
    notebooks = {NOTEBOOKS / f"{source.stem}.ipynb": notebook_text(source) for source in sources()}
    return notebooks | {ANSWERS: answer_key()}


def out_of_step() -> list[Path]:
    """Files that differ from what their source gives, are missing, or have no source."""
    expected = made()
    different = [
        path
        for path, text in expected.items()
        if not path.is_file() or path.read_bytes() != text.encode()
    ]
    return different + [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path not in expected]


def build() -> None:
    """Write every file anew."""
    for path, text in made().items():
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(text.encode())
        os.replace(temporary, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; name the notebooks that are out of step",
    )
    if parser.parse_args().check:
        stale = out_of_step()
        for path in stale:
            print(
                f"{path.name} is out of step with its source; run: python notebooks/src/build.py",
                file=sys.stderr,
            )
        sys.exit(bool(stale))
    build()
