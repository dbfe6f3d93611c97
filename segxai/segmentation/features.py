"""Clusters of deep features: regions by what an ImageNet network sees, without contours.

The network's end points at strides 8, 16 and 32 are averaged over small SLIC superpixels, which are
merged bottom-up by Ward's criterion into one tree. Its borders are less exact than those of `deep`,
but with nine regions and the fill "mean" its explanations insert the evidence faster, because it
divides where the network responds strongly rather than where there are contours.

References
----------
Ward 1963, "Hierarchical Grouping to Optimize an Objective Function".
Achanta et al. 2012, "SLIC Superpixels".
Collins et al. 2018, "Deep Feature Factorization for Concept Discovery" (deep features that group
into objects).
"""

import numpy as np
import scipy
from skimage import color, measure, segmentation

from ..images import resize_labels
from ..regions import Regions, coarsest, moved
from .cut import automatic_number
from .merging import Join, leaves
from .nouns import named_by_place
from .record import by_count, check_count
from .seen import for_network, pool

WORKING_SIDE = 512  # pixels, the longest side of the copy that is segmented
SUPERPIXELS = 400
STRIDE_WEIGHTS = {8: 0.6, 16: 1.0, 32: 1.0}
COLOUR_WEIGHT = 0.25
PLACE_WEIGHT = 0.5
SMALLEST_ISLAND = 0.005  # share of the image
# Automatic: a join is undone when it cost at least this share of the last join.
WORTH_SPLITTING = 0.3


def features(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Cluster EfficientNet-Lite0's features, on superpixels.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    n_regions : int or "auto"
        1 to 48, or "auto": between 3 and 9, where the tree's next joins get expensive. Regions with
        fewer n_regions are unions of those with more, so `Regions.expand` knows their parts.

    Returns
    -------
    regions : Regions
        Named by their places.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    check_count(n_regions)
    copy = np.rint(for_network(image, WORKING_SIDE)).astype(np.uint8)
    superpixels = segmentation.slic(copy, n_segments=SUPERPIXELS, compactness=10, start_label=0)
    superpixels = np.unique(superpixels, return_inverse=True)[1]
    leaf, root = leaves(_ward_joins(_superpixel_features(copy, superpixels)))
    # Islands are looked for at the photograph's own size: reducing a label map makes new ones.
    whole = _merge_islands(leaf[resize_labels(superpixels, image.shape[:2])])
    present, atoms = np.unique(whole, return_inverse=True)
    root = moved(root, {int(leaf): atom for atom, leaf in enumerate(present)})
    if n_regions == "auto":
        n_regions = automatic_number(root, WORTH_SPLITTING * root.cost)
    return Regions(atoms, named_by_place(atoms, coarsest(root, int(n_regions))), "features")


def _ward_joins(points) -> list[Join]:
    """Ward's tree over the superpixels; after much noise there may be only one."""
    joins = scipy.cluster.hierarchy.linkage(points, "ward") if len(points) > 1 else ()
    return [Join(int(a), int(b), float(cost)) for a, b, cost, _ in joins]


def _superpixel_features(copy, superpixels) -> np.ndarray:
    """(S, D) what network, colour and place say of each superpixel, on one scale."""
    from ..backbone import efficientnet_lite0

    maps = efficientnet_lite0().features(copy[None], [f"stride_{s}" for s in STRIDE_WEIGHTS])
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        features = maps[f"stride_{stride}"][0]
        # One scale for each stride, not one for each position: where the network responds strongly,
        # on objects, differences count more than in the background, and objects are divided more
        # finely.
        length = np.linalg.norm(features, axis=-1).mean()
        columns.append(weight * pool(features / max(length, 1e-6), superpixels))
    place = np.moveaxis(np.indices(superpixels.shape), 0, -1) / max(superpixels.shape)
    columns.append(COLOUR_WEIGHT * pool(color.rgb2lab(copy) / 50, superpixels))
    columns.append(PLACE_WEIGHT * pool(place, superpixels))
    return np.concatenate(columns, axis=1)


def _merge_islands(labels) -> np.ndarray:
    """Give each pixel of pieces smaller than SMALLEST_ISLAND the label of the nearest other one."""
    pieces = measure.label(labels, background=-1, connectivity=1)
    areas = np.bincount(pieces.ravel())
    small = areas < min(SMALLEST_ISLAND * labels.size, areas.max())
    nearest = scipy.ndimage.distance_transform_edt(
        small[pieces], return_distances=False, return_indices=True
    )
    return labels[tuple(nearest)]


SEGMENTERS = (
    by_count("features", features, "features of EfficientNet-Lite0, clustered on superpixels"),
)
