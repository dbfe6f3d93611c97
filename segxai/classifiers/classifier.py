"""The black box to explain: any function from images to class probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..images import ImageLike, pixels_of
from ..names import plain_text

BATCH_SIZE = 32
OUTPUTS = ("probability", "logit", "score")
_RGB_ONLY = " RGB; a picture with other channels is passed as segxai.Bands"
# A class by name or number; None stands for the most probable one.
Target: TypeAlias = str | int | None


def batches(count: int, size: int) -> list[slice]:
    """Return slices of at most `size` items that together cover `count` items."""
    return [slice(start, start + size) for start in range(0, count, size)]


def class_index(target: str | int, class_names: Sequence[str]) -> int:
    """Find a class.

    Parameters
    ----------
    target : str or int
        Its name, in upper or lower case, or its number.
    class_names : sequence of str

    Returns
    -------
    index : int

    Raises
    ------
    SegxaiValueError
        If there is no such class.
    """
    if isinstance(target, (int, np.integer)) and not isinstance(target, (bool, np.bool_)):
        if not 0 <= target < len(class_names):
            raise SegxaiValueError(
                f"There is no class {target}; the classifier has classes 0 to "
                f"{len(class_names) - 1}."
            )
        return int(target)
    lower = [name.lower() for name in class_names]
    wanted = str(target).strip().lower()
    if wanted not in lower:
        raise unknown_name("target", target, class_names)
    return lower.index(wanted)


class Classifier:
    """A function from images to class probabilities, with names for its classes.

    Parameters
    ----------
    function : callable
        Takes (N, H, W, 3) uint8 RGB images, or all channels of `Bands`, and returns (N, C)
        probabilities; an output of shape (N,) or (N, 1) is read as the probability of the second of
        two classes.
    class_names : sequence of str, optional
        Of the C classes; "class 0", "class 1" ... by default.
    name : str
    batch_size : int
        Largest number of images that `function` is given at once.
    output : str
        "probability", "logit" or "score", the quantity that figures and sentences name. A single
        logit or score per image stays one column.
    channels : int, optional
        Number of channels that it takes; any number by default.
    """

    def __init__(
        self,
        function: Callable,
        class_names: Sequence[str] | None = None,
        name: str = "function",
        batch_size: int = BATCH_SIZE,
        output: str = "probability",
        channels: int | None = None,
    ):
        if output not in OUTPUTS:
            raise unknown_name("output", output, OUTPUTS)
        self.output, self.channels = output, channels
        self._function = function
        self._class_names: tuple[str, ...] | None = None
        if class_names is not None:
            self._class_names = tuple(plain_text(str(name)) for name in class_names)
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
            raise SegxaiError(
                "The classes are unknown until the first prediction; pass class_names=."
            )
        return self._class_names

    @property
    def classes_known(self) -> bool:
        """Whether the class names were given, or known from a first prediction."""
        return self._class_names is not None

    def predict(self, images: ImageLike | Sequence[ImageLike]) -> np.ndarray:
        """Evaluate images.

        Parameters
        ----------
        images : (N, H, W, 3) array, sequence of images of any sizes, or one image

        Returns
        -------
        probabilities : (N, C) ndarray of float32
        """
        if not isinstance(images, (list, tuple)) and (
            not isinstance(images, np.ndarray) or images.ndim < 4
        ):
            images = [cast(ImageLike, images)]
        arrays = [pixels_of(image) for image in images]
        if not arrays:
            raise SegxaiValueError("predict() needs at least one image; the list is empty.")
        for array in arrays:
            self.check_channels(array)
        return np.concatenate(
            [self.predict_batch(arrays[batch]) for batch in batches(len(arrays), self.batch_size)]
        )

    def top(self, image: ImageLike, k: int = 5) -> list[tuple[str, float]]:
        """Return the k most probable classes of one image as (name, probability) pairs."""
        probabilities = self.predict([image])[0]
        return [
            (self.class_names[i], float(probabilities[i]))
            for i in np.argsort(-probabilities, kind="stable")[:k]
        ]

    def index(self, target: str | int) -> int:
        """Return the column of a class, see `class_index`."""
        return class_index(target, self.class_names)

    def masked_predictor(
        self, image: np.ndarray, labels: np.ndarray, filled: np.ndarray, expected: int = 0
    ) -> Callable:
        """Return a function that evaluates perturbed images.

        Parameters
        ----------
        image, filled : (H, W, C) ndarray
            For each coalition the regions of `image` whose bit is False are replaced by the pixels
            of `filled`.
        labels : (H, W) ndarray of int
            The region of each pixel, 0..K-1.
        expected : int
            The total number of coalitions to come, or 0 if unknown; the built-in networks use it to
            decide whether sharing their early layers pays off.

        Returns
        -------
        predict : callable
            From coalitions, (N, K) bool, to (N, C) probabilities.
        """
        self.check_channels(image)

        def predict(masks):
            on = masks[:, labels]
            return self.checked(np.where(on[..., None], image, filled), len(masks))

        return predict

    def close(self) -> None:
        """Free the memory that the classifier holds; for the built-in networks, their graph."""

    def predict_batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate at most `batch_size` (H, W, 3) uint8 images, of any sizes, as one batch.

        Returns
        -------
        probabilities : (n, C) ndarray of float32
        """
        if len({image.shape for image in images}) == 1:
            return self.checked(np.stack(images), len(images))
        return np.concatenate([self.checked(image[None], 1) for image in images])

    def check_channels(self, image: np.ndarray) -> None:
        """Raise SegxaiValueError unless the classifier takes as many channels as an image has."""
        if self.channels not in (None, image.shape[-1]):
            bands = " Pass the picture as segxai.Bands, with all its channels."
            raise SegxaiValueError(
                f"The classifier {self.name} takes {self.channels} channels, "
                f"but the picture has {image.shape[-1]}.{bands if image.shape[-1] == 3 else ''}"
            )

    def checked(self, images: np.ndarray, count: int) -> np.ndarray:
        """Evaluate the function on a batch, and check what it returns.

        Parameters
        ----------
        images : (N, H, W, C) ndarray
        count : int
            N.

        Returns
        -------
        probabilities : (N, C) ndarray of float32

        Raises
        ------
        SegxaiError
            Unless the function returns (N, C) finite numbers, with as many classes as before.
        """
        try:
            output = np.asarray(self._function(images))
        except SegxaiError:
            raise
        except Exception as error:
            raise SegxaiError(
                f"The classifier raised {type(error).__name__}: {error}. "
                f"Its input was a batch of shape {images.shape}, "
                f"{images.dtype}{_RGB_ONLY if images.shape[-1] == 3 else ''}."
            ) from error
        if output.dtype.kind not in "iuf":
            raise SegxaiError(
                f"The classifier returned {output.dtype} values; "
                "probabilities (N, C) were expected."
            )
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            output = output.astype(np.float32)
        if output.ndim == 1 or (output.ndim == 2 and output.shape[1] == 1):
            output = output.reshape(-1, 1)
            if self.output == "probability":
                output = np.concatenate([1 - output, output], axis=1)
        if output.ndim != 2 or len(output) != count or output.shape[1] == 0:
            raise SegxaiError(
                f"The classifier returned shape {output.shape} for {count} images; "
                f"({count}, classes) was expected."
            )
        if not np.isfinite(output).all():
            raise SegxaiError(
                "The classifier returned NaN or infinite values; look at its inputs and weights."
            )
        if self._class_names is None:
            self._class_names = tuple(f"class {i}" for i in range(output.shape[1]))
        if len(self._class_names) != output.shape[1]:
            known = "names were given" if self._named else "at its first call"
            raise SegxaiError(
                f"The classifier returned {output.shape[1]} classes, "
                f"but {len(self._class_names)} {known}."
            )
        return output
