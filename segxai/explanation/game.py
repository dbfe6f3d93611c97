"""The game: what is explained, and the one place where coalitions are evaluated.

In the words of cooperative game theory the regions are the players, and what a coalition of them
gains is the classifier's output on the photograph in which only they are shown.
"""

import warnings
from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..classifiers.classifier import Classifier, Target, batches
from ..classifiers.load import ClassifierLike, load_classifier
from ..classifiers.networks import NetClassifier
from ..errors import whole_number
from ..images import Bands, ImageLike, as_picture
from ..progress import Progress, track
from ..regions import Regions
from ..segmentation.registry import RegionsLike, as_regions
from .fills import GIVEN, Fill, fill_image, fill_name

KEPT_TARGETS = 5
DEFAULT = "efficientnet_lite0"


def known_name(classifier: Classifier | str | None) -> str | None:
    """Return the name by which the very same classifier can be loaded again, or None.

    VGG16's weights may come from anywhere.
    """
    ours = isinstance(classifier, NetClassifier) and classifier.name == DEFAULT
    return DEFAULT if ours or classifier == DEFAULT else None


@dataclass(eq=False)
class Game:
    """A photograph, its regions, a classifier and a fill, each normalised once, by `new_game`.

    Attributes
    ----------
    picture : (H, W, 3) array of uint8, or Bands
        What is perturbed.
    regions : Regions
        The K players.
    classifier : Classifier
        None where a table of its outputs is all that is known; where a game was saved or pickled,
        the name of one that can be loaded again, until it is needed.
    fill : str
        The fill's name.
    filled : (H, W, C) array
        The picture whose pixels replace regions that are switched off.
    seed : int
        For the noise of the fill, and for samples of coalitions.
    target : str, int or None
        The class to explain; None for the most probable one of the whole picture.
    targets : tuple of int
        The T classes whose outputs are kept. Where it is empty, the first evaluation sets it, and
        has to begin with the whole picture: it keeps the most probable classes and the target.
    """

    picture: np.ndarray | Bands
    regions: Regions
    classifier: Any
    fill: str
    filled: np.ndarray
    seed: int = 0
    target: Target = None
    targets: tuple[int, ...] = ()

    def __getstate__(self):
        state = {**self.__dict__, "classifier": known_name(self.classifier)}
        if state["classifier"] is None and self.classifier is not None:
            warnings.warn(
                f"The classifier {self.classifier.name!r} is not pickled with its explanation; "
                "what evaluates it again will need segxai.explain.",
                stacklevel=2,
            )
        return state

    def __deepcopy__(self, memo):
        memo[id(self.classifier)] = self.classifier  # copies share the network
        return Game(*(deepcopy(getattr(self, field.name), memo) for field in fields(self)))

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, C), what is perturbed, as an array."""
        return _pixels(self.picture)

    @cached_property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8, what is shown of the picture."""
        return _shown(self.picture)

    @property
    def same_fill(self) -> Fill:
        """What fills another picture in the same way: the fill's name, or these very pixels."""
        return self.filled if self.fill == GIVEN else self.fill

    @property
    def target_index(self) -> int:
        """The number of the class to explain, known from the first evaluation on."""
        return self.targets[0] if self.target is None else self.classifier.index(self.target)

    def with_(self, *, fill: Any = None, **changes: Any) -> "Game":
        """Return a variant of the game.

        Parameters
        ----------
        fill : str, sequence or image, optional
            Another fill, as for `fills.fill_image`; by default the filled pixels stay the same.
        **changes
            New values of attributes.

        Returns
        -------
        game : Game
            The same where nothing was changed.
        """
        game = replace(self, **changes)
        if fill is None:
            return game
        filled = fill_image(game.pixels, game.regions.labels, fill, game.seed)
        return replace(game, fill=fill_name(fill), filled=filled)

    def evaluator(self, expected: int, advance: Callable) -> Callable:
        """Prepare the classifier for many coalitions.

        Parameters
        ----------
        expected : int
            How many coalitions are to come: whether sharing a network's early layers pays off.
        advance : callable
            Is told how many coalitions were evaluated, after each batch.

        Returns
        -------
        evaluate : callable
            From coalitions (N, K) bool to their outputs (N, T) float32, a column for each of
            `targets`.
        """
        predict = self.classifier.masked_predictor(
            self.pixels, self.regions.labels, self.filled, expected
        )

        def evaluate(masks):
            blocks = []
            for batch in batches(len(masks), self.classifier.batch_size):
                outputs = predict(masks[batch])
                self.targets = self.targets or self._most_probable(outputs[0])
                blocks.append(outputs[:, self.targets])
                advance(len(outputs))
            return np.concatenate(blocks)

        return evaluate

    def evaluate(self, masks: np.ndarray, *, progress: Progress = None) -> np.ndarray:
        """Evaluate the classifier on coalitions.

        Parameters
        ----------
        masks : (N, K) array of bool
            Which regions each coalition shows.
        progress : callable or bool, optional
            See `segxai.progress.track`.

        Returns
        -------
        outputs : (N, T) array of float32
            A column for each of `targets`.
        """
        with track(len(masks), "evaluating the classifier", progress=progress) as advance:
            return self.evaluator(len(masks), advance)(masks)

    def evaluate_pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate the classifier on pictures that no coalition gives.

        Parameters
        ----------
        pictures : sequence of (H, W, C) array
            At most a batch of them.

        Returns
        -------
        outputs : (N, T) array of float32
            A column for each of `targets`.
        """
        return self.classifier.predict_batch(pictures)[:, self.targets]

    def _most_probable(self, outputs) -> tuple[int, ...]:
        top = [int(i) for i in np.argsort(-outputs, kind="stable")[:KEPT_TARGETS]]
        target = top[0] if self.target is None else self.classifier.index(self.target)
        return tuple(top if target in top else [*top, target])


def new_game(
    image: ImageLike,
    regions: RegionsLike,
    classifier: ClassifierLike,
    target: Target,
    fill: Fill,
    seed: int,
    *,
    batch_size: int | None = None,
    progress: Progress = None,
) -> Game:
    """Make a game; the only place where an explanation's inputs are read and checked.

    Parameters
    ----------
    image, regions, classifier, target, fill, seed, batch_size, progress
        See `segxai.explain`.

    Returns
    -------
    game : Game
        Nothing is evaluated yet.

    Raises
    ------
    SegxaiError
        For invalid arguments, as far as possible before a network is loaded or used.
    """
    name, seed = fill_name(fill), whole_number("seed", seed)
    picture, classifier = as_picture(image), load_classifier(classifier)
    if batch_size is not None:
        classifier = copy(classifier)  # the caller's own keeps its batches
        classifier.batch_size = whole_number("batch_size", batch_size, 1)
    classifier.check_target(target)
    regions = as_regions(_shown(picture), regions, progress=progress)
    filled = fill_image(_pixels(picture), regions.labels, fill, seed)
    return Game(picture, regions, classifier, name, filled, seed, target)


def _pixels(picture) -> np.ndarray:
    return picture.pixels if isinstance(picture, Bands) else picture


def _shown(picture) -> np.ndarray:
    return picture.view() if isinstance(picture, Bands) else picture
