"""Every notebook is in step with its source, has the parts a lesson needs, and runs.

It runs with stubs, and with solutions.
"""

import ast
import copy
import functools
import html
import importlib.util
import itertools
import os
import re
import statistics
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from segxai.segmentation.nouns import GROUPS
from segxai.weights.imagenet import everyday_nouns
from segxai.weights.semantic import semantic_head

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))
MOST_MEMORY = 1.6e9  # bytes, what Binder's 2 GB leave to a kernel
LONGEST_WAIT = 200  # seconds for one cell: one that hangs; 30 is the aim on a machine of its own
WIDEST_LINE = 88  # characters that fit on Binder's screen
LONGEST_LESSON = 45  # minutes
# Plausible wrong answers to the exercises of a notebook, in order, and a part of the hint that each
# must get.
WRONG = {
    "00_ask_one_question": [
        [
            ("my_names = {'suit': 'clothes'}", "is not a region"),
            ("my_names = {'helmet': 'black thing'}", "Keep them"),
            ("my_names = {'clothes': 'suit', 'centre': 'opening'}", "'centre 2' still needs"),
            ("my_names = {'centre': 'opening', 'centre 2': 'collar'}", "also holds a flag"),
            (
                "my_names = {'clothes': 'suit', 'wall': 'rest', "
                "'centre': 'suit', 'centre 2': 'collar'}",
                "that no other region has",
            ),
        ],
        [
            ("only_helmet = all_but_helmet", "Swap True and False"),
            ("only_helmet = np.array(regions.names) == 'suit'", "the helmet must be shown"),
            ("only_helmet = np.array([True])", "values True or False"),
        ],
        [
            ("my_set = 'helmet'", "a list of names"),
            ("my_set = ['visor']", "not a region"),
            ("my_set = ['suit', 'helmet', 'face']", "Add one"),
            ("my_set = list(regions.names)", "Leave something out"),
        ],
    ],
    "01_run_lime_as_published": [
        [
            ("def renumber(labels):\n    return labels - labels.min()", "leaves the gaps"),
            (
                "def renumber(labels):\n"
                "    return np.unique(labels, return_inverse=True)[1].ravel()",
                "reshape",
            ),
            (
                "def renumber(labels):\n"
                "    return np.arange(labels.size).reshape(labels.shape) % 3",
                "the patches changed",
            ),
        ],
        [("my_samples = 400", "square root"), ("my_samples = 20000", "more than enough")],
    ],
    "02_segment_with_twenty_classes": [
        [
            ("fit = (helmet & background).sum() / (helmet.sum() + background.sum())", "both twice"),
            ("fit = helmet & background", "one number"),
        ],
        [
            ("my_classes = {'helmet': ['helmet']}", "must belong to a class"),
            ("my_classes = {'all': list(drawn.names)}", "cannot be told apart"),
            ("my_classes = {thing: [thing] for thing in drawn.names}", "at most five"),
        ],
    ],
    "03_look_inside_vgg16": [
        [
            (
                "def field_of(layers):\n    field, stride = 1, 1\n    for kernel, step in layers:\n"
                "        stride *= step\n        field += (kernel - 1) * stride\n    return field",
                "only the layers that follow",
            ),
            (
                "def field_of(layers):\n    return sum(kernel - 1 for kernel, step in layers)",
                "begin at 1",
            ),
        ],
        [
            (
                "def map_side(side, padding):\n"
                "    return side // 32 - (6 if padding == 'VALID' else 0)",
                "you round down",
            ),
            ("def map_side(side, padding):\n    return -(-side // 32)", "the map has side"),
        ],
        [
            ("my_stride, my_channel = 32, 0", "the strides are"),
            ("my_stride, my_channel = 8, 512", "from 0 to 511"),
        ],
    ],
    "04_upsample_bilinearly": [
        [
            ("def kernel_row(factor):\n    return np.ones(factor)", "needs 4 weights, not 2"),
            (
                "def kernel_row(factor):\n    size = 2 * factor - factor % 2\n"
                "    return np.abs(np.arange(size) - (size - 1) / 2) / factor",
                "rises and falls",
            ),
            (
                "def kernel_row(factor):\n    size = 2 * factor - factor % 2\n"
                "    row = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor\n"
                "    return row / row.sum()",
                "these must add up to 2",
            ),
        ],
        [
            (
                "def keeps_flat(kernel, factor):\n"
                "    return np.allclose(stamp(np.ones((9, 9)), kernel, factor), 1)",
                "Did you cut the border off",
            ),
            (
                "def keeps_flat(kernel, factor):\n    inside = slice(len(kernel), -len(kernel))\n"
                "    return np.ptp(stamp(np.ones((9, 9)), kernel, factor)[inside, inside]) < 1e-9",
                "the value must stay 1",
            ),
        ],
        [
            ("my_shape = np.zeros((384, 576), bool)", "nothing is drawn"),
            ("my_shape = np.arange(576) % 4 < np.full((384, 1), 2)", "too fine even for stride 8"),
            ("my_shape = np.ones((96, 144), bool)", "must be (384, 576)"),
        ],
    ],
    "05_find_contours": [
        [
            (
                "def fuse(logits, weights, bias):\n    return logits @ weights + bias",
                "Is the sigmoid missing",
            ),
            (
                "def fuse(logits, weights, bias):\n"
                "    return 1 / (1 + np.exp(-logits)) @ weights + bias",
                "sigmoid of the sum",
            ),
            (
                "def fuse(logits, weights, bias):\n    return 1 / (1 + np.exp(-logits))",
                "one number for each pixel",
            ),
        ],
        [
            (
                "def pixel_weights(drawing):\n    beta = 1 - drawing.mean()\n"
                "    return np.where(drawing, 1 - beta, beta)",
                "that are not contours",
            ),
            (
                "def pixel_weights(drawing):\n"
                "    return np.where(drawing, 1 / drawing.sum(), 1 / (~drawing).sum())",
                "3.2 is right",
            ),
        ],
    ],
    "06_grow_a_region_tree": [
        [
            ("border_strength = lambda length, total: total", "the total"),
            ("border_strength = lambda a, b: a / b", "upside down"),
        ],
        [("smallest = 2", "no region of that cut"), ("smallest = 40", "fewer do as well")],
    ],
    "07_answer_the_question": [
        [
            ("helmets_value = as_last", "when it comes last"),
            ("helmets_value = as_first", "when it comes first"),
            ("helmets_value = as_first + as_last", "not their sum"),
        ],
        [("partners = 'helmet'", "other than 'helmet'"), ("partners = ['suit']", "more would do")],
        [
            ("my_class, my_set = 'bobsleigh', ['suit']", "another class"),
            ("my_class, my_set = known[0], []", "but half is"),
        ],
    ],
    "08_follow_the_evidence": [
        [
            ("value_of_left = left - nothing", "comes first"),
            ("value_of_left = whole - right", "comes last"),
            ("value_of_left = left - nothing + whole - right", "factors of one half"),
        ],
        [("share_of_area = by_weight", "order by weight")],
    ],
    "09_fit_one_cat": [
        [
            (
                "my_loss = lambda p, t: -np.log(np.where(t == 1, p[..., 1], p[..., 0])).mean()",
                "an average pixel",
            ),
            ("my_loss = lambda p, t: -np.log(p[..., 1]).sum()", "P(cat) everywhere"),
            ("my_loss = lambda p, t: (p.argmax(-1) != t).sum()", "Sum −log P(true class)"),
        ],
        [
            ("places = lambda side: side // 32", "rounds down"),
            ("places = lambda side: side // 32 + 1", "no further place"),
        ],
    ],
    "10_teach_your_own_regions": [
        [
            ("extra = {'saucer': [[(150, 250), (150, 260)]]}", "below the saucer"),
            ("extra = {'desk': [[(10, 10), (20, 20)]]}", "names, each with a list"),
        ],
        [
            ("harder = lambda photo: photo[:, :300]", "is needed"),
            ("harder = lambda photo: photo[:, ::-1]", "things have moved"),
            ("harder = lambda photo: (0.9 * photo).astype(np.uint8)", "Light and colour matter"),
        ],
    ],
    "11_compare_segmenters": [
        [
            ("tuner.panes[1].set(segmenter='deep', n_regions=9)", "Choose slic there"),
            (
                "tuner.panes[1].set(segmenter='slic', n_segments=40, compactness=1.0)",
                "Fewer segments",
            ),
        ],
        [
            (
                "kept = lambda seen: [things[k] for k in range(6) "
                "if min(w[k] for w in seen.values()) > 0]",
                "one sign, too",
            ),
            ("kept = lambda seen: list(things)", "change their sign"),
        ],
    ],
    "12_measure_explanations": [
        [
            ("my_area = y.sum()", "multiply each by a width"),
            ("my_area = np.diff(x) @ y[:-1]", "the left end"),
            ("my_area = np.diff(x)", "one number"),
        ],
        [
            ("my_claim = ('slic', 'deletion')", "three words"),
            ("my_claim = ('lime', 'deletion', 'open')", "has no row"),
            (
                "row = next(iter(verdicts))\n"
                "my_claim = (*row, 'worse' if verdicts[row] == 'better' else 'better')",
                "the interval",
            ),
        ],
    ],
    "13_catch_clever_hans": [
        [
            ("fake = np.clip(loser * 1.3, 0, 255).astype(np.uint8)", "less than 10%"),
            ("fake = loser.copy(); fake[:60, :60] = 255", "Print the badge on it"),
            ("fake = paint(loser, 0.33, 0.5, 0.5)", "two things"),
        ],
        [
            (
                "purity = lambda region, badge: np.sum(region & badge) / np.sum(badge)",
                "the coverage",
            ),
            (
                "purity = lambda region, badge: np.sum(region & badge) / np.sum(region | badge)",
                "the IoU",
            ),
        ],
    ],
    "14_learn_names_from_a_thousand_photographs": [
        [
            ("threshold = lambda p, right: 0.95", "A lower threshold"),
            ("threshold = lambda p, right: 0.5", "5% may be"),
            ("threshold = lambda p, right: p[right]", "one number"),
        ],
        [
            ("with_class = lambda x, y, new: (np.concatenate([x, new]), y)", "classes."),
            (
                "with_class = lambda x, y, new: (np.concatenate([x, new]), np.append(y, [30] * 5))",
                "the new class is 31",
            ),
            ("with_class = lambda x, y, new: None", "return both"),
        ],
    ],
}


def tool(name):
    spec = importlib.util.spec_from_file_location(name, NOTEBOOKS / "src" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# In this order, for the tools import each other by name.
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(NOTEBOOKS / "src"))
    build, execute = tool("build"), tool("execute")
    edition, slides = tool("html_edition"), tool("slides")


out_of_step = functools.cache(build.out_of_step)


@pytest.fixture(params=SOURCES, ids=lambda source: source.stem)
def source(request):
    return request.param


@pytest.fixture
def notebook(source):
    return nbformat.reads(build.notebook_text(source), as_version=4)


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def lines(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def solution_code(cell):
    """The Python block of a solution, which is folded away."""
    assert "<details><summary>Solution</summary>" in cell.source
    assert "</details>" in cell.source
    (code,) = re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
    return code


def test_in_step_with_its_source(source):
    path = NOTEBOOKS / f"{source.stem}.ipynb"
    assert path not in out_of_step(), "run: python notebooks/src/build.py"
    made = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in made.cells)
    assert "widgets" not in made.metadata


def test_no_notebook_without_a_source():
    assert not [
        path.name for path in out_of_step() if not (NOTEBOOKS / "src" / f"{path.stem}.py").is_file()
    ]


def test_first_screen(notebook):
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for promise in ("You will do", "You will learn", "You need"):
        assert promise in first.source
    (minutes,) = re.findall(r"Time: (\d+) minutes", first.source)
    assert int(minutes) <= LONGEST_LESSON


def test_as_slides_it_opens_with_its_question_and_leaves_out_what_the_class_must_find(notebook):
    kinds = {cell.id: cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells}
    assert kinds[notebook.cells[0].id] == "slide"
    assert all(
        kinds[cell.id] == "skip"
        for cell in notebook.cells
        if tagged(cell, "solution") or tagged(cell, "check")
    )
    shown = slides.exporter().from_notebook_node(notebook)[0]
    pages = [cell for cell in notebook.cells if kinds[cell.id] in ("slide", "subslide")]
    assert shown.count("<section>") >= len(pages) >= 10
    assert "<summary>Solution</summary>" not in shown
    assert betrayed(notebook, shown) == []


def betrayed(notebook, page):
    """The cells whose answers can be read in the source that a page shows."""
    read = re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]+>", "", page)))
    longest = {
        cell.id: max(cell.source.splitlines()[1:], key=len)
        for cell in notebook.cells
        if quizzes(cell) or tagged(cell, "check") or tagged(cell, "hidden")
    }
    assert longest
    return [name for name, line in longest.items() if re.sub(r"\s+", "", line) in read]


def test_sources_that_give_an_answer_away_are_collapsed_everywhere(notebook):
    """In JupyterLab by the cell's own metadata; on pages they are left out.

    JupyterLab's placeholder shows the first line.
    """
    for cell in notebook.cells:
        secret = bool(quizzes(cell)) or tagged(cell, "check") or tagged(cell, "hidden")
        assert cell.metadata.get("jupyter", {}).get("source_hidden", False) == secret
        if secret:
            assert cell.source.splitlines()[0] in build.COLLAPSED.values()
    assert betrayed(notebook, edition.body(notebook)) == []
    assert betrayed(notebook, str(notebook)) != []  # such a line would be found


def test_parts_of_a_lesson(notebook):
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(cells) <= 40
    shown = [
        cell
        for cell in code
        if not tagged(cell, "check") and not tagged(cell, "hidden") and not quizzes(cell)
    ]
    assert statistics.median(map(lines, shown)) <= 8
    assert max(map(lines, shown)) <= 25
    for before, cell in itertools.pairwise(cells):
        if cell.cell_type == "code" and not tagged(cell, "check") and not tagged(cell, "hidden"):
            assert (
                before.cell_type == "markdown"
                or quizzes(before)
                or quizzes(cell)
                or tagged(cell, "exercise")
            ), cell.source
    exercises = [i for i, cell in enumerate(cells) if tagged(cell, "exercise")]
    assert len(exercises) >= 2
    for i in exercises:
        assert tagged(cells[i + 1], "check")
        assert tagged(cells[i + 2], "solution")
        solution_code(cells[i + 2])
    assert cells[-1].cell_type == "markdown"
    assert "## The answer" in cells[-1].source


def quizzes(cell):
    """The calls of Quiz in a cell of code."""
    if cell.cell_type != "code" or "Quiz(" not in cell.source:
        return []
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Quiz"]


def test_formulas_and_sources(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.search(r"\$\$.+?\$\$", text, re.DOTALL)
    assert len(set(re.findall(r"\]\((https?://[^)\s]+)\)", text))) >= 2


def test_predictions_are_answered(notebook):
    """Each is a choice with feedback on every answer and a reason; there are three or more."""
    found = [call for cell in notebook.cells for call in quizzes(cell)]
    assert len(found) >= 3
    for call in found:
        given = dict(zip(("question", "choices", "answer", "rationale"), call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords}
        assert set(given) == {"question", "choices", "answer", "rationale"}
        assert len(given["choices"].keys) >= 3


def test_lines_fit_on_the_screen(notebook):
    lines = [line for cell in notebook.cells for line in cell.source.splitlines()]
    assert [
        line for line in lines if len(line) > WIDEST_LINE and "](http" not in line
    ] == []  # an address cannot be broken


PLACE = re.compile(r"(top|bottom|left|right|centre|all round)( left| right)?")


def named_regions(text):
    """The names of regions that a text quotes, as segxai gives them: a noun, a place, or both."""
    nouns = {*semantic_head().names, *GROUPS, *everyday_nouns().names, "background"} - {"thing"}
    for quoted in re.findall(r"[“\"]([a-z][a-z :]*(?: \d+)?(?: \?)?)[”\"]", " ".join(text.split())):
        bare = re.sub(r"( \d+)?( \?)?$", "", quoted)
        if all(part in nouns or PLACE.fullmatch(part) for part in bare.split(": ")):
            yield quoted


def test_names_of_regions_in_the_text_are_computed_or_tested(notebook):
    """Each is in code, which a run proves: a hidden test's, or code that looks the region up."""
    code = "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    assert [name for name in named_regions(text) if f'"{name}"' not in code] == []


def test_a_quoted_name_is_recognised():
    text = 'The "clothes\n?" and “wall: left 2”, a "head", "centre 2", but no "clever Hans".'
    assert list(named_regions(text)) == ["clothes ?", "wall: left 2", "head", "centre 2"]


def check_run(notebook):
    """Nothing may fail, warn or hang, and Binder must have room for it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text
            assert "Warning" not in str(output.get("text", "")) + str(
                output.get("data", {}).get("text/plain", "")
            )
        if times := cell.metadata.get("execution"):
            began, ended = (
                datetime.fromisoformat(times[key])
                for key in ("iopub.status.busy", "shell.execute_reply")
            )
            assert (ended - began).total_seconds() < LONGEST_WAIT, cell.source
    assert '"output_type": "error"' not in nbformat.writes(
        notebook
    )  # widgets keep the errors of their callbacks
    peak = notebook.metadata["segxai"]["peak"]
    assert peak is None or peak < MOST_MEMORY, f"{peak / 1e9:.2f} GB"


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def check_time(notebook):
    """What the first cell says of the computer's work is roughly true, in processor time.

    A factor of four is left to the machine.
    """
    first = " ".join(notebook.cells[0].source.split())
    number, unit = re.search(
        r"The computer works for about (\d+) (second|minute)s? of it", first
    ).groups()
    stated = int(number) * {"second": 1, "minute": 60}[unit]
    assert stated <= 300
    if os.environ.get("SEGXAI_NO_SKIPS"):
        assert stated / 4 <= notebook.metadata["segxai"]["processor"] <= 4 * stated


def assigned(code):
    """The names that a cell assigns at its top level."""
    stored = set()
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            stored.add(node.name)
        elif isinstance(node, ast.Assign):
            stored |= {
                name.id
                for target in node.targets
                for name in ast.walk(target)
                if isinstance(name, ast.Name)
            }
    return stored


def uses(cell, names):
    if (
        cell.cell_type != "code"
        or tagged(cell, "check")
        or tagged(cell, "exercise")
        or cell.source.startswith("%")
    ):
        return False
    return any(
        isinstance(node, ast.Name) and node.id in names for node in ast.walk(ast.parse(cell.source))
    )


def nothing(stub):
    """The answer None, or a function that returns it.

    A stub that only calls something has no such answer.
    """
    last = ast.parse(stub).body[-1]
    if isinstance(last, ast.FunctionDef):
        return [(f"def {last.name}(*given):\n    pass", "")]
    names = assigned(ast.unparse(last))
    return [(f"{' = '.join(sorted(names))} = None", "")] if names else []


def with_answers(cells, wrong):
    """The cells, with others between them, marked "begins" and "hint".

    "begins" is how the text that such a cell prints must begin. After the check of an exercise its
    wrong answers are checked and then its solution; then the stub is run again, so that what
    follows runs as it stands. A cell that uses what an exercise assigns runs with the solution
    before.
    """
    wrong = iter(wrong)
    out, solutions = [], []

    def add(code, begins="", hint=""):
        out.append(nbformat.v4.new_code_cell(code, metadata={"begins": begins, "hint": hint}))

    for place, cell in enumerate(cells):
        for stub, solution in solutions:
            if uses(cell, assigned(solution)):
                for code in (solution, cell.source, stub):
                    add(code)
        out.append(cell)
        if tagged(cell, "check"):
            stub, check = cells[place - 1].source, cell.source
            solutions.append((stub, solution_code(cells[place + 1])))
            for answer, hint in [*nothing(stub), *next(wrong, [])]:
                add(answer)
                add(check, "Not yet", hint)
            for code, begins in ((solutions[-1][1], ""), (check, "Correct"), (stub, "")):
                add(code, begins)
    return out


def test_runs_as_it_stands_and_with_the_solutions(source, notebook):
    """On one thread, offline, as a page without a kernel shows it.

    The static edition takes over what was executed as it stands.
    """
    everything = copy.deepcopy(notebook)
    everything.cells = with_answers(notebook.cells, WRONG.get(source.stem, []))
    done = execute.execute(everything, still=True)
    check_run(done)
    check_time(done)
    for cell in done.cells:
        if cell.metadata.get("begins"):
            assert printed(cell).startswith(cell.metadata["begins"]), printed(cell)
            assert cell.metadata["hint"] in printed(cell)
        elif tagged(cell, "check"):
            assert printed(cell)
            assert not printed(cell).startswith("Correct")
    done.cells = [cell for cell in done.cells if "begins" not in cell.metadata]
    for number, cell in enumerate((cell for cell in done.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    execute.keep(notebook, done)
