"""Run a benchmark and keep what it prints as `benchmarks/results/NAME.md`, with the date, the
versions and the machine.

    python benchmarks/results.py depth --photographs FOLDER  # runs depth.py with these options

With --classifier, the result is NAME_CLASSIFIER.md, beside that of the default classifier. A
benchmark that fails leaves the earlier result as it is. `benchmarks/all.sh` runs all of them and
joins the results.
"""

import contextlib
import datetime
import itertools
import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from segxai.files import replacing

FOLDER = Path(__file__).parent / "results"
PACKAGES = (
    "segxai",
    "tensorflow-cpu",
    "tensorflow",
    "tf-slim",
    "numpy",
    "scikit-image",
    "scikit-learn",
    "lime",
)


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return ", ".join(found)


def machine() -> str:
    name = platform.machine()
    with contextlib.suppress(OSError, IndexError):
        name = (
            Path("/proc/cpuinfo").read_text().split("model name")[1].split("\n")[0].lstrip("\t: ")
        )
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"{platform.system()}, {name}, {os.cpu_count()} cores, OMP_NUM_THREADS {threads}"


def commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        cwd=FOLDER.parent,
    )
    return found.stdout.strip() or "unknown"


def kept_as(name: str, options: list[str]) -> str:
    """The name of the result."""
    classifier = dict(itertools.pairwise(options)).get("--classifier")
    return f"{name}_{classifier}" if classifier else name


def page(name: str, options: list[str], printed: str) -> str:
    """Markdown. Folders are named by their last part only: where they lie on this machine means
    nothing elsewhere."""
    called = shlex.join(
        Path(option).name if os.sep in option and Path(option).exists() else option
        for option in options
    )
    return "\n".join(
        (
            f"# {kept_as(name, options)}\n",
            f"`python benchmarks/{name}.py {called}".rstrip() + "`\n",
            f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, revision {commit()}",
            f"- versions: {versions()}",
            f"- machine: {machine()}\n",
            f"```text\n{printed.strip()}\n```\n",
        )
    )


def main(arguments: list[str]) -> int:
    if not arguments or not (Path(__file__).parent / f"{arguments[0]}.py").is_file():
        here = Path(__file__).parent
        known = sorted({p.stem for p in here.glob("*.py")} - {"results", "environments"})
        print(f"usage: python benchmarks/results.py {'|'.join(known)} [OPTION]...", file=sys.stderr)
        return 2
    name, *options = arguments
    command = [sys.executable, "-u", str(Path(__file__).with_name(f"{name}.py")), *options]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if running.returncode == 0:
        FOLDER.mkdir(exist_ok=True)
        with replacing(FOLDER / f"{kept_as(name, options)}.md") as path:
            path.write_text(page(name, options, "".join(lines)), encoding="utf-8")
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
