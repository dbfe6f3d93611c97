"""Make html/slides/*.html, the executed lessons as slides.

`python notebooks/src/slides.py [FOLDER]`. What the tests or the static edition have executed is not
executed again. reveal.js, which turns the pages, is fetched by the browser.
"""

import sys
from pathlib import Path

import build
import execute
import nbformat
from nbconvert import SlidesExporter
from traitlets.config import Config

# A section may be longer than a screen; code and its picture are read together.
REVEAL = {"reveal_scroll": True, "reveal_number": "c/t", "reveal_theme": "white"}


def exporter() -> SlidesExporter:
    """What makes slides of a notebook, without the sources that would give an answer away."""
    hidden = {"enabled": True, "remove_input_tags": set(build.COLLAPSED)}
    return SlidesExporter(config=Config(TagRemovePreprocessor=hidden), **REVEAL)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    slides = exporter()
    for source in build.lessons():
        print(f"{source.stem} ...", flush=True)
        notebook = execute.executed(nbformat.reads(build.notebook_text(source), as_version=4))
        (folder / f"{source.stem}.html").write_text(
            slides.from_notebook_node(notebook)[0], encoding="utf-8"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else execute.ROOT / "html" / "slides"))
