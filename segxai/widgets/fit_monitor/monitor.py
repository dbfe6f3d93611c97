"""Watch a network learn one photograph.

Curves and maps of every iteration are shown while the kernel trains in the background.
"""

import contextvars
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import traitlets
from PIL import Image

from ...errors import SegxaiError, SegxaiValueError, is_number
from ...fcn.annotation import IGNORE, read_annotation
from ...fcn.network import FCN, STRIDES
from ...fcn.training import LEARNING_RATE, FineTuned, Step, evaluate, finetune_steps
from ...images import as_image, encoded, reduced_size, resize, resize_labels
from ...metrics import intersection_over_union
from ...plots import BLUE, ORANGE_BLUE, DescribedFigure, draw_borders, panels, show
from ...regions import Regions
from ...report.state import anchor, jpeg, number_png
from ..shared import background, browser

SIDE = 320  # pixels of the longer side of every picture that is sent
MOST_ITERATIONS = 50


# Of each setting its type, which values it takes, and how that is said.
_SETTINGS: dict[str, tuple] = {
    "learning_rate": (
        float,
        lambda value: is_number(value) and 0 < float(value) < np.inf,
        "a positive number, e.g. 1e-4",
    ),
    "stride": (int, lambda value: is_number(value) and value in STRIDES, "32, 16 or 8"),
    "iterations": (
        int,
        lambda value: is_number(value) and value in range(1, MOST_ITERATIONS + 1),
        f"a whole number from 1 to {MOST_ITERATIONS}",
    ),
    "trainable": (str, lambda value: value in ("all", "head"), "'all' or 'head'"),
}


class FineTuneMonitor(browser.Pictured, browser.BundledWidget, folder="fit_monitor"):
    """Start, stop or single-step the fitting of an FCN to one photograph.

    Each iteration can be looked at. A start after a change of learning_rate, stride or trainable
    begins anew and closes the former network; `close` frees the last one. Ten iterations take
    0.12 MB to the browser for two classes, 0.5 MB for nine, and twice that with a pause.

    Parameters
    ----------
    image : array, PIL image or path
        The photograph, or a sample of `segxai.data` alone.
    annotation, names
        As `segxai.finetune` takes them.
    learning_rate, stride, trainable : optional
        As in `segxai.finetune`.
    iterations : int, optional
        How far `start` goes, 1 to 50.
    seed : int, optional
        Of the network's initial weights.

    Attributes
    ----------
    learning_rate, stride, iterations, trainable
        The settings, which are also the controls.
    losses : list of float
        The summed loss before each update.
    fitted : FineTuned or None
        As `segxai.finetune` gives it, None until a run is paused.
    running : bool
        Whether an iteration is being done.
    status, error : str
        How the run is getting on, and one line of what went wrong, "" when all is well.

    Examples
    --------
    >>> monitor = segxai.widgets.FineTuneMonitor(segxai.data.load("cat"))     # doctest: +SKIP
    >>> monitor                                                               # doctest: +SKIP
    """

    photo = traitlets.Bytes().tag(sync=True)
    annotation = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Where each class's number is written on the annotation.
    spots: traitlets.List = traitlets.List().tag(sync=True)
    pixels = traitlets.Int().tag(sync=True)  # that count in the loss

    learning_rate = traitlets.Any(LEARNING_RATE).tag(**browser.FROM_PAGE)
    stride = traitlets.Any(32).tag(**browser.FROM_PAGE)
    iterations = traitlets.Any(10).tag(**browser.FROM_PAGE)
    trainable = traitlets.Any("all").tag(**browser.FROM_PAGE)
    shown_class = traitlets.Int(1, min=0).tag(**browser.FROM_PAGE)
    opacity = traitlets.Float(0.6, min=0, max=1).tag(**browser.FROM_PAGE)

    running = traitlets.Bool(False).tag(sync=True)
    status = traitlets.Unicode("Ready.").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    # Every frame of the run, set once when it rests: for a page that is loaded again, and for a
    # saved notebook.
    history = traitlets.Dict().tag(sync=True)

    fitted: FineTuned | None = None
    _run = 0
    _thread: threading.Thread | None = None
    _settings: Any = None  # (learning rate, stride, trainable) of the network being fitted

    def __init__(
        self,
        image,
        annotation=None,
        names=None,
        *,
        learning_rate=LEARNING_RATE,
        stride=32,
        iterations=10,
        trainable="all",
        seed=0,
    ):
        # Before anything can fail, because what could not be made is closed, too.
        self._stopping, self._starting = threading.Event(), threading.Lock()
        self._training = self._train()  # it goes on after a pause
        if annotation is None:
            if not (hasattr(image, "image") and hasattr(image, "annotation")):
                raise SegxaiValueError(
                    "FineTuneMonitor needs an annotation as well as the image, "
                    "or a sample such as segxai.data.load('cat')."
                )
            image, annotation = image.image, image.annotation
        self._image = as_image(image)
        self._labels, found = read_annotation(annotation, self._image.shape[:2], names)
        self._seed = seed
        self._frames: list[dict[str, Any]] = []
        self._steps: list[Step] = []
        small = resize_labels(self._labels, reduced_size(self._image.shape[:2], SIDE))
        super().__init__(
            photo=jpeg(self._image, SIDE),
            annotation=number_png(small),
            names=list(found),
            spots=spots(small, len(found)),
            pixels=int((self._labels != IGNORE).sum()),
            learning_rate=learning_rate,
            stride=stride,
            iterations=iterations,
            trainable=trainable,
        )
        actions = {
            "start": self.start,
            "step": self.step,
            "stop": self.stop,
            # For a view that came in the middle of a run.
            "frames": lambda: self._send_frames(self._frames),
        }
        self.handle(
            {name: partial(self._message, action) for name, action in actions.items()},
            partial(self.set_trait, "error"),
        )

    def start(self) -> None:
        """Fit in the background until `iterations` are done.

        Goes on after a stop, and begins anew after a finished run.
        """
        self._go(whole=True)

    def step(self) -> None:
        """Do one iteration more, in the background."""
        self._go(whole=False)

    def stop(self) -> None:
        """Pause the run after the current iteration; `wait` waits for that."""
        self._stopping.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        rests : bool
            Whether nothing runs.
        """
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return not self.running

    def close(self) -> None:
        """End the run, free the network's graph and take the widget off the page."""
        with self._starting:
            self.stop()
            self.wait()
            self._training.close()
            super().close()

    @property
    def losses(self) -> list[float]:
        """The summed loss before each update."""
        return [step.loss for step in self._steps]

    def _message(self, action, fields, data):
        # The settings come with the click: what the page sends of them otherwise may still be on
        # its way.
        settings = fields.get("settings")
        for name, value in settings.items() if isinstance(settings, dict) else ():
            if name in _SETTINGS:
                setattr(self, name, value)
        action()

    @traitlets.validate(*_SETTINGS)
    def _usable(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        convert, fits, wanted = _SETTINGS[name]
        if not fits(value):
            raise SegxaiValueError(f"{name} must be {wanted}; got {value!r}.")
        return convert(value)

    def _go(self, whole):
        with self._starting:
            if self.comm is None:
                raise SegxaiError("This monitor was closed; make a new one.")
            if self.running:
                return
            self.wait()
            settings = (self.learning_rate, self.stride, self.trainable)
            most = self.iterations if whole else MOST_ITERATIONS
            if self._settings != settings or len(self._steps) >= most:
                self._training.close()
                self._training = self._train()
                self._run += 1
                self._settings, self._steps, self._frames, self.fitted = settings, [], [], None
                self._keep_history()
            until = self.iterations if whole else len(self._steps) + 1
            self._stopping.clear()
            self.error = ""
            self.running = True
            # In the caller's context the thread's messages belong to the click on Start. A kernel
            # with subshells then receives a click on Stop even while a long cell runs.
            work = partial(contextvars.copy_context().run, self._work, until)
            self._thread = background.start(self, work, self._stopping.set, "segxai-fit")

    def _train(self):
        """Build a network and yield it with each of its steps, until this is closed."""
        self.status = "Building the network …"
        rate, stride, trainable = self._settings
        with FCN(
            num_classes=len(self.names), stride=stride, class_names=self.names, seed=self._seed
        ) as fcn:
            self.status = "Training …"
            for step in finetune_steps(
                fcn,
                self._image,
                self._labels,
                iterations=MOST_ITERATIONS,
                learning_rate=rate,
                trainable=trainable,
            ):
                yield fcn, step

    def _work(self, until):
        try:
            self.status = "Training …"
            while len(self._steps) < until and not self._stopping.is_set():
                fcn, step = next(self._training)
                self.fitted = None  # of the weights before this step
                self._steps.append(step.kept())
                self._add_frame(step.iteration, step.loss, step.predictions, step.probabilities)
            done = len(self._steps)
            if self._steps and self.fitted is None:  # a step was done just now
                loss, probabilities = evaluate(fcn, self._image, self._labels)
                self.fitted = FineTuned(fcn, loss, probabilities, self._steps[:], done < until)
                self._add_frame(done, loss, self.fitted.predictions, probabilities, final=True)
            count = f"{done} iteration{'' if done == 1 else 's'}"
            self.status = f"Stopped after {count}." if done < until else f"Done: {count}."
        except Exception as error:
            self._training.close()
            self._settings = self.fitted = None
            self.error = background.problem(error)
            self.status = "Stopped by an error."
        finally:
            self._keep_history()
            self.running = False

    def _add_frame(self, *args, **kwargs):
        frame = make_frame(self._labels, self.names, *args, **kwargs)
        self._frames = [f for f in self._frames if not f["final"]] + [frame]
        self._send_frames([frame])

    def _send_frames(self, frames):
        for frame in frames:
            fields = {key: value for key, value in frame.items() if not isinstance(value, bytes)}
            self.send(
                {"type": "frame", "frame": fields, "run": self._run, "settings": self._settings},
                [frame["labels"], frame["probabilities"]],
            )

    def _keep_history(self):
        self.history = {"run": self._run, "settings": self._settings, "frames": self._frames}

    def plot(self) -> DescribedFigure:
        """Draw the run as a still figure, also for pages without a kernel, where nothing trains.

        Returns
        -------
        figure : DescribedFigure
            The annotation and, once there are iterations, the loss and the last answer.
        """
        losses = self.losses
        figure, grid = panels((13 if losses else 4.5, 3.8), 1, 4 if losses else 1, squeeze=False)
        given = Regions.from_labels(
            self._labels, {**dict(enumerate(self.names)), IGNORE: "ignored"}
        )
        show(grid[0, 0], self._image, "annotation", given)
        figure.alt = f"A photograph annotated with {', '.join(given.names)}."
        if losses:
            last = self.fitted or self._steps[-1]
            chosen = min(self.shown_class, len(self.names) - 1)
            _, found, probability, curve = grid[0]
            show(found, self._image, f"argmax after {len(losses)} iterations")
            draw_borders(found, Regions.from_labels(last.predictions))
            shown = last.probabilities[..., chosen].astype(np.float32)
            title = f"P({self.names[chosen]}): blue 1, orange 0"
            show(probability, shown, title, cmap=ORANGE_BLUE, vmin=0, vmax=1)
            curve.plot(range(1, len(losses) + 1), losses, "o-", color=BLUE)
            curve.set(xlabel="iteration", ylabel="summed loss", ylim=(0, None))
            figure.alt += (
                f" The loss went from {losses[0]:,.0f} to {losses[-1]:,.0f} "
                f"in {len(losses)} iterations."
            )
        return figure


def make_frame(
    labels: np.ndarray,
    names: Sequence[str],
    iteration: int,
    loss: float,
    predictions: np.ndarray,
    probabilities: np.ndarray,
    final: bool = False,
) -> dict[str, Any]:
    """Make what the browser shows of one iteration.

    Parameters
    ----------
    labels : (H, W) array of int
        Class ids of the annotation.
    names : sequence of str
        Of the C classes.
    iteration : int
        Number of the iteration.
    loss : float
        Summed over the pixels.
    predictions : (H, W) array of int
        Class ids that the network finds.
    probabilities : (H, W, C) array of float
        Of each class.
    final : bool, optional
        After the last update, with dropout off.

    Returns
    -------
    frame : dict
        Numbers, and two PNG files as bytes.
    """
    iou = intersection_over_union(labels, predictions, len(names))
    small = resize_labels(predictions, reduced_size(predictions.shape, SIDE))
    # All classes below each other in one grey picture; of more than four classes each is smaller,
    # so that bytes stay few.
    side = min(SIDE, 2 * SIDE / len(names) ** 0.5)
    planes = resize(probabilities, reduced_size(predictions.shape, side))
    strip = np.rint(255 * np.concatenate(list(np.moveaxis(planes, -1, 0)))).astype(np.uint8)
    return {
        "iteration": iteration,
        "final": final,
        "loss": loss,
        "iou": [None if np.isnan(v) else float(v) for v in iou],
        "spots": spots(small, len(names)),
        "labels": number_png(small),
        "probabilities": encoded(Image.fromarray(strip), "PNG"),
    }


def spots(labels: np.ndarray, number: int) -> list[list[float] | None]:
    """Find where each class's number fits best.

    Parameters
    ----------
    labels : (H, W) array of int
        Class ids.
    number : int
        Of the classes.

    Returns
    -------
    places : list of [x, y] or None
        As shares of width and height; None for a class that has no pixel.
    """
    coarse = labels[::2, ::2]  # half is fine enough for a text, and four times as quick
    return [anchor(coarse == k) if (coarse == k).any() else None for k in range(number)]
