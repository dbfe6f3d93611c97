"""Run a notebook in a fresh kernel as Binder would, offline and on one thread.

Its time and its memory are measured. What was executed is kept in .cache/executed, under a name
that changes with the notebook and with the package, so that the static edition need not run again
what the tests ran.
"""

import hashlib
import json
import os
import re
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1]
ROOT = NOTEBOOKS.parent
KEPT = ROOT / ".cache" / "executed"
# A proxy that nobody answers: a notebook that reaches for the network fails.
OFFLINE = {f"{name}_proxy": "http://127.0.0.1:9" for name in ("http", "https", "all")} | {
    "no_proxy": "127.0.0.1,localhost"
}
# As in binder/start.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    "1",
)


def execute(notebook, still: bool = False) -> dict:
    """The notebook with its outputs, and in its metadata "segxai" what the run took.

    That is seconds, the kernel's processor seconds and its peak of memory in bytes.

    still: widgets show themselves as pages without a kernel need them.
    """
    environment = {**os.environ, **OFFLINE, **ONE_THREAD}
    environment.pop("MPLBACKEND", None)
    environment.pop("SEGXAI_STILL", None)
    if still:
        environment["SEGXAI_STILL"] = "1"
    notebook, measured = nbformat.from_dict(notebook), {}

    def measure(**_):  # after every cell, for at the end the kernel is gone
        measured["peak"] = _peak_memory(client.km.provisioner.pid)
        measured["processor"] = sum(psutil.Process(client.km.provisioner.pid).cpu_times()[:2])

    client = NotebookClient(
        notebook, timeout=300, record_timing=True, kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}}, on_cell_executed=measure,
    )  # fmt: skip
    started = time.monotonic()
    client.execute(env=environment)
    notebook.metadata["segxai"] = {"seconds": time.monotonic() - started, **measured}
    return notebook


def executed(notebook) -> dict:
    """The same for a page without a kernel, from what was kept where nothing has changed."""
    path = _kept(notebook)  # made of all files of the package, so it is not made twice
    if not path.is_file():
        keep(notebook, execute(notebook, still=True))
    return nbformat.read(path, as_version=4)


def keep(notebook, result) -> None:
    """Keep what the execution of a notebook gave, for `executed`."""
    path = _kept(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    nbformat.write(result, temporary)
    os.replace(temporary, path)


def _kept(notebook) -> Path:
    return KEPT / f"{_fingerprint(notebook)}.ipynb"


def _fingerprint(notebook) -> str:
    digest = hashlib.sha256(nbformat.writes(notebook).encode())
    folders = [ROOT / "segxai", ROOT / "data"]
    for path in sorted(
        p
        for folder in folders
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    ):
        digest.update(path.read_bytes())
    digest.update((ROOT / "requirements.lock").read_bytes())
    digest.update(
        json.dumps(sorted(p.name for p in _cache_folder().glob("*") if p.is_file())).encode()
    )
    return digest.hexdigest()[:32]


def _cache_folder() -> Path:
    from segxai.weights.downloads import cache_folder

    return cache_folder()


def _peak_memory(pid) -> int | None:
    """A process's largest resident memory so far, in bytes; None where the system does not say."""
    try:
        return 1024 * int(
            re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]
        )
    except (OSError, TypeError):
        return None
