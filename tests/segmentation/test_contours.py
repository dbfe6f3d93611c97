import contextlib
import tempfile
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import segxai
from segxai.segmentation import contours as module
from segxai.segmentation.contours import contours, side_outputs
from segxai.weights.downloads import cached


@pytest.fixture(autouse=True, scope="module")
def _weights():
    if cached("contours") is None:
        pytest.skip("the contour network's weights are not here: python -m segxai fetch contours")


@pytest.fixture
def runs(monkeypatch):
    """The working copies that the network was run on, with nothing kept from before."""
    seen, run = [], module._run
    monkeypatch.setattr(module, "_maps", type(module._maps)())
    monkeypatch.setattr(module, "_run", lambda copy: seen.append(copy) or run(copy))
    return seen


def test_they_are_where_people_drew_outlines(astronaut):
    """Twice as strong within two pixels of the annotation's borders as elsewhere."""
    from scipy.ndimage import binary_dilation
    from skimage.segmentation import find_boundaries

    outlines = binary_dilation(
        find_boundaries(segxai.data.load("astronaut").annotation.labels), iterations=2
    )
    strength = contours(astronaut)
    assert strength[outlines].mean() > 2 * strength[~outlines].mean()


def test_one_edge_is_found_and_nothing_else():
    picture = np.full((160, 240, 3), 40, np.uint8)
    picture[:, 120:] = 210
    inside = contours(picture)[40:-40, 40:-40]
    assert (np.abs(inside.argmax(axis=1) + 40 - 119.5) <= 2).all()
    assert inside.max(axis=1).min() > 0.8
    assert inside[:, :50].max() < 0.3


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (1, 700), (900, 1), (2, 3), (15, 17), (33, 31), (3, 2000), (513, 512)]
)
def test_photographs_of_any_shape(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    maps = [contours(picture), *side_outputs(picture)]
    assert len(maps) == 6
    for found in maps:
        assert found.shape == shape
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1


def test_a_photograph_of_8k_is_reduced_for_the_network(runs, astronaut):
    large = np.kron(astronaut[:288, :512], np.ones((15, 15, 1), np.uint8))
    assert large.shape == (4320, 7680, 3)
    found = contours(large)
    assert [copy.shape for copy in runs] == [(288, 512, 3)]
    assert found.shape == (4320, 7680)
    assert np.abs(found[7::15, 7::15] - contours(astronaut[:288, :512])).mean() < 0.02


def test_small_photographs_are_not_enlarged_and_grey_floats_are_read(runs, cat):
    grey = cat[:90, :120, 0]
    found = contours(grey)
    assert runs[0].shape == (90, 120, 3)
    assert np.array_equal(contours(grey.astype(np.float64) / 255), found)
    assert len(runs) == 1


def test_the_network_runs_once_for_a_photograph_and_keeps_the_last_few(runs, cat):
    pictures = [cat[: 40 + i, :60] for i in range(module.KEPT + 1)]
    first = contours(pictures[0])
    first[:] = -1  # what a caller does with it changes nothing that is kept
    assert contours(pictures[0].copy()).min() >= 0
    side_outputs(pictures[0])
    assert len(runs) == 1
    for picture in pictures[1:]:
        contours(pictures[0])
        contours(picture)
    assert len(runs) == module.KEPT + 1  # the one that was used last is the last to go
    assert len(module._maps) == module.KEPT
    contours(pictures[1])
    assert len(runs) == module.KEPT + 2


def test_two_threads_share_one_run(runs, cat):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(contours, [cat[:64, :64]] * 4))
    assert len(runs) == 1
    assert all(np.array_equal(found[0], other) for other in found)


def test_progress_is_shown_by_stages(monkeypatch, cat):
    steps = []

    @contextlib.contextmanager
    def track(total, what, progress=None):
        steps.append((total, what))
        yield steps.append

    monkeypatch.setattr(module, "track", track)
    module._run(cat[:32, :32].astype(np.float32))
    assert steps == [(5, "computing contours"), 1, 1, 1, 1, 1]


@pytest.fixture
def bars(monkeypatch):
    """What the bars are of that are shown, as on a terminal, with nothing kept from before."""
    from segxai import progress
    from segxai.segmentation import tree

    shown = []

    def bar(desc, disable, **options):
        if not disable:
            shown.append(desc)
        return contextlib.nullcontext(SimpleNamespace(update=lambda count: None))

    monkeypatch.setattr(progress, "_Bar", bar)
    monkeypatch.setattr(module, "_maps", type(module._maps)())
    monkeypatch.setattr(tree, "_trees", type(tree._trees)())
    return shown


def grey(images):
    return images.mean(axis=(1, 2, 3)) / 255


def saved(image, **how):
    with tempfile.TemporaryDirectory() as folder:
        segxai.save_explorer(
            f"{folder}/x.html", image, grey, segmenters=["contours"], fills=["black"], **how
        )


def compared(image, **how):
    segxai.compare([image, image[:, ::-1]], ["contours"], ["insertion"], classifier=grey, **how)


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (contours, ["computing contours"]),
        (side_outputs, ["computing contours"]),
        (partial(segxai.segment, method="contours"), ["computing contours"]),
        (partial(segxai.segment, method="grid+contours"), ["computing contours"]),
        (
            partial(segxai.explain, regions="contours", classifier=grey),
            ["computing contours", "evaluating the classifier"],
        ),
        (
            partial(segxai.evaluate_coalitions, grey, regions="contours"),
            ["computing contours", "evaluating the classifier"],
        ),
        (saved, ["computing contours", "evaluating the classifier"]),
        (compared, ["comparing"]),
    ],
)
def test_without_progress_no_bar_is_shown_at_any_depth(call, shown, bars, cat):
    call(image=cat[:32, :40], progress=False)
    assert bars == []
    call(image=cat[:32, :41])
    assert bars == shown


def test_a_function_counts_the_evaluations_alone(bars, cat):
    told = []
    segxai.explain(
        cat[:32, :40], "contours", grey, progress=lambda done, total: told.append((done, total))
    )
    assert {total for _, total in told} == {told[-1][0]}
    assert bars == []
    told.clear()
    contours(cat[:32, :41], progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 5) for k in range(1, 6)]
