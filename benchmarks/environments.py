"""Environments of their own for other packages, which uv makes from benchmarks/peers/NAME.txt."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".cache" / "peers"


def environment(name: str) -> Path:
    """The Python of the environment, which is made when its requirements are newer."""
    folder, requirements = ENVIRONMENTS / name, HERE / "peers" / f"{name}.txt"
    python, ready = folder / "bin" / "python", folder / "ready.txt"
    if not ready.is_file() or ready.read_text() != requirements.read_text():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True
        )
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, "--requirement", requirements],
            check=True,
        )
        ready.write_text(requirements.read_text())
    return python
