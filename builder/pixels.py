"""What is done to pixels: orientation, plain 8-bit modes, sRGB, scaling, white behind transparency, encoding."""

import io
import warnings
from typing import Literal

import imagehash
import numpy as np
from PIL import Image, ImageCms

Image.MAX_IMAGE_PIXELS = 200_000_000
# Pillow raises at twice this, before plugins allocate anything: the highest `ImageSpec.max_pixels`. Between once and
# twice it only warns, where `max_pixels` decides; and it warns of odd metadata, which says nothing about the pixels.
# Here, because whatever opens an image comes by: what was let in must also open later, for its thumbnail.
warnings.filterwarnings("ignore", module=r"PIL\.")

OutputFormat = Literal["jpeg", "png", "webp"]

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to make an image upright, by EXIF orientation (Exif 3.0, tag 0x0112; 1 is upright)."""

_ORIENTATION_TAG = 0x0112
_SIDEWAYS = frozenset({5, 6, 7, 8})
_BITS_PER_SAMPLE_TAG = 258

_MAX_SIDE: dict[OutputFormat, int] = {"jpeg": 65_500, "png": 2**31 - 1, "webp": 16_383}
"""Pixels that a side may have in each format."""

_SAVE_OPTIONS: dict[OutputFormat, dict[str, int | bool]] = {
    "jpeg": {"quality": 92},
    "png": {"compress_level": 6},
    "webp": {"quality": 90, "method": 4},
}


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or what is there cannot be read. Never decodes pixels.

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
    return value if isinstance(value, int) and value in _TRANSPOSE else 1


def upright(image: Image.Image, exif_orientation: int) -> Image.Image:
    """The image turned and mirrored as its EXIF orientation asks."""
    method = _TRANSPOSE.get(exif_orientation)
    return image if method is None else image.transpose(method)


def upright_size(size: tuple[int, int], exif_orientation: int) -> tuple[int, int]:
    """Width and height after `upright`."""
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
    """32-bit integers and floats have no white point: the range that occurs becomes 0..255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return Image.fromarray(np.round((values - low) * scale).astype(np.uint8))


def perceptual_hash(image: Image.Image, exif_orientation: int) -> str:
    """pHash of the upright picture as 16 hex digits: `str(imagehash.phash(...))`.

    `image` is the result of `plain`. Transparency stands on white. The hash looks at grey values only, so the picture
    is turned as grey, which costs a quarter of the memory and changes no value.
    """
    return str(imagehash.phash(upright(on_white(image).convert("L"), exif_orientation)))


def on_white(image: Image.Image) -> Image.Image:
    """The picture without alpha channel, white where it was transparent."""
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def scaled(image: Image.Image, max_side: int | None) -> Image.Image:
    """The picture scaled down so that no side is above `max_side` pixels; never scaled up.

    Lanczos, after an integer reduction that leaves at least three times the target (close to plain Lanczos, much
    cheaper).
    """
    if max_side is None or max(image.size) <= max_side:
        return image
    factor = max_side / max(image.size)
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """The picture's colours as sRGB in L, RGB or RGBA; a profile that is broken or of another colour space is
    ignored."""
    if icc_profile:
        try:
            profile = ImageCms.getOpenProfile(io.BytesIO(icc_profile))
            if "sRGB" not in ImageCms.getProfileDescription(profile):
                mode = "RGBA" if image.mode == "RGBA" else "RGB"
                converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
                image = converted or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # what the profile cannot say, the plain conversion below does
    return image.convert("RGB") if image.mode == "CMYK" else image


def encode(
    image: Image.Image, exif_orientation: int, output: OutputFormat, max_side: int | None
) -> tuple[bytes, Image.Image]:
    """Bytes in the `output` format and the image they hold: scaled to fit, sRGB, upright, with no metadata at all.

    `image` is the result of `plain`, its `info` may hold an ICC profile. The same input gives the same bytes (with
    the same Pillow).
    """
    limit = min(max_side or _MAX_SIDE[output], _MAX_SIDE[output])
    picture = upright(to_srgb(scaled(image, limit), image.info.get("icc_profile")), exif_orientation)
    if output == "jpeg":
        picture = on_white(picture)
    picture = picture.copy()
    picture.info = {}  # Pillow's writers take comment, profile and transparency from here
    buffer = io.BytesIO()
    picture.save(buffer, output.upper(), **_SAVE_OPTIONS[output])
    return buffer.getvalue(), picture
