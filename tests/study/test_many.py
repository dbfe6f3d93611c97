"""Many photographs: the arithmetic by hand, resuming, and a cluster that loses a worker."""

import os

import numpy as np
import pytest

import segxai
from segxai import SegxaiError, explain_many
from segxai.regions import PLACE, Evidence, Part
from segxai.study.many import Effect, ImageResult, ManyExplanations


def pictures(number):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (24, 30, 3), dtype=np.uint8) for _ in range(number)]


def halves(image):
    labels = np.zeros(image.shape[:2], int)
    labels[:, 15:] = 1
    return segxai.Regions.from_labels(labels, ["left", "right"])


class Likes:
    """Brightness of the left half, for a worker; it may count, or kill its process once."""

    def __init__(self, count=None, kill=None):
        self.count, self.kill = count, kill

    def __call__(self, images):
        if self.kill and not os.path.exists(self.kill):
            open(self.kill, "w").close()
            os.kill(os.getpid(), 9)
        if self.count:
            with open(self.count, "a") as file:
                file.write(f"{len(images)}\n")
        return images[:, :, :15].mean(axis=(1, 2, 3)) / 255


def nouns(image):
    """Sky on both sides of a tree, and below them what has no noun."""
    labels = np.arange(3).repeat(10)[None].repeat(24, 0)
    labels[12:] = 3
    parts = [
        Part("sky: left", (0,), evidence=Evidence("semantic", 0.95), noun="sky"),
        Part("tree", (1,), evidence=Evidence("semantic", 0.95)),
        Part("sky: right", (2,), evidence=Evidence("semantic", 0.95), noun="sky"),
        Part("bottom", (3,), evidence=PLACE),
    ]
    return segxai.Regions(labels, parts)


def result(index, named=None, **weights):
    values = np.array(list(weights.values()))
    named = named or (True,) * len(values)
    return ImageResult(index, tuple(weights), values, named, "thing", 0.9)


def test_mean_effects_and_their_intervals_by_hand():
    many = ManyExplanations(
        (result(0, helmet=0.2, suit=0.1), result(1, helmet=0.4), result(2, helmet=0.3))
    )
    helmet, suit = many.effects()
    assert (helmet.name, helmet.count) == ("helmet", 3)
    assert helmet.mean == pytest.approx(0.3)
    assert helmet.margin == pytest.approx(
        4.302653 * 0.1 / np.sqrt(3), rel=1e-5
    )  # Student's t with 2 degrees of freedom
    assert suit == Effect("suit", 0.1, None, 1)
    assert (
        many.plot().alt
        == "Mean weights over 3 photographs: helmet +0.30 (of 3); suit +0.10 (of 1)."
    )


def test_what_is_called_by_its_place_has_no_mean_effect():
    top, both = (
        result(0, (True, False), sky=0.2, top=0.9),
        result(1, (False, True), top=0.7, sky=0.4),
    )
    many = ManyExplanations((top, both, result(2, (False,), top=0.5)))
    (sky,) = many.effects()
    assert (sky.name, sky.count) == ("sky", 2)
    assert sky.mean == pytest.approx(0.3)
    assert "top" not in many.plot().alt


def test_without_any_noun_it_says_so():
    many = ManyExplanations((result(0, (False,), top=0.5),))
    assert many.effects() == []
    assert "called by their places" in many._repr_html_()
    with pytest.raises(SegxaiError, match="called by their places"):
        many.plot()
    with pytest.raises(SegxaiError, match="No photograph was explained"):
        ManyExplanations(()).plot()


@pytest.mark.parametrize("method", ["lime", "tree"])
def test_regions_of_one_noun_are_explained_as_one(method):
    """Of the left half a third is sky, a sixth tree, and half lies below them."""
    image = np.full((24, 30, 3), 255, np.uint8)
    options = {"fill": "black", "method": method}
    many = explain_many([image], nouns, Likes(), 1, **options)
    (found,) = many.results
    assert set(found.names) == {"sky", "tree", "bottom"}
    assert dict(zip(found.names, found.named, strict=True)) == {
        "sky": True,
        "tree": True,
        "bottom": False,
    }
    weights = dict(zip(found.names, found.weights, strict=True))
    assert weights == pytest.approx({"sky": 1 / 3, "tree": 1 / 6, "bottom": 1 / 2}, abs=1e-3)
    effects = {effect.name: effect.mean for effect in many.effects()}
    assert effects == pytest.approx({"sky": 1 / 3, "tree": 1 / 6}, abs=1e-3)


def test_given_regions_are_explained_as_they_are():
    image = pictures(1)
    (found,) = explain_many(image, [nouns(image[0])], Likes(), 1).results
    assert found.names == ("sky: left", "tree", "sky: right", "bottom")
    assert found.named == (True, True, True, False)


def test_a_store_knows_which_regions_are_named(tmp_path):
    options = {"folder": tmp_path, "run": "nouns", "fill": "black"}
    first = explain_many(pictures(2), nouns, Likes(), 1, **options)
    again = explain_many(pictures(2), nouns, Likes(), 1, **options)
    assert (
        [r.named for r in again.results]
        == [r.named for r in first.results]
        == [(True, True, False)] * 2
    )
    assert again.effects() == first.effects()


def test_effects_of_a_folder_are_those_of_nouns(cat):
    """By default: regions of the tree, united by noun."""
    small = [np.ascontiguousarray(image) for image in (cat[::3, ::3], cat[::3, ::-3])]
    many = explain_many(small, target="tabby cat", max_evaluations=64)
    assert not many.failures
    assert {effect.name: effect.count for effect in many.effects()}["cat"] == 2
    for found in many.results:
        assert len(set(found.names)) == len(found.names)
        assert not all(found.named)


def test_many_are_the_same_as_one_by_one():
    images = pictures(4)
    many = explain_many(images, halves, Likes(), 1, fill="black")
    for image, found in zip(images, many.results, strict=True):
        alone = segxai.explain(image, halves(image), Likes(), 1, fill="black")
        assert np.array_equal(found.weights, alone.weights)
        assert found.names == ("left", "right")
        assert found.full == alone.coalitions.full
    given = explain_many(images, [halves(image) for image in images], Likes(), 1, fill="black")
    assert [r.weights.tolist() for r in given.results] == [r.weights.tolist() for r in many.results]


def test_an_image_that_cannot_be_read_stops_nothing(tmp_path):
    (tmp_path / "broken.jpg").write_text("nothing")
    many = explain_many(
        [pictures(1)[0], tmp_path / "broken.jpg", pictures(2)[1]], halves, Likes(), 1
    )
    assert [r.index for r in many.results] == [0, 2]
    assert many.failures[0][0] == 1
    assert "cannot be read" in many.failures[0][1]


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    images, count = pictures(5), tmp_path / "count"
    told = []

    def stop(done, total):
        told.append(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain_many(
            images, halves, Likes(count), 1, folder=tmp_path / "runs", run="halves", progress=stop
        )
    asked = len(count.read_text().split())
    many = explain_many(
        images[::-1], halves, Likes(count), 1, folder=tmp_path / "runs", run="halves"
    )
    assert (
        len(count.read_text().split()) - asked == 2
    )  # one table for each image that was not finished
    whole = explain_many(images[::-1], halves, Likes(), 1)
    assert [r.weights.tolist() for r in many.results] == [r.weights.tolist() for r in whole.results]


def test_a_damaged_result_is_made_again_and_one_of_other_settings_is_not_taken(tmp_path):
    images = pictures(2)
    first = explain_many(images, halves, Likes(), 1, folder=tmp_path, run="a")
    kept = sorted(tmp_path.glob("*.json"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    again = explain_many(images, halves, Likes(), 1, folder=tmp_path, run="a")
    assert [r.weights.tolist() for r in again.results] == [
        r.weights.tolist() for r in first.results
    ]
    for number, other in enumerate(
        (
            {"target": 0, "run": "a"},
            {"target": 1, "run": "b"},
            {"target": 1, "run": "a", "fill": "black"},
        )
    ):
        explain_many(images, halves, Likes(), folder=tmp_path, **other)
        assert len(list(tmp_path.glob("*.json"))) == 2 * (number + 2)
    with pytest.raises(SegxaiError, match="run="):
        explain_many(images, halves, Likes(), 1, folder=tmp_path)


def test_one_fill_in_two_spellings_is_one_run(tmp_path):
    options = {"folder": tmp_path, "run": "a"}
    first = explain_many(pictures(2), halves, Likes(), 1, fill="gray", **options)
    again = explain_many(pictures(2), halves, Likes(), 1, fill="grey", **options)
    assert [r.weights.tolist() for r in again.results] == [
        r.weights.tolist() for r in first.results
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fill": "graey"}, "Did you mean 'grey'"),
        ({"max_evaluations": 1}, "at least 2"),
        ({"seed": -1}, "seed"),
        ({"method": "lim"}, "Did you mean 'lime'"),
    ],
)
def test_what_would_fail_on_every_photograph_is_refused_before_the_first(options, said):
    with pytest.raises(SegxaiError, match=said):
        explain_many(pictures(2), halves, Likes(), 1, **options)


def test_a_closed_or_a_replaced_classifier_is_loaded_again(monkeypatch, tmp_path):
    from segxai.study import engine

    loads = []
    likes = segxai.load_classifier(Likes())
    monkeypatch.setattr(engine, "load_classifier", lambda model: loads.append(model) or likes)
    model = tmp_path / "model.keras"
    model.write_text("one")
    for _ in range(2):
        engine.classifier_of(engine.specification(model))
    assert loads == [str(model)]
    options = {
        "regions": [halves(i) for i in pictures(1)],
        "classifier": model,
        "folder": tmp_path / "runs",
    }
    assert explain_many(pictures(1), **options).results
    model.write_text("another")
    engine.classifier_of(engine.specification(model))
    assert loads == [str(model)] * 2
    assert explain_many(pictures(1), **options).results
    assert len(list((tmp_path / "runs").glob("*.json"))) == 2  # of the one model and of the other
    shared = iter("ab")
    monkeypatch.setattr(
        engine, "load_classifier", lambda model: next(shared)
    )  # which knows when its network was closed
    assert [engine.classifier_of("efficientnet_lite0") for _ in range(2)] == ["a", "b"]


def test_given_regions_are_told_apart_in_a_folder(tmp_path):
    image = pictures(1)
    turned = segxai.Regions.from_labels(halves(image[0]).labels == 0, ["right", "left"])
    runs = [
        explain_many(image, [r], Likes(), 1, folder=tmp_path, run="a")
        for r in (halves(image[0]), turned)
    ]
    assert [run.results[0].names for run in runs] == [("left", "right"), ("right", "left")]


def test_a_folder_of_pictures_and_what_is_none(tmp_path):
    from PIL import Image

    for index, image in enumerate(pictures(2)):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    assert len(explain_many(tmp_path, halves, Likes(), 1).results) == 2
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "._0.png").write_bytes(b"of macOS")
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "kept").mkdir()
    said = "has 2 pictures; left out: 5 entries that are hidden, folders or have other endings"
    with pytest.warns(UserWarning, match=said) as warned:
        assert len(explain_many(tmp_path, halves, Likes(), 1).results) == 2
    assert [w.filename for w in warned] == [__file__]
    for bad in ("no such folder", pictures(1)[0]):
        with pytest.raises(SegxaiError):
            explain_many(bad, halves, Likes())
    for options in ({"method": "shaply"}, {"regions": "sclic"}, {"fill": "meen"}, {"regions": 3}):
        with pytest.raises(SegxaiError):
            explain_many(pictures(1), **{"classifier": Likes(), "regions": halves, **options})


def test_every_ending_that_is_read_is_taken_from_a_folder(tmp_path):
    from PIL import Image

    for ending in ("jfif", "jpe", "avif", "tif", "JPEG", "webp", "bmp"):
        Image.fromarray(pictures(1)[0]).save(tmp_path / f"a.{ending}")
    assert len(explain_many(tmp_path, halves, Likes(), 1).results) == 7
    (tmp_path / "no picture.jpg").write_text("text")  # is reported among the failures
    (failure,) = explain_many(tmp_path, halves, Likes(), 1).failures
    assert "cannot be read" in failure[1]


def test_as_many_regions_as_images():
    with pytest.raises(SegxaiError, match="1 regions were given for 2 images"):
        explain_many(pictures(2), [halves(pictures(1)[0])], Likes())


@pytest.fixture(scope="module")
def client(dask_client):
    with dask_client(2, __name__) as client:
        yield client


def same(a, b, rounding=0.0):
    assert [r.index for r in a.results] == [r.index for r in b.results]
    for ours, theirs in zip(a.results, b.results, strict=True):
        assert np.allclose(ours.weights, theirs.weights, rtol=0, atol=rounding)
        assert (ours.names, ours.target) == (theirs.names, theirs.target)
        assert np.isclose(ours.full, theirs.full, rtol=0, atol=rounding)


def test_a_cluster_gives_the_serial_result_up_to_the_networks_rounding(client, cat):
    images = [np.ascontiguousarray(image) for image in (cat[::2, ::2], cat[::2, ::-2])]
    options = {"regions": "grid", "max_evaluations": 20}
    # A network's sums depend in their last bits on the number of threads, which another process
    # may have chosen differently.
    same(explain_many(images, client=client, **options), explain_many(images, **options), 1e-6)


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(client, tmp_path):
    images = pictures(6)
    mark, count = tmp_path / "killed", tmp_path / "count"
    many = explain_many(
        images,
        halves,
        Likes(count, kill=str(mark)),
        1,
        client=client,
        folder=tmp_path / "runs",
        run="halves",
    )
    assert mark.exists()  # a worker did die
    assert not many.failures
    same(many, explain_many(images, halves, Likes(), 1))
    assert len(list((tmp_path / "runs").glob("*.json"))) == 6
