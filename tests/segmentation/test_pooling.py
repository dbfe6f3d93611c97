"""Pooling features against a loop over an upsampled map."""

import numpy as np

from segxai.images import resize
from segxai.segmentation.seen import pool


def test_pooled_features_are_means_of_the_upsampled_map():
    rng = np.random.default_rng(0)
    feature_map = rng.normal(size=(7, 5, 3)).astype(np.float32)
    labels = rng.integers(0, 6, (50, 41))
    labels.ravel()[:6] = range(6)
    upsampled = resize(feature_map, labels.shape)
    expected = np.stack([upsampled[labels == k].mean(axis=0) for k in range(6)])
    np.testing.assert_allclose(pool(feature_map, labels), expected, atol=1e-5)
