"""Explanations as files, pickles and copies: the same afterwards, and nothing else is read."""

import copy
import io
import json
import os
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import segxai
from segxai import Regions, SegxaiError
from segxai.errors import SegxaiFileError
from segxai.explanation import archive, drill_down, necessary
from segxai.explanation.checks import evaluated, examine
from segxai.regions import Evidence, Part

NAMES = ["other", "cat", "dog"]


def three(images):
    """Probabilities of three classes, by what the corners show; the order matters a little."""
    shown = images[:, [5, 5, 35, 35], [5, 45, 5, 45]].astype(float).sum(axis=-1) / 765
    cat = 0.1 + 0.4 * shown[:, 0] + 0.2 * shown[:, 1] * shown[:, 2]
    dog = 0.2 * shown[:, 3]
    return np.stack([1 - cat - dog, cat, dog], axis=1)


def explain(quarters, **options):
    image, labels = quarters
    evidence = [Evidence("classifier", 0.8), Evidence("place"), Evidence("semantic", 0.97), None]
    leaves = [
        Part(name, (k,), evidence=evidence[k] or Evidence("given"))
        for k, name in enumerate(["cup ☕", "top right", "desk", "</script>"])
    ]
    top = Part("top", (0, 1), tuple(leaves[:2]), 1.0)
    low = Part("low", (2, 3), tuple(leaves[2:]), 2.0)
    root = Part("all", (0, 1, 2, 3), (top, low), 3.0)
    shown = options.pop("shown", leaves)
    regions = Regions(labels, [top, low] if shown == "things" else shown, "deep", root)
    classifier = segxai.Classifier(three, NAMES, name="corners")
    return segxai.explain(
        image, regions, classifier, "cat", **{"fill": "black", "seed": 3, **options}
    )


def exact(q):
    return explain(q)


def sampled(q):
    image, _ = q
    e = segxai.explain(
        image,
        segxai.segment(image, "grid", rows=5, columns=5),
        three,
        1,
        max_evaluations=90,
        fill="noise",
        seed=5,
    )
    e.sufficient(0.4)
    return e


def drilled(q):
    return drill_down(explain(q, shown="things", method="shapley"), "top")


def examined(q):
    return examine(explain(q, fill=(1, 2, 3)), fills=("grey", "blur"), placebos=4)


def tree(q):
    return explain(q, method="tree", max_evaluations=40)


def sampled_tree(q):
    image, _ = q
    regions = segxai.segment(image, "grid", rows=4, columns=4)
    return segxai.explain(image, regions, three, 1, method="tree", max_evaluations=60)


def contrast(q):
    return explain(q, method="banzhaf").refit(versus="dog")


def tree_contrast(q):
    return tree(q).refit(versus="other").coarsen(2)


def bands(q):
    rng = np.random.default_rng(0)
    picture = segxai.Bands(rng.normal(size=(40, 60, 5)).astype(np.float32), rgb=(4, 2, 0))
    box = segxai.load_classifier(lambda x: x.mean(axis=(1, 2)), output="logit")
    return segxai.explain(picture, q[1], box, 2, kernel_width=0.7, alpha=0.1)


ALL = [exact, sampled, drilled, examined, tree, sampled_tree, contrast, tree_contrast, bands]


def same(a, b):
    """Whether two explanations agree in all that they hold, show and say."""
    for name in ("weights", "interval"):
        assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), name
    for one, two in ((a.coalitions, b.coalitions), (evaluated(a), evaluated(b))):
        for name in ("masks", "table", "values", "filled"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name
        for name in (
            "targets",
            "target_names",
            "target",
            "rival",
            "exact",
            "evaluations",
            "output",
            "fill",
            "hierarchy",
        ):
            assert getattr(one, name) == getattr(two, name), name
        assert np.array_equal(one.game.image, two.game.image)
        assert one.game.seed == two.game.seed
        assert (one.log_importance is None) == (two.log_importance is None)
    for name in (
        "regions",
        "target",
        "method",
        "intercept",
        "r2",
    ):
        assert getattr(a, name) == getattr(b, name), name
    assert replace(a.details, checks=()) == replace(b.details, checks=())
    assert a.regions.parts == b.regions.parts
    assert a.regions.tree == b.regions.tree
    assert a.regions.name_evidence == b.regions.name_evidence
    assert not b.regions.labels.flags.writeable
    assert a.in_words(search=False) == b.in_words(search=False)
    assert a._repr_html_() == b._repr_html_()
    assert type(a) is type(b)


@pytest.mark.parametrize("make", ALL)
def test_what_is_loaded_is_what_was_saved(make, quarters, tmp_path):
    e = make(quarters)
    e.save(tmp_path / "x.segxai")
    loaded = segxai.load_explanation(str(tmp_path / "x.segxai"))
    same(e, loaded)
    loaded.save(tmp_path / "again.segxai")
    with np.load(tmp_path / "x.segxai", allow_pickle=False) as one:
        with np.load(tmp_path / "again.segxai", allow_pickle=False) as two:
            assert set(one) == set(two)
            assert all(np.array_equal(one[n], two[n]) for n in set(one) - {"description"})
    other = e.coalitions.target_names[-1 if e.coalitions.rival is None else 0]
    same(e.refit(target=other), loaded.refit(target=other))
    if e.method == "tree":
        assert np.array_equal(loaded.descent.estimates, e.descent.estimates)
        assert loaded.descent.tree.names == e.descent.tree.names
        same(e.coarsen(1), loaded.coarsen(1))
    elif e.coalitions.exact:
        same(e.refit("shapley"), loaded.refit("shapley"))
        assert np.array_equal(e.interactions(), loaded.interactions())


@pytest.mark.parametrize("make", [sampled, examined, tree_contrast])
def test_what_is_loaded_is_drawn_and_written(make, quarters, tmp_path):
    e = make(quarters)
    e.save(tmp_path / "x.segxai")
    loaded = segxai.load_explanation(tmp_path / "x.segxai")
    for name, explanation in (("a", e), ("b", loaded)):
        explanation.save(tmp_path / f"{name}.html")
        explanation.save(tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert len((tmp_path / "a.html").read_text()) == len((tmp_path / "b.html").read_text())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("make", ALL)
def test_copies_are_the_same(make, copied, quarters, recwarn):
    e = make(quarters)
    recwarn.clear()
    again = copied(e)
    same(e, again)
    same(e, copied(again))
    said = [str(w.message) for w in recwarn if "is not pickled" in str(w.message)]
    if copied is copy.deepcopy:
        assert again.coalitions.game.classifier is e.coalitions.game.classifier
        assert not said
    else:
        assert again.coalitions.game.classifier is None
        assert said
    for part in (e.regions, e.coalitions, e.coalitions.game):
        assert type(copied(part)) is type(part)


def test_another_classifier_is_missed_by_the_call_that_needs_it(quarters, tmp_path):
    exact(quarters).save(tmp_path / "x.segxai")
    loaded = segxai.load_explanation(tmp_path / "x.segxai")
    sampled(quarters).save(tmp_path / "y.segxai")
    loaded_sample = segxai.load_explanation(tmp_path / "y.segxai")
    assert loaded_sample.sufficient(0.4) is not None  # found before
    assert loaded.coalitions.game.classifier is None
    for call, what in (
        (lambda: examine(loaded), "robustness"),
        (lambda: segxai.placebo_test(loaded), "placebo_test"),
        (lambda: necessary(loaded_sample, 0.9), "necessary"),
    ):
        with pytest.raises(SegxaiError, match=f"{what}.*this explanation holds none"):
            call()


def test_the_default_classifier_is_loaded_when_it_is_needed(cat, classifier, tmp_path):
    e = segxai.explain(cat, "grid", classifier, max_evaluations=20)
    e.save(tmp_path / "x.segxai")
    loaded = segxai.load_explanation(tmp_path / "x.segxai")
    pickled = pickle.loads(pickle.dumps(e))
    for again in (loaded, pickled):
        assert again.coalitions.game.classifier == "efficientnet_lite0"
        assert again.sufficient() == e.sufficient()
        assert np.allclose(
            segxai.robustness(again, fills=["grey"], borders=0).weights,
            segxai.robustness(e, fills=["grey"], borders=0).weights,
            atol=1e-4,
        )


def test_the_weight_map_has_each_pixel_s_weight(quarters):
    e = exact(quarters)
    assert e.weight_map().shape == (40, 60)
    assert np.array_equal(e.weight_map()[:20, :30], np.full((20, 30), e.weights[0]))
    assert np.array_equal(e.weight_map(), e.weights[quarters[1]])


def packed(path):
    with np.load(path) as file:
        return dict(file)


def described(arrays, **changes):
    kept = json.loads(arrays["description"].tobytes()) | changes
    return {**arrays, "description": np.frombuffer(json.dumps(kept).encode(), np.uint8)}


def changed(arrays, name, change):
    array = arrays[name].copy()
    return {**arrays, name: change(array)}


def put(index, value):
    def change(array):
        array[index] = value
        return array

    return change


HOSTILE = {
    "no photograph": lambda a: {k: v for k, v in a.items() if k != "pixels"},
    "no description": lambda a: {k: v for k, v in a.items() if k != "description"},
    "another version": lambda a: described(a, format="segxai explanation 99"),
    "another format": lambda a: described(a, format=3),
    "a smaller photograph": lambda a: changed(a, "pixels", lambda x: x[1:]),
    "a grey photograph": lambda a: changed(a, "pixels", lambda x: x[..., :1]),
    "a photograph of floats": lambda a: changed(a, "pixels", lambda x: x.astype(float)),
    "a smaller fill": lambda a: changed(a, "filled", lambda x: x[:, 1:]),
    "labels beyond": lambda a: changed(a, "atoms", put((0, 0), 2**31 - 1)),
    "labels below": lambda a: changed(a, "atoms", put((0, 0), -1)),
    "flat labels": lambda a: changed(a, "atoms", np.ravel),
    "a NaN": lambda a: changed(a, "table", put((1, 1), np.nan)),
    "an infinity": lambda a: changed(a, "table", put((1, 1), np.inf)),
    "a column less": lambda a: changed(a, "table", lambda x: x[:, 1:]),
    "a row less": lambda a: changed(a, "masks", lambda x: x[1:]),
    "a row twice": lambda a: changed(a, "masks", lambda x: np.concatenate([x[:-1], x[:1]])),
    "no whole photograph": lambda a: described(
        changed(changed(a, "masks", lambda x: x[~x.all(axis=1)]), "table", lambda x: x[1:])
        | {"log_importance": np.zeros(len(a["masks"]) - 1)},
        method="lime",
    ),
    "texts": lambda a: changed(a, "masks", lambda x: x.astype(str)),
    "no targets": lambda a: described(a, targets=[], target_names=[]),
    "an unknown target": lambda a: described(a, target=17),
    "an unknown rival": lambda a: described(a, rival=17),
    "itself as rival": lambda a: described(a, rival=1),
    "a number as name": lambda a: described(a, target_names=[1, 2, 3]),
    "no seed": lambda a: described(a, seed=None),
    "a NaN in the description": lambda a: described(a, kernel_width=float("nan")),
    "a kernel of none": lambda a: described(a, kernel_width=-1),
    "an unknown method": lambda a: described(a, method="guess"),
    "an unknown fill": lambda a: described(a, fill="/etc/passwd"),
    "a path as classifier": lambda a: described(a, classifier="/tmp/model.keras"),
    "an unknown output": lambda a: described(a, output="<b>"),
    "a wrong hierarchy": lambda a: described(a, hierarchy=[0, 1, 2, 2]),
    "no regions": lambda a: described(a, regions=[]),
    "a region that is not there": lambda a: described(a, regions=[0, 1, 2, 99]),
    "parts of parts": lambda a: described(
        a, parts=[["a", [0], [], 0, ["given", None], ""]]
        + [["b", [0], [k, k], 0, ["given", None], ""] for k in range(60)]
    ),
    "a wrong check": lambda a: described(a, checks=[["Placebo", {"names": ["a"]}]]),
    "another class": lambda a: described(a, checks=[["Explanation", {}]]),
    "a wrong set": lambda a: described(a, sets=[["sufficient", 0.5, [[99], 0.1]]]),
    "a tree of none": lambda a: described(a, method="tree", tree=None),
    "a deep description": lambda a: {
        **a, "description": np.frombuffer(b"[" * 100_000, np.uint8)
    },
}  # fmt: skip


NOT_OF_TREES = ("a wrong hierarchy", "a kernel of none")  # which have none


@pytest.mark.parametrize(
    ("make", "kind"),
    [(exact, kind) for kind in HOSTILE] + [(tree, k) for k in HOSTILE if k not in NOT_OF_TREES],
)
def test_what_does_not_fit_is_refused(make, kind, quarters, tmp_path):
    path = tmp_path / "x.segxai"
    make(quarters).save(path)
    arrays = HOSTILE[kind](packed(path))
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    with pytest.raises(SegxaiFileError, match="cannot be read as an explanation"):
        segxai.load_explanation(path)


def test_no_pickle_is_read(quarters, tmp_path):
    class Bad:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    path = tmp_path / "x.segxai"
    exact(quarters).save(path)
    arrays = packed(path) | {"extra": np.array([Bad()], object)}
    np.savez(tmp_path / "bad.npz", **arrays)
    (tmp_path / "bad.pickle").write_bytes(pickle.dumps(Bad()))
    for name in ("bad.npz", "bad.pickle"):
        with pytest.raises(SegxaiFileError):
            segxai.load_explanation(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_damaged_files_are_refused_or_the_same(quarters, tmp_path):
    e, path = exact(quarters), tmp_path / "x.segxai"
    e.save(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for i in range(300):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data if i % 3 else whole[: rng.integers(len(whole))])
        try:
            loaded = segxai.load_explanation(path)
        except SegxaiFileError:
            refused += 1
        else:
            assert np.array_equal(loaded.weights, e.weights)
            assert loaded.regions == e.regions
    assert refused > 200


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "empty.segxai").touch()
    (tmp_path / "text.segxai").write_text("nothing" * 100)
    os.mkfifo(tmp_path / "fifo.segxai")
    for name in ("missing.segxai", "empty.segxai", "text.segxai", "fifo.segxai", ".", "\0"):
        with pytest.raises(SegxaiFileError):
            segxai.load_explanation(f"{tmp_path}/{name}")
    for thing in (None, 3, io.BytesIO(), b"x"):
        with pytest.raises(SegxaiError, match="Expected the path of a file"):
            segxai.load_explanation(thing)


def test_bombs_are_refused_before_they_are_unpacked(quarters, tmp_path, monkeypatch):
    path = tmp_path / "x.segxai"
    exact(quarters).save(path)
    arrays = packed(path)
    monkeypatch.setattr(archive, "MOST_BYTES", 5_000_000)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays, extra=np.zeros(5_000_000, np.uint8))
    assert path.stat().st_size < 50_000

    def unpack(*args):
        raise AssertionError("unpacked")

    with monkeypatch.context() as patched:
        patched.setattr("numpy.lib.format.read_array", unpack)
        with pytest.raises(SegxaiFileError, match="unpacks to more than 5 MB"):
            segxai.load_explanation(path)
    with zipfile.ZipFile(path, "w") as many:
        for number in range(5000):
            many.writestr(f"{number}.npy", b"")
    with pytest.raises(SegxaiFileError, match="table of contents"):
        segxai.load_explanation(path)


def test_what_cannot_be_loaded_is_not_saved(quarters, tmp_path, monkeypatch):
    e = exact(quarters)
    monkeypatch.setattr(archive, "MOST_BYTES", 10_000)
    with pytest.raises(SegxaiError, match="larger than a file may be"):
        e.save(tmp_path / "x.segxai")
    assert not list(tmp_path.iterdir())
