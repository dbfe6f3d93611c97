"""Set the owner of the repository in every link to Binder, Colab and the repository itself.

    python .ci/links.py OWNER       # or: make links OWNER=name

Repeated with another name it replaces the earlier one. Only links to a repository named segxai are
touched.
"""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAME = r"[A-Za-z0-9](?:-?[A-Za-z0-9])*"  # of a user or an organisation on GitHub
LINK = re.compile(
    r"((?:mybinder\.org/v2/gh|colab\.research\.google\.com/github|https://github\.com)/)"
    rf"{NAME}(?=/segxai(?![A-Za-z0-9._-]))"
)
PLACEHOLDER = re.compile(r"\n\(replace OWNER by the owner of the repository\)\.")


def files(root: Path) -> list[Path]:
    """Everything that may hold such a link; notebooks are text, too."""
    patterns = (
        "*.md",
        "CITATION.cff",
        "docs/*.md",
        "notebooks/*.md",
        "notebooks/src/*.py",
        "notebooks/*.ipynb",
    )
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def linked(text: str, owner: str) -> str:
    return PLACEHOLDER.sub(".", LINK.sub(lambda found: found[1] + owner, text))


def main(arguments: list[str], root: Path = ROOT) -> int:
    if len(arguments) != 1 or not re.fullmatch(NAME, arguments[0]) or len(arguments[0]) > 39:
        print("Which owner? A name on GitHub, e.g.: make links OWNER=octocat", file=sys.stderr)
        return 2
    for path in files(root):
        old = path.read_text(encoding="utf-8")
        new = linked(old, arguments[0])
        if new != old:
            temporary = path.with_name(f".{path.name}.new")
            temporary.write_text(new, encoding="utf-8")
            os.replace(temporary, path)
            print(path.relative_to(root))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
