"""`builder.metadata`: no GPS position leaves in an original, whatever its format, and its pixels stay as they are."""

import io
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

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


@pytest.mark.parametrize(
    ("keyword", "compressed"),
    [("Raw profile type exif", True), ("exif:GPSLatitude", False), ("Comment", False), ("Location", True)],
)
def test_texts_of_a_png_leave_but_for_the_program(keyword: str, compressed: bool) -> None:
    info = PngInfo()
    info.add_text("Software", "a program")
    info.add_text(keyword, "59/1, 19/1", zip=compressed)
    data = encoded(photo("chelsea"), "PNG", pnginfo=info)
    kept = original(data)
    assert decoded(kept.data).info["Software"] == "a program"
    assert keyword.encode() in data
    assert keyword.encode() not in kept.data
    assert np.array_equal(np.asarray(decoded(kept.data)), np.asarray(decoded(data)))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_stands_behind_the_end_leaves(image_format: str) -> None:
    plain = encoded(photo("chelsea"), image_format)
    assert original(plain + b"\0\0\0\0a second picture with a place").data == plain


def test_unknown_chunks_leave() -> None:
    png = encoded(photo("chelsea"), "PNG")
    assert original(png[:33] + b"\0\0\0\4caBXhere" + zlib.crc32(b"caBXhere").to_bytes(4) + png[33:]).data == png
    webp = encoded(photo("chelsea"), "WEBP", lossless=True, icc_profile=SRGB)
    more = webp + b"C2PA\4\0\0\0here"
    assert original(webp[:4] + (len(more) - 8).to_bytes(4, "little") + more[8:]).data == webp


def test_a_tiff_with_xmp_is_written_anew() -> None:
    data = encoded(photo("chelsea"), "TIFF", tiffinfo={700: XMP})
    assert b"GPSLatitude" in data
    result = original(data)
    assert result.format == "png"
    assert b"GPSLatitude" not in result.data


def test_a_tiff_with_further_pages_is_written_anew() -> None:
    exif = Image.Exif()
    exif.get_ifd(GPS_TAG).update({1: "N", 2: (59.0, 19.0, 42.0)})
    second = photo("china").copy()
    second.encoderinfo = {"exif": exif}  # how Pillow is told what belongs to one page
    result = original(encoded(photo("chelsea"), "TIFF", save_all=True, append_images=[second]))
    assert result.format == "png"
    assert decoded(result.data).size == photo("chelsea").size


def test_a_tiff_that_says_where_on_earth_is_written_anew() -> None:
    place = {33550: (1.0, 1.0, 0.0), 33922: (0.0, 0.0, 0.0, 18.06, 59.33, 0.0)}
    assert original(encoded(photo("chelsea"), "TIFF", tiffinfo=place)).format == "png"


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("block", [b"!\xff\x0bXMP DataXMP", b"!\xfe", b"!\xff\x0bgpsposition"])
def test_a_gif_loses_blocks_and_keeps_its_pictures(block: bytes, frames: int) -> None:
    others = [photo("china").resize((451, 300)), photo("coffee").resize((451, 300))][: frames - 1]
    data = encoded(photo("chelsea"), "GIF", save_all=True, append_images=others, loop=0)
    start = 13 + 3 * 2 ** ((data[10] & 7) + 1)  # behind the header and its colour table
    marked = data[:start] + block + bytes([len(XMP)]) + XMP + b"\0" + data[start:]
    assert original(data).data == data
    assert original(marked).data == data
    assert original(marked[:-1]).data == data[:-1]  # many have no end


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP"])
def test_what_has_none_is_the_same_object(image_format: str) -> None:
    data = encoded(photo("chelsea"), image_format)
    found = image_format.lower()
    assert stripped(data, found, Image.open(io.BytesIO(data))) is data  # type: ignore[arg-type]  # a name of a format
