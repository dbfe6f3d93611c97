"""An explanation: the effect of each region of a photograph, and what can be read off it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Target
from ..errors import whole_number
from ..files import as_path
from ..plots.numbers import format_output, strongest
from ..progress import Progress
from ..regions import Regions
from . import archive, sets, summary, surrogates
from .coalitions import Coalitions
from .methods import ALPHA, KERNEL_WIDTH, check_all, solve

if TYPE_CHECKING:
    from .checks import Placebo, Robustness


@dataclass(frozen=True)
class Details:
    """What an explanation keeps besides its weights.

    Attributes
    ----------
    kernel_width, alpha : float
        Of LIME's fit.
    checks : tuple of Robustness or Placebo
        What `checks.examine` found.
    sets_found : dict
        What `sets.find` found, as region numbers and values.
    """

    kernel_width: float = KERNEL_WIDTH
    alpha: float = ALPHA
    checks: "tuple[Robustness | Placebo, ...]" = ()
    sets_found: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False)
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
    details : Details
        The settings of the fit, and what was found since.
    """

    coalitions: Coalitions
    method: str
    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray
    details: Details = field(default_factory=Details)

    @property
    def regions(self) -> Regions:
        """The K regions."""
        return self.coalitions.game.regions

    @property
    def target(self) -> str:
        """The name of the class explained; in a contrast, those of both classes."""
        return self.coalitions.target_name

    @property
    def evaluations(self) -> int:
        """Images that the classifier was evaluated on."""
        return self.coalitions.evaluations

    def __repr__(self):
        strongest = "; ".join(f"{name} {weight:+z.2f}" for name, weight in self.ranking()[:3])
        value = " and ".join(
            format_output(value, self.coalitions.output) for _, value in self.coalitions.outputs
        )
        return f"<Explanation of {self.target!r} ({value}) by {self.method}: {strongest}; ...>"

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
        versus: Target = None,
    ) -> "Explanation":
        """Recompute the weights from the same table, without evaluating the classifier.

        Parameters
        ----------
        method : str, optional
            "lime", "shapley", "banzhaf" or "owen".
        kernel_width, alpha : float, optional
            Of LIME's fit.
        target : str or int, optional
            One of the table's classes.
        versus : str or int, optional
            Another one, to explain why the target rather than this: the target's probability minus
            its own.

        Returns
        -------
        explanation : Explanation
            With the given changes; what is not given stays.

        Raises
        ------
        SegxaiValueError
            For an unknown method or for a class that the table does not contain.
        """
        return from_coalitions(
            self.coalitions.for_target(target, versus),
            self.method if method is None else method,
            self.details.kernel_width if kernel_width is None else kernel_width,
            self.details.alpha if alpha is None else alpha,
        )

    def ranking(self, most: int | None = None) -> list[tuple[str, float]]:
        """Return (name, weight) of the strongest regions, by default of all.

        The largest weight comes first; guessed names have a mark.
        """
        names = self.regions.marked_names
        shown = strongest(self.weights, most if most is None else whole_number("most", most))
        return [(names[k], float(self.weights[k])) for k in shown]

    def weight_map(self) -> np.ndarray:
        """Return the weights as a picture.

        Returns
        -------
        weights : (H, W) array of float
            Of each pixel the weight of its region.
        """
        return self.weights[self.regions.labels]

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
        check_all("interactions()", len(self.regions), self.coalitions.exact)
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
            On the largest weight, sufficient and necessary sets, interactions and what
            `checks.examine` found; for a sample also how many evaluations would halve the
            intervals.
        """
        return summary.sentences(self, search)

    def to_lime(self) -> Any:
        """Convert to lime's `ImageExplanation`, for code written for lime."""
        from lime.lime_image import ImageExplanation

        explanation = ImageExplanation(self.coalitions.game.image, np.asarray(self.regions.labels))
        label = self.coalitions.target
        order = np.argsort(-np.abs(self.weights), kind="stable")
        explanation.top_labels = [label]
        explanation.local_exp = {label: [(int(k), float(self.weights[k])) for k in order]}
        explanation.intercept = {label: self.intercept}
        explanation.local_pred = {label: np.array([self.intercept + self.weights.sum()])}
        explanation.score = {label: self.r2}
        return explanation

    def plot(self) -> "plots.DescribedFigure":
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
        if as_path(path).suffix.lower() == ".segxai":
            archive.write(self, path)
        else:
            report.save_explanation(self, path)

    def _repr_html_(self) -> str:
        return report.rendered("cell.html", body="explanation.html", e=self)


def from_coalitions(
    coalitions: Coalitions,
    method: str,
    kernel_width: float = KERNEL_WIDTH,
    alpha: float = ALPHA,
) -> Explanation:
    """Compute an explanation from a finished table, without evaluating the classifier.

    Parameters
    ----------
    coalitions : Coalitions
        The table.
    method, kernel_width, alpha
        See `methods.solve`.

    Returns
    -------
    explanation : Explanation
        Its weights.
    """
    return Explanation(
        coalitions,
        method,
        *solve(coalitions, method, kernel_width, alpha),
        Details(kernel_width, alpha),
    )


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
    table, details = explanation.coalitions, explanation.details
    checks = tuple(replace(check, names=regions.marked_names) for check in details.checks)
    return replace(
        explanation,
        coalitions=replace(table, game=table.game.with_(regions=regions)),
        details=replace(details, checks=checks),
    )
