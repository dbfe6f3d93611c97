"""Draw notebooks/difference.webp, the picture of the README.

It shows superpixels against named regions, on the astronaut. Its description in the README, for
those who cannot see it, is written anew.
"""

import re
from pathlib import Path

import segxai
from segxai.plots import plot_explanations

ROOT = Path(__file__).parents[2]
explanations = [
    segxai.explain("astronaut", regions, target="football helmet") for regions in ("slic", "deep")
]
titles = ["slic: superpixels, regions of similar colour", "deep: things, named by nouns"]
figure = plot_explanations(explanations, titles)
figure.savefig(ROOT / "notebooks" / "difference.webp", dpi=90, pil_kwargs={"quality": 85})
about = (
    "Two explanations of an astronaut's photograph, above with slic's regions, below with deep's"
)
readme = ROOT / "README.md"
text = re.sub(
    r"!\[[^]]*\](?=\(notebooks/difference\.webp\))",
    f"![{about}: {figure.alt}]",
    readme.read_text(encoding="utf-8"),
)
readme.write_text(text, encoding="utf-8")
print("Wrote difference.webp, and its description in README.md")
