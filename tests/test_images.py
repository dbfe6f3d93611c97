import io
import struct
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

import segxai
from segxai import Bands, Regions, SegxaiError
from segxai.images import MAX_SIDE, as_image, load_image, reduced_size, resize, resize_labels

RGB = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        RGB,
        RGB / 255.0,
        (RGB / 255.0).astype(np.float32),
        RGB.astype(float),
        RGB.astype(np.uint16) * 257,
        RGB.astype(int),
        np.dstack([RGB, np.full((6, 5), 255, np.uint8)]),
        Image.fromarray(RGB),
    ],
)
def test_every_accepted_form_of_a_picture_is_the_same_picture(image):
    assert np.array_equal(as_image(image), RGB)


def test_grey_and_black_and_white_pictures_get_three_channels():
    assert np.array_equal(as_image(RGB[..., 0]), np.repeat(RGB[..., :1], 3, axis=2))
    assert as_image(np.eye(4, dtype=bool)).max() == 255


def test_transparent_pixels_are_white():
    assert (as_image(np.zeros((2, 2, 4), np.uint8)) == 255).all()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.full((3, 3), np.nan), "NaN"),
        (np.full((3, 3), np.inf), "infinite"),
        (np.zeros((3, 3, 2)), "shape"),
        (np.zeros((0, 3)), "shape"),
        (np.zeros(7), "shape"),
        (np.full((3, 3), -1.0), "-1"),
        (np.full((3, 3), 300), "300"),
        (np.array([["a"]]), "type"),
        (np.zeros((3, 3), complex), "complex"),
        (None, "shape"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(image, said):
    with pytest.raises(SegxaiError, match=said):
        as_image(image)


def test_files_that_are_no_pictures(tmp_path, astronaut):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("<html>404</html>")
    Image.fromarray(astronaut).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:9000])
    for name, said in [
        ("none.png", "no file"),
        ("empty.png", "empty"),
        ("text.png", "cannot be read"),
        ("cut.jpg", "cannot be read"),
        ("", "folder"),
    ]:
        with pytest.raises(SegxaiError, match=said) as raised:
            load_image(tmp_path / name)
        assert isinstance(raised.value, OSError)
        assert isinstance(raised.value, FileNotFoundError) == (name == "none.png")


def test_a_photograph_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    Image.fromarray(RGB).save(tmp_path / "turned.png", exif=exif)
    assert load_image(tmp_path / "turned.png").shape == (5, 6, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_every_usual_mode_of_file_is_read(tmp_path, mode):
    picture = (
        Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(RGB).convert(mode)
    )
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(path)
    image = load_image(path)
    assert image.shape == (6, 5, 3)
    assert image.std() > 10


def test_a_huge_photograph_is_reduced_with_a_notice(tmp_path):
    Image.new("RGB", (3 * MAX_SIDE, MAX_SIDE)).save(tmp_path / "huge.jpg")
    with pytest.warns(UserWarning, match="reduced"):
        image = load_image(tmp_path / "huge.jpg")
    assert max(image.shape) == MAX_SIDE


def explained(path):
    return segxai.explain(
        path, "grid", lambda images: images.mean((1, 2, 3)) / 255, max_evaluations=18
    )


@pytest.mark.parametrize("call", [load_image, as_image, explained])
def test_the_notice_of_a_reduction_points_at_the_user_s_line(call, tmp_path):
    Image.new("RGB", (MAX_SIDE + 2, 4)).save(tmp_path / "long.png")
    with pytest.warns(UserWarning, match="reduced") as notices:
        call(tmp_path / "long.png")
    assert [notice.filename for notice in notices] == [__file__]


def test_resize_keeps_everything_and_averages():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 200  # stripes of one pixel vanish into their mean when antialiased
    small = resize(image, (8, 8))
    assert small.shape == (8, 8, 3)
    assert np.abs(small[1:-1, 1:-1] - 100).max() < 3
    assert np.allclose(resize(image, (8, 8)), resize(image.astype(np.float32), (8, 8)), atol=1)


def test_resize_labels_invents_no_label():
    labels = np.array([[3, 7], [9, 1]])
    assert np.array_equal(resize_labels(labels, (4, 4)), np.kron(labels, np.ones((2, 2), int)))
    assert np.array_equal(resize_labels(np.kron(labels, np.ones((5, 5), int)), (2, 2)), labels)


def test_a_picture_of_one_pixel_can_be_explained():
    explanation = segxai.explain(np.full((1, 1, 3), 90, np.uint8))
    assert len(explanation.regions) == 1


# --- one picture, however it is given


def icc_profile(primaries):
    """A matrix profile of gamma 2.2, from the primaries' XYZ under D50; nobody's file."""

    def fixed(*numbers):
        return struct.pack(f">{len(numbers)}i", *(round(65536 * x) for x in numbers))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(*D50)}
    for channel, xyz in zip((b"r", b"g", b"b"), primaries, strict=True):
        tags |= {channel + b"XYZ": b"XYZ " + bytes(4) + fixed(*xyz), channel + b"TRC": curve}
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content
    head = struct.pack(
        ">I4sI4s4s4s",
        132 + 12 * len(tags) + len(data),
        bytes(4),
        0x02400000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
    )
    head += bytes(12) + b"acsp" + bytes(28) + fixed(*D50) + bytes(48)
    return head + table + data


D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def p3_in_srgb(pixels):
    """The same by hand: gamma, the two matrices, sRGB's curve."""
    linear = (pixels / 255) ** 2.2 @ np.array(DISPLAY_P3) @ np.linalg.inv(np.array(SRGB))
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


# What a viewer does to turn a picture upright, by EXIF's definition of the eight orientations.
UPRIGHT = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1), 8: lambda a: np.rot90(a),
}  # fmt: skip
TILES = np.kron(RGB, np.ones((8, 8, 1), np.uint8))


def exif_file(path, orientation, ending):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if ending == "jpg" else {}
    path = path.with_suffix(f".{ending}")
    Image.fromarray(TILES).save(path, exif=exif, **options)
    with Image.open(path) as stored:  # TIFFs are turned by Pillow as they are decoded
        pixels = TILES if ending == "tif" else np.asarray(stored.convert("RGB"))
    return path, UPRIGHT[orientation](pixels)


def cmyk_file(path):
    path = path.with_suffix(".jpg")
    Image.fromarray(TILES).convert("CMYK").save(path, quality=100)
    with Image.open(path) as stored:
        ink = np.asarray(stored).astype(float)
    return path, np.rint((255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255).astype(np.uint8)


def p3_file(path):
    Image.fromarray(TILES).save(path, icc_profile=icc_profile(DISPLAY_P3))
    return path, p3_in_srgb(TILES)


def transparent_file(path, mode):
    """One colour of the file is transparent, so it is seen as white."""
    picture = Image.fromarray(TILES).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture, np.uint16) * 257)
    pixels = np.asarray(picture)
    key = 0 if mode == "1" else pixels[0, 0].tolist()
    key = tuple(key) if mode == "RGB" else key
    picture.save(path, transparency=key)
    shown = (
        np.dstack([pixels // 257] * 3).astype(np.uint8)
        if mode == "I;16"
        else np.asarray(picture.convert("RGB")).copy()
    )
    shown[(pixels == key).all(-1) if mode == "RGB" else pixels == key] = 255
    assert (shown != 255).any() or mode == "1"
    return path, shown


ONE_PICTURE = {
    **{
        f"EXIF {o}, {e}": partial(exif_file, orientation=o, ending=e)
        for o in UPRIGHT
        for e in ("jpg", "png", "tif")
    },
    "CMYK": cmyk_file,
    "Display P3": p3_file,
    **{
        f"tRNS in {mode}": partial(transparent_file, mode=mode)
        for mode in ("P", "L", "RGB", "1", "I;16")
    },
}


def weights_of(picture):
    return segxai.explain(
        picture, "grid", lambda images: images.mean((1, 2, 3)) / 255, max_evaluations=64
    ).weights


@pytest.mark.parametrize("kind", ONE_PICTURE)
def test_path_pillow_image_and_array_are_the_same_picture(kind, tmp_path):
    path, array = ONE_PICTURE[kind](tmp_path / "file.png")
    assert array.std() > 10 or kind == "tRNS in 1"
    with Image.open(path) as lazy, Image.open(path) as decoded:
        decoded.load()
        for given in (path, str(path), lazy, decoded):
            image = as_image(given)
            assert image.shape == array.shape
            assert np.abs(image.astype(int) - array).max() <= 2
            assert np.allclose(weights_of(given), weights_of(array), atol=0.01)


def test_a_pillow_image_is_reduced_like_its_file(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "large.png"
    Image.fromarray(TILES).resize((MAX_SIDE + 40, 30)).save(path, exif=exif)
    with Image.open(path) as opened:
        with pytest.warns(UserWarning, match="large.png was reduced"):
            images = [as_image(given) for given in (path, opened)]
        assert opened.size == (MAX_SIDE + 40, 30)  # the caller's image stays as it is
    assert images[0].shape[:2] == reduced_size((MAX_SIDE + 40, 30)) == (MAX_SIDE, 29)
    assert np.array_equal(*images)


def test_transparency_is_kept_when_a_picture_is_reduced(tmp_path):
    pixels = np.zeros((4, MAX_SIDE * 2), np.uint8)
    pixels[:, ::4] = 90  # would be mixed with the transparent 0 by interpolation
    Image.fromarray(pixels).save(tmp_path / "key.png", transparency=0)
    with pytest.warns(UserWarning, match="reduced"):
        assert set(np.unique(load_image(tmp_path / "key.png"))) <= {90, 255}


def test_a_damaged_or_foreign_colour_profile_is_ignored(tmp_path):
    for profile in (b"no profile" * 20, icc_profile(SRGB)[:150]):
        Image.fromarray(TILES).save(tmp_path / "a.png", icc_profile=profile)
        assert np.array_equal(load_image(tmp_path / "a.png"), TILES)
    Image.fromarray(TILES[..., 0]).save(tmp_path / "a.png", icc_profile=icc_profile(SRGB))
    assert np.array_equal(load_image(tmp_path / "a.png")[..., 1], TILES[..., 0])


# --- ranges


UNIT = np.linspace(0, 1, 6 * 5 * 3).reshape(6, 5, 3)
EXPECTED = np.rint(255 * UNIT).astype(int)


@pytest.mark.parametrize(
    ("image", "expected", "said"),
    [
        (UNIT * 1.0000001, EXPECTED, "read as 0 to 1 "),
        (UNIT - 1e-7, EXPECTED, "read as 0 to 1 "),
        (np.where(UNIT > 0.3, 1.0000001, UNIT), np.where(UNIT > 0.3, 255, EXPECTED), "0 to 1 "),
        (
            (1.2 * UNIT - 0.1).astype(np.float32),
            np.rint(255 * (1.2 * UNIT - 0.1).clip(0, 1)),
            "0 to 1 ",
        ),
        (270 * UNIT - 5, np.rint((270 * UNIT - 5).clip(0, 255)), "read as 0 to 255 "),
    ],
)  # fmt: skip
def test_a_small_overshoot_of_floats_is_clipped_with_a_warning(image, expected, said):
    with pytest.warns(UserWarning, match=said) as warned:
        found = as_image(image)
    assert np.abs(found - expected).max() <= 1
    assert [w.filename for w in warned] == [__file__]


@pytest.mark.parametrize("image", [UNIT, 255 * UNIT, EXPECTED, EXPECTED.astype(">u2") * 257])
def test_what_lies_within_its_range_is_read_without_a_word(image):
    assert np.abs(as_image(image) - EXPECTED).max() <= 1


@pytest.mark.parametrize("image", [1.7 * UNIT, 4 * UNIT, np.where(UNIT > 0.4, 1.01, UNIT)])
def test_floats_far_above_1_are_not_shown_black(image):
    with pytest.raises(SegxaiError, match="not supported"):
        as_image(image)


def test_a_normalised_tensor_is_refused():
    with pytest.raises(SegxaiError, match="undo a normalisation"):
        as_image((UNIT - 0.45) / 0.22)


def test_twelve_bits_in_sixteen_are_noticed_and_read_by_their_levels(tmp_path):
    values = np.rint(4095 * UNIT[..., 0]).astype(np.uint16)
    path = tmp_path / "scan.png"
    Image.fromarray(values).save(path)
    for given in (path, values):
        with pytest.warns(UserWarning, match="levels=4096"):
            assert as_image(given).max() <= 16
    assert np.abs(load_image(path, levels=4096)[..., 1] - EXPECTED[..., 0]).max() <= 1
    with Image.open(path) as opened:
        assert np.array_equal(load_image(opened, levels=4096), load_image(path, levels=4096))
    for levels in (256, 0, "12 bits", True):
        with pytest.raises(SegxaiError, match="levels"):
            load_image(path, levels=levels)


# --- what is no picture


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((1, 6, 5, 3)), r"batch.*image\[0\]"),
        (np.zeros((3, 60, 50)), r"axis 0.*numpy.moveaxis\(image, 0, -1\)"),
        (np.zeros((1, 60, 50)), "axis 0"),
        (b"\xff\xd8\xff", r"io.BytesIO\(data\)"),
        (bytearray(3), "bytes"),
        (io.BytesIO(b"\xff\xd8\xff"), r"PIL.Image.open\(file\)"),
        ("https://example.org/cat.jpg", "address is not opened; download"),
        ("data:image/png;base64," + "A" * 9000, "address is not opened; download"),
    ],
)
def test_what_it_is_and_what_to_do(image, said):
    with pytest.raises(SegxaiError, match=said) as raised:
        as_image(image)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("given", [io.BytesIO(b"\xff\xd8\xff"), np.zeros((4, 4, 3)), None, 7])
def test_what_is_no_file_is_told_from_a_damaged_one(given):
    with pytest.raises(SegxaiError, match=r"PIL.Image.open\(file\)"):
        load_image(given)


class Tensor:
    """Like PyTorch's that require gradients."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        return self


class Hostile:
    def _raise(self, *args, **kwargs):
        raise RuntimeError("whatever")

    __array__ = __len__ = __iter__ = __getitem__ = __str__ = _raise


class HostileError(Hostile):
    def __array__(self, *args, **kwargs):
        raise ValueError(Hostile())


@pytest.mark.parametrize("read", [
    as_image, Bands, Regions.from_labels, lambda value: Regions.from_masks({"a": value}),
    lambda value: segxai.explain(TILES, "grid", weights_of, fill=value),
])  # fmt: skip
@pytest.mark.parametrize("value", [Tensor(), Hostile(), HostileError(), [Hostile()], [[1], [2, 3]]])
def test_whatever_an_object_raises_is_an_error_of_segxai(read, value):
    with pytest.raises(SegxaiError) as raised:
        read(value)
    if isinstance(value, Tensor):
        assert "tensor.detach().cpu().numpy()" in str(raised.value)


@pytest.mark.parametrize("shape", [(3, 60, 50), (13, 32, 32), (1, 16, 16)])
def test_bands_with_channels_first_are_refused_by_their_axis(shape):
    with pytest.raises(SegxaiError, match=r"axis 0 .*numpy.moveaxis\(pixels, 0, -1\)"):
        Bands(np.zeros(shape))
    Bands(np.moveaxis(np.zeros((5, 60, 50)), 0, -1))


# --- formats


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


def test_an_eps_starts_no_ghostscript(tmp_path, monkeypatch):
    def started(*args, **kwargs):
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)
    path = tmp_path / "photo.png"
    path.write_bytes(EPS)
    with pytest.raises(SegxaiError, match="its format is none of JPEG, PNG"):
        load_image(path)
    with Image.open(path) as opened, pytest.raises(SegxaiError, match="An EPS is a program"):
        as_image(opened)


def test_heic_needs_an_optional_package(tmp_path, monkeypatch):
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # not installed
    with pytest.raises(SegxaiError, match=r"pip install 'segxai\[heic\]'"):
        load_image(path)

    def register():  # as pillow-heif does
        def accept(head):
            return head[4:12] == b"ftypheic"

        monkeypatch.setitem(Image.OPEN, "HEIF", (lambda *_: Image.open(tmp_path / "a.png"), accept))

    Image.fromarray(TILES).save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "pillow_heif", SimpleNamespace(register_heif_opener=register))
    assert np.array_equal(load_image(path), TILES)
