"""A black box to explain: any function from images to class probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..images import as_image
from ..regions import plain_text

BATCH_SIZE = 32


def batches(count: int, size: int) -> list[slice]:
    """Slices that together cover `count` items, each of at most `size`."""
    return [slice(start, start + size) for start in range(0, count, size)]


class Classifier:
    """A function from images to class probabilities, with names for its classes.

    `function` takes (N, H, W, 3) uint8 RGB images and returns (N, C) numbers; (N,) or (N, 1) is read as
    the probability of the second of two classes. `class_names` names the C classes ("class 0" ... without it).
    """

    def __init__(
        self, function: Callable, class_names: Sequence[str] | None = None, name: str = "function", batch_size: int = BATCH_SIZE
    ):
        self._function = function
        self._class_names = None if class_names is None else tuple(plain_text(str(n)) for n in class_names)
        self._named = class_names is not None
        self.name = name
        self.batch_size = whole_number("batch_size", batch_size, 1)

    def __repr__(self):
        classes = "" if self._class_names is None else f", {len(self._class_names)} classes"
        return f"<Classifier {self.name}{classes}>"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the columns of `predict`."""
        if self._class_names is None:
            raise SegxaiError("The classes are not known before the first prediction; pass class_names=.")
        return self._class_names

    @property
    def classes_known(self) -> bool:
        """Whether there are class names: always when they were given, else from the first prediction on."""
        return self._class_names is not None

    def predict(self, images) -> np.ndarray:
        """(N, H, W, 3) images, a list of images of any sizes, or one image -> (N, C) float32 probabilities."""
        if not isinstance(images, (list, tuple)) and (not isinstance(images, np.ndarray) or images.ndim < 4):
            images = [images]
        images = [as_image(image) for image in images]
        if not images:
            raise SegxaiValueError("There is no image to predict; at least one is needed.")
        return np.concatenate([self.predict_batch(images[batch]) for batch in batches(len(images), self.batch_size)])

    def top(self, image, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable classes of one image, as (name, probability)."""
        probabilities = self.predict(as_image(image))[0]
        return [(self.class_names[i], float(probabilities[i])) for i in np.argsort(-probabilities, kind="stable")[:k]]

    def index(self, target) -> int:
        """The column of a class given by its name or number. Raises SegxaiValueError when there is none."""
        if isinstance(target, (int, np.integer)) and not isinstance(target, (bool, np.bool_)):
            if not 0 <= target < len(self.class_names):
                raise SegxaiValueError(f"There is no class {target}; the classifier has 0 to {len(self.class_names) - 1}.")
            return int(target)
        wanted = str(target).strip().lower()
        for index, name in enumerate(self.class_names):
            if name.lower() == wanted:
                return index
        raise unknown_name("target", target, self.class_names)

    def masked_predictor(self, image: np.ndarray, labels: np.ndarray, filled: np.ndarray, expected: int = 0) -> Callable:
        """A function from coalitions, (N, K) bool, to (N, C) probabilities.

        Row n is the answer to `image` (H, W, 3) with every region whose bit is False replaced by `filled` (H, W, 3); `labels` (H, W)
        says which of the K regions a pixel belongs to. expected: how many coalitions will be evaluated in all, if known; a network
        of ours may then share work among them.
        """

        def predict(masks):
            on = masks[:, labels]
            return self.checked(np.where(on[..., None], image, filled), len(masks))

        return predict

    def close(self) -> None:
        """Free what the classifier holds (the graph of a built-in network)."""

    def predict_batch(self, images) -> np.ndarray:
        if len({image.shape for image in images}) == 1:
            return self.checked(np.stack(images), len(images))
        return np.concatenate([self.checked(image[None], 1) for image in images])

    def checked(self, images, count) -> np.ndarray:
        """The function's answer, or a SegxaiError that says what is wrong with it."""
        try:
            answer = np.asarray(self._function(images))
        except SegxaiError:
            raise
        except Exception as error:
            raise SegxaiError(
                f"The classifier raised {type(error).__name__}: {error}. It was given images of shape {images.shape}, uint8 RGB."
            ) from error
        if answer.dtype.kind not in "iuf":
            raise SegxaiError(f"The classifier returned {answer.dtype} values; probabilities (N, C) were expected.")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
            answer = answer.astype(np.float32)
        if answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1):
            positive = answer.reshape(-1)
            answer = np.stack([1 - positive, positive], axis=1)
        if answer.ndim != 2 or len(answer) != count or answer.shape[1] == 0:
            raise SegxaiError(f"The classifier returned shape {answer.shape} for {count} images; ({count}, classes) was expected.")
        if not np.isfinite(answer).all():
            raise SegxaiError("The classifier returned NaN or infinite values; look at its inputs and weights.")
        if self._class_names is None:
            self._class_names = tuple(f"class {i}" for i in range(answer.shape[1]))
        if len(self._class_names) != answer.shape[1]:
            known = "names were given" if self._named else "classes at its first call"
            raise SegxaiError(f"The classifier returned {answer.shape[1]} classes, but {len(self._class_names)} {known}.")
        return answer
