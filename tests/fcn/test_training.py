import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

import segxai
from segxai import FCN, SegxaiError, finetune
from segxai.fcn import training
from segxai.fcn.annotation import save_annotation
from segxai.fcn.training import finetune_steps, read_annotation
from segxai.metrics import intersection_over_union


@pytest.fixture(scope="module")
def sample():
    return segxai.data.load("cat")


@pytest.fixture(scope="module")
def fitted(sample):
    fitted = finetune(sample.image, sample.annotation)
    yield fitted
    fitted.fcn.close()


def small(sample):
    return sample.image[::4, ::4], sample.annotation.labels[::4, ::4]


def test_ten_steps_find_the_cat(sample, fitted):
    pixels = sample.annotation.labels.size
    assert len(fitted.losses) == 10
    # All classes are equally likely before the first update: log 2 for every pixel.
    assert fitted.losses[0] == pytest.approx(pixels * np.log(2), rel=1e-4)
    # The published run (VGG16, a photograph of 352 x 480) ends at 18,177; the same for each pixel
    # here.
    assert fitted.final_loss < 18_177 * pixels / (352 * 480)
    assert intersection_over_union(sample.annotation.labels, fitted.predictions)[1] > 0.93
    assert fitted.fcn.class_names == ("background", "cat")
    assert fitted.probabilities.shape == (*sample.image.shape[:2], 2)
    assert np.allclose(fitted.probabilities.sum(-1), 1, atol=1e-5)


def test_every_step_tells_its_loss_and_its_picture(sample, fitted):
    first, last = fitted.steps[0], fitted.steps[-1]
    assert (first.iteration, last.iteration) == (1, 10)
    assert np.allclose(first.probabilities, 0.5)
    assert last.predictions.shape == sample.image.shape[:2]
    assert intersection_over_union(sample.annotation.labels, last.predictions)[1] > 0.93


def test_a_step_is_exact_and_its_history_half_the_size(sample):
    image, labels = small(sample)
    exact = []
    fitted = finetune(image, labels, iterations=4, callback=exact.append)
    fitted.fcn.close()
    truth = np.take_along_axis(exact[-1].probabilities, labels[..., None].astype(int), axis=-1)
    assert -np.log(truth).sum() == pytest.approx(exact[-1].loss, rel=1e-3)
    for step, kept in zip(exact, fitted.steps, strict=True):
        assert (step.iteration, step.loss) == (kept.iteration, kept.loss)
        assert (step.probabilities.dtype, kept.probabilities.dtype) == (np.float32, np.float16)
        assert np.abs(step.probabilities - kept.probabilities).max() < 5e-4
        # float16 has ties where float32 has none; the classes are those of float32.
        assert np.array_equal(kept.predictions, step.probabilities.argmax(axis=-1))


def test_finer_strides_fit_finer(sample):
    image, labels = sample.image[::2, ::2], sample.annotation.labels[::2, ::2]
    runs = [finetune(image, labels, stride=stride) for stride in (32, 16, 8)]
    for run in runs:
        run.fcn.close()
    assert runs[0].final_loss > runs[1].final_loss > runs[2].final_loss
    found = [intersection_over_union(labels, run.predictions)[1] for run in runs]
    assert found[0] < found[1] < found[2]
    assert found[2] > 0.95


def test_a_run_can_be_repeated(sample):
    image, labels = small(sample)
    runs = [finetune(image, labels, iterations=3, seed=5) for _ in range(2)]
    for run in runs:
        run.fcn.close()
    assert runs[0].losses == runs[1].losses
    assert np.array_equal(runs[0].probabilities, runs[1].probabilities)


def test_vgg16_with_random_weights_learns_too(sample):
    """The path that is taken where VGG16's weights are here, dropout and all.

    It is seeded, and its configuration is small.
    """
    image, labels = small(sample)
    runs = [
        finetune(
            image,
            labels,
            encoder="vgg16",
            weights=None,
            fc_width=64,
            iterations=4,
            learning_rate=1e-4,
            seed=s,
        )
        for s in (1, 1, 2)
    ]
    for run in runs:
        run.fcn.close()
    assert runs[0].losses == runs[1].losses
    assert runs[0].losses != runs[2].losses
    assert min(runs[0].losses) < runs[0].losses[0]


@pytest.mark.parametrize("stride", [32, 8])
def test_vgg16_with_the_contour_network_s_convolutions_falls_at_every_step_to_below_a_sixth(
    sample, stride
):
    image, labels = sample.image[::2, ::2], sample.annotation.labels[::2, ::2]
    fitted = finetune(image, labels, encoder="vgg16", stride=stride)
    fitted.fcn.close()
    assert fitted.fcn.source == "convolutions of the contour network"
    losses = [*fitted.losses, fitted.final_loss]
    assert losses[0] == pytest.approx(labels.size * np.log(2), rel=1e-4)
    assert all(np.diff(losses) < 0)
    assert losses[-1] < losses[0] / 6
    assert intersection_over_union(labels, fitted.predictions)[1] > 0.9


def test_a_step_of_vgg16_by_hand(sample):
    """The first update moves the heads alone.

    It moves them by their rate in the direction of the gradient's sign: Adam from zero heads.
    """
    image, labels = sample.image[::8, ::8], sample.annotation.labels[::8, ::8]
    with FCN("vgg16", stride=16) as fcn:
        before = {v.op.name: fcn.net.run(v) for v in fcn.variables}
        list(finetune_steps(fcn, image, labels, iterations=1, learning_rate=2e-4))
        moved = {v.op.name: fcn.net.run(v) - before[v.op.name] for v in fcn.variables}
        list(finetune_steps(fcn, image, labels, iterations=2))
        later = {v.op.name: fcn.net.run(v) for v in fcn.variables}
    still = {name for name in before if np.array_equal(before[name], later[name])}
    assert still == {name for name in before if name.startswith(("vgg_16/conv1/", "vgg_16/conv2/"))}
    for name, change in moved.items():
        if not name.startswith("fcn/"):
            assert not change.any()
        elif name.endswith(
            "weights"
        ):  # 100 times the rate, shared by two heads; 0 where a channel is silent
            assert np.median(np.abs(change)) == pytest.approx(2e-4 * 100 / 2, rel=1e-3)
            assert np.abs(change).max() < 2e-4 * 100 / 2 * 1.001


def test_tensorboard_reads_the_loss_and_every_gradient(sample, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    image, labels = small(sample)
    fitted = finetune(image, labels, iterations=3, logdir=tmp_path / "logs")
    count = len(fitted.fcn.variables)
    fitted.fcn.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorBoard's reader speaks of its own dependencies
        events = EventAccumulator(
            str(tmp_path / "logs"), size_guidance={"histograms": 0, "scalars": 0}
        )
        events.Reload()
    assert [e.value for e in events.Scalars("loss")] == pytest.approx(fitted.losses)
    histograms = events.Tags()["histograms"]
    assert len(histograms) == count
    assert "gradient/fcn/score_32/weights" in histograms
    assert not any(":" in name for name in histograms)
    assert events.Histograms("gradient/fcn/score_32/weights")[2].step == 3


def test_only_what_is_chosen_trains_and_has_optimiser_memory(sample):
    from segxai.nets.graph import tf

    image, labels = small(sample)
    with FCN(num_classes=2) as fcn:
        before = {v.op.name: fcn.net.run(v) for v in fcn.variables}
        list(finetune_steps(fcn, image, labels, iterations=2, trainable="head"))
        changed = {
            v.op.name
            for v in fcn.variables
            if not np.array_equal(before[v.op.name], fcn.net.run(v))
        }
        slots = {
            v.op.name for v in fcn.net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
        } - set(before)
    assert changed == {"fcn/score_32/weights", "fcn/score_32/biases"}
    assert not any("block_3" in name for name in slots)
    assert len([name for name in slots if "Adam" in name]) == 2 * len(changed)


def test_ctrl_c_keeps_the_steps_done_so_far(sample):
    image, labels = small(sample)

    def stop(step):
        if step.iteration == 3:
            raise KeyboardInterrupt

    fitted = finetune(image, labels, callback=stop)
    assert fitted.interrupted
    assert len(fitted.losses) == 3
    assert fitted.final_loss < fitted.losses[0]
    assert fitted.fcn.predict(image).shape == (*image.shape[:2], 2)
    fitted.fcn.close()


def test_ctrl_c_before_the_first_step_is_passed_on(sample, monkeypatch):
    def at_once(*args, **kwargs):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(training, "finetune_steps", at_once)
    with pytest.raises(KeyboardInterrupt):
        finetune(*small(sample))


def test_ignored_pixels_count_in_no_loss(sample):
    image, labels = small(sample)
    half = labels.copy().astype(int)
    half[: len(half) // 2] = 255
    fitted = finetune(image, half, iterations=1)
    fitted.fcn.close()
    assert fitted.losses[0] == pytest.approx((half != 255).sum() * np.log(2), rel=1e-4)


LABELS = np.array([[0, 0, 1], [0, 2, 255]], np.uint8)


def as_png(tmp_path, array, mode=None, palette=False):
    picture = Image.fromarray(array)
    if palette:
        picture = picture.convert("P")
        picture.putpalette(list(range(256)) * 3)
    picture.convert(mode).save(tmp_path / "a.png") if mode else picture.save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_annotations_that_are_understood(tmp_path, sample):
    for annotation in (LABELS, as_png(tmp_path, LABELS), LABELS[..., None]):
        labels, names = read_annotation(annotation, (2, 3))
        assert np.array_equal(labels, LABELS)
        assert names == ("class 0", "class 1", "class 2")
    mask = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)
    for annotation in (
        mask,
        mask > 0,
        as_png(tmp_path, mask),
        as_png(tmp_path, np.dstack([mask] * 3)),
    ):
        labels, names = read_annotation(annotation, (2, 3))
        assert np.array_equal(labels, mask > 0)
        assert names == ("background", "object")
    labels, names = read_annotation(sample.annotation, sample.image.shape[:2])
    assert names == ("background", "cat")
    # With three classes named, 255 beside 0 means "ignored" again.
    assert read_annotation(LABELS, (2, 3), ["a", "b", "c"])[1] == ("a", "b", "c")


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (np.zeros((3, 3), int), "3 x 3"),
        (np.full((2, 3), 255), "empty"),
        (np.zeros((2, 3), int), "only one class"),
        (np.where(LABELS == 255, 255, 4), "only one class"),
        (LABELS.astype(int) - 1, "0 to 254"),
        (LABELS.astype(int) * 300, "0 to 254"),
        (np.array([[3, 120, 250], [17, 44, 90]]), "look like grey levels"),
        (LABELS / 2, "whole numbers"),
        (np.dstack([LABELS, LABELS * 0, LABELS]), "colour picture"),
        ("nothing.png", "no file"),
    ],
)
def test_annotations_that_are_not(annotation, said):
    with pytest.raises(SegxaiError, match=said):
        read_annotation(annotation, (2, 3))


def test_annotation_files_that_lost_their_classes(tmp_path):
    Image.fromarray(LABELS).save(tmp_path / "a.jpg")
    with pytest.raises(SegxaiError, match="save the annotation as PNG"):
        read_annotation(tmp_path / "a.jpg", (2, 3))
    (tmp_path / "a.png").write_text("nothing")
    with pytest.raises(SegxaiError, match="cannot be read"):
        read_annotation(tmp_path / "a.png", (2, 3))
    with pytest.raises(SegxaiError, match="only 2 names"):
        read_annotation(LABELS, (2, 3), ["a", "b"])


def test_an_annotation_of_a_large_photograph_is_reduced_with_it(tmp_path):
    classes = np.repeat(np.repeat(np.arange(4, dtype=np.uint8).reshape(2, 2), 50, 0), 1200, 1)
    save_annotation(tmp_path / "large.png", classes, "abcd")
    for annotation in (classes, tmp_path / "large.png", segxai.Regions.from_labels(classes)):
        labels, names = read_annotation(annotation, (85, 2048))
        assert labels.shape == (85, 2048)
        assert np.bincount(labels.ravel()) / labels.size == pytest.approx([0.25] * 4, abs=0.01)
        assert len(names) == 4
    with pytest.raises(SegxaiError, match=r"2400 x 100 .* not rotated"):
        read_annotation(classes.T, (85, 2048))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "I", "F"])
def test_a_file_of_another_size_is_refused_before_it_is_decoded(mode, tmp_path, monkeypatch):
    path = tmp_path / f"large.{'tif' if mode in 'IF' else 'png'}"
    Image.new(mode, (640, 480)).save(path)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(SegxaiError, match="480 x 640 pixels; the image has 2 x 3"):
        read_annotation(path, (2, 3))


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "c"],
        {0: "a", 1: "b", 2: "c"},
        {"0": "a", "2": "c", "1": "b"},
        {"c": 2, "b": 1, "a": 0},
    ],
)
def test_names_of_an_annotation_in_any_form(names):
    assert read_annotation(LABELS, (2, 3), names)[1] == ("a", "b", "c")


def full_disk(*args, **kwargs):
    raise OSError("no space left")


def test_an_annotation_is_one_file_that_is_old_or_new(tmp_path, monkeypatch):
    path, new = tmp_path / "a.png", LABELS[::-1].copy()
    save_annotation(path, LABELS, ["wall", "cat", "שלום 🐈"])
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    for owner, name in ((os, "replace"), (Path, "write_bytes")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, full_disk)
            with pytest.raises(SegxaiError):
                save_annotation(path, new, ["x", "y", "z"])
        labels, names = read_annotation(path, (2, 3))
        assert np.array_equal(labels, LABELS)
        assert names == ("wall", "cat", "שלום 🐈")
    save_annotation(path, new, ["x", "y", "z"])
    assert read_annotation(path, (2, 3))[1] == ("x", "y", "z")


def test_names_in_a_file_that_do_not_fit_its_values(tmp_path):
    save_annotation(tmp_path / "a.png", LABELS, ["a", "b"])
    with pytest.raises(SegxaiError, match="class 2, but only 2 names"):
        read_annotation(tmp_path / "a.png", (2, 3))
    save_annotation(tmp_path / "a.png", LABELS, [f"n{k}" for k in range(300)])
    with pytest.raises(SegxaiError, match="1 to 255 class names"):
        read_annotation(tmp_path / "a.png", (2, 3))


@pytest.mark.parametrize(
    "bad",
    [
        {"trainable": "no such choice"},
        {"stride": 4},
        {"encoder": "vgg"},
        {"seed": -1},
        {"weights": "nothing.npz"},
    ],
)
def test_bad_requests(bad, sample):
    with pytest.raises(SegxaiError):
        finetune(*small(sample), **bad)


def test_the_loop_refuses_at_its_call_what_it_cannot_do(sample):
    image, labels = small(sample)
    with FCN(weights=None) as fcn:
        for bad in (
            {"iterations": 0},
            {"iterations": 2.5},
            {"learning_rate": 0},
            {"learning_rate": np.nan},
            {"learning_rate": True},
            {"trainable": "no such choice"},
            {"labels": np.zeros((2, 2), int)},
            {"labels": np.full((75, 113), 7)},
            {"labels": np.full((75, 113), 0.5)},
            {"image": "nothing.png"},
            {"logdir": "/proc/nowhere"},
        ):
            with pytest.raises(SegxaiError):
                finetune_steps(fcn, **{"image": image, "labels": labels} | bad)


def test_the_graph_grows_by_the_first_fit_alone(sample, tmp_path):
    image, labels = small(sample)
    with FCN(weights=None) as fcn:

        def operations_after(**options):
            list(finetune_steps(fcn, image, labels, iterations=1, **options))
            return len(fcn.net.graph.get_operations())

        first = operations_after(trainable="head", learning_rate=1e-4)
        assert operations_after(trainable="head", learning_rate=1e-3) == first
        logged = operations_after(trainable="head", logdir=tmp_path)
        assert logged - first < 20  # the summaries
        assert operations_after(trainable="head", logdir=tmp_path, learning_rate=1e-5) == logged


def test_the_rate_of_each_fit_is_its_own(sample):
    image, labels = small(sample)

    def losses(fcn, *rates):
        return [
            [
                step.loss
                for step in finetune_steps(fcn, image, labels, iterations=2, learning_rate=rate)
            ]
            for rate in rates
        ]

    with FCN() as fcn:
        (first, _), (_, second) = losses(fcn, 1e-4, 1e-6)
    with FCN() as other:
        ((again, other_second),) = losses(other, 1e-3)
    assert first == pytest.approx(again, rel=1e-6)
    assert second != other_second


def test_a_rate_that_explodes_says_so(sample):
    with pytest.raises(SegxaiError, match="smaller learning_rate"):
        finetune(*small(sample), learning_rate=1e30, iterations=5)
