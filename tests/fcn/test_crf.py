import sys

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, crf_refine
from segxai.metrics import intersection_over_union


def blurred(mask, sigma=6.0):
    from scipy.ndimage import gaussian_filter

    inside = gaussian_filter(mask.astype(np.float32), sigma)
    return np.stack([1 - inside, inside], axis=-1)


def test_borders_move_to_the_edges_of_the_photograph():
    pytest.importorskip(
        "pydensecrf", reason="pydensecrf2 is not installed: it needs a C++ compiler"
    )
    sample = segxai.data.load("coffee")
    truth = np.isin(
        sample.annotation.labels,
        [sample.annotation.index(n) for n in ("cup", "coffee", "saucer", "spoon")],
    )
    rough = blurred(
        np.kron(truth[::20, ::20], np.ones((20, 20), bool))[: truth.shape[0], : truth.shape[1]]
    )
    refined = crf_refine(sample.image, rough)
    assert refined.shape == rough.shape
    assert refined.dtype == np.float32
    assert np.allclose(refined.sum(-1), 1, atol=1e-4)
    before, after = (intersection_over_union(truth, p.argmax(-1))[1] for p in (rough, refined))
    assert after > before


def test_a_certain_answer_on_a_flat_picture_stays():
    pytest.importorskip(
        "pydensecrf", reason="pydensecrf2 is not installed: it needs a C++ compiler"
    )
    certain = np.zeros((20, 30, 3), np.float32)
    certain[..., 1] = 1
    assert (crf_refine(np.full((20, 30, 3), 80, np.uint8), certain).argmax(-1) == 1).all()


def test_the_photograph_may_be_read_only():
    pytest.importorskip(
        "pydensecrf", reason="pydensecrf2 is not installed: it needs a C++ compiler"
    )
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    probabilities = blurred(image[..., 0] > 128, 1.0)
    expected = crf_refine(image, probabilities)
    image.setflags(write=False)
    assert np.array_equal(crf_refine(image, probabilities), expected)


def test_without_pydensecrf_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    with pytest.raises(SegxaiError, match=r"segxai\[crf\]"):
        crf_refine(np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 2), 0.5))


@pytest.mark.parametrize(
    "probabilities",
    [
        np.full((4, 5, 2), 0.5),
        np.full((4, 4), 0.5),
        np.full((4, 4, 1), 1.0),
        np.full((4, 4, 2), np.nan),
        np.full((4, 4, 2), -1.0),
    ],
)
def test_bad_requests(probabilities):
    with pytest.raises(SegxaiError):
        crf_refine(np.zeros((4, 4, 3), np.uint8), probabilities)
