"""Sampled weights against the true ones, and Shapley values beside shapiq's approximators.

Games whose weights are computed exactly: an OR of 6 regions among 42, and sigmoids of a weighted
sum of 16 and of 42 regions. First, at each budget, the mean absolute error of Shapley values over
the regions, with half the width of a 95 % interval over the repetitions, and how often the 95 %
intervals of the weights hold the true ones, beside the errors of shapiq's approximators, which run
in an environment that uv makes from benchmarks/peers/shapiq.txt. Then, for each method and with
1024 evaluations, the same by what the sample was drawn for. "coin" is plain LIME's sample: uniform
coalitions, intervals after White (1980). Last, Owen values of all nodes of random binary trees,
estimated by `descent.descend`'s division and sample, beside those of the division alone with the
same number of evaluations; trees whose values would be exact with so many are left out.

python benchmarks/sampling.py [--repetitions 200] [--budgets 256 1024 4096]
    [--approximators PermutationSamplingSV KernelSHAP]
"""

import argparse
import json
import subprocess
from typing import NamedTuple

import numpy as np
from environments import HERE, environment
from scipy.special import expit

from segxai.explanation import owen, process, tree_sample
from segxai.explanation.descent import TREE_SHARE
from segxai.explanation.methods import draw_coalitions, log_binomial
from segxai.explanation.surrogates import (
    fit_banzhaf,
    fit_lime,
    fit_shapley,
    lime_kernel,
    shapley_kernel,
)

FITS = {"lime": fit_lime, "shapley": fit_shapley, "banzhaf": fit_banzhaf}
STEP = 0.05  # the grid on which a sigmoid's effects lie, so that its sums can be counted


class Game(NamedTuple):
    """A value for each coalition that depends on the sum of its members' whole numbers only:
    `values[sum - lowest]`."""

    name: str
    steps: np.ndarray
    values: np.ndarray

    @property
    def lowest(self) -> int:
        return int(self.steps[self.steps < 0].sum())

    def __call__(self, masks):
        return self.values[masks @ self.steps - self.lowest]


def any_of(wanted: int, number: int) -> Game:
    """1 where at least one of the first `wanted` regions is shown."""
    return Game(
        f"OR of {wanted} in {number}",
        (np.arange(number) < wanted).astype(int),
        (np.arange(wanted + 1) > 0).astype(float),
    )


def sigmoid(number: int, spread: float, offset: float, seed: int = 0) -> Game:
    """A sigmoid of a weighted sum of normal effects; `offset` is its logit where half of the
    regions are shown."""
    steps = np.rint(np.random.default_rng(seed).normal(0, spread, number) / STEP).astype(int)
    sums = np.arange(steps[steps < 0].sum(), steps[steps > 0].sum() + 1)
    return Game(
        f"sigmoid of {number}, logit {offset:g}",
        steps,
        expit(STEP * (sums - steps.sum() / 2) + offset),
    )


# With logit 0 a sigmoid is its own complement's opposite: the one case in which a pair is worth no
# more than one of its two.
GAMES = (any_of(6, 42), sigmoid(16, 2.0, 0.0), sigmoid(42, 1.0, -2.0), sigmoid(42, 1.0, 0.0))


def mean_by_size(game: Game, region: int) -> np.ndarray:
    """(2, K) the mean value of the coalitions with s other regions, s = 0 ... K - 1, without and
    with `region`."""
    number, lowest = len(game.steps), game.lowest
    counts = np.zeros(
        (number, len(game.values))
    )  # shares of the coalitions of each size, by their sum
    counts[0, -lowest] = 1.0
    for joined, step in enumerate(np.delete(game.steps, region)):
        moved = np.zeros_like(counts)
        source = slice(max(0, -step), len(game.values) - max(0, step))
        moved[1:, source.start + step : source.stop + step] = counts[:-1, source]
        # One of `size` members out of joined + 1 is the newcomer with probability size / (joined +
        # 1).
        share = (np.arange(number) / (joined + 1))[:, None]
        counts = counts * (1 - share).clip(0) + moved * share
    step = int(game.steps[region])
    with_region = np.zeros_like(game.values)
    source = slice(max(0, -step), len(game.values) - max(0, step))
    with_region[source] = game.values[source.start + step : source.stop + step]
    return np.stack([counts @ game.values, counts @ with_region])


def true_weights(game: Game, method: str, kernel_width: float = 0.25) -> np.ndarray:
    """(K,) the weights that the table of all 2**K coalitions would give."""
    number = len(game.steps)
    others = np.arange(number)
    means = np.array([mean_by_size(game, k) for k in range(number)])
    effects = means[:, 1] - means[:, 0]
    if method == "shapley":
        return effects.mean(axis=1)
    ways = np.exp(log_binomial(number - 1, others) - (number - 1) * np.log(2))
    if method == "banzhaf":
        return effects @ ways
    # LIME: the normal equations, whose sums depend on sizes only.
    kernel = np.exp(-((1 - np.sqrt(np.arange(number + 1) / number)) ** 2) / (2 * kernel_width**2))
    without, shown = ways * kernel[:-1], ways * kernel[1:]
    total = without.sum() + shown.sum()
    share = shown.sum() / total
    together = (shown * others / (number - 1)).sum() / total
    product = means[:, 1] @ shown / total
    mean = (means[0, 0] @ without + means[0, 1] @ shown) / total
    gram = np.full((number, number), together - share**2)
    np.fill_diagonal(gram, share - share**2)
    return np.linalg.solve(gram, product - share * mean)


def coin(number: int, evaluations: int, seed: int) -> np.ndarray:
    """(N, K) the empty and the full coalition, and others drawn uniformly."""
    rows = np.random.default_rng(seed).random((evaluations - 2, number)) < 0.5
    return np.concatenate([np.zeros((1, number), bool), rows, np.ones((1, number), bool)])


def white(masks, values, method) -> tuple[np.ndarray, np.ndarray]:
    """(K,) weights and (K, 2) intervals of a uniform sample after White (1980), with normal
    quantiles."""
    design, response = masks.astype(float), values.astype(float)
    spread = np.eye(masks.shape[1])
    if method == "shapley":  # the last weight is what the others leave of the total
        inner = masks.any(axis=1) & ~masks.all(axis=1)
        response = (response - response[0] - design[:, -1] * (response[-1] - response[0]))[inner]
        design = (design[:, :-1] - design[:, -1:])[inner]
        kernel = shapley_kernel(masks)[inner]
        spread = np.vstack([spread[:-1, :-1], -np.ones(masks.shape[1] - 1)])
    else:
        kernel = lime_kernel(masks, 0.25) if method == "lime" else np.ones(len(masks))
        design = design - kernel @ design / kernel.sum()
        response = response - kernel @ response / kernel.sum()
    design, response = np.sqrt(kernel)[:, None] * design, np.sqrt(kernel) * response
    inverse = np.linalg.pinv(design.T @ design)
    fitted = inverse @ (design.T @ response)
    scores = design * (response - design @ fitted)[:, None] @ inverse @ spread.T
    margin = 1.96 * np.sqrt(
        (scores**2).sum(axis=0) * len(scores) / (len(scores) - design.shape[1] - 1)
    )
    weights = spread @ fitted
    if method == "shapley":
        weights[-1] += values[-1] - values[0]
    return weights, np.stack([weights - margin, weights + margin], axis=1)


def measured(game, method, drawn_for, evaluations, repetitions) -> tuple[np.ndarray, float]:
    """(mean absolute error of each repetition, share of intervals that hold the true weight)."""
    truth = true_weights(game, method)
    errors, held = [], []
    for seed in range(repetitions):
        if drawn_for == "coin":
            masks = coin(len(truth), evaluations, seed)
            weights, interval = white(masks, game(masks), method)
        else:
            masks, log_importance = draw_coalitions(len(truth), evaluations, seed, drawn_for)
            fit = FITS[method](masks, game(masks), False, log_importance=log_importance)
            weights, interval = fit.weights, fit.interval
        errors.append(np.abs(weights - truth).mean())
        held.append(((interval[:, 0] <= truth) & (truth <= interval[:, 1])).mean())
    return np.array(errors), float(np.mean(held))


def shapiq(names, budgets, repetitions) -> dict:
    """{(game's number, budget, name): the errors of its repetitions}."""
    games = [
        {
            "steps": game.steps.tolist(),
            "values": game.values.tolist(),
            "lowest": game.lowest,
            "truth": true_weights(game, "shapley").tolist(),
        }
        for game in GAMES
    ]
    asked = {"games": games, "names": names, "budgets": budgets, "repetitions": repetitions}
    run = subprocess.run(
        [environment("shapiq"), HERE / "peers" / "approximators.py"],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = map(json.loads, run.stdout.splitlines())
    return {(one["game"], one["budget"], one["name"]): np.array(one["errors"]) for one in found}


def cell(errors) -> str:
    return f"{errors.mean():.4f} ±{1.96 * errors.std() / np.sqrt(len(errors)):.4f}"


def beside_shapiq(names, budgets, repetitions) -> None:
    print("Shapley values: error (mean absolute) of samples; for segxai, intervals that hold")
    print(
        f"{'game':<24} {'budget':>6} {'segxai':>22} "
        + " ".join(f"{name:>21}" for name in names)
        + "   segxai / best"
    )
    theirs = shapiq(names, budgets, repetitions)
    for number, game in enumerate(GAMES):
        for budget in budgets:
            errors, held = measured(game, "shapley", "shapley", budget, repetitions)
            others = [theirs[number, budget, name] for name in names]
            ratio = errors.mean() / min(other.mean() for other in others)
            print(
                f"{game.name:<24} {budget:>6} {cell(errors):>15} {held:>6.1%} "
                + " ".join(f"{cell(other):>21}" for other in others)
                + f"   {ratio:.2f}",
                flush=True,
            )


def by_sample(repetitions, evaluations=1024) -> None:
    print(
        "error (mean absolute) and share of 95 % intervals that hold, by what the sample was "
        "drawn for"
    )
    print(
        f"{'game':<24} {'weights':<8} {'coin':>14} "
        + " ".join(f"{name:>14}" for name in FITS)
        + "   own / coin"
    )
    for game in GAMES:
        for method in FITS:
            found = [
                measured(game, method, drawn, evaluations, repetitions) for drawn in ("coin", *FITS)
            ]
            ratio = found[1 + list(FITS).index(method)][0].mean() / found[0][0].mean()
            cells = " ".join(
                f"{errors.mean():.4f} {share:>6.1%}".rjust(14) for errors, share in found
            )
            print(f"{game.name:<24} {method:<8} {cells}   {ratio:.2f}", flush=True)


def random_tree(leaves, rng) -> np.ndarray:
    """(leaves - 1, 2) joins of two nodes at a time, all pairs equally probable."""
    nodes, joins = list(range(leaves)), []
    while len(nodes) > 1:
        joins.append([nodes.pop(int(rng.integers(len(nodes)))) for _ in range(2)])
        nodes.append(leaves + len(joins) - 1)
    return np.array(joins)


def true_owen_values(game: Game, joins: np.ndarray) -> np.ndarray:
    """(2K - 1,) of the nodes: the other half of each node above is shown or hidden as a whole."""
    above, other = owen.relatives(joins)
    sums = owen.members(joins) @ game.steps
    found = np.zeros(len(sums))
    for node in range(len(sums)):
        shares, at = {0: 1.0}, node
        while above[at] >= 0:
            beside, at = sums[other[at]], above[at]
            moved = {}
            for total, share in shares.items():
                for end in (total, total + beside):
                    moved[end] = moved.get(end, 0.0) + share / 2
            shares = moved
        for total, share in shares.items():
            with_node, without = total + sums[node] - game.lowest, total - game.lowest
            found[node] += share * (game.values[with_node] - game.values[without])
    return found


def tree_sampled(game, evaluations, seed) -> tuple[float, float, float]:
    """(mean absolute error of the nodes, share of intervals that hold, error of the division); the
    tree is the first random one for whose exact values there are too few evaluations."""
    rng = np.random.default_rng(seed)
    number = len(game.steps)
    joins = random_tree(number, rng)
    while owen.exhaustive(joins) <= evaluations:
        joins = random_tree(number, rng)
    areas = rng.dirichlet(np.full(number, 3.0))
    truth = true_owen_values(game, joins)
    alone = owen.divide(joins, game, evaluations)
    by_division = owen.node_values(joins, areas, alone, game(alone.masks))
    division = owen.divide(joins, game, max(2, evaluations // TREE_SHARE))
    values = game(division.masks)
    weights = owen.node_values(joins, areas, division, values)[:number]
    drawn = evaluations - len(values)
    masks, lengths = tree_sample.draw(
        joins, areas, division.masks, values, weights, game, drawn, seed
    )
    found, margins = process.owen_values(
        joins, masks, game(masks) - values[1], weights, areas, lengths, len(values)
    )
    errors = np.abs(np.stack([found, by_division]) - truth)[:, :-1]
    held = errors[0] <= margins[:-1] + 1e-9
    return errors[0].mean(), held.mean(), errors[1].mean()


def by_tree(budgets, repetitions) -> None:
    print("Owen values of all nodes of random trees: error (mean absolute), intervals that hold")
    print(f"{'game':<24} {'budget':>6} {'segxai':>22} {'division alone':>15}   segxai / division")
    for game in GAMES:
        for budget in budgets:
            found = [tree_sampled(game, budget, seed) for seed in range(repetitions)]
            errors, held, alone = np.array(found).T
            print(
                f"{game.name:<24} {budget:>6} {cell(errors):>15} {held.mean():>6.1%} "
                f"{cell(alone):>15}   {errors.mean() / alone.mean():.2f}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--budgets", type=int, nargs="+", default=[256, 1024, 4096])
    parser.add_argument(
        "--approximators", nargs="+", default=["PermutationSamplingSV", "KernelSHAP"]
    )
    asked = parser.parse_args()
    beside_shapiq(asked.approximators, asked.budgets, asked.repetitions)
    print()
    by_sample(asked.repetitions)
    print()
    by_tree(asked.budgets, asked.repetitions)


if __name__ == "__main__":
    main()
