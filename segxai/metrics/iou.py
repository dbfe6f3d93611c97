"""The intersection over union of two maps of classes."""

import numpy as np

from ..fcn.annotation import IGNORE


def intersection_over_union(
    labels: np.ndarray, predictions: np.ndarray, number: int | None = None
) -> np.ndarray:
    """Compute the intersection over union of each class in two maps of class ids.

    Parameters
    ----------
    labels : (H, W) array of int
        Pixels with the value 255 are left out.
    predictions : (H, W) array of int
    number : int, optional
        Of classes; by default the largest id that occurs, plus one.

    Returns
    -------
    iou : (number,) array of float
        0 to 1, higher is better; NaN for a class that occurs in neither map.

    References
    ----------
    Everingham et al. 2010, "The PASCAL VOC Challenge", section 4.2.

    Examples
    --------
    >>> intersection_over_union(np.array([[0, 0, 1, 1]]), np.array([[0, 1, 1, 1]]))[0]
    np.float64(0.5)
    """
    valid = labels != IGNORE
    labels, predictions = labels[valid].astype(int), predictions[valid].astype(int)
    number = max(labels.max(), predictions.max()) + 1 if number is None else number
    pairs = np.bincount(labels * number + predictions, minlength=number * number)
    both = pairs.reshape(number, number)
    union = both.sum(0) + both.sum(1) - both.diagonal()
    with np.errstate(invalid="ignore"):
        return both.diagonal() / union
