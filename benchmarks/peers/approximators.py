"""shapiq's approximators on games that are sent as tables.

`benchmarks/sampling.py` runs them in an environment of its own.

Standard input: JSON {"games": [{"steps", "values", "lowest", "truth"}], "names", "budgets",
"repetitions"}. Standard output: a line of JSON for each game, budget and name, {"game", "budget",
"name", "errors"}: the mean absolute error of each repetition, whose number is the seed.
"""

import json
import sys

import numpy as np
from shapiq import approximator


def values_of(game):
    steps, values = np.array(game["steps"]), np.array(game["values"])
    return lambda masks: values[np.atleast_2d(masks).astype(int) @ steps - game["lowest"]]


def main():
    asked = json.load(sys.stdin)
    for number, game in enumerate(asked["games"]):
        truth = np.array(game["truth"])
        for budget in asked["budgets"]:
            for name in asked["names"]:
                errors = []
                for seed in range(asked["repetitions"]):
                    one = getattr(approximator, name)(n=len(truth), random_state=seed)
                    found = one.approximate(budget, values_of(game)).get_n_order_values(1)
                    errors.append(float(np.abs(found - truth).mean()))
                line = {"game": number, "budget": budget, "name": name, "errors": errors}
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
