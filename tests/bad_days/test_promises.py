"""Valid input is explained, invalid input is refused with the name of what was wrong.

Memory stays flat over many explanations.
"""

import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import segxai
from segxai import SegxaiError
from segxai.explanation.fills import FILLS

FUZZ = settings(settings.get_profile("promises"))  # 1,000 examples in CI


def brightness(images):
    return images.mean(axis=(1, 2, 3)) / 255


@st.composite
def photographs(draw):
    """An image of any usual kind, and a label map of its size with at most five regions."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    channels = draw(st.sampled_from([(), (1,), (3,), (4,)]))
    image = (
        hnp.arrays(np.uint8, (height, width, *channels))
        | hnp.arrays(np.uint16, (height, width, *channels))
        | hnp.arrays(np.float32, (height, width, *channels), elements=st.floats(0, 1, width=32))
    )
    dtype = draw(st.sampled_from([np.int64, np.uint8, np.int16]))
    return draw(image), draw(hnp.arrays(dtype, (height, width), elements=st.integers(0, 4)))


VALID = st.fixed_dictionaries(
    {},
    optional={
        "target": st.sampled_from([0, 1, "class 0", " CLASS 1 "]),
        "method": st.sampled_from(["lime", "shapley", "banzhaf", "owen", "tree"]),
        "fill": st.sampled_from(FILLS) | st.tuples(*[st.integers(0, 255)] * 3),
        "max_evaluations": st.integers(32, 2000),
        "kernel_width": st.floats(0.25, 100),
        "alpha": st.just(0) | st.floats(1e-3, 1e3),
        "seed": st.integers(0, 2**31),
    },
).filter(
    lambda options: options.get("method") != "tree" or not {"kernel_width", "alpha"} & set(options)
)


@pytest.mark.filterwarnings(
    "ignore:This .height, width, 4. array was read as RGBA"  # as most random ones are
)
@pytest.mark.filterwarnings("ignore:The largest of this picture's 16-bit values")
@FUZZ
@given(photographs(), VALID)
def test_every_valid_input_is_explained(photograph, options):
    image, labels = photograph
    found = segxai.explain(image, labels, brightness, progress=False, **options)
    assert len(found.weights) == len(np.unique(labels))
    assert np.isfinite(found.weights).all()
    assert found.evaluations <= options.get("max_evaluations", 1024)


texts = st.text(max_size=8)
not_whole = (
    st.floats().filter(lambda x: not x.is_integer())
    | texts
    | st.none()
    | st.lists(st.integers(), max_size=2)
)
not_number = texts | st.none() | st.lists(st.floats(), max_size=2) | st.just(float("nan"))
# What cannot be meant, and what the message must then speak of.
INVALID = {
    "image": (
        st.none()
        | st.integers()
        | hnp.arrays(
            np.uint8,
            st.sampled_from([(), (3,), (0, 4, 3), (4, 0), (2, 2, 5), (2, 3, 4, 3)]),
        ),
        "image",
    ),
    "regions": (
        st.integers()
        | hnp.arrays(np.int64, st.sampled_from([(4,), (5, 4), (4, 5, 2), (0, 0)]))
        | hnp.arrays("U2", (4, 5)),
        "label map|[Rr]egions",
    ),
    "target": (
        st.integers(2)
        | st.integers(max_value=-1)
        | texts.filter(lambda t: "class" not in t.lower()),
        "target|class",
    ),
    "method": (texts | st.integers(), "method"),
    "fill": (
        texts.filter(lambda t: t not in (*FILLS, "gray"))
        | st.floats()
        | st.tuples(*[st.integers(256, 999)] * 3),
        "fill",
    ),
    "max_evaluations": (not_whole | st.integers(max_value=1), "max_evaluations"),
    "kernel_width": (
        not_number | st.floats(max_value=9e-4) | st.floats(min_value=1001),
        "kernel_width",
    ),
    "alpha": (
        not_number | st.floats(max_value=0, exclude_max=True) | st.floats(min_value=1.1e9),
        "alpha",
    ),
    "seed": (not_whole | st.integers(max_value=-1), "seed"),
}


@FUZZ
@given(
    st.sampled_from(sorted(INVALID)).flatmap(
        lambda name: st.tuples(st.just(name), INVALID[name][0])
    )
)
def test_every_invalid_input_is_refused_by_name(case):
    name, value = case
    given = {
        "image": np.zeros((4, 5, 3), np.uint8),
        "regions": np.arange(20).reshape(4, 5) // 5,
    } | {name: value}
    with pytest.raises(SegxaiError, match=INVALID[name][1]):
        segxai.explain(classifier=brightness, progress=False, **given)


MANY = """
import ctypes, gc, re
import numpy as np
import segxai

def own():
    # Bytes, swapped or not, without the pages of files, which come and go with the machine's load,
    # and without what is free but kept by the C library.
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/status") as file:
        return sum(1024 * int(n) for n in re.findall(r"(?:RssAnon|VmSwap):\\s*(\\d+)", file.read()))

rng = np.random.default_rng(0)
each_ten = []
for number in range(100):
    # Always another: nothing that is kept for a photograph serves again.
    image = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    method = ("lime", "shapley", "tree")[number % 3]
    regions = segxai.segment(image, "grid", rows=1, columns=3)
    explanation = segxai.explain(image, regions, method=method, max_evaluations=8, progress=False)
    repr(explanation)
    if number % 10 == 0:
        explanation._repr_html_()
    if number % 10 == 9:
        each_ten.append(own())
print(np.median(np.diff(each_ten)) / 1e6)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is read from /proc, and trimmed by glibc"
)
def test_memory_stays_flat_over_100_explanations(run_python, tmp_path):
    # A leak grows by every ten explanations; a thread that starts late adds its memory once.
    run = run_python("-c", MANY, cwd=tmp_path)
    assert run.returncode == 0, run.stderr.decode()
    assert float(run.stdout) < 1, "MB more after ten explanations than before them"
