"""Sharpen class probabilities along the edges of a photograph by a conditional random field (CRF).

Source: Krähenbühl and Koltun 2011, "Efficient Inference in Fully Connected CRFs with Gaussian Edge
Potentials", computed by pydensecrf2.
"""

import numpy as np

from ..errors import SegxaiValueError, extra_module
from ..images import ImageLike, as_array, as_image


def crf_refine(image: ImageLike, probabilities: np.ndarray) -> np.ndarray:
    """Sharpen class probabilities along the edges of a photograph.

    Two potentials encourage pixels to take the same class: the Gaussian potential couples nearby
    pixels, the bilateral potential couples pixels of similar colour.

    Parameters
    ----------
    image : (H, W, 3) array or path
        The photograph.
    probabilities : (H, W, C) ndarray
        Of at least two classes.

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
    dcrf = extra_module(
        "pydensecrf.densecrf",
        "The CRF needs pydensecrf2, whose installation needs a C++ compiler: "
        "pip install 'segxai[crf]'",
    )
    height, width, classes = shape
    crf = dcrf.DenseCRF2D(width, height, classes)
    energy = -np.log(np.clip(probabilities, 1e-8, 1)).astype(np.float32)
    crf.setUnaryEnergy(np.ascontiguousarray(energy.reshape(-1, classes).T))
    # Ranges in pixels (sxy) and in colour levels (srgb), and strengths (compat).
    crf.addPairwiseGaussian(sxy=10, compat=3)
    writable = np.require(image, requirements=["C", "W"])  # pydensecrf2 takes no other
    crf.addPairwiseBilateral(sxy=50, srgb=20, rgbim=writable, compat=10)
    refined = np.array(crf.inference(5), np.float32)  # after five iterations of mean field
    return np.ascontiguousarray(refined.T).reshape(height, width, classes)
