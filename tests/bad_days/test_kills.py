"""kill -9 at the worst moment: no half file under a final name, and what was finished is not done again.

A killed fetch is in tests/weights/test_downloads.py, a killed worker of a cluster in tests/test_many.py.
"""

import signal
import textwrap

import numpy as np
import pytest
from PIL import Image

import segxai

SAVE = """
    import os, pathlib, signal, numpy, segxai
    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)
    def half(path, text, **kwargs):
        with path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            die()
    explanation = segxai.explain(numpy.zeros((20, 30, 3), numpy.uint8), "grid", lambda i: i.mean(axis=(1, 2, 3)), max_evaluations=18)
    explanation.save("kept.html")
    print(len(open("kept.html", encoding="utf-8").read()), flush=True)
    if "{moment}" == "half-way":
        pathlib.Path.write_text = half
    else:
        os.replace = die
    explanation.save("kept.html")
"""

COMPARE = """
    import os, signal, sys, pathlib, segxai
    def brightness(images):
        with open("asked", "a") as file:
            file.write("x" * len(images))
        if sys.argv[1:] and os.path.getsize("asked") > 3 * 18:  # in the fourth photograph
            os.kill(os.getpid(), signal.SIGKILL)
        return images.mean(axis=(1, 2, 3)) / 255
    found = segxai.compare("photographs", "grid", "compactness", classifier=brightness, target=1, max_evaluations=18, folder="kept", run="a")
    print(*(row["value"] for row in found.rows))
"""


@pytest.mark.parametrize("moment", ["half-way", "before it takes its name"])
def test_a_killed_save_leaves_the_former_page_whole(moment, run_python, tmp_path):
    run = run_python("-c", textwrap.dedent(SAVE.replace("{moment}", moment)), cwd=tmp_path)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    page = (tmp_path / "kept.html").read_text(encoding="utf-8")
    assert len(page) == int(run.stdout)
    assert page.endswith("</html>\n")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        "kept.html"
    ]


def test_a_killed_comparison_goes_on_where_it_was(run_python, tmp_path):
    (tmp_path / "photographs").mkdir()
    for number, picture in enumerate(
        np.random.default_rng(0).integers(0, 256, (5, 24, 30, 3), dtype=np.uint8)
    ):
        Image.fromarray(picture).save(tmp_path / f"photographs/{number}.png")
    (tmp_path / "compare.py").write_text(textwrap.dedent(COMPARE))
    killed = run_python("compare.py", "die", cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert (
        len(list((tmp_path / "kept").glob("[!.]*.json"))) == 1 + 3
    )  # the settings, and three photographs
    (tmp_path / "asked").unlink()
    again = run_python("compare.py", cwd=tmp_path)
    assert (tmp_path / "asked").stat().st_size == 2 * 18  # for two photographs
    whole = segxai.compare(
        tmp_path / "photographs", "grid", "compactness", max_evaluations=18, target=1,
        classifier=lambda images: images.mean(axis=(1, 2, 3)) / 255,
    )  # fmt: skip
    assert [float(value) for value in again.stdout.split()] == [row["value"] for row in whole.rows]
