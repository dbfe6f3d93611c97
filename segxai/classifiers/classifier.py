"""The black box to explain: any function from images to class probabilities."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from PIL import Image

from ..errors import (
    SegxaiError,
    SegxaiValueError,
    folded,
    one_of,
    quoted,
    unknown_name,
    whole_number,
)
from ..images import ImageLike, pixels_of
from ..names import NamesLike, list_names
from ..weights.imagenet import imagenet_class_names, imagenet_classes

BATCH_SIZE = 32
OUTPUTS = ("probability", "logit", "score")
_RGB_ONLY = " RGB; a picture with other channels is passed as segxai.Bands"
_TENSORS = " A PyTorch model takes tensors: examples/pytorch_model.py wraps it in a function."
# A class by name or number; None stands for the most probable one.
Target: TypeAlias = str | int | None


def batches(count: int, size: int) -> list[slice]:
    """Return slices of at most `size` items that together cover `count` items."""
    return [slice(start, start + size) for start in range(0, count, size)]


def class_number(target: str | int, names: Mapping[int, str], what: str = "target") -> int:
    """Find a class.

    Parameters
    ----------
    target : str or int
        Its name or its number, also as text. Case, and spaces or underscores, matter only where two
        names differ in nothing else. A class of ImageNet may have any of WordNet's names.
    names : mapping of int to str
        Of the classes, by their numbers.
    what : str
        The argument, for the message.

    Returns
    -------
    number : int

    Raises
    ------
    SegxaiValueError
        If there is no such class, or more than one.
    """
    if not isinstance(target, str):
        whole = isinstance(target, (int, np.integer)) and not isinstance(target, bool)
        if whole and target in names:
            return int(target)
        raise unknown_name(what, target, [f"{k} ({name})" for k, name in names.items()])
    wanted = target.strip()
    synonyms, kinds = (
        [k for k in meant if names.get(k) == imagenet_class_names()[k]]
        for meant in imagenet_classes(wanted)
    )
    found = (
        [k for k, name in names.items() if name == wanted]
        or [k for k, name in names.items() if folded(name) == folded(wanted)]
        or [k for k in names if str(k) == wanted]
        or synonyms
    )
    if not found:
        raise unknown_name(what, target, names.values(), [names[k] for k in kinds])
    if len(found) > 1:
        classes = " or ".join(f"{k} ({names[k]})" for k in sorted(found))
        raise SegxaiValueError(
            f"{quoted(target)} is the name of several classes. Give the number of one: {classes}."
        )
    return found[0]


class Classifier:
    """A function from images to class probabilities, with names for its classes.

    Parameters
    ----------
    function : callable
        Takes (N, H, W, 3) uint8 RGB images, or all channels of `Bands`, and returns (N, C)
        probabilities; an output of shape (N,) or (N, 1) is read as the probability of the second of
        two classes.
    class_names : sequence or mapping of str, optional
        Of the C classes, in order or as {number: name}; "class 0", "class 1" ... by default.
    name : str
    batch_size : int
        Largest number of images that `function` is given at once.
    output : str
        "probability", "logit" or "score", the quantity that figures and sentences name. A single
        logit or score per image stays one column.
    channels : int, optional
        Number of channels that it takes; any number by default. For 1, photographs are made grey.
    output_head : str or int, optional
        Which output is explained, where `function` returns a mapping or a list of several arrays.
    """

    def __init__(
        self,
        function: Callable,
        class_names: NamesLike | None = None,
        name: str = "function",
        batch_size: int = BATCH_SIZE,
        output: str = "probability",
        channels: int | None = None,
        output_head: str | int | None = None,
    ):
        self.output = one_of("output", output, OUTPUTS)
        self.channels, self.output_head = channels, output_head
        self._function = function
        self._class_names = None if class_names is None else list_names(class_names, "class_names")
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
            for i in np.argsort(-probabilities, kind="stable")[: whole_number("k", k, 1)]
        ]

    def index(self, target: str | int) -> int:
        """Return the column of a class, see `class_number`."""
        return class_number(target, dict(enumerate(self.class_names)))

    def check_target(self, target: Target) -> None:
        """Raise SegxaiValueError for an unknown class, if the classes are known by now."""
        if target is not None and self._class_names is not None:
            self.index(target)

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
        return lambda masks: self.checked(np.where(masks[:, labels, None], image, filled))

    def close(self) -> None:
        """Free the memory that the classifier holds; for the built-in networks, their graph."""

    def predict_batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate at most `batch_size` (H, W, 3) uint8 images, of any sizes, as one batch.

        Returns
        -------
        probabilities : (n, C) ndarray of float32
        """
        if len({image.shape for image in images}) == 1:
            return self.checked(np.stack(images))
        return np.concatenate([self.checked(np.stack([image])) for image in images])  # copies

    def check_channels(self, image: np.ndarray) -> None:
        """Raise SegxaiValueError unless the classifier takes as many channels as an image has."""
        grey = self.channels == 1 and image.shape[-1] == 3  # which `checked` makes of a photograph
        if self.channels not in (None, image.shape[-1]) and not grey:
            bands = " Pass the picture as segxai.Bands, with all its channels."
            raise SegxaiValueError(
                f"The classifier {self.name} takes {self.channels} channels, "
                f"but the picture has {image.shape[-1]}.{bands if image.shape[-1] == 3 else ''}"
            )

    def _chosen(self, output) -> Any:
        """Return the output that is explained, where a network has several heads."""
        heads = output
        if not (isinstance(output, Mapping) and output):
            # A list of arrays (C,) is one output, row by row.
            several = isinstance(output, (list, tuple)) and all(
                len(getattr(head, "shape", ())) > 1 for head in output
            )
            heads = dict(enumerate(output if several and output else [output]))
        names = dict(enumerate(map(str, heads)))
        if self.output_head is None and len(heads) > 1:
            raise SegxaiError(
                f"The classifier returned {len(heads)} outputs, {quoted([*heads])}; choose one "
                f"with segxai.load_classifier(model, output_head={next(iter(heads))!r})."
            )
        head = 0 if self.output_head is None else self.output_head
        return list(heads.values())[class_number(head, names, "output_head")]

    def checked(self, images: np.ndarray) -> np.ndarray:
        """Evaluate the function on a batch, and check what it returns.

        Parameters
        ----------
        images : (N, H, W, C) ndarray

        Returns
        -------
        probabilities : (N, C) ndarray of float32

        Raises
        ------
        SegxaiError
            Unless the function returns (N, C) finite numbers, with as many classes as before.
        """
        count = len(images)
        try:
            if self.channels == 1 and images.shape[-1] == 3:
                grey = [np.asarray(Image.fromarray(image).convert("L")) for image in images]
                images = np.stack(grey)[..., None]
            output = np.asarray(self._chosen(self._function(images)))
        except SegxaiError:
            raise
        except Exception as error:
            raise SegxaiError(
                f"The classifier raised {type(error).__name__}: {quoted(error)}. "
                f"Its input was a batch of shape {images.shape}, "
                f"{images.dtype}{_RGB_ONLY if images.shape[-1] == 3 else ''}."
                f"{_TENSORS if hasattr(self._function, 'named_parameters') else ''}"
            ) from error
        # "float" is also in "bfloat16", whose kind is that of no numbers of NumPy's own.
        if output.dtype.kind not in "iu" and "float" not in output.dtype.name:
            raise SegxaiError(
                f"The classifier returned {output.dtype} values; "
                "probabilities (N, C) were expected."
            )
        if (
            self.output == "probability"
            and output.dtype.kind in "iu"
            and output.size == count
            and output.max() > 1
        ):
            raise SegxaiError(
                f"The classifier returned the whole number {output.max()}, like a class id. The "
                f"probabilities of all classes, ({count}, classes), are needed: return what the "
                "model has before it chooses a class (predict_proba in scikit-learn)."
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
                "The classifier returned NaN or infinite values; check its inputs and weights."
            )
        if self._class_names is None:
            self._class_names = tuple(f"class {i}" for i in range(output.shape[1]))
        if len(self._class_names) != output.shape[1]:
            raise SegxaiError(
                f"The classifier returned {output.shape[1]} classes, but {len(self._class_names)} "
                f"{'names were given' if self._named else 'at its first call'}."
            )
        return output
