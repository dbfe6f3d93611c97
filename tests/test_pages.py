"""Pages for readers.

The gallery is what docs/gallery.py makes, and the calls that are recommended exist.
"""

import importlib.util
import re
from operator import attrgetter
from pathlib import Path

import pytest

import segxai

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_in_step_with_its_source(gallery):
    written = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert written == gallery.page(gallery.kept_alts(written)), "Run: python docs/gallery.py"


def test_every_picture_is_there_and_described(gallery):
    names = {picture.__name__ for picture in gallery.PICTURES}
    assert {path.stem for path in (DOCS / "gallery").iterdir()} == names
    alts = gallery.kept_alts((DOCS / "gallery.md").read_text(encoding="utf-8"))
    assert set(alts) == names
    assert all(len(alt) > 30 for alt in alts.values())


def test_a_picture_is_made_by_the_lines_below_it(gallery, tmp_path, monkeypatch):
    names = {
        "segxai": gallery.segxai,
        "plots": gallery.plots,
        "metrics": gallery.metrics,
        "np": gallery.np,
    }
    exec(gallery.code_of(gallery.contours_of_things), names)
    assert "contour" in names["figure"].alt
    monkeypatch.setattr(gallery, "HERE", tmp_path)
    monkeypatch.setattr(gallery, "PICTURES", (gallery.contours_of_things,))
    (tmp_path / "gallery").mkdir()
    assert gallery.main([]) == 0
    assert (tmp_path / "gallery" / "contours_of_things.webp").stat().st_size > 1000
    assert "![the darker" in (tmp_path / "gallery.md").read_text(encoding="utf-8")


def test_every_call_in_the_how_to_page_exists(gallery):
    text = (DOCS / "how_to.md").read_text(encoding="utf-8")
    owners = {"segxai": segxai, "regions": segxai.Regions, "explanation": segxai.Explanation}
    calls = re.findall(r"(?<![\w/])(segxai|regions|explanation)\.([\w.]+)\(", text)
    assert len(calls) > 20
    for owner, name in calls:
        assert callable(attrgetter(name)(owners[owner])), f"{owner}.{name}"
