"""An iteration of a fit as small pictures for the browser, and a run as a still figure."""

from __future__ import annotations

import io

import numpy as np

from ...fcn.annotation import IGNORE
from ...images import resize, resize_labels
from ...metrics import intersection_over_union
from ...plots import BLUE, ORANGE_BLUE, DescribedFigure, draw_borders, draw_names, widest_place
from ...regions import Regions
from ...report.pictures import number_png, shown_size

SIDE = 320  # pixels of the longer side of every picture that is sent


def make_frame(labels, names, iteration, loss, predictions, probabilities, final=False) -> dict:
    """What the browser shows of one iteration: numbers, and two PNG files as bytes.

    labels, predictions: (H, W) class ids; probabilities: (H, W, C). final: after the last update, with dropout off.
    """
    iou = intersection_over_union(labels, predictions, len(names))
    small = resize_labels(predictions, shown_size(predictions.shape, SIDE))
    # All classes below each other in one grey picture; of more than four classes each is smaller, so that bytes stay few.
    planes = resize(
        probabilities, shown_size(predictions.shape, min(SIDE, 2 * SIDE / len(names) ** 0.5))
    )
    strip = np.rint(255 * np.concatenate(list(np.moveaxis(planes, -1, 0)))).astype(np.uint8)
    return {
        "iteration": iteration, "final": final, "loss": loss, "iou": [None if np.isnan(v) else float(v) for v in iou],
        "spots": spots(small, len(names)), "labels": number_png(small), "probabilities": _grey_png(strip),
    }  # fmt: skip


def spots(labels, number) -> list:
    """[x, y] for each class, as shares of width and height, where its number fits best; None where it has no pixel."""
    coarse = labels[::2, ::2]  # half is fine enough for a text, and four times as quick
    places = [widest_place(coarse == k) if (coarse == k).any() else None for k in range(number)]
    return [
        p and [float((p[1] + 0.5) / coarse.shape[1]), float((p[0] + 0.5) / coarse.shape[0])]
        for p in places
    ]


def plot_run(image, labels, names, losses, last, chosen) -> DescribedFigure:
    """The annotation; and of a run the last answer, the probability of class number `chosen`, and the losses.

    last: a `FineTuned` or `Step`, None before the first iteration.
    """
    figure = DescribedFigure(figsize=(13 if losses else 4.5, 3.8), layout="constrained")
    panels = figure.subplots(1, 4 if losses else 1, squeeze=False)[0]
    given = Regions.from_labels(labels, dict(enumerate(names)) | {IGNORE: "ignored"})
    panels[0].imshow(image)
    panels[0].set_title("annotation", fontsize=10)
    draw_borders(panels[0], given)
    draw_names(panels[0], given)
    figure.alt = f"A photograph annotated with {', '.join(given.names)}."
    if losses:
        panels[1].imshow(image)
        draw_borders(panels[1], Regions.from_labels(last.predictions))
        panels[1].set_title(f"argmax after {len(losses)} iterations", fontsize=10)
        panels[2].imshow(
            last.probabilities[..., chosen].astype(np.float32), cmap=ORANGE_BLUE, vmin=0, vmax=1
        )
        panels[2].set_title(f"P({names[chosen]}): blue 1, orange 0", fontsize=10, parse_math=False)
        panels[3].plot(range(1, len(losses) + 1), losses, "o-", color=BLUE)
        panels[3].set(xlabel="iteration", ylabel="summed loss", ylim=(0, None))
        figure.alt += f" The loss went from {losses[0]:,.0f} to {losses[-1]:,.0f} in {len(losses)} iterations."
    for axes in panels[:3]:
        axes.set_axis_off()
    return figure


def _grey_png(numbers) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(numbers).save(data, "PNG")
    return data.getvalue()
