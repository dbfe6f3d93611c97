"""Security: nothing is unpickled or unpacked on trust, and outputs tell no secrets.

Servers are for this machine only. Archives: segxai extracts none; a test below looks for whoever
would begin to. Pickles: segxai unpickles none; of the PyTorch file that it needs it knows where the
values are (tests/weights/test_published.py). Escaping is fuzzed in test_escaping.py.
"""

import ast
import base64
import getpass
import json
import pickle
import re
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError

ROOT = Path(__file__).parents[2]
CODE = sorted(
    p
    for folder in ("segxai", "notebooks/src", "data", "benchmarks")
    for p in (ROOT / folder).rglob("*.py")
)
SERVERS = re.compile(
    r"jupyter[ -](lab|server|notebook|nbclassic|voila)|http\.server|tensorboard|bokeh serve|"
    r"dask[ -](scheduler|worker)"
)
OPEN = re.compile(
    r"0\.0\.0\.0|--ip=(?!127\.0\.0\.1)|--ip=['\"]?\*|token=(''|\"\"|\s|$)|password=|"
    r"disable_check_xsrf|allow_origin|allow_remote|bind_all|::"
)


def calls(path):
    """(name as written, node) of every call in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def argument(call, name):
    return next(
        (ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == name), None
    )


def imports(path):
    """The top names of every module that a file imports, its own package's left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def test_nothing_is_unpickled_unpacked_or_run_on_trust():
    assert len(CODE) > 50
    for path in CODE:
        place = str(path.relative_to(ROOT))
        # The index's script restricts its unpickler, downloads reads one member of a wheel whose
        # size and hash it checks, network only looks whether a file is a zip file, stored reads the
        # headers of arrays in one; the peers' worker gives tensors to Captum and loads none;
        # classifiers restricts its unpickler (tests/test_benchmarks.py).
        allowed = {
            "data/index_weights.py": {"pickle"},
            "segxai/weights/downloads.py": {"zipfile"},
            "segxai/fcn/network.py": {"zipfile"},
            "segxai/weights/stored.py": {"zipfile"},
            "benchmarks/classifiers.py": {"pickle"},
            "benchmarks/peers/worker.py": {"torch"},
        }.get(place, set())
        dangerous = {
            "pickle",
            "dill",
            "cloudpickle",
            "joblib",
            "shelve",
            "marshal",
            "torch",
            "zipfile",
            "tarfile",
            "yaml",
        }
        assert not (dangerous & set(imports(path))) - allowed, place
        for name, call in calls(path):
            where = f"{place}: {ast.unparse(call)[:100]}"
            assert name.rsplit(".", 1)[-1] not in (
                "unpack_archive",
                "extractall",
                "Unzip",
                "Untar",
            ), where
            assert name not in ("eval", "exec", "os.system", "os.popen"), where
            assert argument(call, "shell") in (None, "False"), where
            if name in ("np.load", "numpy.load"):
                assert argument(call, "allow_pickle") == "False", where
            if name == "Image.open" and place.startswith("segxai/"):
                assert argument(call, "formats") is not None, where
            if name.endswith("load_model"):
                assert argument(call, "safe_mode") == "True", where


def recipes():
    """Every command of the Makefile and of Binder's start, continued lines joined."""
    text = "".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("Makefile", "binder/start", "binder/postBuild", ".ci/run")
    )
    return text.replace("\\\n", " ").splitlines()


def test_every_server_is_for_this_machine_only_and_keeps_its_token():
    servers = [line for line in recipes() if SERVERS.search(line) and line.startswith("\t")]
    assert len(servers) >= 2  # lab and app
    for line in servers:
        assert re.search(r"--(ip|host|bind|bind_addr)[= ]127\.0\.0\.1\b", line), line
    for line in recipes():
        assert not OPEN.search(line), line


def test_workflows_name_actions_by_commit_and_may_do_little():
    writing = {"pages.yml": {"pages", "id-token"}, "release.yml": {"id-token"}}
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert len(workflows) >= 3
    for path in workflows:
        text = path.read_text(encoding="utf-8")
        for action in re.findall(r"uses: (.*)", text):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v[\d.]+", action), action
        assert "\npermissions:\n  contents: read\n\n" in text, path.name
        granted = set(re.findall(r"^ +([a-z-]+): write$", text, re.MULTILINE))
        assert granted == writing.get(path.name, set()), path.name
        assert text.count("actions/checkout@") == text.count("persist-credentials: false")
        assert "password" not in re.sub(r"#.*", "", text)


def test_what_builds_the_wheel_is_pinned_with_hashes():
    (name,) = re.findall(r'^requires = \["(.*)"\]', (ROOT / "pyproject.toml").read_text(), re.M)
    lock = (ROOT / "requirements-build.lock").read_text()
    assert f"{name} \\\n    --hash=sha256:" in lock
    assert "http" not in lock
    assert any("requirements-build.lock --require-hashes" in line for line in recipes())
    running = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.M))
    for package, version in re.findall(r"^([\w-]+)==(\S+)", lock, re.M):
        assert running.get(package, version) == version, package  # both are installed
    (editable,) = (line for line in recipes() if "--editable" in line)
    first, _, second = editable.partition("--editable")
    assert "--require-hashes" in first
    assert "--requirement requirements-build.lock" in first
    assert first.rstrip().endswith("--no-build-isolation")
    assert second.startswith(" .")


def test_every_promise_names_a_limit_and_a_test_that_is_there():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 15
    for promise, _, test in rows[2:]:
        file, name = re.fullmatch(r" ?`(tests/[\w/]+\.py)::(test_\w+)` ", test).groups()
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), promise


def keras_lambda(path, mark):
    """A saved model with code of its own in it, as somebody else might send it."""
    import keras

    function = eval(
        f"lambda x: (open({str(mark)!r}, 'w').close(), x)[1]"
    )  # its byte code is kept in the file
    payload = keras.layers.Lambda(function, output_shape=(192,))
    keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), payload, keras.layers.Dense(2)]
    ).save(path)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore")  # Keras has its own to say of old files
def test_a_saved_model_brings_no_code_of_its_own(ending, tmp_path):
    mark = tmp_path / "ran"
    keras_lambda(tmp_path / f"theirs.{ending}", mark)
    with pytest.raises(SegxaiError, match="cannot be loaded"):
        segxai.load_classifier(tmp_path / f"theirs.{ending}").predict(np.zeros((8, 8, 3), np.uint8))
    assert not mark.exists()


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


def test_a_pickle_among_finished_results_is_not_opened(tmp_path, quarters, additive):
    images, folder = [quarters[0]], tmp_path / "kept"

    def run():
        return (
            segxai.explain_many(
                images, "grid", additive, max_evaluations=18, folder=folder, run="a"
            )
            .results[0]
            .weights
        )

    first = run()
    (kept,) = folder.glob("*.json")
    kept.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    assert np.array_equal(run(), first)  # made again
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_takes_only_variables_that_the_network_has(tmp_path):
    """Names in a file reach neither paths nor the graph."""
    with segxai.FCN(weights=None) as fcn:
        fcn.save(tmp_path / "fcn.npz")
        with np.load(tmp_path / "fcn.npz", allow_pickle=False) as file:
            arrays = dict(file)
        np.savez(
            tmp_path / "more.npz",
            **arrays,
            **{"../../escaped": np.ones(2), "fcn/unknown/weights": np.ones(2)},
        )
        with segxai.FCN.load(tmp_path / "more.npz") as again:
            assert [v.op.name for v in again.variables] == [v.op.name for v in fcn.variables]
    assert not (tmp_path.parent.parent / "escaped").exists()


def outputs(tmp_path, image, labels, classifier):
    """Everything that is given to others, made in a folder with a telling name."""
    from segxai.widgets import RegionCanvas

    explanation = segxai.explain(image, labels, classifier, 1, fill="black")
    for ending in ("html", "png", "svg", "pdf"):
        explanation.save(tmp_path / f"a.{ending}")
    RegionCanvas(explanation).save(tmp_path / "canvas.html")
    segxai.compare([image], "grid", "compactness", classifier=classifier, max_evaluations=18).save(
        tmp_path / "comparison.html"
    )
    return {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


def telling(tmp_path):
    """What nobody else needs to know: folders of this machine, its name, who works on it."""
    found = {
        str(ROOT),
        str(Path.home()),
        str(tmp_path),
        socket.gethostname(),
        "/site-packages/",
        "secret-7f3a",
    }
    return {text for text in found if len(text) > 3} | (
        {f"/{getpass.getuser()}/"} if getpass.getuser() else set()
    )


def test_outputs_hold_no_secrets_and_no_paths_of_this_machine(
    tmp_path, quarters, additive, monkeypatch
):
    monkeypatch.setenv("JUPYTER_TOKEN", "secret-7f3a")
    exif = Image.Exif()
    exif[0x010F] = (
        "secret-7f3a"  # of the camera; where a photograph was taken is kept in the same way
    )
    Image.fromarray(quarters[0]).save(tmp_path / "camera.png", exif=exif)
    image = segxai.load_image(tmp_path / "camera.png")
    (tmp_path / "out").mkdir()
    made = outputs(tmp_path / "out", image, quarters[1], additive)
    assert len(made) == 6
    for name, content in made.items():
        for text in telling(tmp_path):
            assert text.encode() not in content, (name, text)
    for encoded in re.findall(rb"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", made["a.html"]):
        assert b"secret-7f3a" not in base64.b64decode(encoded)


def test_notebooks_hold_no_outputs_no_tokens_and_no_paths_of_a_machine():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        text = path.read_text(encoding="utf-8")
        assert not [
            cell
            for cell in json.loads(text)["cells"]
            if cell.get("outputs") or cell.get("execution_count")
        ], path.name
        assert not re.search(r"/home/|/root/|/Users/|C:\\\\Users|token=\w|site-packages", text), (
            path.name
        )
        assert str(ROOT) not in text, path.name
