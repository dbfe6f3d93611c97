"""Draw docs/gallery/*.webp and write docs/gallery.md.

The page says what each picture shows, and gives the lines that made it.

python docs/gallery.py [NAME ...]     # all pictures, or those named; the page is always written
"""

import inspect
import sys
import textwrap
from pathlib import Path

import numpy as np

import segxai
from segxai import metrics, plots

HERE = Path(__file__).parent


def things_and_their_parts():
    """Regions that are things and their parts. All three cuts are of one tree, which was grown from
    contours and from what EfficientNet-Lite0 sees. Nothing was annotated: the nouns are those of
    two networks."""
    coffee = segxai.data.photograph("coffee")
    things = segxai.segment(coffee, "deep")
    cuts = [things.cut(n) for n in (3, 5, 7)]
    return plots.plot_regions(coffee, *cuts, titles=["3 regions", "5 regions", "7 regions"])


def contours_of_things():
    """The contours that the regions come from: VGG16 with five upsampled side outputs (HED)."""
    contours = segxai.contours(segxai.data.photograph("coffee"))
    dark_on_white = np.uint8(255 - 255 * contours)[..., None].repeat(3, axis=2)
    return plots.plot_image(dark_on_white, "the darker, the more certain the contour")


def why_a_football_helmet():
    """Which things speak for “football helmet”? Exact Shapley values of the automatic regions, from
    all of their coalitions. Two networks have found the nouns; a question mark says that a noun is
    a guess, and regions without a noun are named after their place."""
    astronaut = segxai.data.photograph("astronaut")
    return segxai.explain(astronaut, target="football helmet", method="shapley").plot()


def down_the_tree():
    """The evidence followed down the tree of regions: nine things on the left, their forty-eight
    parts on the right. The values of the parts add up to those of the things."""
    astronaut = segxai.data.photograph("astronaut")
    return segxai.explain(astronaut, method="tree", target="football helmet", fill="blur").plot()


def signs_under_other_fills():
    """Do the weights keep their signs when hidden regions are filled differently, or when the
    borders shift?"""
    sample = segxai.data.load("astronaut")
    explanation = segxai.explain(sample.image, sample.annotation, target="football helmet")
    return segxai.robustness(explanation).plot()


def placebos():
    """Does covering the helmet lower the probability because it is the helmet, or would hiding the
    same shape elsewhere matter as much?"""
    sample = segxai.data.load("astronaut")
    explanation = segxai.explain(sample.image, sample.annotation, target="football helmet")
    return segxai.placebo_test(explanation).plot()


def interactions():
    """Which things matter together? Above zero, a pair is worth more than its two parts."""
    sample = segxai.data.load("astronaut")
    explanation = segxai.explain(sample.image, sample.annotation, method="shapley")
    return segxai.plots.plot_interactions(explanation)


def one_cat():
    """A fully convolutional network, fitted in ten steps to one annotated photograph, and its
    prediction."""
    sample = segxai.data.load("cat")
    fitted = segxai.finetune(sample.image, sample.annotation, stride=8)
    predicted = segxai.segment(sample.image, fitted.segmenter())
    return plots.plot_regions(
        sample.image, sample.annotation, predicted, titles=["drawn by hand", "predicted"]
    )


def insertion_of_regions():
    """Is the evidence where the explanation says? The most important regions are shown first; the
    earlier the curve rises, the better."""
    astronaut = segxai.data.photograph("astronaut")
    explained = {name: segxai.explain(astronaut, name, fill="blur") for name in ("deep", "slic")}
    return plots.plot_curves([metrics.insertion(e) for e in explained.values()], list(explained))


PICTURES = (
    why_a_football_helmet,
    things_and_their_parts,
    contours_of_things,
    down_the_tree,
    signs_under_other_fills,
    placebos,
    interactions,
    one_cat,
    insertion_of_regions,
)


def title_of(picture) -> str:
    return picture.__name__.replace("_", " ").capitalize()


def code_of(picture) -> str:
    """The function's lines without its name, its docstring and its `return`."""
    body = inspect.getsource(picture).split('"""', 2)[2]
    return textwrap.dedent(body.strip("\n")).replace("return ", "figure = ", 1).strip()


def section(picture, alt: str) -> str:
    caption = " ".join(inspect.getdoc(picture).split())
    name = picture.__name__
    return (
        f"## {title_of(picture)}\n\n{caption}\n\n![{alt}](gallery/{name}.webp)\n\n"
        f"```python\n{code_of(picture)}\n```\n"
    )


def page(alts: dict[str, str]) -> str:
    """alts: {name of a picture: what it shows, for those who cannot see it}."""
    sections = [section(picture, alts[picture.__name__]) for picture in PICTURES]
    start = "import numpy as np\nimport segxai\nfrom segxai import metrics, plots"
    return "\n".join(
        [
            "# Gallery\n",
            (
                "Every picture is made by the lines below it, after these:\n\n"
                f"```python\n{start}\n```\n"
            ),
            *sections,
        ]
    )


def kept_alts(written: str) -> dict[str, str]:
    """The descriptions in the page as it is."""
    images = [line for line in written.splitlines() if line.startswith("![")]
    return {
        line.rsplit("](gallery/", 1)[1].removesuffix(".webp)"): line[2:].rsplit("](", 1)[0]
        for line in images
    }


def main(wanted) -> int:
    path = HERE / "gallery.md"
    alts = kept_alts(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for picture in PICTURES:
        name = picture.__name__
        if wanted and name not in wanted:
            continue
        figure = picture()
        figure.savefig(HERE / "gallery" / f"{name}.webp", dpi=80, pil_kwargs={"quality": 82})
        alts[name] = " ".join(figure.alt.replace("[", "(").replace("]", ")").split())
        print(f"{name}: {alts[name]}", flush=True)
    path.write_text(page(alts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
