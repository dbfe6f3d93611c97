"""Make notebooks/*.ipynb from notebooks/src/NN_*.py and app_*.py (jupytext's percent format).

The same source always gives the same bytes: no outputs, no dates, and cells numbered c00, c01, ...
`python notebooks/src/build.py` writes; with `--check` nothing is written, the notebooks that are out
of step with their source are named, and the exit status is 1 when there is one.
"""

import argparse
import os
import sys
from pathlib import Path

import jupytext
import nbformat

SOURCES = Path(__file__).parent
NOTEBOOKS = SOURCES.parent
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
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        cell.metadata["slideshow"] = {"slide_type": slide_type(cell)}
    notebook.metadata = METADATA
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def slide_type(cell) -> str:
    """Where a cell stands when a notebook is shown as slides, in Jupyter's own words: each section is a slide, its parts scroll down."""
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


def out_of_step() -> list[Path]:
    """Notebooks that differ from what their source gives, are missing, or have no source."""
    made = {NOTEBOOKS / f"{source.stem}.ipynb": notebook_text(source) for source in sources()}
    different = [
        path
        for path, text in made.items()
        if not path.is_file() or path.read_bytes() != text.encode()
    ]
    return different + [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path not in made]


def build() -> None:
    """Write every notebook anew."""
    for source in sources():
        path = NOTEBOOKS / f"{source.stem}.ipynb"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(notebook_text(source).encode())
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
