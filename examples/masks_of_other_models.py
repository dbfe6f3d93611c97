"""Explain with the masks of another segmentation model, as transformers or Segment Anything return
them."""

from PIL import Image

import segxai

sample = segxai.data.load("astronaut")
masks = {name: sample.annotation.mask(name) for name in ("helmet", "suit", "face")}

# What transformers.pipeline("image-segmentation")(image) returns: a label, a mask as a Pillow image
# and a score.
pipeline = [
    {"label": name, "mask": Image.fromarray(mask), "score": 0.9} for name, mask in masks.items()
]
regions = segxai.from_mask_list(pipeline)
print(regions.names)

# What SamAutomaticMaskGenerator().generate(image) returns: masks without names, so they are named
# afterwards.
automatic = [
    {"segmentation": mask, "area": int(mask.sum()), "predicted_iou": 0.95, "stability_score": 0.97}
    for mask in masks.values()
]
found = segxai.from_mask_list(automatic)
named = found.rename(
    {
        name: thing
        for thing, mask in masks.items()
        for name in found.names
        if (found.mask(name) == mask).all()
    }
)
print(named.names)

explanation = segxai.explain(sample.image, regions, target="football helmet")
print("\n".join(explanation.in_words()))
