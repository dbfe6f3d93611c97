"""The metrics as single numbers, for tables over many photographs (`segxai.compare`)."""

from collections.abc import Callable
from typing import NamedTuple

from . import alignment, curves, r2, sanity, selection, stability


class Metric(NamedTuple):
    """A metric as `segxai.compare` uses it: one number for each explanation.

    Attributes
    ----------
    better : str
        "up", "down", "zero" (closer to 0 is better), or "" for no direction.
    about : str
        One line of description.
    value : callable
        A function of the explanation, and of an object's (H, W) mask if `needs_mask`.
    needs_mask : bool
    """

    better: str
    about: str
    value: Callable[..., float]
    needs_mask: bool = False


METRICS: dict[str, Metric] = {
    "insertion": Metric(
        "up",
        "area under the insertion curve",
        lambda e: curves.insertion(e).area,
    ),
    "deletion": Metric(
        "down",
        "area under the deletion curve",
        lambda e: curves.deletion(e).area,
    ),
    "fidelity": Metric(
        "up", "R² of the surrogate on its own coalitions", lambda e: r2.fidelity(e).r2
    ),
    "loo_r2": Metric("up", "R² on coalitions left out of the fit", lambda e: r2.fidelity(e).loo_r2),
    "preservation": Metric(
        "up",
        "share of photographs whose class is kept by the selected regions alone",
        selection.preservation,
    ),
    "target_deletion": Metric(
        "up",
        "share of photographs whose class is lost without the selected regions",
        selection.target_deletion,
    ),
    "compactness": Metric(
        "down", "share of the image that the selected regions cover", selection.compactness
    ),
    "seed_stability": Metric(
        "down",
        "mean standard deviation of a weight over 3 seeds",
        lambda e: stability.seed_stability(e, 3, progress=False).spread,
    ),
    "random_label": Metric(
        "zero",
        "rank correlation with the weights of a random class",
        lambda e: sanity.random_label(e).correlation,
    ),
    "energy": Metric(
        "up", "share of the positive weights inside the object", alignment.energy, True
    ),
    "covers_plant": Metric(
        "up",
        "share of photographs whose top region is the plant",
        lambda e, mask: alignment.covers_plant(e, mask).found,
        True,
    ),
    "regions": Metric("", "number of regions", lambda e: len(e.regions)),
    "calls": Metric(
        "",
        "images the classifier was evaluated on for the explanation",
        lambda e: e.coalitions.evaluations,
    ),
}
