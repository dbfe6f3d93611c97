"""Fit a fully convolutional network to one photograph and its annotation, step by step.

The training of Long et al. 2015, "Fully Convolutional Networks", section 4.3, on a single image:
the pixel-wise softmax cross-entropy is summed over the photograph (`build_loss`) and minimised by a
few steps of Adam (`build_update`; Kingma and Ba 2015), one after the other (`finetune_steps`).
Dropout is on during training and off in the final evaluation.
"""

import os
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, is_number, one_of, whole_number
from ..files import as_path
from ..images import ImageLike, as_image
from ..names import NamesLike
from ..progress import Progress, bars_only, showing, track
from ..regions import Regions
from .annotation import IGNORE, AnnotationLike, read_annotation
from .network import FCN, pad

# The score heads start from zero while the encoder is pretrained, so they need very different
# learning rates. With the published rate of 1e-4 for the encoder, a rate 100 times higher makes the
# heads confident within ten steps. It was chosen on photographs that are not part of the project,
# for strides 32, 16 and 8.
LEARNING_RATE = 1e-4
HEAD_FACTOR = 100
# VGG16 without fc6 and fc7. Adam moves every weight by about its rate, whatever the gradient's
# size. A sum over the 4608 inputs of one of VGG16's convolutions moves far with that, thirteen
# times in a row: 1e-4 destroys in two steps what was learned. Its features are centred, so only the
# heads' biases can say how large a share of the photograph a class has; they get there in ten steps
# at 30 times their heads' rate. Both were chosen on photographs with masks, as
# benchmarks/finetune.py measures.
CONVOLUTIONS_FACTOR = 0.3
BIAS_FACTOR = 30
# Their first four stay as they are: the gradients of conv1 and conv2 take most of the memory, and
# those layers know edges and colours already. Source: Girshick 2015, "Fast R-CNN", section 4.5, who
# updates VGG16 from conv3_1 on.
CONVOLUTIONS_TRAINED = r"^fcn/|/conv[345]_"
HEADS = "fcn/"  # what the names of their variables begin with, see `nets.fcn`


@dataclass(frozen=True, eq=False)
class Step:
    """One iteration: the loss and the network's output before the update.

    Attributes
    ----------
    iteration : int
        Its number, from 1.
    loss : float
        Cross-entropy, summed over the photograph.
    probabilities : (H, W, C) ndarray
        Of float32 in the loop, of float16 in a history (see `kept`).
    predictions : (H, W) ndarray of uint8
        The most probable class of each pixel according to the float32 probabilities.
    """

    iteration: int
    loss: float
    probabilities: np.ndarray
    predictions: np.ndarray

    def kept(self) -> Self:
        """Return the step in half the memory: float16 keeps three digits of a probability."""
        return replace(self, probabilities=self.probabilities.astype(np.float16))


@dataclass(eq=False)
class FineTuned:
    """A fitted network and its history.

    Attributes
    ----------
    fcn : FCN
        The network; close it when you are done.
    final_loss : float
        Cross-entropy summed over the photograph, after the last update, with dropout off.
    probabilities : (H, W, C) ndarray of float32
        After the last update, with dropout off.
    steps : list of Step
        One for each iteration, with float16 probabilities (5 MB a step for 9 classes at 512 x 512).
    interrupted : bool
        Whether Ctrl-C ended the training early.
    """

    fcn: FCN
    final_loss: float
    probabilities: np.ndarray
    steps: list[Step] = field(repr=False)
    interrupted: bool = False

    @property
    def losses(self) -> list[float]:
        """The summed cross-entropy before each update."""
        return [step.loss for step in self.steps]

    @property
    def predictions(self) -> np.ndarray:
        """(H, W) the most probable class of each pixel after the last update."""
        return self.probabilities.argmax(axis=-1)

    def segmenter(self, crf: bool = False) -> Callable[[ImageLike], Regions]:
        """Return the network as a segmenter: `segxai.segment(photograph, fitted.segmenter())`."""
        return self.fcn.segmenter(crf)


def finetune(
    image: ImageLike,
    annotation: AnnotationLike,
    *,
    encoder: str = "efficientnet_lite0",
    stride: int = 32,
    iterations: int = 10,
    learning_rate: float = LEARNING_RATE,
    trainable: str = "auto",
    weights: Any = "auto",
    names: NamesLike | None = None,
    seed: int = 0,
    logdir: str | Path | None = None,
    callback: Callable[[Step], object] | None = None,
    progress: Progress = None,
    **fcn_options: Any,
) -> FineTuned:
    """Fit an FCN to one photograph and its annotation.

    Ctrl-C ends the training early and keeps the completed steps.

    Parameters
    ----------
    image : array or path
        The photograph.
    annotation : array, path or Regions
        Class ids (H, W), a PNG file of them, a mask of 0 and 255, or `Regions`; pixels with the
        value 255 are ignored.
    encoder, stride, weights
        See `FCN`. Neither encoder needs a download; `FCN.source` names the weights that were used.
    iterations : int
        Number of updates.
    learning_rate : float
        Of Adam, multiplied for the encoder and for the score heads by `rate_factor`.
    trainable : str
        "auto": everything, except that in VGG16 without fc6 and fc7 only conv3_1 and later layers
        are trained; "all"; or "head": only the score heads. Frozen variables need no optimiser
        memory.
    names : sequence of str, {id: name} or {name: id}, optional
        Of the classes.
    seed : int
        Of random weights and dropout.
    logdir : str or path, optional
        A folder for TensorBoard events: the loss, and a histogram of every gradient.
    callback : callable, optional
        Called with each `Step`, whose probabilities are float32.
    progress : bool or callable, optional
        See `segxai.progress.track`.
    **fcn_options
        `fc_width` of `FCN`.

    Returns
    -------
    fitted : FineTuned

    Raises
    ------
    SegxaiError
        For invalid arguments, for missing weights, or if the loss becomes infinite.
    """
    image = as_image(image)
    labels, names = read_annotation(annotation, image.shape[:2], names)
    _check_loop(iterations, learning_rate)  # before the network is built
    with showing(bars_only(progress)):  # the weights may have to be fetched
        fcn = FCN(encoder, len(names), stride, weights, class_names=names, seed=seed, **fcn_options)
    steps: list[Step] = []
    with ExitStack() as unless_fitted:
        unless_fitted.enter_context(fcn)
        loop = finetune_steps(
            fcn,
            image,
            labels,
            iterations=iterations,
            learning_rate=learning_rate,
            trainable=trainable,
            logdir=logdir,
        )
        try:
            with closing(loop), track(iterations, "fitting", progress=progress) as advance:
                for step in loop:
                    steps.append(step.kept())
                    advance(1)
                    if callback is not None:
                        callback(step)
        except KeyboardInterrupt:
            if not steps:
                raise
        final_loss, probabilities = evaluate(fcn, image, labels)
        unless_fitted.pop_all()
    return FineTuned(fcn, final_loss, probabilities, steps, len(steps) < iterations)


def finetune_steps(
    fcn: FCN,
    image: ImageLike,
    labels: np.ndarray,
    *,
    iterations: int = 10,
    learning_rate: float = LEARNING_RATE,
    trainable: str = "auto",
    logdir: str | Path | None = None,
) -> Generator[Step, None, None]:
    """Train step by step: a generator whose steps hold what the network was before each update.

    Close the generator to stop the training after any step. Arguments are checked at this call.

    Parameters
    ----------
    fcn : FCN
    image : array or path
        The photograph.
    labels : (H, W) ndarray of int
        Class ids 0..C-1; 255 is ignored.
    iterations, learning_rate, trainable, logdir
        See `finetune`.

    Yields
    ------
    step : Step

    Raises
    ------
    SegxaiError
        For invalid arguments, or if the loss becomes infinite.
    """
    image = as_image(image)
    _check_loop(iterations, learning_rate)
    feed, variables = _feed(fcn, image, labels), _trainable(fcn, trainable)
    add_event = None if logdir is None else _event_writer(logdir)
    return _loop(fcn, image.shape, feed, variables, iterations, learning_rate, add_event)


def _loop(fcn, shape, feed, variables, iterations, learning_rate, add_event):
    from ..nets.graph import tf

    _, loss = _loss(fcn)
    key = tuple(v.op.name for v in variables)
    update, start, rate, gradients = fcn.once(
        ("update", key), lambda: build_update(fcn, loss, variables)
    )
    fcn.net.run(start)
    feed = feed | {fcn.is_training: True, rate: learning_rate}
    # Fetched in the same run as the update, and computed before it by a control dependency.
    fetches = [loss, fcn.probabilities, update]
    if add_event:
        fetches.append(fcn.once(("summary", key), lambda: _summary(loss, key, gradients)))
    for iteration in range(1, iterations + 1):
        value, probabilities, _, *summary = fcn.net.run(fetches, feed)
        if not np.isfinite(value):
            raise SegxaiError(
                f"The loss became {value} at iteration {iteration}; "
                f"choose a smaller learning_rate than {learning_rate:g}."
            )
        if summary:
            add_event(step=iteration, summary=tf.Summary.FromString(*summary))
        # A copy, so that the larger padded array can be freed.
        probabilities = probabilities[0, : shape[0], : shape[1]].copy()
        yield Step(
            iteration, float(value), probabilities, probabilities.argmax(axis=-1).astype(np.uint8)
        )


def build_loss(scores: Any) -> tuple[Any, Any]:
    """Add the loss to the graph.

    Parameters
    ----------
    scores : (1, h, w, C) tensor

    Returns
    -------
    labels : (1, h, w) tensor
        A placeholder for the class ids; 255 is left out of the loss.
    loss : () tensor
        The softmax cross-entropy, summed over the pixels.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks", section 4.3.
    """
    from ..nets.graph import tf

    labels = tf.placeholder(tf.int32, (1, None, None), "labels")
    counted = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.where(counted > 0, labels, tf.zeros_like(labels)), logits=scores
    )
    return labels, tf.reduce_sum(entropy * counted)


def build_update(fcn: FCN, loss: Any, variables: list) -> tuple[Any, list, Any, list]:
    """Add to the graph an Adam update, which has one learning rate for each of `rate_factor`.

    Parameters
    ----------
    fcn : FCN
    loss : () tensor
    variables : list of tf.Variable
        That are changed.

    Returns
    -------
    update : operation
        Changes the weights.
    start : list of operations
        Reset Adam's moments.
    rate : () tensor
        A placeholder for the learning rate; it is fed, because an optimiser adds many operations.
    gradients : list of tensor
        One for each variable.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.
    """
    from ..nets.graph import tf

    rate = tf.placeholder(tf.float32, (), "learning_rate")
    gradients = tf.gradients(loss, variables)
    groups: dict[float, list] = {}
    for gradient, variable in zip(gradients, variables, strict=True):
        groups.setdefault(rate_factor(fcn, variable.op.name), []).append((gradient, variable))
    steps, start = [], []
    for factor, pairs in groups.items():
        adam = tf.train.AdamOptimizer(factor * rate)
        # Loss, probabilities and all gradients come before any weight changes.
        with tf.control_dependencies([fcn.probabilities, loss, *gradients]):
            steps.append(adam.apply_gradients(pairs))
        start += [moment.initializer for moment in adam.variables()]
    return tf.group(*steps), start, rate, gradients


def rate_factor(fcn: FCN, variable: str) -> float:
    """Return what the learning rate of a variable, given by its name, is multiplied by."""
    convolutions = _convolutions_only(fcn)
    if not variable.startswith(HEADS):
        return CONVOLUTIONS_FACTOR if convolutions else 1
    if not convolutions:
        return HEAD_FACTOR
    # The heads' scores add up, and so would their steps.
    heads = 1 + (fcn.stride <= 16) + (fcn.stride <= 8)
    return HEAD_FACTOR / heads * (BIAS_FACTOR if variable.endswith("/biases") else 1)


def evaluate(fcn: FCN, image: ImageLike, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Evaluate a network on a photograph and its annotation, with dropout off.

    Parameters
    ----------
    fcn : FCN
    image : array or path
    labels : (H, W) ndarray of int
        Class ids; 255 is ignored.

    Returns
    -------
    loss : float
        Cross-entropy, summed over the photograph.
    probabilities : (H, W, C) ndarray of float32
    """
    image = as_image(image)
    loss, probabilities = fcn.net.run([_loss(fcn)[1], fcn.probabilities], _feed(fcn, image, labels))
    return float(loss), probabilities[0, : image.shape[0], : image.shape[1]]


def _loss(fcn) -> tuple[Any, Any]:
    return fcn.once("loss", lambda: build_loss(fcn.scores))


def _convolutions_only(fcn) -> bool:
    return fcn.encoder == "vgg16" and not fcn.fc_width


def _check_loop(iterations, learning_rate) -> None:
    whole_number("iterations", iterations, 1)
    if not is_number(learning_rate) or not 0 < learning_rate < np.inf:
        raise SegxaiValueError(f"learning_rate must be positive; got {learning_rate!r}.")


def _feed(fcn, image, labels) -> dict:
    labels = np.asarray(labels)
    if labels.shape != image.shape[:2]:
        raise SegxaiValueError(
            f"The labels have shape {labels.shape}, the image {image.shape[:2]}; "
            "they must be equal."
        )
    strange = np.setdiff1d(labels, [*range(fcn.num_classes), IGNORE])
    if strange.size:
        raise SegxaiValueError(
            f"Labels must be whole numbers from 0 to {fcn.num_classes - 1}, or {IGNORE} for "
            f"ignored pixels; got {strange[0]}."
        )
    padded = pad(labels.astype(np.int32), mode="constant", constant_values=IGNORE)
    return {fcn.images: pad(image)[None], _loss(fcn)[0]: padded[None]}


def _trainable(fcn, trainable) -> list:
    """Return the variables that are trained."""
    patterns = {
        "auto": CONVOLUTIONS_TRAINED if _convolutions_only(fcn) else "",
        "all": "",
        "head": f"^{HEADS}",
    }
    pattern = patterns[one_of("trainable", trainable, patterns)]
    return [v for v in fcn.variables if re.search(pattern, v.op.name)]


def _summary(loss, names, gradients) -> Any:
    """Return the loss and a histogram of each gradient, for TensorBoard."""
    from ..nets.graph import tf

    return tf.summary.merge(
        [
            tf.summary.scalar("loss", loss),
            *(
                tf.summary.histogram(f"gradient/{name}", gradient)
                for name, gradient in zip(names, gradients, strict=True)
            ),
        ]
    )


@contextmanager
def _writing(logdir) -> Iterator[None]:
    from ..nets.graph import tf2

    try:
        yield
    except (OSError, ValueError, tf2.errors.OpError) as error:  # ValueError: an impossible name
        reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
        raise SegxaiError(
            f"The TensorBoard folder {str(logdir)!r} cannot be written: {reason}. Free some space, "
            "or choose another logdir."
        ) from error


def _event_writer(logdir) -> Callable:
    """Return a function that adds an event for TensorBoard, which is on the disk when it returns.

    TensorFlow's own ``FileWriter`` writes in a thread, and says nothing when that fails.
    """
    from ..nets.graph import tf, tf2

    path = as_path(logdir) / f"events.out.tfevents.{time.time():.6f}.{os.getpid()}"
    with _writing(logdir):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = tf2.io.TFRecordWriter(str(path))

    def add(**fields):
        with _writing(logdir):
            file.write(tf.Event(wall_time=time.time(), **fields).SerializeToString())
            file.flush()
            path.stat()  # raises if it was deleted

    add(file_version="brain.Event:2")
    return add
