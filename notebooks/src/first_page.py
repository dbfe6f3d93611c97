"""The first page of html/: the question, a gallery of photographs, and what to read next.

The photographs can be explored without Python. Each is explained once with the default regions and
classifier, and saved as a page in html/photographs/.
"""

import base64
import html
from pathlib import Path
from typing import NamedTuple

import matplotlib.cbook
import numpy as np
import skimage.data
import sklearn.datasets
from PIL import Image

import segxai
from segxai import report
from segxai.report.state import jpeg

FILLS = ("mean", "blur")
MOST_BYTES = 1_000_000  # of a page
SIDE = 300  # pixels of a picture in the gallery

QUESTION = (
    "Shown the photograph of an astronaut, a classifier answers “bobsleigh”, and then “football "
    "helmet”. Does it use the space suit, the helmet, the face, or a combination of them? Choose a "
    "photograph, click a thing to hide it, and watch the answer change."
)


class Photograph(NamedTuple):
    """A photograph that comes with an installed package."""

    name: str
    title: str
    credit: str
    read: object


def _sample(name):
    return lambda: sklearn.datasets.load_sample_image(name)


def _hopper():
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return np.asarray(Image.open(file).convert("RGB"))


PHOTOGRAPHS = (
    Photograph(
        "astronaut", "Astronaut", "Eileen Collins; NASA, public domain", skimage.data.astronaut
    ),
    Photograph("cat", "Cat", "Stefan van der Walt, CC0", skimage.data.chelsea),
    Photograph(
        "coffee",
        "Coffee",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0",
        skimage.data.coffee,
    ),
    Photograph("rocket", "Rocket", "SpaceX, public domain", skimage.data.rocket),
    Photograph("photographer", "Photographer", "Lav Varshney, CC0", skimage.data.camera),
    Photograph("palace", "Palace", "danielbuechele, CC BY 2.0", _sample("china.jpg")),
    Photograph("flower", "Flower", "vultilion, CC BY 2.0", _sample("flower.jpg")),
    Photograph("officer", "Officer", "Grace Hopper; United States Navy, public domain", _hopper),
    Photograph(
        "clock", "Clock in motion", "Stefan van der Walt, public domain", skimage.data.clock
    ),
    Photograph("coins", "Coins", "Brooklyn Museum, no known restrictions", skimage.data.coins),
    Photograph("eye", "Inside of an eye", "Mikael Häggström, CC0", skimage.data.retina),
    Photograph(
        "galaxies",
        "Galaxies",
        "Hubble Space Telescope; NASA, public domain",
        skimage.data.hubble_deep_field,
    ),
)


def write_gallery(folder: Path, photographs=None, regions="deep", classifier=None) -> str:
    """Write an explorer for each photograph; return the gallery as HTML for a page in `folder`."""
    (folder / "photographs").mkdir(parents=True, exist_ok=True)
    cells = []
    for photograph in PHOTOGRAPHS if photographs is None else photographs:
        print(f"{photograph.name} ...", flush=True)
        image = segxai.images.as_image(photograph.read())
        image = segxai.images.reduced(image, 640)
        found = segxai.segment(image, regions)
        made = [
            segxai.explain(image, found, classifier, fill=fill, progress=False) for fill in FILLS
        ]
        path = folder / "photographs" / f"{photograph.name}.html"
        report.write_explorer(path, made)
        text = path.read_text(encoding="utf-8")
        links = (
            '<p class="sx-note"><a href="../index.html">All photographs</a> · '
            f"Photograph: {html.escape(photograph.credit)}</p>"
        )
        path.write_text(text.replace("</main>", f"{links}</main>", 1), encoding="utf-8")
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(
                f"{path} has {path.stat().st_size:,} bytes, of at most {MOST_BYTES:,}."
            )
        cells.append(_cell(photograph, made[0]))
    return f'<p>{QUESTION}</p><ul class="photographs">{"".join(cells)}</ul>'


def _cell(photograph, explanation) -> str:
    picture = base64.b64encode(jpeg(explanation.coalitions.game.image, SIDE, 80)).decode()
    given = f"“{explanation.target}” {100 * explanation.coalitions.full:.0f}\N{NO-BREAK SPACE}%"
    return (
        f'<li><a href="photographs/{photograph.name}.html">'
        f'<img alt="" src="data:image/jpeg;base64,{picture}">'
        f"<p><b>{html.escape(photograph.title)}</b><br>"
        f'<span class="about">{html.escape(given)}</span></p></a></li>'
    )
