"""Check an explanation: with other fills, shifted borders, and its regions' shapes elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import plots
from ..classifiers.classifier import batches
from ..errors import known_explanation, whole_number
from ..plots.numbers import FAINT, quantity
from ..progress import Progress, track
from ..regions import Regions
from .coalitions import Coalitions, evaluate_all
from .descent import descend
from .explanation import Explanation
from .fills import GIVEN, Fill, distinct_fills, fill_name, in_type_of
from .game import Game
from .methods import draw_coalitions, solve
from .tree_explanation import TreeExplanation

FILLS_COMPARED = ("mean", "blur", "grey", "noise")
# The sign of a weight below this share of the largest one is not interpreted.
NEGLIGIBLE = 0.02


def examine(
    explanation: Explanation,
    *,
    fills: Sequence[Fill] = FILLS_COMPARED,
    borders: int = 2,
    placebos: int = 39,
    seed: int = 0,
    progress: Progress = None,
) -> Explanation:
    """Check an explanation with other fills, shifted borders and placebos.

    Evaluates the classifier again; see `robustness` and `placebo_test`.

    Parameters
    ----------
    explanation : Explanation
        To be checked.
    fills, borders, progress
        See `robustness`.
    placebos, seed : int
        The placements and the seed of `placebo_test`.

    Returns
    -------
    explanation : Explanation
        The same, whose pages and sentences contain what was found.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier, or for an empty `fills`.
    """
    checks = (
        robustness(explanation, fills=fills, borders=borders, progress=progress),
        placebo_test(explanation, placements=placebos, seed=seed, progress=progress),
    )
    return replace(explanation, details=replace(explanation.details, checks=checks))


@dataclass(frozen=True, eq=False)
class Robustness:
    """The weights of the regions under several variants of the fill and the borders.

    Attributes
    ----------
    names : tuple of str
        (K,) of the regions.
    target : str
        The class explained.
    variants : tuple of str
        (V,) descriptions, the unchanged explanation first.
    weights : (V, K) array of float
        Changes of the target's probability, or of what else `output` names.
    output : str
        What the classifier's values are.
    """

    names: tuple[str, ...]
    target: str
    variants: tuple[str, ...]
    weights: np.ndarray
    output: str = "probability"

    @property
    def interval(self) -> np.ndarray:
        """(K, 2) the lowest and the highest weight of each region."""
        return np.stack([self.weights.min(axis=0), self.weights.max(axis=0)], axis=1)

    @property
    def flips(self) -> np.ndarray:
        """(K,) bool: whether a weight is positive under some variants, negative under others."""
        return sign_flips(self.weights)

    def sentences(self) -> list[str]:
        """One sentence for each region whose sign depends on the variant, or that none does."""
        what = f"{len(self.variants)} variants ({', '.join(self.variants)})"
        by_fill = sign_flips(
            self.weights[[variant.startswith("fill") for variant in self.variants]]
        )
        if not self.flips.any():
            return [f"No region's sign changes across {what}."]
        return [
            f"The sign of “{name}” depends on the {'fill' if fill else 'exact border'}: "
            f"its weight ranges from {low:+z.3f} to {high:+z.3f} across {what}."
            for name, (low, high), flips, fill in zip(
                self.names, self.interval, self.flips, by_fill, strict=True
            )
            if flips
        ]

    def plot(self) -> "plots.DescribedFigure":
        """Each region's weights under all variants, as points on one line."""
        return plots.plot_robustness(self)


def sign_flips(weights: np.ndarray) -> np.ndarray:
    """Find the regions whose weights take both signs.

    Parameters
    ----------
    weights : (V, K) array of float
        Of each region under each variant.

    Returns
    -------
    flips : (K,) array of bool
        Either sign must exceed NEGLIGIBLE times the largest absolute weight. Weights that are
        written as 0 have no sign, however small all the others are.
    """
    limit = max(FAINT, NEGLIGIBLE * np.abs(weights).max())
    return (weights.min(axis=0) < -limit) & (weights.max(axis=0) > limit)


def robustness(
    explanation: Explanation,
    *,
    fills: Sequence[Fill] = FILLS_COMPARED,
    borders: int = 2,
    progress: Progress = None,
) -> Robustness:
    """Repeat the explanation with other fills, and with all borders shifted in both directions.

    The shift first grows the smaller of two neighbouring regions, then shrinks it. A weight whose
    sign depends on the fill reflects the fill more than the region. Takes one table of evaluations
    for each variant.

    Parameters
    ----------
    explanation : Explanation
        To be repeated.
    fills : sequence
        At least one fill, see `fills.fill_image`.
    borders : int
        How far borders move, in pixels; 0 for no such variants.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    robustness : Robustness
        The weights under each variant.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier, or `fills` is not a sequence of at least one.

    References
    ----------
    Sturmfels et al. 2020, "Visualizing the Impact of Feature Attribution Baselines".
    """
    e = known_explanation(explanation)
    game = evaluated(e).replay("robustness()")
    whole_number("borders (pixels)", borders)
    others = [
        (f"fill {fill_name(fill)}", game.with_(fill=fill))
        for fill in distinct_fills(fills)
        if fill_name(fill) == GIVEN or fill_name(fill) != game.fill
    ]
    others += [
        (
            f"borders {shift:+d} px",
            game.with_(regions=shift_borders(game.regions, shift), fill=game.same_fill),
        )
        for shift in ((borders, -borders) if borders else ())
    ]
    weights, evaluations = [e.weights], e.coalitions.evaluations
    with track(len(others) * evaluations, "other fills and borders", progress=progress) as advance:
        for _, variant in others:
            weights.append(weights_in(e, variant))
            advance(evaluations)
    variants = (f"fill {game.fill}", *(name for name, _ in others))
    return Robustness(
        e.regions.marked_names, e.target, variants, np.array(weights), e.coalitions.output
    )


def evaluated(explanation: Explanation) -> Coalitions:
    """Return the table as it was evaluated: of a tree that of its leaves."""
    e = explanation
    return e.descent.coalitions if isinstance(e, TreeExplanation) else e.coalitions


def weights_in(explanation: Explanation, game: Game) -> np.ndarray:
    """Explain another game of as many regions in the same way.

    Parameters
    ----------
    explanation : Explanation
        How to explain.
    game : Game
        A variant of the one that was `evaluated`, from its `Coalitions.replay`.

    Returns
    -------
    weights : (K,) array of float
        After as many evaluations. A tree is divided anew, wherever the evidence then is.
    """
    e, (number, regions) = explanation, explanation.coalitions.masks.shape
    if isinstance(e, TreeExplanation):
        tree = replace(e.descent.tree, leaves=game.regions)
        again = descend(game, tree, e.evaluations, progress=False)
        return again.weights_of(e.descent.members(e.regions))[0]
    kernel_width = e.details.kernel_width
    drawn = draw_coalitions(regions, max(2, number), game.seed, e.method, kernel_width)
    table = replace(evaluate_all(game, *drawn, progress=False), hierarchy=e.coalitions.hierarchy)
    return solve(table, e.method, kernel_width, e.details.alpha).weights


def shift_borders(regions: Regions, pixels: int) -> Regions:
    """Shift all borders between regions.

    Parameters
    ----------
    regions : Regions
        To change.
    pixels : int
        By how much smaller regions grow, or shrink if it is negative.

    Returns
    -------
    regions : Regions
        With the same names. A region that would vanish keeps its pixels; where this takes the
        last ones of another, no border is shifted.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    order = np.argsort(-regions.areas, kind="stable")  # the smallest region gets the highest rank
    rank = np.argsort(order)
    chosen = maximum_filter if pixels > 0 else minimum_filter
    labels = order[chosen(rank[regions.labels], size=2 * abs(pixels) + 1, mode="nearest")]
    labels = np.where(np.isin(regions.labels, labels), labels, regions.labels)
    if len(np.unique(labels)) < len(regions):  # restoring one region covered another
        labels = regions.labels
    return Regions.from_labels(labels, regions.names, regions.method)


@dataclass(frozen=True, eq=False)
class Placebo:
    """The effect of covering each region, compared with covering its shape at other places.

    Attributes
    ----------
    names : tuple of str
        (K,) of the regions.
    target : str
        The class explained.
    effects : (K,) array of float
        Decrease of the target's probability, or of what else `output` names, when a region is
        covered.
    placebos : (K, P) array of float
        The same for P copies of its shape at random places.
    areas : (K,) array of float
        The regions' shares of the image.
    output : str
        What the classifier's values are.
    """

    names: tuple[str, ...]
    target: str
    effects: np.ndarray
    placebos: np.ndarray
    areas: np.ndarray
    output: str = "probability"

    @property
    def p_values(self) -> np.ndarray:
        """(K,) the share of placements, its own included, whose effect is at least the region's.

        So they are never zero; see Phipson and Smyth 2010, "Permutation P-values Should Never Be
        Zero".
        """
        return (1 + (self.placebos >= self.effects[:, None]).sum(axis=1)) / (
            1 + self.placebos.shape[1]
        )

    def sentences(self) -> list[str]:
        """One sentence on the region with the largest effect."""
        k, value = int(np.argmax(self.effects)), quantity(self.output, f"“{self.target}”")
        return [
            f"Covering “{self.names[k]}” lowers {value} by {self.effects[k]:z.3f}; "
            f"covering the same shape elsewhere lowers it by {self.placebos[k].mean():z.3f} on "
            f"average ({self.placebos.shape[1]} placebos, p = {self.p_values[k]:.3g})."
        ]

    def plot(self) -> "plots.DescribedFigure":
        """Each region's effect next to those of its placebos, with its p-value."""
        return plots.plot_placebo(self)


def placebo_test(
    explanation: Explanation, *, placements: int = 39, seed: int = 0, progress: Progress = None
) -> Placebo:
    """Test whether covering a region has more effect than covering the same shape elsewhere.

    Large regions have large effects wherever they are. The test therefore moves each region's shape
    to random places, wrapping around the image's edges to preserve its area and overlapping the
    region by at most half where possible. Each place is covered with the explanation's fill (for
    "mean", the mean colour of that place). Evaluates the classifier on K (placements + 1) images.

    Parameters
    ----------
    explanation : Explanation
        To be tested.
    placements : int
        How many places for each region.
    seed : int
        Draws them.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    placebo : Placebo
        The effects.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier.
    """
    e = known_explanation(explanation)
    game = e.coalitions.replay("placebo_test()")
    whole_number("placements", placements, 1)
    rng = np.random.default_rng(whole_number("seed", seed))
    values = np.empty((len(e.regions), placements + 1))
    with track(values.size, "placebos", progress=progress) as advance:
        for k, row in enumerate(values):
            mask = e.regions.mask(k)
            places = [mask, *(_moved(mask, rng) for _ in range(placements))]
            for batch in batches(len(places), game.classifier.batch_size):
                pictures = [_covered(game, place) for place in places[batch]]
                row[batch] = game.evaluate_pictures(pictures)[:, 0]
                advance(len(pictures))
    effects, output = e.coalitions.full - values, e.coalitions.output
    return Placebo(
        e.regions.marked_names, e.target, effects[:, 0], effects[:, 1:], e.regions.areas, output
    )


def _moved(mask, rng, tries=30):
    """Move a mask to the first of some places that overlaps by at most half, or the least."""
    best, least = mask, mask.sum()
    for _ in range(tries):
        moved = np.roll(mask, [rng.integers(side) for side in mask.shape], axis=(0, 1))
        shared = (moved & mask).sum()
        if shared < least:
            best, least = moved, shared
        if least <= mask.sum() / 2:
            break
    return best


def _covered(game, mask):
    picture, mean = game.pixels.copy(), game.pixels[mask].mean(axis=0)
    picture[mask] = in_type_of(picture, mean) if game.fill == "mean" else game.filled[mask]
    return picture
