"""An iteration of a fit as small pictures for the browser, and a run as a still figure."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ...fcn.annotation import IGNORE
from ...fcn.training import FineTuned, Step
from ...images import reduced_size, resize, resize_labels
from ...metrics import intersection_over_union
from ...plots import BLUE, ORANGE_BLUE, DescribedFigure, draw_borders, draw_names, widest_place
from ...regions import Regions
from ...report.pictures import number_png

SIDE = 320  # pixels of the longer side of every picture that is sent


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
    grey = io.BytesIO()
    Image.fromarray(strip).save(grey, "PNG")
    return {
        "iteration": iteration,
        "final": final,
        "loss": loss,
        "iou": [None if np.isnan(v) else float(v) for v in iou],
        "spots": spots(small, len(names)),
        "labels": number_png(small),
        "probabilities": grey.getvalue(),
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
    places = [widest_place(coarse == k) if (coarse == k).any() else None for k in range(number)]
    return [
        p and [float((p[1] + 0.5) / coarse.shape[1]), float((p[0] + 0.5) / coarse.shape[0])]
        for p in places
    ]


def plot_run(
    image: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    losses: Sequence[float],
    last: FineTuned | Step | None,
    chosen: int,
) -> DescribedFigure:
    """Draw the annotation and, of a run, the last answer, one probability and the losses.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    labels : (H, W) array of int
        Class ids of the annotation.
    names : sequence of str
        Of the classes.
    losses : sequence of float
        Before each update.
    last : FineTuned or Step or None
        The last answer; None before the first iteration.
    chosen : int
        The class whose probability is drawn.

    Returns
    -------
    figure : DescribedFigure
        One panel, or four of a run.
    """
    figure = DescribedFigure(figsize=(13 if losses else 4.5, 3.8), layout="constrained")
    panels = figure.subplots(1, 4 if losses else 1, squeeze=False)[0]
    given = Regions.from_labels(labels, dict(enumerate(names)) | {IGNORE: "ignored"})
    panels[0].imshow(image)
    panels[0].set_title("annotation", fontsize=10)
    draw_borders(panels[0], given)
    draw_names(panels[0], given)
    figure.alt = f"A photograph annotated with {', '.join(given.names)}."
    if last is not None:
        panels[1].imshow(image)
        draw_borders(panels[1], Regions.from_labels(last.predictions))
        panels[1].set_title(f"argmax after {len(losses)} iterations", fontsize=10)
        probability = last.probabilities[..., chosen].astype(np.float32)
        panels[2].imshow(probability, cmap=ORANGE_BLUE, vmin=0, vmax=1)
        panels[2].set_title(f"P({names[chosen]}): blue 1, orange 0", fontsize=10, parse_math=False)
        panels[3].plot(range(1, len(losses) + 1), losses, "o-", color=BLUE)
        panels[3].set(xlabel="iteration", ylabel="summed loss", ylim=(0, None))
        figure.alt += (
            f" The loss went from {losses[0]:,.0f} to {losses[-1]:,.0f} "
            f"in {len(losses)} iterations."
        )
    for axes in panels[:3]:
        axes.set_axis_off()
    return figure
