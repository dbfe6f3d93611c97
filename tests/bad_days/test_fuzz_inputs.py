"""Fuzz: images, files, label maps, annotations. Nothing but SegxaiError comes out."""

import contextlib
import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segxai import Regions, SegxaiError
from segxai.fcn.annotation import read_annotation
from segxai.images import as_image, load_image

# 16-bit values that are almost black, and floats that overshoot their range, are read with a
# warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*(almost black|were read as 0 to)")
FUZZ = settings(settings.get_profile("bad_days"))
REFUSED = contextlib.suppress(SegxaiError)

dtypes = st.sampled_from(
    [
        *map(
            np.dtype,
            (
                "u1",
                "u2",
                "u8",
                "i1",
                "i4",
                "i8",
                "f2",
                "f4",
                "f8",
                "c8",
                "?",
                "U3",
                "S2",
                "M8[s]",
                "m8[s]",
                "O",
                "f8,i4",
            ),
        )
    ]
)


def arrays(shapes):
    plain = dtypes.flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            shapes,
            elements=st.integers(-3, 300) | st.none() | st.text() if dtype.hasobject else None,
        )
    )
    small = hnp.arrays(
        st.sampled_from([np.int64, np.uint8, np.float64]), shapes, elements=st.integers(0, 6)
    )
    return plain | small


shapes = st.lists(st.sampled_from([0, 1, 1, 2, 3, 4, 5]), max_size=4).map(tuple)
maps = hnp.array_shapes(min_dims=2, max_dims=2, max_side=5) | shapes
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.lists(st.lists(st.integers(0, 300), max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@FUZZ
@given(arrays(shapes) | anything)
def test_whatever_is_taken_for_an_image_becomes_one(value):
    with REFUSED:
        image = as_image(value)
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[-1] == 3
        assert 0 not in image.shape


@pytest.fixture(scope="module")
def files():
    """A small photograph in every usual kind of file, with all that a camera adds."""
    rng = np.random.default_rng(0)
    picture, found = Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8)), []
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    for kind, options in [
        ("PNG", {"exif": exif}), ("JPEG", {"exif": exif}), ("JPEG", {"progressive": True}),
        ("GIF", {}), ("BMP", {}), ("WEBP", {}), ("TIFF", {"exif": exif}),
        ("TIFF", {"compression": "tiff_lzw"}), ("PPM", {}), ("TGA", {}), ("PCX", {}),
    ]:  # fmt: skip
        data = io.BytesIO()
        picture.save(data, kind, **options)
        found.append(data.getvalue())
    return found


@FUZZ
@given(data=st.data())
def test_whatever_is_in_a_file_is_read_or_refused(data, files, tmp_path):
    content = bytearray(data.draw(st.sampled_from(files)))
    for _ in range(data.draw(st.integers(0, 8))):  # most where the headers are
        content[
            data.draw(st.integers(0, min(len(content), 200) - 1) | st.integers(0, len(content) - 1))
        ] = data.draw(st.integers(0, 255))
    content = content[
        : data.draw(st.integers(0, len(content)) | st.just(len(content)))
    ] + data.draw(st.binary(max_size=4))
    path = tmp_path / "fuzzed"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*was reduced.*")
        for read in (load_image, lambda path: read_annotation(path, (24, 30))):
            with REFUSED:
                read(path)


@FUZZ
@given(
    arrays(maps) | anything,
    st.none() | anything | st.lists(st.text(max_size=3) | st.integers(), max_size=6),
    st.data(),
)
def test_whatever_is_taken_for_a_label_map_is_one(labels, names, data):
    with REFUSED:
        regions = Regions.from_labels(labels, names)
        assert np.array_equal(np.unique(regions.labels), np.arange(len(regions)))
        assert len(set(regions.names)) == len(regions) == len(regions.areas)
    with REFUSED:
        Regions.from_labels(
            labels,
            data.draw(
                st.dictionaries(st.integers(-2, 6), st.text(max_size=3) | st.none(), max_size=4)
            ),
        )
    with REFUSED:
        Regions.from_masks({"a": labels, "b": labels if data.draw(st.booleans()) else names})


@FUZZ
@given(arrays(maps), st.none() | anything | st.lists(st.text(max_size=3), max_size=6))
def test_whatever_is_taken_for_an_annotation_is_one(annotation, names):
    with REFUSED:
        labels, names = read_annotation(annotation, np.shape(annotation)[:2], names)
        assert labels.dtype == np.uint8
        assert set(np.unique(labels)) <= {*range(len(names)), 255}


sides = st.integers(1, 6)
good_dtypes = st.sampled_from([np.uint8, np.uint16, np.bool_])
good_images = st.tuples(sides, sides, st.sampled_from([(), (1,), (3,), (4,)])).flatmap(
    lambda s: (
        good_dtypes.flatmap(lambda dtype: hnp.arrays(dtype, (s[0], s[1], *s[2])))
        | hnp.arrays(np.float32, (s[0], s[1], *s[2]), elements=st.floats(0, 1, width=32))
    )
)
good_maps = st.tuples(sides, sides).flatmap(
    lambda s: st.sampled_from([np.int64, np.int16, np.uint8, np.bool_]).flatmap(
        lambda dtype: hnp.arrays(dtype, s)
    )
)


@FUZZ
@given(good_images)
def test_every_valid_image_is_understood(array):
    image = as_image(array)
    assert image.shape == (*array.shape[:2], 3)
    assert np.array_equal(as_image(image), image)


@FUZZ
@given(good_maps)
def test_every_valid_label_map_is_understood(labels):
    regions = Regions.from_labels(labels)
    assert len(regions) == len(np.unique(labels))
    same = (
        labels[:, :, None, None] == labels
    )  # two pixels are in one region where they had one label
    assert np.array_equal(regions.labels[:, :, None, None] == regions.labels, same)
