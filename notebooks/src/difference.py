"""Draw notebooks/difference.webp, the picture of the README: superpixels against named regions, on the astronaut."""

from pathlib import Path

import segxai
from segxai.plots import plot_explanations

image = segxai.data.photograph("astronaut")
regions = [segxai.segment(image, "slic", n_segments=12), segxai.segment(image, "deep")]
explanations = [
    segxai.explain(image, r, target="football helmet", max_evaluations=4096) for r in regions
]
titles = ["slic: superpixels, regions of similar colour", "deep: things, named by nouns"]
figure, path = (
    plot_explanations(explanations, titles),
    Path(__file__).parents[1] / "difference.webp",
)
figure.savefig(path, dpi=90, pil_kwargs={"quality": 85})
print(f"Wrote {path.name}. For those who cannot see it: {figure.alt}")
