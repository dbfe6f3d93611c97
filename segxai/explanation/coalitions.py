"""The table of a classifier's outputs on coalitions: some regions are shown, others filled.

K regions form 2**K coalitions. If the budget allows, the classifier is evaluated once on each of
them. The table is then complete, so everything computed from it is free of sampling noise.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..classifiers.classifier import Target, class_number
from ..classifiers.load import load_classifier
from ..errors import SegxaiError, SegxaiValueError
from ..images import Bands
from ..progress import Progress
from .game import Game

ROUNDING = 1e-3  # by which a probability may leave 0..1, and a sum of them 1


@dataclass(frozen=True, eq=False)
class Coalitions:
    """A table of a classifier's outputs, one row for each coalition.

    Attributes
    ----------
    game : Game
        What was evaluated.
    masks : (N, K) array of bool
        True where a region is shown.
    table : (N, T) array of float32
        The outputs for each of `targets`, so that the target can be changed without another
        evaluation.
    targets : tuple of int
        (T,) class numbers: the most probable classes of the whole image, and the target.
    target_names : tuple of str
        (T,) their names; "1 (cat)" where several classes have the name "cat".
    target : int
        The class that is explained.
    exact : bool
        Whether the table contains all 2**K coalitions.
    evaluations : int
        The number of images evaluated.
    log_importance : (N,) array of float, optional
        The negative logarithm of the probability with which a coalition was drawn; None if the
        table is complete. See `segxai.explanation.methods`.
    output : str
        What the values are: "probability", "logit", "score"; "output" where they turned out not to
        be probabilities.
    rival : int, optional
        The class whose outputs are subtracted from the target's, see `for_target`.
    hierarchy : tuple
        The regions' numbers, nested where some are the parts of one thing, e.g. (0, (1, 2), 3);
        empty where none are.
    """

    game: Game
    masks: np.ndarray
    table: np.ndarray
    targets: tuple[int, ...]
    target_names: tuple[str, ...]
    target: int
    exact: bool
    evaluations: int
    log_importance: np.ndarray | None = None
    output: str = "probability"
    rival: int | None = None
    hierarchy: tuple = ()

    @cached_property
    def values(self) -> np.ndarray:
        """(N,) float32, the target's probability; in a contrast, minus the rival's."""
        target, *rival = self.columns
        return self.table[:, target] - self.table[:, rival].sum(axis=1)

    @property
    def columns(self) -> tuple[int, ...]:
        """Of `table`: the target's, and in a contrast the rival's."""
        numbers = (self.target,) if self.rival is None else (self.target, self.rival)
        return tuple(self.targets.index(number) for number in numbers)

    @property
    def target_name(self) -> str:
        """What is explained: the target class, or that class "rather than" its rival."""
        return " rather than ".join(self.target_names[column] for column in self.columns)

    @property
    def fill(self) -> str:
        """The fill's name."""
        return self.game.fill

    @property
    def filled(self) -> np.ndarray:
        """(H, W, C), the image from which switched-off regions are filled."""
        return self.game.filled

    @property
    def filled_view(self) -> np.ndarray:
        """(H, W, 3) uint8, what is shown of `filled`."""
        picture = self.game.picture
        return picture.view(self.filled) if isinstance(picture, Bands) else self.filled

    @property
    def full(self) -> float:
        """The target's probability with every region shown."""
        return float(self.values[self.masks.all(axis=1)][0])

    @property
    def empty(self) -> float:
        """The target's probability with every region filled."""
        return float(self.values[~self.masks.any(axis=1)][0])

    @property
    def outputs(self) -> list[tuple[str, float]]:
        """What the classifier gives for the whole picture; in a contrast, for both classes."""
        row = self.table[self.masks.all(axis=1)][0]
        return [(self.target_names[column], float(row[column])) for column in self.columns]

    def for_target(self, target: Target = None, versus: Target = None) -> "Coalitions":
        """Take another class as the target, without evaluating the classifier.

        Parameters
        ----------
        target, versus : str or int, optional
            Two of `targets`, by name or number. With `versus` the values become the target's
            probability minus that of this class, whose explanation answers why the classifier
            predicts the one rather than the other: the weights are the differences of the two
            classes' weights, for surrogates are linear in the table (but for Shapley values of a
            sample, where they are so within their intervals).

        Returns
        -------
        coalitions : Coalitions
            The same table. Without `target` its target stays; with it alone it is not a contrast.

        Raises
        ------
        SegxaiValueError
            For a class that is not among the targets, or if both are the same.

        References
        ----------
        Lipton 1990, "Contrastive Explanation".
        """
        kept = dict(zip(self.targets, self.target_names, strict=True))
        what = "target among the classes kept in this table (call explain() for another):"
        chosen, rival = self.target, self.rival
        if target is not None:
            chosen, rival = class_number(target, kept, what), None
        if versus is not None:
            rival = class_number(versus, kept, what)
        if rival == chosen:
            raise SegxaiValueError(f"{kept[chosen]!r} cannot be contrasted with itself.")
        return replace(self, target=chosen, rival=rival)

    def value_of(self, mask: np.ndarray) -> float | None:
        """Look up the target's probability for one coalition.

        Parameters
        ----------
        mask : (K,) array of bool
            Which regions it shows.

        Returns
        -------
        value : float or None
            None if the table does not contain it.
        """
        rows = np.flatnonzero((self.masks == np.asarray(mask, bool)).all(axis=1))
        return float(self.values[rows[0]]) if rows.size else None

    def replay(self, what: str, **changes: Any) -> Game:
        """Return the game, to evaluate the target on further coalitions.

        Parameters
        ----------
        what : str
            What evaluates the classifier again, for the messages.
        **changes
            Of the game, see `Game.with_`.

        Returns
        -------
        game : Game
            Only the target's outputs are kept, unless changed.

        Raises
        ------
        SegxaiError
            If there is no classifier, or the table is a contrast.
        """
        game = self.game.with_(**{"targets": (self.target,), "target": self.target} | changes)
        if game.classifier is None:
            raise SegxaiError(
                f"{what} evaluates the classifier, but this explanation holds none; "
                "create it with segxai.explain."
            )
        if self.rival is not None:
            raise SegxaiError(
                f"{what} needs a single class, but this explanation contrasts two; "
                "use the explanation of one of them."
            )
        if isinstance(game.classifier, str):
            game.classifier = load_classifier(game.classifier)
        return game


def evaluate_all(
    game: Game,
    masks: np.ndarray,
    log_importance: np.ndarray | None,
    *,
    progress: Progress = None,
) -> Coalitions:
    """Evaluate drawn coalitions in a table.

    Parameters
    ----------
    game : Game
        Whose classifier is evaluated.
    masks, log_importance
        From `methods.draw_coalitions`.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    coalitions : Coalitions
        The table, in the order of `masks`.
    """
    # The whole image comes first, because it determines which classes are kept.
    rows = game.evaluate(np.roll(masks, 1, axis=0), progress=progress)
    return tabulate(game, masks, np.roll(rows, -1, axis=0), log_importance)


def tabulate(
    game: Game,
    masks: np.ndarray,
    table: np.ndarray,
    log_importance: np.ndarray | None = None,
) -> Coalitions:
    """Make the table of a game from outputs.

    Parameters
    ----------
    game : Game
        That was evaluated, on each coalition once.
    masks, table, log_importance
        See `Coalitions`.

    Returns
    -------
    coalitions : Coalitions
        Its `output` is "output" if the classifier claims probabilities, but values in the table
        lie outside 0..1.
    """
    output, names = game.classifier.output, game.classifier.class_names
    if output == "probability" and (table.min() < -ROUNDING or table.max() > 1 + ROUNDING):
        output = "output"
    return Coalitions(
        game,
        masks,
        table,
        game.targets,
        target_names=tuple(
            f"{k} ({names[k]})" if names.count(names[k]) > 1 else names[k] for k in game.targets
        ),
        target=game.target_index,
        exact=len(masks) == 2 ** masks.shape[1],
        evaluations=len(masks),
        log_importance=log_importance,
        output=output,
    )
