"""Draw notebooks/difference.webp, the picture of the README: superpixels against named regions, on the astronaut."""

import io
from pathlib import Path

import segxai
from PIL import Image
from segxai.plots import plot_explanations

sample = segxai.data.load("astronaut")
explanations = [segxai.explain(sample.image, regions, target="football helmet") for regions in ("slic", sample.annotation)]
titles = ["slic: superpixels, regions of similar colour", "named regions: what a person sees"]
figure, drawn = plot_explanations(explanations, titles), io.BytesIO()
figure.savefig(drawn, format="png", dpi=90)
path = Path(__file__).parents[1] / "difference.webp"
Image.open(drawn).convert("RGB").save(path, "WEBP", quality=85)
print(f"Wrote {path.name}. For those who cannot see it: {figure.alt}")
