"""Fit a fully convolutional network to one photograph and its annotation, step by step.

The recipe of the FCN literature on a single image: the pixel-wise softmax cross-entropy is summed over the
photograph, Adam (Kingma and Ba 2015) takes a few steps, dropout is on in training and off for the final evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import SegxaiError, SegxaiValueError, whole_number
from ..images import as_image
from ..progress import track
from .annotation import IGNORE, read_annotation
from .network import FCN, pad
from .segmenter import LearnedSegmenter

# The score heads start from zero and the encoder knows ImageNet already, so they need quite different steps. With Adam
# at 1e-4 for the encoder (the published rate), ten steps of 100 times that carry the heads to confident answers; chosen on
# photographs that are not in the project, for strides 32, 16 and 8 alike.
LEARNING_RATE = 1e-4
HEAD_FACTOR = 100


@dataclass(frozen=True, eq=False)
class Step:
    """One iteration: its number from 1, the summed loss before the update, and what the network said then.

    probabilities: (H, W, C), float32 as the loop yields them, float16 where a history keeps them.
    predictions: (H, W) uint8, the most probable class of each pixel, always of the float32 probabilities.
    """

    iteration: int
    loss: float
    probabilities: np.ndarray
    predictions: np.ndarray

    def kept(self) -> Step:
        """The same step at half the memory, for a history: float16 is good to three digits of a probability."""
        return replace(self, probabilities=self.probabilities.astype(np.float16))


@dataclass(eq=False)
class FineTuned:
    """A fitted network and its history.

    losses: the summed cross-entropy before each update. final_loss: after the last one, dropout off.
    probabilities: (H, W, C) float32 and predictions: (H, W), after the last update. steps: one `Step` for each
    iteration, with float16 probabilities (5 MB a step for 9 classes at 512 x 512). fcn: the network, open; close it when done. interrupted: whether Ctrl-C ended the loop early.
    """

    fcn: FCN
    final_loss: float
    probabilities: np.ndarray
    steps: list[Step] = field(repr=False)
    interrupted: bool = False

    @property
    def losses(self) -> list[float]:
        return [step.loss for step in self.steps]

    @property
    def predictions(self) -> np.ndarray:
        return self.probabilities.argmax(axis=-1)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.fcn.class_names

    def segmenter(self, crf: bool = False):
        """The fitted network as a segmenter: `segxai.segment(photograph, fitted.segmenter())`."""
        return LearnedSegmenter(self.fcn, crf=crf)


def finetune(
    image,
    annotation,
    *,
    encoder: str = "efficientnet_lite0",
    stride: int = 32,
    iterations: int = 10,
    learning_rate: float = LEARNING_RATE,
    trainable: str = "all",
    weights="auto",
    names=None,
    seed: int = 0,
    logdir=None,
    callback=None,
    progress=None,
    **fcn_options,
) -> FineTuned:
    """Fit an FCN to one photograph. Ctrl-C ends the loop and keeps the steps done so far.

    image: array or path. annotation: class ids (H, W), a PNG of them, a mask of 0 and 255, or `Regions`;
    255 is ignored. learning_rate: Adam's for the encoder; the score heads take HEAD_FACTOR times as much. trainable: "all", "head" (the score heads), or a regular
    expression that is searched for in the variables' names; what is frozen costs no optimiser memory.
    logdir: writes TensorBoard events: the loss, and a histogram of every gradient.
    callback: called with each `Step`, its probabilities still float32. fcn_options: fc_width, fc6_kernel (see `FCN`).
    """
    image = as_image(image)
    labels, names = read_annotation(annotation, image.shape[:2], names)
    _check_loop(iterations, learning_rate)  # before the network is built
    fcn = FCN(encoder, len(names), stride, weights, class_names=names, seed=seed, **fcn_options)
    steps: list[Step] = []
    interrupted = False
    loop = None
    try:
        loop = finetune_steps(
            fcn, image, labels, iterations=iterations, learning_rate=learning_rate, trainable=trainable, logdir=logdir
        )
        with track(iterations, "fitting", progress) as advance:
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
    fcn: FCN, image, labels, *, iterations: int = 10, learning_rate: float = LEARNING_RATE, trainable: str = "all", logdir=None
) -> Generator[Step, None, None]:
    """The loop itself, a generator: each `Step` comes with the loss and the probabilities before its update.

    labels: (H, W) class ids 0..C-1, 255 ignored. Closing the generator ends the loop after any step.
    """
    image = as_image(image)
    _check_loop(iterations, learning_rate)
    height, width = image.shape[:2]
    training = _training_ops(fcn, learning_rate, trainable, with_summaries=logdir is not None)
    feed = {**_feed(fcn, image, labels), fcn.is_training: True}
    writer = _event_writer(fcn, logdir) if logdir is not None else None
    try:
        for iteration in range(1, iterations + 1):
            # The probabilities are fetched in the same run as the update and so are those before it.
            loss, probabilities, summary, _ = fcn.net.run(
                [training["loss"], fcn.probabilities, training["summary"], training["update"]], feed
            )
            if not np.isfinite(loss):
                raise SegxaiError(
                    f"The loss became {loss} at iteration {iteration}; choose a smaller learning_rate than {learning_rate:g}."
                )
            if writer is not None:
                writer.add_summary(summary, iteration)
            # A copy, so that the padded array is not kept with it.
            probabilities = probabilities[0, :height, :width].copy()
            yield Step(iteration, float(loss), probabilities, probabilities.argmax(axis=-1).astype(np.uint8))
    finally:
        if writer is not None:
            writer.close()


def _check_loop(iterations, learning_rate) -> None:
    whole_number("iterations", iterations, 1)
    if not isinstance(learning_rate, (int, float, np.number)) or not 0 < learning_rate < np.inf:
        raise SegxaiValueError(f"learning_rate must be positive; got {learning_rate!r}.")


def evaluate(fcn: FCN, image, labels) -> tuple[float, np.ndarray]:
    """The summed loss and the (H, W, C) probabilities with dropout off."""
    image = as_image(image)
    ops = _training_ops(fcn)
    loss, probabilities = fcn.net.run([ops["loss"], fcn.probabilities], _feed(fcn, image, labels))
    return float(loss), probabilities[0, : image.shape[0], : image.shape[1]]


def intersection_over_union(labels: np.ndarray, predictions: np.ndarray, number: int | None = None) -> np.ndarray:
    """(number,) for each class: pixels where both agree, over pixels where either has it; NaN where neither does.

    number: of classes; up to the largest id that occurs when None. labels may hold 255 for pixels that do not count. Everingham et al. 2010, "The PASCAL VOC Challenge", section 4.2.
    """
    valid = labels != IGNORE
    labels, predictions = labels[valid].astype(int), predictions[valid].astype(int)
    number = max(labels.max(), predictions.max()) + 1 if number is None else number
    both = np.bincount(labels * number + predictions, minlength=number * number).reshape(number, number)
    union = both.sum(0) + both.sum(1) - both.diagonal()
    with np.errstate(invalid="ignore"):
        return both.diagonal() / union


def _feed(fcn, image, labels):
    labels = np.asarray(labels)
    if labels.shape != image.shape[:2]:
        raise SegxaiValueError(f"The labels are {labels.shape}, the image {image.shape[:2]}.")
    if labels.dtype != bool and not np.issubdtype(labels.dtype, np.integer):
        raise SegxaiValueError(f"Labels are whole class ids; got {labels.dtype}.")
    labels = labels.astype(np.int32)
    if not np.isin(labels, [*range(fcn.num_classes), IGNORE]).all():
        raise SegxaiValueError(
            f"Labels are 0 to {fcn.num_classes - 1}, or {IGNORE} where ignored; got {labels.min()} to {labels.max()}."
        )
    return {fcn.images: pad(image)[None], _training_ops(fcn)["labels"]: pad(labels, mode="constant", constant_values=IGNORE)[None]}


def _training_ops(fcn, rate=None, trainable="all", with_summaries=False) -> dict:
    """The loss, and where `rate` is given one Adam update, added to the network's graph."""
    from ..nets.fcn import SCOPE
    from ..nets.graph import tf

    ops = fcn.training_ops
    if ops is None:
        with fcn.net.build():
            labels = tf.placeholder(tf.int32, (1, None, None), "labels")
            counted = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=tf.where(counted > 0, labels, tf.zeros_like(labels)), logits=fcn.scores
            )
            ops = fcn.training_ops = {"labels": labels, "loss": tf.reduce_sum(entropy * counted)}
    if rate is None:
        return ops
    key = (rate, trainable, with_summaries)
    if key in fcn.updates:  # the same loop again: Adam starts afresh, the graph does not grow
        fcn.net.run(fcn.updates[key]["start"])
        return fcn.updates[key]
    with fcn.net.build():
        variables = _trainable(fcn, trainable)
        gradients = list(zip(tf.gradients(ops["loss"], variables), variables, strict=True))
        heads = [pair for pair in gradients if pair[1].op.name.startswith(SCOPE + "/")]
        encoder = [pair for pair in gradients if not pair[1].op.name.startswith(SCOPE + "/")]
        optimizers = [
            (tf.train.AdamOptimizer(speed), pairs) for speed, pairs in ((rate, encoder), (HEAD_FACTOR * rate, heads)) if pairs
        ]
        # The probabilities of before the update must have been read before it changes the weights.
        with tf.control_dependencies([fcn.probabilities, ops["loss"], *(g for g, _ in gradients)]):
            update = tf.group(*(optimizer.apply_gradients(pairs) for optimizer, pairs in optimizers))
        start = [v.initializer for optimizer, _ in optimizers for v in optimizer.variables()]
        fcn.net.run(start)
        summary = tf.no_op()
        if with_summaries:
            summary = tf.summary.merge(
                [tf.summary.scalar("loss", ops["loss"])] + [tf.summary.histogram(f"gradient/{v.op.name}", g) for g, v in gradients]
            )
    fcn.updates[key] = {**ops, "update": update, "summary": summary, "start": start}
    return fcn.updates[key]


def _trainable(fcn, trainable):
    from ..nets.fcn import SCOPE

    variables = fcn.model_variables()
    if trainable == "all":
        return variables
    pattern = rf"^{SCOPE}/" if trainable == "head" else trainable
    try:
        chosen = [v for v in variables if re.search(pattern, v.op.name)]
    except (re.error, TypeError) as error:
        raise SegxaiValueError(f"trainable is 'all', 'head' or a regular expression; {trainable!r} is none: {error}.") from error
    if not chosen:
        some = ", ".join(v.op.name for v in variables[:3])
        raise SegxaiValueError(f"No variable's name matches {trainable!r}. Names look like: {some}.")
    return chosen


def _event_writer(fcn, logdir):
    from ..nets.graph import tf

    try:
        Path(logdir).mkdir(parents=True, exist_ok=True)
        with fcn.net.build():
            return tf.summary.FileWriter(str(logdir))
    except (OSError, ValueError) as error:  # ValueError: a name that no folder can have
        reason = getattr(error, "strerror", None) or error
        raise SegxaiError(f"The folder {str(logdir)!r} for TensorBoard cannot be written: {reason}.") from error
