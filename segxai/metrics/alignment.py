"""Agreement of an explanation with an object or a planted shortcut, and of two maps of classes.

Alignment is not correctness: a faithful explanation of a classifier that uses the background points
at the background.
"""

from typing import NamedTuple

import numpy as np

from ..errors import SegxaiValueError, known_explanation
from ..explanation.explanation import Explanation
from ..fcn.annotation import IGNORE
from ..masks import fit, read_mask
from .ranking import ranked

FOUND = 0.5  # least share of the plant inside the region, and of the region inside the plant


def energy(explanation: Explanation, mask: np.ndarray) -> float:
    """Compute the share of the positive weights that falls inside the object. Higher is better.

    Each weight is spread evenly over its region's pixels: summed over pixels, a region's weight
    would count once for each of its pixels. No model calls.

    Parameters
    ----------
    explanation : Explanation
    mask : (H, W) array of bool
        True on the object.

    Returns
    -------
    share : float
        0 to 1; 0 if no weight is positive.

    Raises
    ------
    SegxaiValueError
        If the mask is empty or does not fit the explanation.

    References
    ----------
    Wang et al. 2020, "Score-CAM", the energy-based pointing game, which is defined for pixels.
    """
    inside, _ = _overlaps(known_explanation(explanation).regions, mask)
    positive = np.maximum(explanation.weights, 0)
    return float(positive @ inside / positive.sum()) if positive.sum() > 0 else 0.0


class CoversPlant(NamedTuple):
    """How well the top region covers a plant, see `covers_plant`.

    Attributes
    ----------
    found : bool
        Whether at least half of the plant lies inside the top region, and at least half of this
        region inside the plant.
    covered : float
        The share of the plant inside the region, 0 to 1.
    precision : float
        The share of the region inside the plant, 0 to 1.
    region : str
        The top region's name, "" if no weight is positive.
    """

    found: bool
    covered: float
    precision: float
    region: str


def covers_plant(explanation: Explanation, mask: np.ndarray) -> CoversPlant:
    """Whether the region with the largest weight is the planted shortcut. Higher is better.

    A region as large as the image covers the plant but does not count as finding it, because its
    precision is low. Of regions with equal weight, the first in reading order is the top one. No
    model calls.

    Parameters
    ----------
    explanation : Explanation
    mask : (H, W) array of bool
        True on the plant, which decides the class.

    Returns
    -------
    found : CoversPlant

    Raises
    ------
    SegxaiValueError
        If the mask is empty or does not fit the explanation.

    References
    ----------
    Yang and Kim 2019, "Benchmarking Attribution Methods with Relative Feature Importance".
    """
    inside, covered = _overlaps(known_explanation(explanation).regions, mask)
    top = ranked(explanation)[0]
    if explanation.weights[top] <= 0:
        return CoversPlant(False, 0.0, 0.0, "")
    share, precision = float(covered[top]), float(inside[top])
    return CoversPlant(
        found=min(share, precision) >= FOUND,
        covered=share,
        precision=precision,
        region=explanation.regions.marked_names[top],
    )


def _overlaps(regions, mask) -> tuple[np.ndarray, np.ndarray]:
    """(K,) the share of each region inside the mask, and (K,) that of the mask in each region."""
    mask = fit(read_mask(mask), regions.shape, "The mask")
    if not mask.any():
        raise SegxaiValueError("The mask is empty; mark at least one pixel of the object.")
    flat = regions.labels.ravel()
    shared = np.bincount(flat, mask.ravel(), minlength=len(regions))
    return shared / np.bincount(flat, minlength=len(regions)), shared / mask.sum()


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
