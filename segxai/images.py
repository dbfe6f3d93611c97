"""Read images and convert them to one common form.

Everywhere else in segxai an image is a (height, width, 3) uint8 RGB array.
"""

import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    extra_module,
    quoted,
    whole_number,
)
from .files import PACKAGE, as_path

# Larger photographs are reduced on reading: no network here takes an input of more than 600 pixels
# a side, and the memory that segmenters need grows with the area.
MAX_SIDE = 2048
# A picture whose header states more pixels than this, or which needs more memory, is refused
# before decoding (decompression bombs).
MAX_PIXELS = 150_000_000
MAX_BYTES = 800_000_000
# The formats that are read: pixels and nothing else (for an EPS, Pillow would start Ghostscript).
# Of each, the endings of its files, and the bytes for each pixel that its decoder was measured to
# need beside the picture.
FORMATS = {
    "JPEG": ((".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), 0),
    "PNG": ((".png", ".apng"), 0),
    "GIF": ((".gif",), 0),
    "BMP": ((".bmp", ".dib"), 0),
    "PPM": ((".ppm", ".pgm", ".pbm", ".pnm"), 0),
    "TIFF": ((".tif", ".tiff"), 4),
    "WEBP": ((".webp",), 12),
    "JPEG2000": ((".jp2", ".j2k", ".jpx"), 16),
    "PCX": ((".pcx",), 0),
    "TGA": ((".tga",), 0),
    "AVIF": ((".avif",), 8),
    "HEIF": ((".heic", ".heif"), 8),  # once pillow-heif is registered
}
ENDINGS = frozenset(ending for endings, _ in FORMATS.values() for ending in endings)
# Bytes for each pixel of a picture, 4 in other modes; transparent ones are copied while resized.
_BYTES = {"1": 1, "L": 1, "P": 1, "RGBA": 10, "LA": 10}
# Of floats: small excursions, which bicubic resizing and rounding leave, are clipped.
_OVERSHOOT = 0.5  # of the range, at most
_LEAST_INSIDE = 0.75  # of the values
# Transparency is nearly always all or nothing: with a smaller share of such pixels, a fourth
# channel may be something else.
LEAST_ALL_OR_NOTHING = 0.001


@dataclass(frozen=True, eq=False)
class Bands:
    """A picture with any number of channels.

    Three of them are shown and segmented, all of them are perturbed and classified.

    Attributes
    ----------
    pixels : (H, W, C) array
        Finite numbers of any range; the classifier receives (N, H, W, C) arrays of the same type.
    rgb : tuple of three int
        The numbers of the channels that are shown as red, green and blue. uint8 channels are shown
        as they are, others from their 2nd to their 98th percentile.

    Raises
    ------
    SegxaiValueError
        For any other shape, type or channel.

    Examples
    --------
    >>> bands = Bands(np.zeros((4, 6, 5), np.uint16), rgb=(3, 2, 1))
    >>> bands
    <Bands: 4 x 6, 5 channels, of which 3, 2, 1 are shown as red, green, blue>
    >>> as_image(bands).shape
    (4, 6, 3)
    """

    pixels: np.ndarray
    rgb: tuple[int, int, int] = (0, 1, 2)

    def __post_init__(self):
        pixels = as_array(self.pixels, "The picture")
        if pixels.ndim != 3 or 0 in pixels.shape or pixels.dtype.kind not in "iuf":
            raise SegxaiValueError(
                "Bands must have shape (height, width, channels) and contain numbers; "
                f"got shape {pixels.shape} of {pixels.dtype}."
            )
        # No picture has so few rows and so many channels.
        if pixels.shape[0] < 16 <= min(pixels.shape[1:]):
            raise SegxaiValueError(
                f"Bands of shape {pixels.shape} would have {pixels.shape[-1]} channels: axis 0 "
                f"({pixels.shape[0]}) looks like the channels. "
                "Put them last, as numpy.moveaxis(pixels, 0, -1) does."
            )
        if not np.isfinite(pixels).all():
            raise SegxaiValueError(
                "The picture contains NaN or infinite values. "
                "Replace them first, e.g. numpy.nan_to_num(image)."
            )
        if not isinstance(self.rgb, (tuple, list)) or len(self.rgb) != 3:
            raise SegxaiValueError(
                "rgb must be the numbers of three channels, for red, green and blue; "
                f"got {self.rgb!r}."
            )
        last = pixels.shape[-1] - 1
        rgb = tuple(whole_number("A channel of rgb", channel, 0, last) for channel in self.rgb)
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "rgb", rgb)

    def __repr__(self):
        height, width, channels = self.pixels.shape
        shown = ", ".join(map(str, self.rgb))
        return (
            f"<Bands: {height} x {width}, {channels} channels, "
            f"of which {shown} are shown as red, green, blue>"
        )

    def view(self, pixels: np.ndarray | None = None) -> np.ndarray:
        """Return what is shown of some pixels, on the picture's own scale.

        Parameters
        ----------
        pixels : (H, W, C) array, optional
            By default the picture's own.

        Returns
        -------
        image : (H, W, 3) array of uint8
        """
        channels = list(self.rgb)
        shown = (self.pixels if pixels is None else pixels)[..., channels]
        if shown.dtype == np.uint8:
            return shown
        low, high = np.percentile(self.pixels[..., channels], (2, 98), axis=(0, 1))
        return np.rint(
            255 * np.clip((shown - low) / np.where(high > low, high - low, 1), 0, 1)
        ).astype(np.uint8)


# Photographs that may be called by a name instead of a path, and what scikit-image calls them.
BUNDLED = {"astronaut": "astronaut", "cat": "chelsea", "coffee": "coffee"}
# Whatever `as_image` accepts.
ImageLike: TypeAlias = np.ndarray | Image.Image | str | os.PathLike | Bands


def as_image(image: ImageLike) -> np.ndarray:
    """Convert an array, a PIL image or a path to one common form.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        Arrays have shape (H, W), (H, W, 1), (H, W, 3), or (H, W, 4) for RGBA; four bands are
        `Bands`, of which the three channels are taken that are shown. uint8 values are kept; uint16
        values are read as 0..65535, booleans as black and white, floats as 0..1 or else 0..255; a
        small overshoot is clipped with a warning. Transparent pixels are composited over white. PIL
        images are read as `load_image` reads their files; the size of arrays is kept.

    Returns
    -------
    image : (H, W, 3) array of uint8
        RGB.

    Raises
    ------
    SegxaiValueError
        For any other shape or type, and for NaN or infinite values.
    """
    if isinstance(image, Bands):
        return image.view()
    if isinstance(image, (str, os.PathLike, Image.Image)):
        return load_image(image)
    if isinstance(image, (bytes, bytearray)) or hasattr(type(image), "read"):
        raise SegxaiValueError(
            "The image is given as bytes or an open file; a path, an array or a PIL image was "
            "expected. Pass PIL.Image.open(file), with io.BytesIO(data) as the file for bytes."
        )
    array = as_array(image, "The image")
    shape, channels = array.shape, array.shape[2:]
    if array.ndim < 2 or channels not in ((), (1,), (3,), (4,)) or 0 in shape:
        raise SegxaiValueError(f"An image of shape {shape} is not supported. {_advice(shape)}")
    array = as_uint8(array)
    if channels == (4,):
        alpha = array[..., 3:].astype(np.float32) / 255
        array = (array[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    if channels in ((), (1,)):
        array = np.dstack([array] * 3)
    return np.ascontiguousarray(array)


def as_picture(image: ImageLike) -> np.ndarray | Bands:
    """Return what is perturbed: `Bands` as they are, everything else as `as_image` reads it.

    It warns if the fourth channel of an (H, W, 4) array, which is read as transparency, hardly
    looks like it.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        As for `as_image`.

    Returns
    -------
    picture : (H, W, 3) array of uint8, or Bands
    """
    if isinstance(image, Bands):
        return image
    photograph = as_image(image)
    if (
        isinstance(image, np.ndarray)
        and image.shape[2:] == (4,)
        and np.isin(as_uint8(image[..., 3]), (0, 255)).mean() < LEAST_ALL_OR_NOTHING
    ):
        warn_caller(
            "This (height, width, 4) array was read as RGBA and laid on white, although next to "
            "no pixel is opaque or transparent. If its channels are four bands, pass "
            "segxai.Bands(image, rgb=(0, 1, 2)); if not, image[..., :3]."
        )
    return photograph


def pixels_of(image: ImageLike) -> np.ndarray:
    """Return what a classifier is evaluated on.

    Parameters
    ----------
    image : array, PIL image, path or Bands
        As for `as_image`.

    Returns
    -------
    pixels : (H, W, C) array
        All channels of `Bands`; of everything else the (H, W, 3) uint8 photograph.
    """
    return image.pixels if isinstance(image, Bands) else as_image(image)


def _advice(shape) -> str:
    """Say what to do about an image of this shape."""
    if len(shape) == 4:
        return "It is a batch: pass one picture of it, e.g. image[0]."
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return "Its channels, axis 0, must come last: numpy.moveaxis(image, 0, -1)."
    return (
        "Expected (height, width), (height, width, 3) for RGB or (height, width, 4) for RGBA. A "
        "picture with other channels is given as segxai.Bands(image, rgb=(0, 1, 2)), with the "
        "numbers of the channels to show as red, green and blue."
    )


def as_uint8(array: np.ndarray) -> np.ndarray:
    """Convert numbers to 0..255, as `as_image` reads them; SegxaiValueError where it does not."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        raise SegxaiValueError(
            f"An image of type {array.dtype} is not supported. "
            "Expected numbers (uint8, uint16, float)."
        )
    if not np.isfinite(array).all():
        raise SegxaiValueError(
            "The image contains NaN or infinite values. "
            "Replace them first, e.g. numpy.nan_to_num(image)."
        )
    top = _white_of(array)
    return np.rint(np.clip(array.astype(np.float32), 0, top) * (255 / top)).astype(np.uint8)


def _white_of(array) -> float:
    """Return the value that is shown as white, by the type and by what the values say."""
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # in either order of bytes
        bits = max(8, int(high).bit_length())
        if 0 < high < 1 << 14:  # it probably has fewer bits
            warn_caller(
                f"The largest of this picture's 16-bit values is {high:g}, so it is shown almost "
                f"black. If it has {bits} bits, read it by segxai.load_image(path, "
                f"levels={1 << bits}), or pass image / {(1 << bits) - 1}."
            )
        return 65535.0
    floats = array.dtype.kind == "f"
    for top in (1.0, 255.0) if floats or array.dtype == bool else (255.0,):
        # Floats up to 255 with no value above 8 are hardly so dark, but up to 1 with an overshoot.
        if low >= 0 and high <= top and (top == 1 or not floats or high > 8):
            return top
        beyond, slack = _OVERSHOOT * top, top / 510  # less than slack changes no pixel
        # Values below 0 and below a quarter of 255 are those of a normalised tensor.
        plausible = low >= -beyond and high <= top + beyond and (top == 1 or high > top / 4)
        inside = (array >= -slack) & (array <= top + slack)
        if floats and plausible and inside.mean() >= _LEAST_INSIDE:
            warn_caller(
                f"Image values from {low:.8g} to {high:.8g} were read as 0 to {top:g} and "
                f"clipped. numpy.clip(image, 0, {top:g}) does so without this warning."
            )
            return top
    raise SegxaiValueError(
        f"Image values from {low:.8g} to {high:.8g} are not supported. "
        "Expected 0..1 (float) or 0..255; undo a normalisation first."
    )


def _existing(path) -> Path:
    path = as_path(path)
    if not os.path.exists(path):  # Path.exists raises for impossible file names
        advice = (
            "An address is not opened; download the photograph first, e.g. by "
            "urllib.request.urlretrieve(address, 'photo.jpg')."
            if re.match("(https?|ftp|file|s3|gs):/|data:", str(path), re.IGNORECASE)
            else "On this system, folders are separated by '/'."
            if os.sep == "/" and "\\" in str(path)
            else "Check the spelling and the folder."
        )
        raise SegxaiFileNotFoundError(f"There is no file {str(path)[:300]!r}. {advice}")
    if path.is_dir():
        raise SegxaiFileError(
            f"{str(path)!r} is a folder; an image file (PNG, JPEG, ...) was expected."
        )
    if path.stat().st_size == 0:
        raise SegxaiFileError(f"{str(path)!r} is empty (0 bytes); copy or download it again.")
    return path


def bundled(name: str) -> np.ndarray:
    """Return the photograph (H, W, 3) of a name in BUNDLED."""
    import skimage.data

    return getattr(skimage.data, BUNDLED[name])()


def _is_bundled(path: Any) -> bool:
    """Whether this is a bundled photograph's name, and no file has that name."""
    return isinstance(path, str) and path in BUNDLED and not os.path.exists(path)


def check_image_file(path: str | os.PathLike) -> None:
    """Raise SegxaiFileError unless a file exists and has an image header, or is bundled.

    Parameters
    ----------
    path : str or path
        The image is not decoded, so this is fast.
    """
    if not _is_bundled(path):
        with opened_image(path):
            pass


def as_array(value: Any, what: str) -> np.ndarray:
    """Convert to an array, or raise SegxaiValueError, e.g. for rows of different lengths."""
    try:
        return np.asarray(value)
    except Exception as error:  # whatever objects of others raise
        tensor = " Pass tensor.detach().cpu().numpy()." if hasattr(type(value), "detach") else ""
        raise SegxaiValueError(
            f"{what} is not an array of numbers ({quoted(error)}).{tensor}"
        ) from error


@contextmanager
def opened_image(image: str | os.PathLike | bytes | Image.Image) -> Iterator[Image.Image]:
    """Open an image file as a PIL image without decoding it.

    Parameters
    ----------
    image : str, path, bytes of a file or PIL image
        A PIL image is checked in the same way.

    Yields
    ------
    opened : PIL image

    Raises
    ------
    SegxaiError
        If the file is not an image or is too large, including for errors raised inside the block.
    """
    if not isinstance(image, (str, os.PathLike, bytes, Image.Image)):
        raise SegxaiValueError(
            "A path, the bytes of a file or a PIL image was expected; got "
            f"{type(image).__name__}. For an open file pass PIL.Image.open(file); an array is a "
            "picture already, see as_image."
        )
    name: Any = (
        _existing(image)
        if isinstance(image, (str, os.PathLike))
        else getattr(image, "filename", "") or "the image"
    )
    file = io.BytesIO(image) if isinstance(image, bytes) else name
    try:
        # Pillow's own size warning is ignored; the limits here are checked instead.
        with (
            warnings.catch_warnings(action="ignore"),
            nullcontext(image) if isinstance(image, Image.Image) else _opened(file) as opened,
        ):
            _check_decoding(opened)
            yield opened
    except SegxaiError:
        raise
    except Image.DecompressionBombError as error:
        raise SegxaiValueError(
            f"{str(name)!r} has more than {MAX_PIXELS:,} pixels, or takes more than "
            f"{MAX_BYTES / 1e6:.0f} MB of memory, the most that segxai opens. Reduce it first."
        ) from error
    except Exception as error:  # Pillow raises many types of error for damaged or hostile files
        unknown = isinstance(error, UnidentifiedImageError)
        why = f"its format is none of {', '.join(FORMATS)}" if unknown else quoted(error)
        raise SegxaiFileError(
            f"{str(name)!r} cannot be read as an image ({why}). It may be truncated "
            "or not an image; open it in a viewer, or save it again as PNG or JPEG."
        ) from error


def _opened(file) -> Image.Image:
    if isinstance(file, Path) and file.suffix.lower() in FORMATS["HEIF"][0]:
        extra_module(
            "pillow_heif",
            f"{file.name!r} needs the package pillow-heif: pip install 'segxai[heic]'. "
            "Or save the photograph as JPEG.",
        ).register_heif_opener()
    return Image.open(file, formats=[f for f in FORMATS if f != "HEIF" or f in Image.OPEN])


def _check_decoding(picture) -> None:
    """Refuse, before it is decoded, what would need too much memory or another program."""
    each = (
        _BYTES.get(picture.mode, 4)
        + FORMATS.get(picture.format, ((), 0))[1]
        + 6 * ("progressive" in picture.info)  # the coefficients of a JPEG
    )
    pixels = picture.width * picture.height
    if pixels > MAX_PIXELS or pixels * each > MAX_BYTES:
        raise Image.DecompressionBombError
    if picture.format == "EPS" and picture.tile:  # opened by the caller, and not decoded yet
        raise SegxaiValueError(
            "An EPS is a program and not a picture. Convert it to PNG or JPEG first."
        )


def load_image(
    path: str | os.PathLike | bytes | Image.Image, *, levels: int | None = None
) -> np.ndarray:
    """Read a photograph: upright according to its EXIF data, in sRGB, on white.

    Parameters
    ----------
    path : str, path, bytes of a file or PIL image
        A photograph with a side longer than MAX_SIDE is reduced, and a warning reports it. A colour
        profile (of phones, Display P3) is converted to sRGB.
    levels : int, optional
        The number of grey levels of a file with more than 8 bits, e.g. 4096 for 12 bits. By default
        16 bits have 65536, and 32 bits are shown from their lowest to their highest value.

    Returns
    -------
    image : (H, W, 3) array of uint8
        RGB.

    Raises
    ------
    SegxaiFileError
        If the file does not exist or is not a readable image.
    """
    if _is_bundled(path):
        return bundled(str(path))
    with opened_image(path) as opened:
        before = max(opened.size)
        picture = _upright(opened, draft=opened is not path)
    if before > MAX_SIDE:
        warn_caller(
            f"{Path(getattr(opened, 'filename', '') or 'The image').name} was reduced from a "
            f"longest side of {before} to {max(picture.size)} pixels."
        )
    return as_image(_array_of(picture, levels))


def warn_caller(message: str) -> None:
    """Warn at the line that called into the package, however deep the call is.

    `skip_file_prefixes` would do so from Python 3.12 on.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and PACKAGE in Path(frame.f_code.co_filename).parents:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def _upright(picture, draft) -> Image.Image:
    """Return a reduced copy in modes that `_array_of` knows, turned upright, in sRGB.

    draft: whether the picture may change, and a JPEG be decoded at a reduced size.
    """
    size, profile = reduced_size(picture.size), picture.info.get("icc_profile")
    reduce = size != picture.size
    drafted = picture.draft(None, (2 * size[0], 2 * size[1])) if draft and reduce else None
    if reduce:  # first, so that at most one full-size copy is held
        # Palette indices, 16-bit modes and the colour that means transparent are not interpolated.
        smooth = picture.mode in ("L", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "F") and (
            "transparency" not in picture.info
        )
        picture = picture.resize(
            size,
            Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST,
            box=drafted and drafted[1],
            reducing_gap=2.0,
        )
    picture.load()  # Pillow turns a TIFF itself, and then forgets its orientation
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return picture
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    if picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("L" if picture.mode in ("1", "LA") else "RGB")
    if profile:
        # A profile that is damaged or belongs to other channels is ignored, as browsers do.
        with suppress(ImageCms.PyCMSError, OSError):
            picture = ImageCms.profileToProfile(
                picture, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
    picture = picture.convert("RGB")
    if alpha is not None:
        picture.putalpha(alpha)
    return picture


def _array_of(picture, levels) -> np.ndarray:
    """Convert what `_upright` returns to an array that `as_image` accepts."""
    array = np.asarray(picture)
    black, white = float(array.min()), float(array.max())
    if levels is not None:
        if white >= whole_number("levels", levels, 2):
            raise SegxaiValueError(f"levels={levels}: the picture has values up to {white:g}.")
        black, white = 0.0, levels - 1
    if picture.mode.startswith("I;16") and "transparency" in picture.info:  # it becomes white
        clear = array == picture.info["transparency"]
        array = np.where(clear, np.uint16(65535 if levels is None else white), array)
    # These two modes have no fixed range, as in medicine.
    if levels is None and picture.mode not in ("I", "F"):
        return array
    with np.errstate(invalid="ignore"):  # `as_image` refuses NaN and infinities
        return (array.astype(np.float64) - black) / ((white - black) or 1)


def encoded(picture: Image.Image, format: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file, with options of `PIL.Image.Image.save`."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image without cropping.

    Bilinear and antialiased: the filter's support grows with the reduction factor (Pillow's
    resampling).

    Parameters
    ----------
    image : (H, W, C) array
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    resized : (height, width, C) array of float32
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image.astype(np.float32)
    if image.dtype == np.uint8 and image.shape[2:] in ((), (3,)):
        return np.asarray(
            Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR),
            dtype=np.float32,
        )
    resized = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
        for plane in np.ascontiguousarray(np.moveaxis(image, -1, 0), dtype=np.float32)
    ]
    return np.stack(resized, axis=-1)


def reduced(image: np.ndarray, longest: int) -> np.ndarray:
    """Reduce an image so that neither side exceeds a limit.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    longest : int
        In pixels.

    Returns
    -------
    image : (H', W', 3) array of uint8
        The same image, if it is small enough already.
    """
    size = reduced_size(image.shape[:2], longest)
    return image if size == image.shape[:2] else np.rint(resize(image, size)).astype(np.uint8)


def reduced_size(size: tuple[int, int], longest: float = MAX_SIDE) -> tuple[int, int]:
    """Return a size that has no longer side, in the same proportion.

    Parameters
    ----------
    size : tuple of int
        Of a picture or of a mask that belongs to it; height and width, or width and height.
    longest : float, default: MAX_SIDE
        In pixels; by default that of photographs as they are read.

    Returns
    -------
    size : tuple of int
        The same, if it is small enough already.
    """
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a label map by nearest neighbour: each pixel takes the label at its centre.

    Parameters
    ----------
    labels : (H, W) array of int
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    labels : (height, width) array of int
    """
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for old, new in zip(labels.shape, size, strict=True)
    )
    return labels[np.ix_(rows, columns)]
