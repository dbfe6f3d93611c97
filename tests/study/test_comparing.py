"""Comparisons: the arithmetic by hand, the same result again, and what cannot be measured."""

import html
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError, compare
from segxai.__main__ import main
from segxai.study.comparison import Comparison, Measured, bootstrap


def pictures(number):
    rng = np.random.default_rng(0)
    return [rng.integers(1, 256, (24, 30, 3), dtype=np.uint8) for _ in range(number)]


def halves(image):
    labels = np.zeros(image.shape[:2], int)
    labels[:, 15:] = 1
    return segxai.Regions.from_labels(labels, ["left", "right"])


def strips(image):
    return np.arange(image.shape[1])[None, :].repeat(image.shape[0], 0) // 2


class Likes:
    """Brightness of the left half; it may count what it is asked."""

    def __init__(self, count=None):
        self.count = count

    def __call__(self, images):
        if self.count:
            with open(self.count, "a") as file:
                file.write(f"{len(images)}\n")
        return images[:, :, :15].mean(axis=(1, 2, 3)) / 255


QUICK = {
    "segmenters": {"halves": halves, "strips": strips},
    "classifier": Likes(),
    "target": 1,
    "fill": "black",
    "max_evaluations": 40,
}
CURVES = ("insertion", "deletion", "loo_r2")


def measured(index, **values):
    found = {s: {"insertion": v, "regions": 4.0} for s, v in values.items()}
    return Measured(index, "thing", 0.9, found)


def comparison(*results):
    names, metrics = ("a.png", "b.png", "c.png"), ("insertion", "regions")
    return Comparison(names, results, (), ("deep", "slic"), metrics, "How.")


def test_means_differences_and_intervals_by_hand():
    found = comparison(
        measured(0, deep=0.9, slic=0.5), measured(1, deep=0.7, slic=0.4), measured(2, deep=0.8)
    )
    rows = {(row["segmenter"], row["metric"]): row for row in found.table()}
    deep = rows["deep", "insertion"]
    assert deep["mean"] == pytest.approx(0.8)
    assert (deep["low"], deep["high"]) == bootstrap([0.9, 0.7, 0.8])
    assert deep["low"] < 0.8 < deep["high"]
    assert (deep["n"], rows["slic", "insertion"]["n"]) == (3, 2)
    slic, _ = found.differences()
    assert slic["mean"] == pytest.approx(
        (0.5 - 0.9 + 0.4 - 0.7) / 2
    )  # only photographs that both have
    assert (slic["reference"], slic["n"], slic["verdict"]) == ("deep", 2, "worse")
    assert found.differences("slic")[0]["verdict"] == "better"
    assert found.differences()[1]["verdict"] == ""  # a number of regions is neither
    assert np.array_equal(found.column("slic", "insertion"), [0.5, 0.4, np.nan], equal_nan=True)
    assert "insertion: deep 0.80" in found.plot().alt
    with pytest.raises(SegxaiError, match="Did you mean 'slic'"):
        found.differences("slik")


def test_a_bootstrap_is_what_drawing_again_gives():
    values = np.random.default_rng(3).normal(2, 1, 200)
    low, high = bootstrap(values, 5)
    error = values.std(ddof=1) / np.sqrt(200)
    assert (low, high) == bootstrap(values, 5)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_a_comparison_is_that_of_single_explanations():
    images = pictures(3)
    found = compare(images, metrics=CURVES, **QUICK)
    for i, image in enumerate(images):
        for label, segmenter in QUICK["segmenters"].items():
            e = segxai.explain(
                image, segmenter(image), Likes(), 1, fill="black", max_evaluations=40
            )
            values = {metric: found.column(label, metric)[i] for metric in found.metrics}
            assert values["insertion"] == segxai.metrics.insertion(e).area
            assert values["deletion"] == segxai.metrics.deletion(e).area
            assert values["regions"] == len(e.regions)
            assert values["calls"] == e.coalitions.evaluations
    assert found.names == ("photograph 1", "photograph 2", "photograph 3")
    assert found.seconds.keys() == {"halves", "strips"}


def everything(found):
    return [found.column(s, metric) for s in found.segmenters for metric in found.metrics]


def same(a, b):
    assert (a.names, a.segmenters, a.metrics) == (b.names, b.segmenters, b.metrics)
    assert np.array_equal(everything(a), everything(b), equal_nan=True)
    assert str(a.table()) == str(b.table())
    assert str(a.differences()) == str(b.differences())


def test_the_same_seed_gives_the_same_table_and_another_seed_another():
    one, again = (compare(pictures(3), metrics=CURVES, **QUICK) for _ in range(2))
    same(one, again)
    other = compare(pictures(3), metrics=CURVES, seed=1, **QUICK)
    assert not np.array_equal(everything(other), everything(one), equal_nan=True)


def test_the_network_gives_the_same_table_again(cat, classifier):
    images = [np.ascontiguousarray(cat[::2, ::2]), np.ascontiguousarray(cat[100:, ::-1])]
    options = {"metrics": ("insertion", "compactness"), "max_evaluations": 40}
    one, again = (compare(images, ("slic", "grid"), **options) for _ in range(2))
    same(one, again)
    assert all((one.column(segmenter, "calls") <= 40).all() for segmenter in ("slic", "grid"))


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    images, count = pictures(4), tmp_path / "count"

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    options = {**QUICK, "metrics": CURVES, "folder": tmp_path / "runs", "run": "a"}
    with pytest.raises(KeyboardInterrupt):
        compare(images, **{**options, "classifier": Likes(count)}, progress=stop)
    asked = len(count.read_text().split())
    found = compare(images, **{**options, "classifier": Likes(count)})
    assert len(count.read_text().split()) == 2 * asked  # two photographs each time
    same(found, compare(images, metrics=CURVES, **QUICK))
    assert set(found.seconds) == {"halves", "strips"}
    files = set((tmp_path / "runs").iterdir())
    for other in ({"max_evaluations": 39}, {"run": "b"}, {"match_regions": 4}):
        compare(images[:1], **{**options, **other})
        assert len(set((tmp_path / "runs").iterdir()) - files) == 1  # what was kept is not taken
        files = set((tmp_path / "runs").iterdir())
    with pytest.raises(SegxaiError, match="run="):
        compare(images, **{**options, "run": None})


def test_what_fails_is_told_and_stops_nothing(tmp_path):
    def fails(image):
        raise RuntimeError("<no> luck")

    Image.fromarray(pictures(1)[0]).save(tmp_path / "good.png")
    (tmp_path / "<i>broken.png").write_text("nothing")
    found = compare(
        tmp_path,
        {"halves": halves, "fails": fails},
        ("insertion",),
        classifier=Likes(),
        target=1,
        fill="black",
    )
    assert {(name, segmenter) for name, segmenter, _ in found.failures} == {
        ("<i>broken.png", ""),
        ("good.png", "fails"),
    }
    assert not any(str(tmp_path) in why for _, _, why in found.failures)
    assert found.results[0].values.keys() == {"halves"}
    assert {row["mean"] for row in found.table() if row["segmenter"] == "fails"} == {None}
    found.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<i>" not in page
    assert html.escape("<i>broken.png") in page
    assert "<no>" not in page
    assert "budget of 512 model calls" in found._repr_html_()
    with pytest.raises(SegxaiError, match="must end in"):
        found.save(tmp_path / "page.pdf")
    undefined = compare(
        pictures(2),
        lambda image: np.zeros(image.shape[:2], int),
        ("loo_r2",),
        classifier=Likes(),
        target=1,
    )
    undefined.save(tmp_path / "page.html")
    assert "<td class=sx-number>–</td>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    nothing = compare([tmp_path / "<i>broken.png"], {"halves": halves}, classifier=Likes())
    assert "No photograph could be measured" in nothing._repr_html_()


def test_a_report_tells_names_of_files_and_no_folders(tmp_path, monkeypatch):
    Image.fromarray(pictures(1)[0]).save(tmp_path / "good.png")
    model = tmp_path / "model.keras"
    monkeypatch.setattr(
        "segxai.study.engine.load_classifier",
        lambda model: segxai.Classifier(Likes(), ["dark", "bright"]),
    )
    images = [str(tmp_path / "good.png"), str(tmp_path / "lost.png")]
    found = compare(
        images,
        {"halves": halves},
        ("insertion",),
        classifier=model,
        target=1,
        fill="black",
        folder=tmp_path / "runs",
        run=1,
    )
    assert found.names == ("good.png", "lost.png")
    assert "Classifier: model.keras" in found.how
    found.save(tmp_path / "page.html")
    for text in (
        repr(found.failures),
        found.how,
        (tmp_path / "page.html").read_text(encoding="utf-8"),
    ):
        assert str(tmp_path) not in text


def test_metrics_of_a_mask():
    masks = [halves(image).mask("left") for image in pictures(2)]
    found = compare(
        pictures(2),
        masks=masks,
        **{**QUICK, "metrics": ("insertion", "covers_plant", "energy")},
    )
    assert found.metrics == (
        "insertion",
        "covers_plant",
        "energy",
        "regions",
        "calls",
    )
    assert found.titles["insertion"] == "insertion ↑"
    values = {(row["segmenter"], row["metric"]): row["mean"] for row in found.table()}
    assert values["halves", "covers_plant"] == values["halves", "energy"] == 1
    assert values["strips", "covers_plant"] == 0  # each strip is a small part of it


def test_a_fill_has_one_name_however_it_is_spelt(tmp_path):
    options = {**QUICK, "metrics": ("insertion",)}
    assert "Fill: grey." in compare(pictures(1), **{**options, "fill": "gray"}).how
    Image.fromarray(pictures(1)[0]).save(tmp_path / "fill.png")
    given = compare(pictures(1), **{**options, "fill": tmp_path / "fill.png"})
    assert "Fill: given." in given.how
    assert not given.failures


def test_a_large_photograph_is_compared_as_a_smaller_copy():
    seen = []

    def whole(image):
        seen.append(image.shape)
        return image[..., 0] > 0

    image = np.zeros((1000, 1600, 3), np.uint8)
    image[:, 800:] = 200
    mask = image[..., 0] > 0
    found = compare(
        [image],
        whole,
        ("energy",),
        classifier=lambda images: images.mean(axis=(1, 2, 3)) / 255,
        target=1,
        fill="black",
        masks=[mask],
    )
    assert seen == [(480, 768, 3)]
    assert found.column("whole", "energy") > 0.99


def test_regions_can_be_matched(cat):
    small = np.ascontiguousarray(cat[::2, ::2])
    options = {
        "metrics": ("compactness",),
        "classifier": lambda images: images.mean(axis=(1, 2, 3)) / 255,
        "target": 1,
        "max_evaluations": 64,
    }
    found = compare(
        [small],
        ("deep", "slic", "watershed", "felzenszwalb", "grid", "quickshift"),
        match_regions=6,
        **options,
    )
    counts = {segmenter: found.column(segmenter, "regions") for segmenter in found.segmenters}
    assert counts["deep"] == counts["grid"] == 6
    assert abs(counts["slic"] - 6) <= 2
    assert abs(counts["watershed"] - 6) <= 3
    assert "Number of regions: 6, or the nearest" in found.how
    like = compare([small], ("deep", "grid"), match_regions="deep", **options)
    counts = {segmenter: like.column(segmenter, "regions") for segmenter in like.segmenters}
    assert counts["grid"] == pytest.approx(counts["deep"], abs=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"segmenters": ("slick",)}, "Did you mean 'slic'"),
        ({"segmenters": ()}, "No segmenter"),
        ({"segmenters": (3,)}, "function of an image"),
        ({"metrics": ("insertoin",)}, "Did you mean 'insertion'"),
        ({"metrics": ("covers_plant",)}, "needs masks="),
        ({"masks": []}, "0 masks"),
        ({"fill": "blu"}, "Did you mean 'blur'"),
        ({"match_regions": 0}, "match_regions"),
        ({"method": "shaply"}, "Did you mean 'shapley'"),
        ({"max_evaluations": 1}, "at least 2"),
        ({"seed": -1}, "seed"),
        ({"match_regions": "depp"}, "Did you mean"),
        ({"target": "no such class", "classifier": None}, "Unknown target"),
        ({"images": pictures(1)[0]}, "compare takes a list"),
        ({"images": "no such folder"}, "no folder"),
    ],
)
def test_bad_requests(options, said):
    with pytest.raises(SegxaiError, match=said):
        compare(**{"images": pictures(1), "classifier": Likes(), **options})


def test_the_command_writes_a_page_and_goes_on(tmp_path, capsys, cat):
    folder, out = tmp_path / "photos", tmp_path / "out" / "report.html"
    folder.mkdir()
    Image.fromarray(cat[::2, ::2]).save(folder / "größe und so.png")
    Image.fromarray(cat[100:]).save(folder / "two.jpg")
    (folder / "broken.jpg").write_text("nothing")
    arguments = [
        "compare",
        str(folder),
        "--out",
        str(out),
        "--segmenter",
        "grid",
        "--segmenter",
        "slic",
        "--max-evaluations",
        "40",
    ]
    assert main(arguments) == 1  # one photograph was left out
    printed = capsys.readouterr().out
    assert "left out: broken.jpg" in printed
    assert "3 of 3 photographs" in printed
    page = out.read_text(encoding="utf-8")
    assert "größe und so.png" in page
    assert "broken.jpg" in page
    assert len(list((out.parent / "report_results").glob("*.json"))) == 2
    assert main(arguments) == 1  # from what was kept


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--out", "a.html"], "no folder"),
        (["nowhere", "--out", "a.doc"], ".html"),
        ([".", "--out", "a.html"], "no pictures"),
    ],
)
def test_errors_of_the_command_are_one_line_and_code_2(
    arguments, said, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_no_scheduler_is_said_at_once(tmp_path, capsys):
    pytest.importorskip(
        "distributed", reason="dask's distributed is not installed: pip install 'segxai[dask]'"
    )
    Image.fromarray(pictures(1)[0]).save(tmp_path / "a.png")
    assert (
        main(
            [
                "compare",
                str(tmp_path),
                "--out",
                str(tmp_path / "r.html"),
                "--dask",
                "nothing://here",
            ]
        )
        == 2
    )
    assert "No dask scheduler" in capsys.readouterr().err


def test_a_cluster_gives_the_serial_result_bit_for_bit(dask_client):
    with dask_client(1, __name__) as client:
        same(
            compare(pictures(4), metrics=CURVES, client=client, **QUICK),
            compare(pictures(4), metrics=CURVES, **QUICK),
        )


def test_importing_stays_quick():
    code = (
        "import sys, segxai; sys.exit(any(m in sys.modules for m in "
        "('tensorflow', 'matplotlib', 'distributed', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
