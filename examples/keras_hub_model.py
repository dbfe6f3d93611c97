"""Explain by the classes of a segmentation model of KerasHub: pip install keras-hub."""

import sys

import keras_hub
import numpy as np
from skimage.transform import resize

import segxai

# A preset that KerasHub downloads, or the folder of a saved one.
preset = sys.argv[1] if len(sys.argv) > 1 else "deeplab_v3_plus_resnet50_pascalvoc"
model = keras_hub.models.ImageSegmenter.from_preset(preset)
names = [
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "table",
    "dog",
    "horse",
    "motorbike",
    "person",
    "plant",
    "sheep",
    "sofa",
    "train",
    "screen",
]


def divide(image):
    """(H, W, 3) to Regions. The model would crop a photograph of another shape, so it is scaled."""
    scaled = resize(image, model.preprocessor.image_size, preserve_range=True)
    scores = np.asarray(model.predict(scaled[None], verbose=0))[0]
    classes = resize(scores, image.shape[:2]).argmax(axis=-1)
    return segxai.from_class_map(classes, dict(enumerate(names)))


image = segxai.data.photograph("cat")
regions = segxai.segment(image, divide)
print(regions.names)
print("\n".join(segxai.explain(image, regions).in_words()))
