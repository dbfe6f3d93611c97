"""Semantic regions: the classes of the leaves."""

import numpy as np

import segxai
from segxai.images import resize_labels
from segxai.segmentation import tree

from .hand import CLASSES


def test_semantic_regions_are_the_classes_of_the_leaves(cat):
    """Against an argmax of each leaf's probabilities; a class is one region, made of leaves."""
    small = cat[::3, ::3]
    regions = segxai.segment(small, "semantic")
    assert set(regions.names) <= set(CLASSES)
    assert "cat" in regions.names
    found = tree.grown(small, "deep")
    classes = np.array(CLASSES)[found.seen.classes.argmax(axis=1)]
    expected = classes[resize_labels(found.atoms, small.shape[:2])]
    assert np.array_equal(np.array(regions.names)[regions.labels], expected)
    assert {evidence.source for evidence in regions.name_evidence} == {"semantic"}
    name = regions.expandable()[0]
    assert len(regions.expand(name)) > len(regions)


def test_numbered_parts_are_united_by_their_noun(cat):
    regions = segxai.segment(cat[::3, ::3], "semantic")
    name = regions.expandable()[0]
    assert regions.expand(name).by_noun().names == regions.names
