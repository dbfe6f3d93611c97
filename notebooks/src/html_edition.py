"""Build html/: a gallery of photographs and the whole series, as pages that need no Python.

Its first page, with the photographs to explore, opens from a file, a USB stick or GitHub Pages,
also when Binder is down.

`python notebooks/src/html_edition.py [FOLDER]`. What the tests have executed already is not
executed again.
"""

import html
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import build
import execute
import first_page
import nbformat

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --soft: #555; --code: #f4f4f4;
  --line: #c9c9c9; --link: #0b5fa5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #16181b; --soft: #bbb; --code: #23262a; --line: #4a4d52;
    --link: #8ec8ff; }
  img { background: #fff; } }
body { margin: 0 auto; max-width: 1100px; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .5rem 0 1rem; }
main { overflow-wrap: anywhere; }
pre { background: var(--code); padding: .6rem .8rem; overflow-x: auto; font-size: 14px;
  line-height: 1.4; border-radius: 4px; }
.output pre { background: none; border-left: 3px solid var(--line); border-radius: 0;
  white-space: pre-wrap; }
.output { overflow-x: auto; margin: .4rem 0 1rem; }
.output img { max-width: 100%; height: auto; }
:not(pre) > code { background: var(--code); padding: 0 .2em; border-radius: 3px; }
table { border-collapse: collapse; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
.series { list-style: none; padding: 0; }
.series li { margin: 1rem 0; }
.series li > a { font-weight: bold; }
.series p { margin: .2rem 0 0; }
.photographs { list-style: none; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(240px, 42%), 1fr)); gap: 1rem; }
.photographs a { display: block; height: 100%; overflow: hidden; color: inherit;
  text-decoration: none; border: 1px solid var(--line); border-radius: 6px; }
.photographs a:hover { border-color: var(--link); }
.photographs img { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; }
.photographs p { margin: .4rem .6rem; line-height: 1.35; }
details { border: 1px solid var(--line); border-radius: 4px; padding: .3rem .8rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.about { color: var(--soft); }
"""
# Pages hold what notebooks printed; whatever that is, it may not reach out.
POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)

WIDGET = "application/vnd.jupyter.widget-view+json"


def main(folder: Path) -> None:
    """Write every page; a notebook that fails stops the work and says which."""
    folder.mkdir(parents=True, exist_ok=True)
    lessons = [
        (source.stem, nbformat.reads(build.notebook_text(source), as_version=4))
        for source in build.lessons()
    ]
    entries = []
    for number, (name, notebook) in enumerate(lessons):
        print(f"{name} ...", flush=True)
        around = {
            "before": lessons[number - 1][0] if number else None,
            "after": lessons[number + 1][0] if number + 1 < len(lessons) else None,
        }
        done = execute.executed(notebook)
        content = carry(body(done), execute.NOTEBOOKS, folder)
        (folder / f"{name}.html").write_text(
            page(title(notebook), content, **around), encoding="utf-8"
        )
        seconds = done.metadata["segxai"]["seconds"]
        entries.append(
            f'<li><a href="{name}.html">{name[:2]} {html.escape(title(notebook))}</a> '
            f'<span class="about">{minutes(notebook)} minutes, '
            f"with {seconds:.0f} s of computing</span>"
            f"{markdown('You will learn: ' + will_learn(notebook))}</li>"
        )
    # Glossary, cheat sheet and plans; who sees the answers, the teacher decides.
    pages = sorted(set(execute.NOTEBOOKS.glob("*.md")) - {build.ANSWERS})
    for path in pages:
        (folder / f"{path.stem}.html").write_text(
            page(path.stem.capitalize(), markdown(path.read_text("utf-8"))), encoding="utf-8"
        )
    teaching = ", ".join(
        f'<a href="{path.stem}.html">{path.stem.capitalize()}</a>' for path in pages
    )
    index = (
        "<h1>Which things in a photograph does a classifier use?</h1>"
        f"{first_page.write_gallery(folder)}"
        '<h2 id="lessons">The lessons</h2>'
        '<p class="about">The executed notebooks as pages. Anything that needs Python (another '
        "segmenter, another photograph, your own painting) works only in the notebooks "
        "themselves.</p>"
        f'<ul class="series">{"".join(entries)}</ul>'
        f"<p>{teaching}</p>"
    )
    (folder / "index.html").write_text(page("segxai", index), encoding="utf-8")
    if found := broken(folder):
        sys.exit("Broken links:\n  " + "\n  ".join(found))
    print(f"Wrote {folder / 'index.html'}")


class _Links(HTMLParser):
    """What a page refers to, what it loads, and the places that it names."""

    def __init__(self):
        super().__init__()
        self.links, self.loads, self.places = [], [], set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places.add(given.get("id"))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag != "a":
            self.loads += [given[key] for key in ("src", "href") if given.get(key)]


def broken(folder: Path) -> list[str]:
    """Links in a folder's pages that lead nowhere, and whatever would be loaded from elsewhere."""
    pages = {}
    for path in sorted(folder.glob("*.html")):
        pages[path.name] = _Links()
        pages[path.name].feed(path.read_text(encoding="utf-8"))
    found = []
    for name, seen in pages.items():
        found += [
            f"{name} loads {url[:80]}"
            for url in seen.loads
            if not url.startswith(("data:", "blob:", "#"))
        ]
        for url in seen.links:
            file, _, place = url.partition("#")
            if url.startswith(("https://", "http://", "data:")):
                continue  # for a reader with a network to follow
            target = pages.get(file or name)
            if "/" in file and (folder / file).is_file():  # a page that is checked where it is made
                continue
            if target is None or (place and place not in target.places):
                found.append(f"{name} links to {url[:80]}")
    return found


def page(heading, content, before=None, after=None) -> str:
    """One whole page."""
    links = [("index", "First page")] + [
        (name, f"{arrow} {name}") for name, arrow in ((before, "←"), (after, "→")) if name
    ]
    nav = (
        "".join(f'<a href="{name}.html">{html.escape(text)}</a>' for name, text in links)
        if heading != "segxai"
        else ""
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{html.escape(heading)}</title>"
        f"<style>{STYLE}{code_style()}</style></head><body>"
        + (f'<nav aria-label="Notebooks">{nav}</nav>' if nav else "")
        + f"<main>{content}</main>"
        + (f'<nav aria-label="Notebooks, again">{nav}</nav>' if nav else "")
        + "</body></html>\n"
    )


def body(notebook) -> str:
    """The cells of an executed notebook in order; lines that a loop printed are joined."""
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    notebook, _ = CoalesceStreamsPreprocessor(enabled=True)(notebook, {})
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(markdown(cell.source))
        elif cell.cell_type == "code":
            parts += [
                "" if build.is_collapsed(cell) else code(cell.source),
                *(f'<div class="output">{shown(output)}</div>' for output in cell.outputs),
            ]
    return "\n".join(part for part in parts if part)


def carry(content, home: Path, folder: Path) -> str:
    """Copy along the reports that a notebook wrote in its `home` and links to.

    A link to one that is gone becomes plain text.
    """

    def carried(found):
        report = home / found["path"]
        if not report.is_file():
            return found["text"]
        (folder / found["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(report, folder / found["path"])
        return found[0]

    return re.sub(
        r"""<a href=['"](?P<path>reports/\w+\.html)['"][^>]*>(?P<text>.*?)</a>""", carried, content
    )


def shown(output) -> str:
    """One output: what it offers as HTML, else a picture, else its text."""
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>"
    data = output.get("data", {})
    if "text/html" in data:
        return data["text/html"]
    if "image/png" in data:
        return (
            f'<img alt="{html.escape(data.get("text/plain", "a figure"))}" '
            f'src="data:image/png;base64,{data["image/png"].strip()}">'
        )
    if WIDGET in data:
        return '<p class="about">This control needs Python; it works in the notebook.</p>'
    text = data.get("text/plain", "")
    return f"<pre>{html.escape(text)}</pre>" if text else ""


def markdown(text) -> str:
    """Markdown as the notebook shows it; links to notebooks and Markdown lead to their pages."""
    from nbconvert.filters.markdown import markdown2html

    made = markdown2html(text)
    made = re.sub(
        r'href="(\d\d_\w+)\.ipynb|href="([A-Z]+)\.md',
        lambda found: f'href="{found[1] or found[2]}.html',
        made,
    )
    return re.sub(r'<a class="anchor-link"[^>]*>.*?</a>', "", made)


def code(source) -> str:
    """Python with its colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))


def code_style() -> str:
    """The colours of code, for light and dark pages."""
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(
        style="a11y-light" if _has_style("a11y-light") else "default"
    ).get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    plain = ".code, .code pre { background: var(--code) !important; }"
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n{plain}"


def _has_style(name) -> bool:
    from pygments.styles import get_all_styles

    return name in get_all_styles()


def title(notebook) -> str:
    """The heading of a notebook."""
    return notebook.cells[0].source.splitlines()[0].lstrip("# ")


def will_learn(notebook) -> str:
    """What it promises to teach, as Markdown."""
    return re.search(
        r"\*\*You will learn:\*\*\s*(.*?)(?:\n\s*\n|$)", notebook.cells[0].source, re.DOTALL
    )[1]


def minutes(notebook) -> int:
    """The time that it states."""
    return int(re.search(r"Time: (\d+) minutes", notebook.cells[0].source)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else execute.ROOT / "html"))
