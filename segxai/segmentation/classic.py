"""Segmenters by colour and position only: those of scikit-image, and a regular grid.

Their regions are named by their place.
"""

import numpy as np
from skimage import color, filters, segmentation  # their functions are imported when called

from ..errors import whole_number
from ..images import MAX_SIDE, reduced, resize_labels
from ..regions import Part, Regions
from .nouns import named_by_place
from .record import COUNT, Segmenter, Slider, check_number

WORKING_SIDE = 1024  # pixels; larger photographs are reduced to this size for segmentation


def grid(image: np.ndarray, rows: int = 4, columns: int = 4) -> Regions:
    """Divide a photograph into equal rectangles: a baseline that does not depend on it.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    rows, columns : int
        From 1 to the image's height and width. Up to 4 may be asked of any picture: if it has fewer
        pixels, each is one.

    Returns
    -------
    regions : Regions
        From left to right and from top to bottom.
    """
    height, width = image.shape[:2]
    check_number("rows", rows, 1, max(height, 4))
    check_number("columns", columns, 1, max(width, 4))
    rows, columns = min(rows, height), min(columns, width)
    row = np.arange(height)[:, None] * rows // height
    labels = row * columns + np.arange(width) * columns // width
    names = [f"row {r + 1}, column {c + 1}" for r in range(rows) for c in range(columns)]
    return Regions.from_labels(labels, names, "grid")


def slic(
    image: np.ndarray, n_segments: int = 14, compactness: float = 10.0, sigma: float = 1.0
) -> Regions:
    """Cluster pixels by colour and position, with k-means.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        Segmented with its longest side at most WORKING_SIDE.
    n_segments : int
        The number of clusters; usually fewer regions result.
    compactness : float
        How much the position counts: high values give squares.
    sigma : float
        Of the Gaussian that smooths the image first, in pixels.

    Returns
    -------
    regions : Regions
        Named by their places.

    References
    ----------
    Achanta et al. 2012, "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods".
    """
    return _named(
        image,
        segmentation.slic(
            reduced(image, WORKING_SIDE),
            n_segments=int(n_segments),
            compactness=compactness,
            sigma=sigma,
            start_label=0,
        ),
        "slic",
    )


def felzenszwalb(
    image: np.ndarray, scale: float = 600.0, sigma: float = 0.8, min_size: int = 2000
) -> Regions:
    """Merge the pixels' graph greedily, by colour differences.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        Segmented with its longest side at most WORKING_SIDE.
    scale : float
        The larger, the larger the regions.
    sigma : float
        Of the Gaussian that smooths the image first, in pixels.
    min_size : int
        Of a region, in pixels.

    Returns
    -------
    regions : Regions
        Named by their places.

    References
    ----------
    Felzenszwalb and Huttenlocher 2004, "Efficient Graph-Based Image Segmentation".
    """
    return _named(
        image,
        segmentation.felzenszwalb(
            reduced(image, WORKING_SIDE), scale=scale, sigma=sigma, min_size=int(min_size)
        ),
        "felzenszwalb",
    )


def quickshift(
    image: np.ndarray,
    kernel_size: float = 4.0,
    max_dist: float = 200.0,
    ratio: float = 0.2,
    seed: int = 0,
) -> Regions:
    """Seek modes of the density of pixels in colour and position; lime's default segmenter.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        Segmented with its longest side at most WORKING_SIDE.
    kernel_size : float
        Of the density, in pixels: the larger, the fewer regions.
    max_dist : float
        Between joined pixels: the larger, the fewer regions.
    ratio : float
        How much colour counts relative to position, 0 to 1.
    seed : int
        For breaking ties.

    Returns
    -------
    regions : Regions
        Named by their places.

    References
    ----------
    Vedaldi and Soatto 2008, "Quick Shift and Kernel Methods for Mode Seeking".
    """
    return _named(
        image,
        segmentation.quickshift(
            reduced(image, WORKING_SIDE),
            kernel_size=kernel_size,
            max_dist=max_dist,
            ratio=ratio,
            rng=whole_number("seed", seed),
        ),
        "quickshift",
    )


def watershed(image: np.ndarray, markers: int = 14, compactness: float = 0.0) -> Regions:
    """Flood the gradient image from evenly spaced markers.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        Segmented with its longest side at most WORKING_SIDE.
    markers : int
        Their number, and that of the regions.
    compactness : float
        Above 0, regions become more regular.

    Returns
    -------
    regions : Regions
        Named by their places.

    References
    ----------
    Beucher and Lantuejoul 1979, "Use of Watersheds in Contour Detection"; Neubert and
    Protzel 2014, "Compact Watershed and Preemptive SLIC", for the compactness.
    """
    return _named(
        image,
        segmentation.watershed(
            filters.sobel(color.rgb2gray(reduced(image, WORKING_SIDE))),
            markers=int(markers),
            compactness=compactness,
        ),
        "watershed",
    )


def chan_vese(image: np.ndarray, mu: float = 0.25, max_num_iter: int = 100) -> Regions:
    """Divide a photograph by brightness in two: inside and outside an evolving contour.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        Segmented with its longest side at most WORKING_SIDE.
    mu : float
        How much a long border costs: the larger, the smoother it is.
    max_num_iter : int
        At most this many steps of the contour.

    Returns
    -------
    regions : Regions
        Named by their places.

    References
    ----------
    Chan and Vese 2001, "Active Contours Without Edges".
    """
    return _named(
        image,
        segmentation.chan_vese(
            color.rgb2gray(reduced(image, WORKING_SIDE)), mu=mu, max_num_iter=int(max_num_iter)
        ),
        "chan_vese",
    )


def _named(image, labels, method) -> Regions:
    # Shifted by 1, because 0 would stay 0.
    atoms = segmentation.relabel_sequential(resize_labels(labels, image.shape[:2]) + 1)[0] - 1
    parts = [Part("", (i,)) for i in range(atoms.max() + 1)]
    return Regions(atoms, named_by_place(atoms, parts), method)


def _slic_for_count(n, shape):
    """List numbers of segments to try: SLIC usually returns fewer regions than seeds."""
    tries = {round(factor * n) for factor in np.linspace(1, 3, 17)} | {max(1, n - 1)}
    return [{"n_segments": m} for m in sorted(tries, key=lambda m: abs(m - n))]


def _grid_for_count(n, shape):
    rows = min(shape[0], max(1, round(np.sqrt(n * shape[0] / shape[1]))))
    return [{"rows": rows, "columns": min(shape[1], max(1, round(n / rows)))}]


SEGMENTERS = (
    Segmenter(
        "grid",
        grid,
        "nothing; equal rectangles as a baseline",
        (
            Slider("rows", "Rows", 1, 8, 4, hint="Rectangles from top to bottom"),
            Slider("columns", "Columns", 1, 8, 4, hint="Rectangles from left to right"),
        ),
        _grid_for_count,
    ),
    Segmenter(
        "slic",
        slic,
        "colour and position, by k-means",
        (
            Slider("n_segments", "Segments", 2, 60, 14, hint=COUNT),
            Slider(
                "compactness",
                "Compactness",
                0.1,
                100,
                10.0,
                log=True,
                hint="Low: regions follow colours; high: they become squares",
            ),
        ),
        _slic_for_count,
        limits={"n_segments": (1,), "compactness": (1e-6,), "sigma": (0, MAX_SIDE)},
    ),
    Segmenter(
        "felzenszwalb",
        felzenszwalb,
        "colour differences, by greedy merging",
        (
            Slider(
                "scale", "Scale", 50, 2000, 600, step=50, hint="The larger, the larger the regions"
            ),
            Slider(
                "min_size",
                "Smallest",
                200,
                6000,
                2000,
                step=100,
                hint="The smallest region, in pixels",
            ),
        ),
        lambda n, shape: [
            {"min_size": size} for size in (500, 1000, 2000, 4000, 8000, 16000, 32000)
        ],
        limits={"scale": (0,), "sigma": (0, MAX_SIDE), "min_size": (0,)},
    ),
    Segmenter(
        "quickshift",
        quickshift,
        "colour and position, by mode seeking; lime's default",
        (
            Slider(
                "kernel_size",
                "Kernel size",
                2,
                10,
                4,
                hint="How much the density of colours is smoothed: the larger, the fewer regions",
            ),
            Slider(
                "max_dist",
                "Distance",
                20,
                400,
                200,
                step=20,
                hint="How far apart pixels may be joined: the larger, the fewer regions",
            ),
        ),
        limits={"kernel_size": (1,), "max_dist": (0,)},
    ),
    Segmenter(
        "watershed",
        watershed,
        "edges, by flooding from a grid of markers",
        (Slider("markers", "Markers", 2, 60, 14, hint=COUNT),),
        lambda n, shape: [{"markers": m} for m in range(max(1, n - 3), n + 3)],
        limits={"markers": (1,), "compactness": (0,)},
    ),
    Segmenter(
        "chan_vese",
        chan_vese,
        "brightness, in two phases",
        (
            Slider(
                "mu",
                "Smoothness",
                0.05,
                1,
                0.25,
                step=0.05,
                hint="How much a long border costs: the larger, the smoother",
            ),
        ),
        limits={"mu": (0,), "max_num_iter": (1,)},
    ),
)
