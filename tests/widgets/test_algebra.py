"""The algebra in the browser is Python's: the same tables, the same numbers."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from segxai import Regions, SegxaiError, explain, load_classifier
from segxai.explanation import sets, surrogates
from segxai.explanation.methods import draw_coalitions
from segxai.explanation.surrogates import all_subsets
from segxai.report.state import table_state, tree_state

from .test_javascript import ROOT, needs_node

SCRIPT = Path(__file__).parent / "javascript" / "algebra.mjs"
TREES = Path(__file__).parent / "javascript" / "trees.mjs"
SETTINGS = [
    {"kernelWidth": w, "alpha": a}
    for w, a in ((0.25, 0), (0.05, 0), (5, 0), (0.6, 1), (0.25, 0.01), (0.004, 0))
]
CLOSE = {"rtol": 0, "atol": 1e-6}


def random_tables():
    """50 tables: exact ones of 1 to 10 regions, and samples of 11 to 40.

    Among them are games that are flat, or sums of effects.
    """
    rng = np.random.default_rng(0)
    for n in range(50):
        number = 1 + n % 10 if n < 38 else int(rng.integers(11, 41))
        method = ("lime", "shapley", "banzhaf")[n % 3]
        masks, drawn = (
            draw_coalitions(number, 1024, n, method) if n >= 38 else (all_subsets(number), None)
        )
        values, others = rng.random((2, len(masks))).astype(np.float32)
        if n % 5 == 1:
            values = (masks @ rng.normal(size=number)).astype(np.float32)
        if n % 25 == 2:
            values = np.full(len(masks), 0.25, np.float32)
        yield masks, drawn, np.abs(values), others, float(rng.choice([0.3, 0.5, 0.9]))


@pytest.fixture(scope="module")
def pairs():
    """(masks, log importance or None, values, others, p) of every table, and the browser's."""
    tables = list(random_tables())
    given = [
        {
            "count": masks.shape[1], "exact": drawn is None,
            "logImportance": [] if drawn is None else drawn.tolist(),
            "values": values.tolist(), "others": others.tolist(), "p": p,
            "settings": SETTINGS,
            "bits": np.packbits(masks, axis=1, bitorder="little").ravel().tolist(),
        }
        for masks, drawn, values, others, p in tables
    ]  # fmt: skip
    run = subprocess.run(
        ["node", SCRIPT],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    return list(zip(tables, json.loads(run.stdout), strict=True))


def same(found, fit):
    np.testing.assert_allclose(found["weights"], fit.weights, **CLOSE)
    np.testing.assert_allclose([found["intercept"], found["r2"]], [fit.intercept, fit.r2], **CLOSE)


@needs_node
def test_lime_at_any_width_and_penalty(pairs):
    refused = 0
    for (masks, drawn, values, others, _), found in pairs:
        exact = drawn is None
        for settings, answer in zip(SETTINGS, found["lime"], strict=True):
            try:
                fit = surrogates.fit_lime(
                    masks, values, exact, settings["kernelWidth"], settings["alpha"], drawn
                )
            except SegxaiError:
                assert answer == "refused"
                refused += 1
                continue
            same(answer, fit)
        same(
            found["contrast"],
            surrogates.fit_lime(masks, values - others, exact, log_importance=drawn),
        )
    assert 20 < refused < 80  # the narrowest kernel


@needs_node
def test_shapley_and_banzhaf(pairs):
    for (masks, drawn, values, _, _), found in pairs:
        exact = drawn is None
        same(found["banzhaf"], surrogates.fit_banzhaf(masks, values, exact, drawn))
        same(found["shapley"], surrogates.fit_shapley(masks, values, exact, drawn))


@needs_node
def test_interactions_and_smallest_sets(pairs):
    for (masks, drawn, values, _, p), found in pairs:
        exact = drawn is None
        if not exact:
            assert [found[name] for name in ("interactions", "sufficient", "necessary")] == [
                "refused"
            ] * 3
            continue
        np.testing.assert_allclose(
            found["interactions"], surrogates.shapley_interactions(masks, values), **CLOSE
        )
        share = np.float32(p) * values[-1]
        keeps = sets.smallest(masks, values, lambda scores, share=share: scores >= share)
        assert found["sufficient"] == np.flatnonzero(keeps[0]).tolist()
        leaves = sets.smallest(~masks, -values, lambda scores, share=share: -scores < share)
        assert found["necessary"] == (
            None if leaves is None else np.flatnonzero(leaves[0]).tolist()
        )


@needs_node
def test_rows_are_found(pairs):
    for (masks, _, _, _, _), found in pairs:
        number = masks.shape[1]
        for off, row in zip(([], [0], list(range(number))), found["rows"], strict=True):
            shown = ~np.isin(np.arange(number), off)
            there = np.flatnonzero((masks == shown).all(axis=1))
            assert row == (there[0] if there.size else -1)


@needs_node
def test_every_cut_of_fifty_trees():
    """The page subtracts node values; Python adds the leaves of a coarser explanation up."""
    rng, given, explained = np.random.default_rng(1), [], []
    for n in range(50):
        rows, columns = rng.integers(1, 5, 2)
        image = rng.integers(0, 256, (rows * 6, columns * 6, 3), np.uint8)
        grid = Regions.from_labels(
            np.kron(np.arange(rows * columns).reshape(rows, columns), np.ones((6, 6), int))
        )
        pixel = rng.normal(size=(3, image.size)) / image.size

        def outputs(images, pixel=pixel):
            scores = np.tanh(images.reshape(len(images), -1) / 255 @ pixel.T * 40)
            return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

        box = load_classifier(outputs, class_names=["a", "b", "c"])
        e = explain(
            image,
            grid,
            box,
            "a",
            method="tree",
            max_evaluations=int(rng.choice([16, 64, 512])),
            seed=n,
            progress=False,
        )
        explained.append(e)
        given.append(
            {
                "tree": tree_state(e.descent),
                "classes": table_state(e.descent.coalitions)["classes"],
                "target": "a",
                "versus": "b",
            }
        )
    run = subprocess.run(
        ["node", TREES],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    cuts = 0
    for e, found in zip(explained, json.loads(run.stdout), strict=True):
        for k, cut in enumerate(found):
            for weights, python in (
                (cut["weights"], e.coarsen(k + 1)),
                (cut["contrast"], e.refit(versus="b").coarsen(k + 1)),
            ):
                groups = [np.flatnonzero(row).tolist() for row in e.descent.members(python.regions)]
                order = [groups.index(sorted(leaves)) for leaves in cut["leaves"]]
                np.testing.assert_allclose(weights, python.weights[order], **CLOSE)
                cuts += 1
    assert cuts > 400
