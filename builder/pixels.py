"""What is done to pixels: orientation, plain 8-bit modes, sRGB, white behind transparency, grey."""

import io
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from builder.resize import Size, Values, scaled, scaled_with_alpha, small, small_size

Mode = Literal["L", "RGB", "RGBA", "CMYK"]
"""What channels are, 8 bits each."""

_ORIENTATION_TAG = 0x0112
_SIDEWAYS = frozenset({5, 6, 7, 8})
_BITS_PER_SAMPLE_TAG = 258
_ROWS = 256


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8 (Exif 3.0, tag 0x0112); 1 when there is none or what is there cannot be read.
    Never decodes pixels.

    Always 1 for a TIFF: Pillow's reader tells its size upright and turns the picture while it loads it.
    A PNG may have its EXIF behind the pixels: then it is known only once the image is loaded.
    """
    if image.format == "TIFF":
        return 1
    if image.format == "PNG" and getattr(image, "tile", None) and "exif" not in image.info:
        return 1  # asking would make Pillow load the image, however large it is
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - hostile EXIF raises all sorts, and says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - the values that EXIF defines


def upright(values: Values, exif_orientation: int) -> Values:
    """The pixels turned and mirrored as their EXIF orientation asks."""
    if exif_orientation in _SIDEWAYS:
        values = values.swapaxes(0, 1)
    if exif_orientation in {3, 4, 7, 8}:
        values = values[::-1]
    if exif_orientation in {2, 3, 6, 7}:
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def upright_size(size: Size, exif_orientation: int) -> Size:
    """Width and height after `upright`; applied twice it is the size itself."""
    return (size[1], size[0]) if exif_orientation in _SIDEWAYS else size


def plain(image: Image.Image) -> Image.Image:
    """The same picture as L, RGB, RGBA or CMYK with 8 bits per channel, whatever mode it was decoded to."""
    mode = image.mode
    if mode.startswith("I;16"):
        return _from_16_bits(image)
    if mode in {"I", "F"}:
        return _stretched(image)
    if mode == "LAB":
        return _from_lab(image)
    transparent = mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info
    wanted = "RGBA" if transparent else "L" if mode == "1" else mode if mode in {"L", "CMYK"} else "RGB"
    return image if mode == wanted else image.convert(wanted)


def _from_lab(image: Image.Image) -> Image.Image:
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return ImageCms.applyTransform(image, transform) or image


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Keep the high byte: Pillow's own conversion clips at 255, which turns nearly everything white."""
    tags = getattr(image, "tag_v2", {})  # TIFF tells when fewer than 16 of the bits are used
    bits = tags.get(_BITS_PER_SAMPLE_TAG, (16,))[0]
    shift = bits - 8 if 8 < bits < 16 else 8  # noqa: PLR2004 - bits of a byte and of two
    return Image.fromarray((np.asarray(image) >> shift).astype(np.uint8))


def _stretched(image: Image.Image) -> Image.Image:
    """32-bit integers and floats have no white point: the range that occurs becomes 0..255.

    Some rows at a time: what is exact enough takes eight bytes a pixel, several times over.
    """
    values = np.asarray(image)
    pieces = [slice(top, top + _ROWS) for top in range(0, len(values), _ROWS)]

    def exact(piece: slice) -> NDArray[np.float64]:
        return np.nan_to_num(values[piece].astype(np.float64), posinf=0.0, neginf=0.0)

    low = min(float(exact(piece).min()) for piece in pieces)
    high = max(float(exact(piece).max()) for piece in pieces)
    scale = 255.0 / (high - low) if high > low else 0.0
    result = np.empty(values.shape, np.uint8)
    for piece in pieces:
        result[piece] = np.round((exact(piece) - low) * scale)
    return Image.fromarray(result)


def at_size(values: Values, mode: Mode, size: Size) -> Values:
    """The pixels scaled to width and height; what is transparent does not bleed into what is not."""
    if mode == "RGBA" and (values.shape[1], values.shape[0]) != size:
        return scaled_with_alpha(values, size)
    return scaled(values, size)


def small_grey(values: Values, mode: Mode) -> Values:
    """The small grey version that hashes and checks look at, see `builder.resize.small_size`. Transparency stands on
    white; colour profiles are ignored, as imagehash does."""
    if mode in {"RGBA", "CMYK"}:
        values = at_size(values, mode, small_size((values.shape[1], values.shape[0])))
        values, mode = _on_white_rgb(values) if mode == "RGBA" else _without_profile(values), "RGB"
    if mode == "RGB":
        values = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)  # type: ignore[assignment]  # OpenCV types all results alike
    return small(values)


def on_white(values: Values, mode: Mode) -> tuple[Values, Mode]:
    """The pixels without alpha channel, white where they were transparent."""
    return (_on_white_rgb(values), "RGB") if mode == "RGBA" else (values, mode)


def to_srgb(values: Values, mode: Mode, icc_profile: bytes | None) -> tuple[Values, Mode]:
    """The pixels' colours as sRGB in L, RGB or RGBA; a profile that is broken or of another colour space than the
    pixels is ignored."""
    transform = _transform(icc_profile, mode) if icc_profile else None
    if transform is not None:
        image = ImageCms.applyTransform(Image.fromarray(values, mode), transform)
        if image is not None:
            return np.asarray(image), "RGBA" if mode == "RGBA" else "RGB"
    return (_without_profile(values), "RGB") if mode == "CMYK" else (values, mode)


@lru_cache(maxsize=16)
def _transform(icc_profile: bytes, mode: Mode) -> ImageCms.ImageCmsTransform | None:
    """From the profile to sRGB; None when it is sRGB already, or useless. Making one costs more than applying it."""
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(icc_profile))
        if "sRGB" in ImageCms.getProfileDescription(profile):
            return None
        output = "RGBA" if mode == "RGBA" else "RGB"
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, output)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _without_profile(cmyk: Values) -> Values:
    return np.asarray(Image.fromarray(cmyk, "CMYK").convert("RGB"))


def _on_white_rgb(rgba: Values) -> Values:
    image = Image.fromarray(rgba)
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return np.asarray(white.convert("RGB"))
