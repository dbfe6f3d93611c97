"""An explanation: the effect of each region of a photograph, and what can be read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Classifier, Target
from ..classifiers.load import load_classifier
from ..errors import SegxaiError
from ..images import Bands
from ..plots.numbers import format_output
from ..progress import Progress
from ..regions import Regions
from . import archive, parts, sets, surrogates
from .checks import FILLS_COMPARED, Placebo, Robustness, placebo_test, robustness
from .coalitions import Coalitions, evaluate_all
from .fills import Fill
from .game import Game
from .methods import ALPHA, KERNEL_WIDTH, METHODS, solve
from .sampling import draw_coalitions
from .summary import sentences

if TYPE_CHECKING:
    from ..plots import DescribedFigure


@dataclass(frozen=True, eq=False)
class Explanation:
    """The effect of each region of a photograph on the probability of one class.

    Attributes
    ----------
    coalitions : Coalitions
        The table of outputs, with the game that was evaluated.
    method : str
        One of `methods.METHODS`.
    weights : (K,) array of float
        The probability added by showing region k.
    intercept : float
        The surrogate's value with no region shown.
    r2 : float
        The share of the table's variance that the surrogate explains.
    interval : (K, 2) array of float
        95 % confidence interval; of zero width if the weights are exact, NaN if none was computed.
    kernel_width, alpha : float
        Of LIME's fit.
    hierarchy : tuple
        The regions' indices, nested where regions are parts of one thing (see `drill_down`).
    checks : tuple of Robustness or Placebo
        What `examine` found.
    sets_found : dict
        The results of `sufficient` and `necessary` so far, as region numbers and values.
    """

    coalitions: Coalitions
    method: str
    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray
    kernel_width: float = KERNEL_WIDTH
    alpha: float = ALPHA
    hierarchy: tuple = ()
    checks: tuple[Robustness | Placebo, ...] = ()
    sets_found: dict = field(default_factory=dict, repr=False)

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8, what is shown; what is perturbed is `picture`."""
        return self.coalitions.game.image

    @property
    def picture(self) -> np.ndarray | Bands:
        """What is perturbed: the photograph, or `Bands`."""
        return self.coalitions.game.picture

    @property
    def regions(self) -> Regions:
        """The K regions."""
        return self.coalitions.game.regions

    @property
    def classifier(self) -> Classifier | None:
        """The classifier; None where a table of its outputs is all that is known."""
        known = self.coalitions.game.classifier
        return None if known is None else load_classifier(known)

    @property
    def target(self) -> str:
        """The name of the class explained."""
        return self.coalitions.target_name

    @property
    def page_methods(self) -> dict[str, str]:
        """The methods that pages compute themselves, and what people call them."""
        return {name: method.title for name, method in METHODS.items() if method.in_pages}

    @property
    def evaluated(self) -> Coalitions:
        """The table as it was evaluated; of a tree that of its leaves."""
        return self.coalitions

    @property
    def evaluations(self) -> int:
        """Images that the classifier was evaluated on."""
        return self.coalitions.evaluations

    def __repr__(self):
        strongest = "; ".join(f"{name} {weight:+z.2f}" for name, weight in self.ranking()[:3])
        value = " and ".join(
            format_output(value, self.coalitions.output)
            for _, value in self.coalitions.outputs_of(True)
        )
        return f"<Explanation of {self.target!r} ({value}) by {self.method}: {strongest}; ...>"

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the largest weight first; see `Regions.marked_names`."""
        order = np.argsort(-self.weights, kind="stable")
        return [(self.regions.marked_names[i], float(self.weights[i])) for i in order]

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
    ) -> Explanation:
        """Recompute the weights from the same table, without evaluating the classifier.

        Parameters
        ----------
        method : str, optional
            "lime", "shapley", "banzhaf" or "owen".
        kernel_width, alpha : float, optional
            Of LIME's fit.
        target : str or int, optional
            One of the table's classes.

        Returns
        -------
        explanation : Explanation
            With the given changes; what is not given stays.

        Raises
        ------
        SegxaiValueError
            For an unknown method or for a target that the table does not contain.
        """
        return from_coalitions(
            self.coalitions if target is None else self.coalitions.for_target(target),
            self.method if method is None else method,
            self.kernel_width if kernel_width is None else kernel_width,
            self.alpha if alpha is None else alpha,
            self.hierarchy,
        )

    def weight_map(self) -> np.ndarray:
        """Return the weights as a picture.

        Returns
        -------
        weights : (H, W) array of float
            Of each pixel the weight of its region.
        """
        return self.weights[self.regions.labels]

    def contrast(self, other: str | int) -> Explanation:
        """Explain the target's probability minus that of `other`; see `Coalitions.contrast`."""
        return from_coalitions(
            self.coalitions.contrast(other),
            self.method,
            self.kernel_width,
            self.alpha,
            self.hierarchy,
        )

    def interactions(self) -> np.ndarray:
        """Compute the Shapley interaction index of each pair; see `surrogates`.

        Returns
        -------
        indices : (K, K) array of float
            See `surrogates.shapley_interactions`.

        Raises
        ------
        SegxaiError
            If the table is a sample.
        """
        self.need_all("interactions()")
        return surrogates.shapley_interactions(self.coalitions.masks, self.coalitions.values)

    def sufficient(self, p: float = 0.5, *, progress: Progress = None) -> tuple[str, ...]:
        """Find few regions that alone keep at least a share of the whole image's probability.

        With a complete table they are the fewest, and among those the ones with the highest
        probability. Beyond, they are the fewest that a search found, which evaluates the classifier
        at most as often again as the table did; see `segxai.explanation.sets.search`.

        Parameters
        ----------
        p : float
            The share, above 0 and up to 1.
        progress : callable or bool, optional
            See `segxai.progress.track`.

        Returns
        -------
        names : tuple of str
            The regions.

        Raises
        ------
        SegxaiError
            Where there is no classifier to search with.
        """
        found = sets.find(self, "sufficient", p, progress=progress)
        assert found is not None  # the whole image is enough for itself
        return found[0]

    def necessary(self, p: float = 0.5, *, progress: Progress = None) -> tuple[str, ...] | None:
        """Find few regions without which less than a share of the whole's probability is left.

        The fewest, and among those the ones without which least is left; or the fewest found, as
        for `sufficient`.

        Parameters
        ----------
        p : float
            The share, above 0 and up to 1.
        progress : callable or bool, optional
            See `segxai.progress.track`.

        Returns
        -------
        names : tuple of str, or None
            None where whatever is taken away leaves that much, or where no set was found.
        """
        found = sets.find(self, "necessary", p, progress=progress)
        return None if found is None else found[0]

    def drill_down(self, name: str | int, *, progress: Progress = None) -> Explanation:
        """Replace one region by its parts, whose Owen values add up to the region's Shapley value.

        Evaluates only the coalitions that divide the region; all others are taken from this table.
        The fill stays the same.

        Parameters
        ----------
        name : str or int
            The region.
        progress : callable or bool, optional
            See `segxai.progress.track`.

        Returns
        -------
        explanation : Explanation
            Of the regions and parts, by the method "owen".

        Raises
        ------
        SegxaiError
            If the region has no known parts, the table is a sample, or more than 12 regions would
            result.
        """
        self.need_all("drill_down()")
        finer = parts.expand_coalitions(self.coalitions, name, progress=progress)
        more = len(finer.game.regions) - len(self.regions) + 1
        nested = parts.nest(self.hierarchy, self.regions.index(name), more)
        return from_coalitions(finer, "owen", self.kernel_width, self.alpha, nested)

    def examine(
        self,
        *,
        fills: Sequence[Fill] = FILLS_COMPARED,
        borders: int = 2,
        placebos: int = 39,
        seed: int = 0,
        progress: Progress = None,
    ) -> Explanation:
        """Check the explanation with other fills, shifted borders and placebos.

        Evaluates the classifier again; see `segxai.robustness` and `segxai.placebo_test`.

        Parameters
        ----------
        fills, borders, progress
            See `segxai.robustness`.
        placebos, seed : int
            The placements and the seed of `segxai.placebo_test`.

        Returns
        -------
        explanation : Explanation
            The same, with `checks`.

        Raises
        ------
        SegxaiError
            If the explanation holds no classifier, or for an empty `fills`.
        """
        stable = robustness(self, fills=fills, borders=borders, progress=progress)
        placebo = placebo_test(self, placements=placebos, seed=seed, progress=progress)
        return replace(self, checks=(stable, placebo))

    def in_words(self, *, search: bool = True) -> list[str]:
        """Summarise in sentences.

        Parameters
        ----------
        search : bool
            Whether the classifier may be evaluated to find sets that the table does not contain, if
            `sufficient` and `necessary` have not found them before.

        Returns
        -------
        sentences : list of str
            On the largest weight, sufficient and necessary sets, interactions and `checks`; for a
            sample also how many evaluations would halve the intervals.
        """
        return sentences(self, search)

    def to_lime(self) -> Any:
        """Convert to lime's `ImageExplanation`, for code written for lime."""
        from lime.lime_image import ImageExplanation

        explanation = ImageExplanation(self.image, np.asarray(self.regions.labels))
        label = self.coalitions.target
        order = np.argsort(-np.abs(self.weights), kind="stable")
        explanation.top_labels = [label]
        explanation.local_exp = {label: [(int(k), float(self.weights[k])) for k in order]}
        explanation.intercept = {label: self.intercept}
        explanation.local_pred = {label: np.array([self.intercept + self.weights.sum()])}
        explanation.score = {label: self.r2}
        return explanation

    def plot(self) -> DescribedFigure:
        """Draw the photograph with its named regions, and their weights as colours and bars."""
        return plots.plot_explanations([self])

    def save(self, path: str | Path) -> None:
        """Write a self-contained web page, a picture, or all of it to be loaded again.

        Parameters
        ----------
        path : str or Path
            Ends with ``.html``, ``.png``, ``.pdf`` or ``.svg``; or with ``.segxai``, the ending of
            files that `segxai.load_explanation` reads. Of the classifier these hold only the name.

        Raises
        ------
        SegxaiError
            For another ending, or if the file cannot be written.
        """
        if report.file_ending(path) == ".segxai":
            archive.write(self, path)
        else:
            report.save_explanation(self, path)

    def _repr_html_(self) -> str:
        return report.explanation_fragment(self)

    def weights_in(self, game: Game) -> np.ndarray:
        """Explain another game of as many regions in the same way.

        Parameters
        ----------
        game : Game
            A variant of the one that was evaluated, from ``self.evaluated.replay``.

        Returns
        -------
        weights : (K,) array of float
            After as many evaluations. A tree is divided anew, wherever the evidence then is.
        """
        budget = max(2, len(self.coalitions.masks))
        drawn = draw_coalitions(
            len(game.regions), budget, game.seed, self.method, self.kernel_width
        )
        table = evaluate_all(game, *drawn, progress=False)
        return solve(table, self.method, self.kernel_width, self.alpha, self.hierarchy).weights

    def need_all(self, what: str) -> None:
        """Raise SegxaiError if the table is a sample, for `what`, which needs every coalition."""
        if not self.coalitions.exact:
            number = len(self.regions)
            raise SegxaiError(
                f"{what} needs every coalition, and {number} regions have 2**{number}; this table "
                f"is a sample of {len(self.coalitions.masks)}. Use at most 10 regions, or raise "
                "max_evaluations."
            )


def from_coalitions(
    coalitions: Coalitions,
    method: str,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
    hierarchy: tuple = (),
) -> Explanation:
    """Compute an explanation from a finished table, without evaluating the classifier.

    Parameters
    ----------
    coalitions : Coalitions
        The table.
    method, kernel_width, alpha
        See `methods.solve`.
    hierarchy : tuple
        The regions' indices, nested like the parts; by default no region is a part of another.

    Returns
    -------
    explanation : Explanation
        Its weights.
    """
    hierarchy = hierarchy or tuple(range(coalitions.masks.shape[1]))
    fit = solve(coalitions, method, kernel_width, alpha, hierarchy)
    return Explanation(coalitions, method, *fit, kernel_width, alpha, hierarchy)


def renamed(explanation: Explanation, regions: Regions) -> Explanation:
    """Give the regions of an explanation other names.

    Parameters
    ----------
    explanation : Explanation
        No tree.
    regions : Regions
        The same regions under other names.

    Returns
    -------
    explanation : Explanation
        With the names, also in its checks.
    """
    table = explanation.coalitions
    return replace(
        explanation,
        coalitions=replace(table, game=table.game.with_(regions=regions)),
        checks=tuple(replace(check, names=regions.marked_names) for check in explanation.checks),
    )
