"""What the tests of the explorer share: a cell that makes its classifier, and places."""

# The beginning of a notebook's cell. The classifier's classes depend on the brightness of places;
# it counts its images.
CLASSIFIER = """
import numpy as np
import segxai
from segxai.widgets import ExplanationExplorer

def box(images):
    box.images += len(images)
    bright = images[:, ::9, ::9].astype(float).mean(axis=(1, 2, 3)) / 255
    helmet = images[:, 300::9, 300::9].astype(float).std(axis=(1, 2, 3)) / 255
    head = images[:, 50:200:9, 200:350:9].astype(float).std(axis=(1, 2, 3)) / 255
    columns = [0.3 * bright, helmet * (0.4 + head), 0.05 + 0 * bright]
    return np.stack([*columns, 1 - sum(columns)], axis=1)

box.images = 0
classifier = segxai.load_classifier(box, class_names=["suit", "football helmet", "shuttle", "rest"])
"""
HELMET = (0.8, 0.85)
LONG = 240_000  # ms; machines are busy at times


def at(pane, share):
    """Where on the screen a place of a pane's picture is, given as shares of its size."""
    paper = pane.locator(".sx-paper")
    paper.evaluate("paper => paper.scrollIntoView({ block: 'center' })")
    box = paper.bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]
