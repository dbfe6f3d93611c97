"""What a user waits for and pays: imports, the first explanation, memory, sizes of pages.

Every figure is the median over some rounds (and the range); a round starts each process once, one
after the other, so that ratios and differences are of processes that ran under the same load.

    python benchmarks/costs.py [--rounds N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST = """
import resource, sys, time
import segxai
photograph = segxai.data.photograph("cat")
started = time.perf_counter()
explanation = segxai.explain(photograph, progress=False)
first = time.perf_counter() - started
started = time.perf_counter()
segxai.explain(photograph[::-1].copy(), progress=False)
second = time.perf_counter() - started
explanation.save(sys.argv[1])
print(first, second, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""
EXPLORER = """
import sys
import segxai
segxai.save_explorer(sys.argv[1], segxai.data.photograph("cat"))
"""


def run(*arguments: str) -> tuple[float, float, str]:
    """Return seconds, GB at the most, and what was printed, of a new process of Python."""
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        out.seek(0)
        said = out.read().decode()
    if status:
        raise SystemExit(said)
    return seconds, usage.ru_maxrss / 1e6, said


def shown(values: list[float], digits: int = 2) -> str:
    middle = statistics.median(values)
    return f"{middle:8.{digits}f}  ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    found: dict[str, list[float]] = {}

    def note(name, value):
        found.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        page, explorer = str(Path(folder, "why.html")), str(Path(folder, "explorer.html"))
        for turn in range(rounds):
            nothing, *_ = run("-c", "pass")
            tensorflow, *_ = run("-c", "import tensorflow")
            ours, *_ = run("-c", "import segxai")
            command, memory, _ = run("-m", "segxai", "explain", "cat")
            _, _, said = run("-c", FIRST, page)
            first, second, notebook = map(float, said.split()[-3:])
            tensorflow, ours = tensorflow - nothing, ours - nothing
            note("import tensorflow, s", tensorflow)
            note("import segxai, s", ours)
            note("import segxai / import tensorflow", ours / tensorflow)
            note("segxai explain cat, s", command)
            note("segxai explain cat, beyond import tensorflow, s", command - tensorflow)
            note("segxai explain cat, GB", memory)
            note("first explain(cat) of a process, s", first)
            note("explain(another photograph), s", second)
            note("after both, GB", notebook)
            print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        run("-c", EXPLORER, explorer)
        note("page of an explanation, MB", Path(page).stat().st_size / 1e6)
        note("page of an explorer, MB", Path(explorer).stat().st_size / 1e6)
    print(f"{'median of ' + str(rounds):<52}        (range)")
    for name, values in found.items():
        print(f"{name:<52} {shown(values, 3 if '/' in name else 2)}")


if __name__ == "__main__":
    main()
