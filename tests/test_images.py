import numpy as np
import pytest
from PIL import Image

import segxai
from segxai import SegxaiError
from segxai.images import MAX_SIDE, as_image, load_image, resize, resize_labels

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
