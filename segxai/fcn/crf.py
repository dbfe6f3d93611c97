"""Sharpen class probabilities along the edges of a photograph by a conditional random field (CRF).

Source: Krähenbühl and Koltun 2011, "Efficient Inference in Fully Connected CRFs with Gaussian Edge
Potentials", computed by pydensecrf2.
"""

from __future__ import annotations

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, is_number, whole_number
from ..images import ImageLike, as_array, as_image


def crf_refine(
    image: ImageLike,
    probabilities: np.ndarray,
    *,
    iterations: int = 5,
    gaussian_sxy: float = 10,
    gaussian_compat: float = 3,
    bilateral_sxy: float = 50,
    bilateral_srgb: float = 20,
    bilateral_compat: float = 10,
) -> np.ndarray:
    """Sharpen class probabilities along the edges of a photograph.

    Two potentials encourage pixels to take the same class: the Gaussian potential couples nearby
    pixels, the bilateral potential couples pixels of similar colour.

    Parameters
    ----------
    image : (H, W, 3) array or path
        The photograph.
    probabilities : (H, W, C) ndarray
        Of at least two classes.
    iterations : int
        Of mean-field inference.
    gaussian_sxy, bilateral_sxy : float
        Ranges of the two potentials, in pixels.
    bilateral_srgb : float
        Range of the bilateral potential in colour levels, 0..255.
    gaussian_compat, bilateral_compat : float
        Strengths of the two potentials.

    Returns
    -------
    refined : (H, W, C) ndarray of float32
        Sums to 1 over the classes.

    Raises
    ------
    SegxaiError
        If pydensecrf2 is not installed or an argument is invalid.

    References
    ----------
    Krähenbühl and Koltun 2011, "Efficient Inference in Fully Connected CRFs with Gaussian Edge
    Potentials".
    """
    image = as_image(image)
    probabilities = as_array(probabilities, "The probabilities")
    shape = probabilities.shape
    if len(shape) != 3 or shape[:2] != image.shape[:2] or shape[2] < 2:
        raise SegxaiValueError(
            f"Probabilities of shape {shape} do not fit an image of {image.shape[:2]}; "
            "(H, W, C) with C >= 2 was expected."
        )
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        raise SegxaiValueError("Probabilities must be finite and not negative.")
    whole_number("iterations", iterations, 1)
    for name, value, least in (
        ("gaussian_compat", gaussian_compat, -np.inf),
        ("bilateral_compat", bilateral_compat, -np.inf),
        ("gaussian_sxy", gaussian_sxy, 0),
        ("bilateral_sxy", bilateral_sxy, 0),
        ("bilateral_srgb", bilateral_srgb, 0),
    ):
        if not is_number(value) or not least < value < np.inf:
            kind = "a number" if least else "positive"
            raise SegxaiValueError(f"{name} must be {kind}; got {value!r}.")
    try:
        import pydensecrf.densecrf as dcrf
    except ImportError as error:
        raise SegxaiError(
            "The CRF needs pydensecrf2, whose installation needs a C++ compiler: "
            "pip install 'segxai[crf]'"
        ) from error

    height, width, classes = shape
    crf = dcrf.DenseCRF2D(width, height, classes)
    energy = -np.log(np.clip(probabilities, 1e-8, 1)).astype(np.float32)
    crf.setUnaryEnergy(np.ascontiguousarray(energy.reshape(-1, classes).T))
    crf.addPairwiseGaussian(sxy=gaussian_sxy, compat=gaussian_compat)
    # pydensecrf2 refuses what it cannot write to.
    image = np.require(image, requirements=["C", "W"])
    crf.addPairwiseBilateral(
        sxy=bilateral_sxy, srgb=bilateral_srgb, rgbim=image, compat=bilateral_compat
    )
    refined = np.array(crf.inference(int(iterations)), np.float32)
    return np.ascontiguousarray(refined.T).reshape(height, width, classes)
