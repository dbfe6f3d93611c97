"""A game whose metrics can be worked out by hand."""

import numpy as np
import pytest

import segxai
from segxai import Regions

COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [220, 220, 60]], np.uint8)


class QuarterGame:
    """A classifier of three classes that adds up fixed effects of the quarters that are not black.

    It counts its images. The third class gets half of what is left; `effects` are of the second.
    """

    def __init__(self, effects=(0.4, 0.2, 0.1, 0.0), intercept=0.1):
        self.effects, self.intercept, self.images = np.array(effects), intercept, 0

    def __call__(self, images):
        self.images += len(images)
        corners = np.stack(
            [images[:, 5, 5], images[:, 5, -5], images[:, -5, 5], images[:, -5, -5]], axis=1
        )
        p = self.intercept + (corners.sum(axis=-1) > 0) @ self.effects
        return np.stack([0.6 * (1 - p), p, 0.4 * (1 - p)], axis=1)


def explain_quarters(game=None, order=(0, 1, 2, 3), split=20, **options):
    """Explain a 40 x 60 picture of four flat colours by its quarters, numbered as in `order`."""
    labels = np.zeros((40, 60), int)
    labels[:, 30:] = 1
    labels[split:] += 2
    regions = Regions.from_labels(np.argsort(order)[labels], [f"q{k}" for k in order])
    options = {"fill": "black", "method": "shapley", "progress": False, "target": 1} | options
    return segxai.explain(COLOURS[labels], regions, game or QuarterGame(), **options)


@pytest.fixture(scope="session")
def Game():
    return QuarterGame


@pytest.fixture(scope="session")
def explained():
    return explain_quarters
