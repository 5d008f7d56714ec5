"""`builder.metadata`: no GPS position leaves in an original, whatever its format, and its pixels stay as they are."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from builder.metadata import stripped
from builder.spec import ImageSpec
from builder.validate import Accepted, validate
from tests.builder.photos import decoded, encoded, photo

GPS_TAG, ARTIST_TAG = 0x8825, 0x013B
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>59,19.7N</exif:GPSLatitude></x:xmpmeta>'
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOSSLESS: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "AVIF": {"speed": 10}}


def placed(image_format: str, mode: str = "RGB", **options: object) -> bytes:
    """A photograph that tells where it was taken, in EXIF and (where the format has it) in XMP."""
    exif = Image.Exif()
    exif[ARTIST_TAG] = "who took it"
    exif.get_ifd(GPS_TAG).update({1: "N", 2: (59.0, 19.0, 42.0), 3: "E", 4: (18.0, 3.0, 54.0)})
    return encoded(
        photo("chelsea").convert(mode), image_format, exif=exif, xmp=XMP, **LOSSLESS.get(image_format, {}), **options
    )


def original(data: bytes) -> Accepted:
    result = validate(data, ImageSpec())
    assert isinstance(result, Accepted), result
    return result


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_no_position_is_left(image_format: str) -> None:
    data = placed(image_format)
    assert b"who took it" in data
    assert decoded(data).getexif().get_ifd(GPS_TAG)
    result = original(data)
    kept = decoded(result.data)
    assert not kept.getexif().get_ifd(GPS_TAG)
    for secret in (b"who took it", b"GPSLatitude"):
        assert secret not in result.data
    assert result.format == image_format.lower()
    assert np.array_equal(np.asarray(kept.convert("RGB")), np.asarray(decoded(data).convert("RGB")))
    assert result.sha256 != result.source_sha256
    assert original(result.data).data == result.data


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_colour_profile_stays(image_format: str) -> None:
    assert decoded(original(placed(image_format, icc_profile=SRGB)).data).info["icc_profile"] == SRGB


def test_a_jpeg_that_only_pillow_decodes_loses_it_too() -> None:
    data = placed("JPEG", "CMYK")
    kept = original(data).data
    assert b"who took it" not in kept
    assert decoded(kept).mode == "CMYK"
    assert np.array_equal(np.asarray(decoded(kept)), np.asarray(decoded(data)))


def test_text_chunks_of_a_png_that_hold_no_place_stay() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Software", "a program")
    info.add_text("Raw profile type exif", "\nexif\n       8\n4578696600004949\n", zip=True)
    data = encoded(photo("chelsea"), "PNG", pnginfo=info)
    kept = decoded(original(data).data)
    assert kept.info["Software"] == "a program"
    assert b"Raw profile" in data
    assert b"Raw profile" not in original(data).data


def test_a_tiff_with_xmp_is_written_anew() -> None:
    data = encoded(photo("chelsea"), "TIFF", tiffinfo={700: XMP})
    assert b"GPSLatitude" in data
    result = original(data)
    assert result.format == "png"
    assert b"GPSLatitude" not in result.data


def test_a_gif_with_xmp_is_written_anew() -> None:
    data = encoded(photo("chelsea"), "GIF")
    start = 13 + 3 * 2 ** ((data[10] & 7) + 1)  # behind the header and its colour table
    marked = data[:start] + b"!\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP + b"\0" + data[start:]
    assert original(data).data == data
    result = original(marked)
    assert result.format == "png"
    assert b"GPSLatitude" not in result.data


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP"])
def test_what_has_none_is_the_same_object(image_format: str) -> None:
    data = encoded(photo("chelsea"), image_format)
    found = image_format.lower()
    assert stripped(data, found, Image.open(io.BytesIO(data))) is data  # type: ignore[arg-type]  # a name of a format
