"""Fit a fully convolutional network to one photograph and its annotation, step by step.

The training of Long et al. 2015, "Fully Convolutional Networks", section 4.3, on a single image: the pixel-wise softmax
cross-entropy is summed over the photograph and minimised by a few steps of Adam (Kingma and Ba 2015). Dropout is on
during training and off in the final evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, is_number, whole_number
from ..images import ImageLike, as_image
from ..progress import Progress, bars_only, showing, track
from .annotation import IGNORE, AnnotationLike, read_annotation
from .network import FCN, pad
from .segmenter import LearnedSegmenter

# The score heads start from zero while the encoder is pretrained, so they need very different learning rates. With the
# published rate of 1e-4 for the encoder, a rate 100 times higher makes the heads confident within ten steps. It was chosen
# on photographs that are not part of the project, for strides 32, 16 and 8.
LEARNING_RATE = 1e-4
HEAD_FACTOR = 100
# VGG16 without fc6 and fc7. Adam moves every weight by about its rate, whatever the gradient's size. A sum over the 4608
# inputs of one of VGG16's convolutions moves far with that, thirteen times in a row: 1e-4 destroys in two steps what was learned.
CONVOLUTIONS_FACTOR = 0.2
# Their first four stay as they are: the gradients of conv1 and conv2 take most of the memory, and those layers know edges and
# colours already. Source: Girshick 2015, "Fast R-CNN", section 4.5, who updates VGG16 from conv3_1 on.
CONVOLUTIONS_TRAINED = r"^fcn/|/conv[345]_"


@dataclass(frozen=True, eq=False)
class Step:
    """One iteration: its number (from 1), and the summed loss and the network's output before the update.

    probabilities: (H, W, C), float32 in the loop, float16 in a history (see `kept`).
    predictions: (H, W) uint8, the most probable class of each pixel according to the float32 probabilities.
    """

    iteration: int
    loss: float
    probabilities: np.ndarray
    predictions: np.ndarray

    def kept(self) -> Step:
        """The same step in half the memory, for a history: float16 keeps three digits of a probability."""
        return replace(self, probabilities=self.probabilities.astype(np.float16))


@dataclass(eq=False)
class FineTuned:
    """A fitted network and its history.

    fcn: the network; close it when you are done. source: the weights that the encoder started from, in words. final_loss: the
    summed cross-entropy after the last update, with dropout off. probabilities: (H, W, C) float32, after the last update. steps: one
    `Step` for each iteration, with float16 probabilities (5 MB a step for 9 classes at 512 x 512). interrupted: whether Ctrl-C ended
    the training early.
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

    @property
    def source(self) -> str:
        return self.fcn.source

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the C classes."""
        return self.fcn.class_names

    def segmenter(self, crf: bool = False) -> LearnedSegmenter:
        """The fitted network as a segmenter: `segxai.segment(photograph, fitted.segmenter())`."""
        return LearnedSegmenter(self.fcn, crf=crf)


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
    names: Collection[str] | None = None,
    seed: int = 0,
    logdir: str | Path | None = None,
    callback: Callable[[Step], object] | None = None,
    progress: Progress = None,
    **fcn_options: Any,
) -> FineTuned:
    """Fit an FCN to one photograph and its annotation. Ctrl-C ends the training early and keeps the completed steps.

    image: array or path. annotation: class ids (H, W), a PNG file of them, a mask of 0 and 255, or `Regions`; pixels with the
    value 255 are ignored. encoder, stride, weights: see `FCN`; neither encoder needs a download, and `FineTuned.source` names the
    weights that were used. learning_rate: of Adam, multiplied for the encoder and the score heads by `rate_factors`.
    trainable: "auto" (everything, except that of VGG16 without fc6 and fc7 only conv3_1 and later layers are trained), "all", "head"
    (only the score heads), or a regular expression matched against the variables' names; frozen variables need no optimiser memory.
    names: of the classes. seed: of the score heads' dropout.
    logdir: a folder for TensorBoard events (the loss, and a histogram of every gradient). callback: a function called with each
    `Step` (float32 probabilities). fcn_options: fc_width and fc6_kernel of `FCN`.
    Raises SegxaiError for invalid arguments, for missing weights, or if the loss becomes infinite.
    """
    image = as_image(image)
    labels, names = read_annotation(annotation, image.shape[:2], names)
    _check_loop(iterations, learning_rate)  # before the network is built
    with showing(bars_only(progress)):  # the weights may have to be fetched
        fcn = FCN(encoder, len(names), stride, weights, class_names=names, seed=seed, **fcn_options)
    steps: list[Step] = []
    interrupted = False
    loop = None
    try:
        loop = finetune_steps(
            fcn,
            image,
            labels,
            iterations=iterations,
            learning_rate=learning_rate,
            trainable=trainable,
            logdir=logdir,
        )
        with track(iterations, "fitting", progress=progress) as advance:
            for step in loop:
                steps.append(step.kept())
                advance(1)
                if callback is not None:
                    callback(step)
    except KeyboardInterrupt:
        if not steps:
            fcn.close()
            raise
        interrupted = True
    except BaseException:
        fcn.close()
        raise
    finally:
        if loop is not None:
            loop.close()
    try:
        final_loss, probabilities = evaluate(fcn, image, labels)
    except BaseException:
        fcn.close()
        raise
    return FineTuned(fcn, final_loss, probabilities, steps, interrupted)


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
    """The training loop as a generator: each `Step` contains the loss and the probabilities before its update.

    labels: (H, W) class ids 0..C-1; 255 is ignored. Close the generator to stop the training after any step. The other
    arguments and the errors are those of `finetune`. Arguments are checked at this call.
    """
    image = as_image(image)
    _check_loop(iterations, learning_rate)
    variables, feed = _trainable(fcn, trainable), _feed(fcn, image, labels)
    if logdir is not None:
        _event_folder(logdir)
    return _steps(fcn, variables, feed, image.shape[:2], iterations, learning_rate, logdir)


def _steps(fcn, variables, feed, size, iterations, learning_rate, logdir):
    height, width = size
    training = _update(fcn, variables)
    fcn.net.run(training["start"])
    feed = {
        **feed,
        fcn.is_training: True,
        **{rate: factor * learning_rate for rate, factor in training["rates"]},
    }
    # Fetched in the same run as the update, and computed before it by a control dependency.
    fetches = [training["loss"], fcn.probabilities, training["update"]]
    writer = None
    if logdir is not None:
        fetches.append(_summary(fcn, training))
        writer = _event_writer(fcn, logdir)
    try:
        for iteration in range(1, iterations + 1):
            loss, probabilities, _, *summary = fcn.net.run(fetches, feed)
            if not np.isfinite(loss):
                raise SegxaiError(
                    f"The loss became {loss} at iteration {iteration}; choose a smaller learning_rate than {learning_rate:g}."
                )
            if writer is not None:
                writer.add_summary(*summary, iteration)
            # A copy, so that the larger padded array can be freed.
            probabilities = probabilities[0, :height, :width].copy()
            yield Step(
                iteration,
                float(loss),
                probabilities,
                probabilities.argmax(axis=-1).astype(np.uint8),
            )
    finally:
        if writer is not None:
            writer.close()


def _convolutions_only(fcn) -> bool:
    return fcn.encoder == "vgg16" and not fcn.fc_width


def rate_factors(fcn: FCN) -> tuple[float, float]:
    """What the learning rate is multiplied by for the encoder, and for the score heads."""
    if _convolutions_only(fcn):
        heads = 1 + (fcn.stride <= 16) + (fcn.stride <= 8)
        return (
            CONVOLUTIONS_FACTOR,
            HEAD_FACTOR / heads,
        )  # the heads' scores add up, and so would their steps
    return 1, HEAD_FACTOR


def _check_loop(iterations, learning_rate) -> None:
    whole_number("iterations", iterations, 1)
    if not is_number(learning_rate) or not 0 < learning_rate < np.inf:
        raise SegxaiValueError(f"learning_rate must be positive; got {learning_rate!r}.")


def evaluate(fcn: FCN, image: ImageLike, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The summed loss and the probabilities (H, W, C), with dropout off."""
    image = as_image(image)
    loss, probabilities = fcn.net.run(
        [_loss(fcn)["loss"], fcn.probabilities], _feed(fcn, image, labels)
    )
    return float(loss), probabilities[0, : image.shape[0], : image.shape[1]]


def _feed(fcn, image, labels):
    labels = np.asarray(labels)
    if labels.shape != image.shape[:2]:
        raise SegxaiValueError(
            f"The labels have shape {labels.shape}, the image {image.shape[:2]}; they must be equal."
        )
    if labels.dtype != bool and not np.issubdtype(labels.dtype, np.integer):
        raise SegxaiValueError(f"Labels must be whole numbers (class ids); got {labels.dtype}.")
    labels = labels.astype(np.int32)
    if not np.isin(labels, [*range(fcn.num_classes), IGNORE]).all():
        raise SegxaiValueError(
            f"Labels must be 0 to {fcn.num_classes - 1}, or {IGNORE} for ignored pixels; got {labels.min()} to {labels.max()}."
        )
    return {
        fcn.images: pad(image)[None],
        _loss(fcn)["labels"]: pad(labels, mode="constant", constant_values=IGNORE)[None],
    }


def _loss(fcn) -> dict:
    """The labels' placeholder and the summed cross-entropy; added to the network's graph once."""
    from ..nets.graph import tf

    if fcn.training_ops is None:
        with fcn.net.build():
            labels = tf.placeholder(tf.int32, (1, None, None), "labels")
            counted = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=tf.where(counted > 0, labels, tf.zeros_like(labels)), logits=fcn.scores
            )
            fcn.training_ops = {"labels": labels, "loss": tf.reduce_sum(entropy * counted)}
    return fcn.training_ops


def _update(fcn, variables) -> dict:
    """An Adam update of these variables, what resets it, and the placeholders of its rates.

    Added to the network's graph once: rates are fed, because optimizers have many operations.
    """
    from ..nets.fcn import SCOPE
    from ..nets.graph import tf

    key = tuple(v.op.name for v in variables)
    if key in fcn.updates:
        return fcn.updates[key]
    ops = _loss(fcn)
    with fcn.net.build():
        gradients = list(zip(tf.gradients(ops["loss"], variables), variables, strict=True))
        heads = [pair for pair in gradients if pair[1].op.name.startswith(SCOPE + "/")]
        encoder = [pair for pair in gradients if not pair[1].op.name.startswith(SCOPE + "/")]
        groups = [
            (tf.placeholder(tf.float32, (), "learning_rate"), factor, pairs)
            for factor, pairs in zip(rate_factors(fcn), (encoder, heads), strict=True)
            if pairs
        ]
        optimizers = [tf.train.AdamOptimizer(rate) for rate, _, _ in groups]
        # The probabilities and gradients must be computed before the update changes the weights.
        with tf.control_dependencies([fcn.probabilities, ops["loss"], *(g for g, _ in gradients)]):
            update = tf.group(
                *(
                    o.apply_gradients(pairs)
                    for o, (_, _, pairs) in zip(optimizers, groups, strict=True)
                )
            )
        start = [v.initializer for optimizer in optimizers for v in optimizer.variables()]
    rates = [(rate, factor) for rate, factor, _ in groups]
    fcn.updates[key] = {
        **ops,
        "update": update,
        "start": start,
        "rates": rates,
        "gradients": gradients,
    }
    return fcn.updates[key]


def _summary(fcn, training) -> Any:
    """The loss and a histogram of each gradient, for TensorBoard; added to the graph once."""
    from ..nets.graph import tf

    if "summary" not in training:
        with fcn.net.build():
            training["summary"] = tf.summary.merge(
                [tf.summary.scalar("loss", training["loss"])]
                + [
                    tf.summary.histogram(f"gradient/{v.op.name}", g)
                    for g, v in training["gradients"]
                ]
            )
    return training["summary"]


def _trainable(fcn, trainable):
    from ..nets.fcn import SCOPE

    variables = fcn.model_variables()
    if trainable == "auto":
        trainable = CONVOLUTIONS_TRAINED if _convolutions_only(fcn) else "all"
    if trainable == "all":
        return variables
    pattern = rf"^{SCOPE}/" if trainable == "head" else trainable
    try:
        chosen = [v for v in variables if re.search(pattern, v.op.name)]
    except (re.error, TypeError) as error:
        raise SegxaiValueError(
            f"trainable must be 'auto', 'all', 'head' or a regular expression; got {trainable!r}: {error}."
        ) from error
    if not chosen:
        some = ", ".join(v.op.name for v in variables[:3])
        raise SegxaiValueError(
            f"No variable's name matches {trainable!r}. Names look like: {some}."
        )
    return chosen


def _event_folder(logdir) -> None:
    try:
        Path(logdir).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: an impossible folder name
        reason = getattr(error, "strerror", None) or error
        raise SegxaiError(
            f"The TensorBoard folder {str(logdir)!r} cannot be written: {reason}."
        ) from error


def _event_writer(fcn, logdir):
    from ..nets.graph import tf

    _event_folder(logdir)
    with fcn.net.build():
        return tf.summary.FileWriter(str(logdir))
