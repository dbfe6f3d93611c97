"""Watch a network learn one photograph: curves and maps of every iteration, while the kernel trains in the background."""

from __future__ import annotations

import contextvars
import numbers
import threading
from functools import partial
from typing import Any

import anywidget
import numpy as np
import traitlets

from ...errors import SegxaiError, SegxaiValueError, is_number
from ...fcn.annotation import IGNORE, read_annotation
from ...fcn.network import FCN, STRIDES
from ...fcn.training import LEARNING_RATE, FineTuned, Step, evaluate, finetune_steps
from ...images import as_image, resize_labels
from ...plots import DescribedFigure
from ...report.pictures import jpeg, number_png, shown_size
from ..shared import background, browser
from ..shared.messages import receive, send
from .frames import SIDE, make_frame, plot_run, spots

MOST_ITERATIONS = 50
_SETTINGS = {
    "learning_rate": "a positive number, e.g. 1e-4",
    "stride": "32, 16 or 8",
    "iterations": f"a whole number from 1 to {MOST_ITERATIONS}",
    "trainable": "'all' or 'head'",
}


class FineTuneMonitor(anywidget.AnyWidget):
    """Start, stop or single-step the fitting of an FCN to one photograph, and look at each iteration.

    image, annotation, names: as `segxai.finetune` takes them, or a sample of `segxai.data` alone. learning_rate, stride,
    iterations (1 to 50; how far `start` goes) and trainable ("all" or "head") as in `finetune`; they are also the controls.
    losses: the summed loss before each update. final_loss and fitted (a `FineTuned`) as `finetune` gives them, None until a run
    rests. running, status and error (one line, "" when all is well) describe the run. A start after a change of learning_rate,
    stride or trainable begins anew and closes the former network; `close()` frees the last one.
    Ten iterations take 0.12 MB to the browser for two classes, 0.5 MB for nine, and as much again when the run rests.

    >>> monitor = segxai.widgets.FineTuneMonitor(segxai.data.load("cat"))     # doctest: +SKIP
    >>> monitor                                                               # doctest: +SKIP
    """

    _esm = browser.module("fit_monitor")
    _css = browser.style("fit_monitor")

    photo = traitlets.Bytes().tag(sync=True)
    annotation = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    spots: traitlets.List = traitlets.List().tag(
        sync=True
    )  # where each class's number is written on the annotation
    pixels = traitlets.Int().tag(sync=True)  # that count in the loss

    learning_rate = traitlets.Any(LEARNING_RATE).tag(sync=True)
    stride = traitlets.Any(32).tag(sync=True)
    iterations = traitlets.Any(10).tag(sync=True)
    trainable = traitlets.Any("all").tag(sync=True)
    shown_class = traitlets.Int(1, min=0).tag(sync=True)
    opacity = traitlets.Float(0.6, min=0, max=1).tag(sync=True)

    running = traitlets.Bool(False).tag(sync=True)
    status = traitlets.Unicode("Ready.").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    # Every frame of the run, set once when it rests: for a page that is loaded again, and for a saved notebook.
    history = traitlets.Dict().tag(sync=True)

    _thread = _fcn = _loop = None
    _closed = False

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
        if annotation is None:
            if not (hasattr(image, "image") and hasattr(image, "annotation")):
                raise SegxaiValueError(
                    "FineTuneMonitor needs an annotation beside the image, or a sample such as segxai.data.load('cat')."
                )
            image, annotation = image.image, image.annotation
        self._image = as_image(image)
        self._labels, found = read_annotation(annotation, self._image.shape[:2], names)
        self._seed, self._stopping, self._starting = seed, threading.Event(), threading.Lock()
        self._run, self._frames = 0, []
        self._settings: Any = (
            None  # (learning rate, stride, trainable) of the network that is being fitted
        )
        self._steps: list[Step] = []
        self._fitted: FineTuned | None = None
        small = resize_labels(self._labels, shown_size(self._image.shape, SIDE))
        super().__init__(
            photo=jpeg(self._image, SIDE), annotation=number_png(small),
            names=list(found), spots=spots(small, len(found)), pixels=int((self._labels != IGNORE).sum()),
            learning_rate=learning_rate, stride=stride, iterations=iterations, trainable=trainable,
        )  # fmt: skip
        actions = {
            "start": self.start,
            "step": self.step,
            "stop": self.stop,
            "frames": self._send_frames,
        }
        receive(self, {name: partial(self._message, action) for name, action in actions.items()})

    # --- acting, from code or from the page -----------------------------------------------------------------------------

    def start(self) -> None:
        """Fit in the background until `iterations` are done; goes on after a stop, begins anew after a finished run."""
        self._go(whole=True)

    def step(self) -> None:
        """One iteration more, in the background."""
        self._go(whole=False)

    def stop(self) -> None:
        """Let the run rest after the iteration that is being done; `wait` waits for that."""
        self._stopping.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs, `timeout` seconds at most; whether that is so."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return not self.running

    def close(self) -> None:
        """End the run, free the network's graph and take the widget off the page."""
        self._closed = True
        if self._thread is not None:
            self._stopping.set()
            self.wait()
        self._free()
        super().close()

    @property
    def losses(self) -> list[float]:
        return [step.loss for step in self._steps]

    @property
    def fitted(self) -> FineTuned | None:
        return self._fitted

    @property
    def final_loss(self) -> float | None:
        return None if self._fitted is None else self._fitted.final_loss

    def _message(self, action, fields, buffers):
        try:
            # The settings come with the click: what the page sends of them otherwise may still be on its way.
            settings = fields.get("settings")
            for name, value in settings.items() if isinstance(settings, dict) else ():
                if name in _SETTINGS:
                    setattr(self, name, value)
            action()
        except SegxaiError as error:
            self.error = str(error)

    def _send_frames(self):
        """For a view that came in the middle of a run."""
        for frame in list(self._frames):
            self._send_frame(frame)

    @traitlets.validate(*_SETTINGS)
    def _usable(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if name == "learning_rate" and is_number(value) and 0 < float(value) < np.inf:
            return float(value)
        if (name == "stride" and whole and value in STRIDES) or (
            name == "iterations" and whole and 1 <= value <= MOST_ITERATIONS
        ):
            return int(value)
        if name == "trainable" and value in ("all", "head"):
            return value
        raise SegxaiValueError(f"{name} is {_SETTINGS[name]}; got {value!r}.")

    # --- the run, in its own thread --------------------------------------------------------------------------------------

    def _begin(self):
        self._free()
        self._settings = (self.learning_rate, self.stride, self.trainable)
        self._run += 1
        self._steps, self._frames, self._fitted = [], [], None
        self._keep_history()

    def _go(self, whole):
        with self._starting:
            if self._closed:
                raise SegxaiError("This monitor was closed; make a new one.")
            if self.running:
                return
            self.wait()
            same = self._settings == (self.learning_rate, self.stride, self.trainable)
            if not same or len(self._steps) >= (self.iterations if whole else MOST_ITERATIONS):
                self._begin()
            until = self.iterations if whole else len(self._steps) + 1
            self._stopping.clear()
            self.error = ""
            self.running = True
            # In the caller's context the thread's messages belong to the click on Start. A kernel with subshells then receives
            # a click on Stop even while a long cell runs.
            work = partial(contextvars.copy_context().run, self._work, until)
            self._thread = background.start(self, work, self._stopping.set, "segxai-fit")

    def _work(self, until):
        try:
            if self._fcn is None:
                self.status = "Building the network …"
                rate, stride, trainable = self._settings
                self._fcn = FCN(
                    num_classes=len(self.names),
                    stride=stride,
                    class_names=self.names,
                    seed=self._seed,
                )
                self._loop = finetune_steps(
                    self._fcn,
                    self._image,
                    self._labels,
                    iterations=MOST_ITERATIONS,
                    learning_rate=rate,
                    trainable=trainable,
                )
            self.status = "Training …"
            while len(self._steps) < until and not self._stopping.is_set():
                step = next(self._loop)
                self._fitted = None  # of the weights before this step
                self._steps.append(step.kept())
                self._add_frame(step.iteration, step.loss, step.predictions, step.probabilities)
            if self._steps and self._fitted is None:
                final_loss, probabilities = evaluate(self._fcn, self._image, self._labels)
                self._fitted = FineTuned(
                    self._fcn, final_loss, probabilities, self._steps[:], len(self._steps) < until
                )
                self._add_frame(
                    len(self._steps),
                    final_loss,
                    probabilities.argmax(axis=-1),
                    probabilities,
                    final=True,
                )
            count = f"{len(self._steps)} iteration{'' if len(self._steps) == 1 else 's'}"
            self.status = (
                f"Stopped after {count}." if len(self._steps) < until else f"Done: {count}."
            )
        except (
            Exception
        ) as error:  # nobody above a thread would see it; the page shows what happened
            self._free()
            self._settings = self._fitted = None
            line = str(error).strip().partition("\n")[0]
            self.error = (
                line if isinstance(error, SegxaiError) else f"{type(error).__name__}: {line}"
            )
            self.status = "Ended by an error."
        finally:
            self._keep_history()
            self.running = False

    def _add_frame(self, *args, **kwargs):
        frame = make_frame(self._labels, self.names, *args, **kwargs)
        self._frames = [f for f in self._frames if not f["final"]] + [frame]
        self._send_frame(frame)

    def _send_frame(self, frame):
        fields = {key: value for key, value in frame.items() if not isinstance(value, bytes)}
        content = {"run": self._run, "settings": self._settings, "frame": fields}
        send(self, "frame", content, [frame["labels"], frame["probabilities"]])

    def _keep_history(self):
        self.history = {"run": self._run, "settings": self._settings, "frames": self._frames}

    def _free(self):
        if self._loop is not None:
            self._loop.close()
        if self._fcn is not None:
            self._fcn.close()
        self._fcn = self._loop = None

    # --- for whoever cannot run it ---------------------------------------------------------------------------------------

    def plot(self) -> DescribedFigure:
        """A still figure: the annotation and, once there are iterations, the loss and the last answer."""
        last = self._fitted or (self._steps[-1] if self._steps else None)
        return plot_run(
            self._image,
            self._labels,
            self.names,
            self.losses,
            last,
            min(self.shown_class, len(self.names) - 1),
        )

    def _repr_mimebundle_(self, **kwargs):
        figure = self.plot()
        still = {"text/html": figure.as_html(dpi=75), "text/plain": figure.alt}
        if browser.without_kernel():  # nothing can be trained there
            return still
        return browser.beside(super()._repr_mimebundle_(**kwargs), still)
