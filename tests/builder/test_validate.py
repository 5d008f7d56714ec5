"""`builder.validate`: what is let in, what is not, and in which form."""

import hashlib
import io
import math
import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Literal

import cv2
import imagehash
import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from builder import validate as module
from builder.jpeg import read_header
from builder.pixels import plain
from builder.spec import ImageSpec, Resize
from builder.validate import Accepted, Rejected, validate
from tests.builder.photos import decoded, encoded, photo, picture

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")

SPEC = ImageSpec()
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def accepted(data: bytes, spec: ImageSpec = SPEC) -> Accepted:
    result = validate(data, spec)
    assert isinstance(result, Accepted), result
    return result


def rejected(data: bytes, spec: ImageSpec = SPEC) -> Rejected:
    result = validate(data, spec)
    assert isinstance(result, Rejected), result
    return result


def bits_apart(digits: str, expected: imagehash.ImageHash) -> int:
    return int(imagehash.hex_to_hash(digits) - expected)


def psnr(a: Image.Image, b: Image.Image) -> float:
    """Peak signal-to-noise ratio in dB; 99 for equal images."""
    error = float(np.mean((np.asarray(a, dtype=float) - np.asarray(b, dtype=float)) ** 2))
    return 10 * math.log10(255**2 / error) if error else 99.0


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_is_let_in_as_served(image_format: str) -> None:
    data = encoded(photo("chelsea"), image_format)
    result = accepted(data)
    digest = hashlib.sha256(data).hexdigest()
    assert result.data == data
    assert result.format == image_format.lower()
    assert (result.width, result.height, result.source_width, result.source_height) == (451, 300, 451, 300)
    assert result.sha256 == result.source_sha256 == digest
    assert result.source_format == image_format.lower()
    assert bits_apart(result.phash, imagehash.phash(decoded(data))) <= 4
    assert bits_apart(result.dhash, imagehash.dhash(decoded(data))) <= 5
    assert result.turned == ()


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_off_is_damaged(image_format: str, share: float) -> None:
    data = encoded(photo("coffee"), image_format)
    assert rejected(data[: int(len(data) * share)]).reason == "damaged"


def test_a_progressive_jpeg_cut_off_is_damaged() -> None:
    data = encoded(photo("coffee"), "JPEG", progressive=True)
    assert rejected(data[: int(len(data) * 0.8)]).reason == "damaged"


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", "not_an_image", "no bytes"),
        (b"<!DOCTYPE html><html><body><svg></svg>" + b" " * 2_000, "not_an_image", "html"),
        (b"%PDF-1.7" + bytes(2_000), "not_an_image", "pdf"),
        (b"{" + b" " * 2_000, "not_an_image", "json"),
        (bytes(2_000), "not_an_image", "unknown type"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(2_000), "not_an_image", "mp4 or other video"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format", "svg"),
        (b"8BPS" + bytes(2_000), "unsupported_format", "psd"),
    ],
)
def test_other_types_are_named(data: bytes, reason: str, detail: str) -> None:
    result = rejected(data)
    assert (result.reason, result.detail) == (reason, detail)
    assert result.source_sha256 == hashlib.sha256(data).hexdigest()
    assert result.source_format == (detail if data else None)


def test_limits_are_told_with_the_value_measured() -> None:
    small = encoded(picture(1, (63, 200)), "PNG")
    assert rejected(small).detail == "63x200 pixels, sides of at least 64"
    assert rejected(small).reason == "too_small"
    assert (rejected(small).source_width, rejected(small).source_height) == (63, 200)
    assert rejected(encoded(Image.new("RGB", (64, 64)), "PNG")).reason == "too_few_bytes"
    assert rejected(encoded(picture(1)), ImageSpec(max_bytes=1_024)).reason == "too_many_bytes"
    thin = rejected(encoded(picture(1, (700, 100)), "PNG"))
    assert (thin.reason, thin.detail) == ("extreme_aspect_ratio", "700x100 is 7.0:1, at most 5:1")
    large = rejected(encoded(picture(1, (200, 200)), "PNG"), ImageSpec(max_pixels=39_999))
    assert (large.reason, large.detail) == ("too_many_pixels", "200x200 pixels, at most 39999 in all")
    assert isinstance(validate(encoded(picture(1, (200, 200)), "PNG"), ImageSpec(max_pixels=40_000)), Accepted)


def png_claiming(width: int, height: int, rows: int) -> bytes:
    """A PNG of one bit per pixel whose header claims a size, with `rows` rows of zeros in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width // 8 + 1) * rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    """An animated WebP whose canvas claims a size, with small frames in it."""
    data = bytearray(encoded(picture(3, (64, 64)), "WEBP", save_all=True, append_images=[picture(4, (64, 64))]))
    assert data[12:16] == b"VP8X"
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def tiff_with_tiles(side: int) -> bytes:
    """A small TIFF that says that its tiles are `side` pixels wide and high."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.asarray(picture(3, (128, 128))), tile=(128, 128), compression="zlib")
    data = bytearray(buffer.getvalue())
    for tag in (322, 323):
        at = next(at for kind in (3, 4) if (at := data.find(struct.pack("<HHI", tag, kind, 1))) >= 0)
        data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, side)
    return bytes(data)


BOMBS = {
    "png of 400 megapixels": png_claiming(20_000, 20_000, 20_000),
    "png of 4 gigapixels": png_claiming(65_500, 65_500, 4),
    "webp canvas": webp_claiming(16_383, 16_383),
    "tiff tiles": tiff_with_tiles(40_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_by_its_header(name: str) -> None:
    bomb = rejected(BOMBS[name] + bytes(1_024))
    assert bomb.reason == "too_many_pixels"
    assert re.fullmatch(r"(tiles of )?[0-9x]+ pixels, at most 100000000 in all", bomb.detail)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_bombs_take_no_memory() -> None:
    """In a process of its own: the peak after all bombs is that after one small picture, give or take."""
    program = (
        "import pathlib, pickle, sys\n"
        "from builder.spec import ImageSpec\n"
        "from builder.validate import validate\n"
        "def peak(): return int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "small, *bombs = pickle.load(sys.stdin.buffer)\n"
        "validate(small, ImageSpec())\n"
        "before = peak()\n"
        "reasons = {validate(bomb, ImageSpec(min_bytes=1)).reason for bomb in bombs}\n"
        "print(peak() - before, *reasons)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps([SMALL["WEBP"], *BOMBS.values()]),
        capture_output=True,
        check=True,
    )
    grown, *reasons = done.stdout.decode().split()
    assert reasons == ["too_many_pixels"]
    assert int(grown) < 10_000, "kilobytes"


def test_large_images_wait_for_each_other_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE_PIXELS", 40_000)
    small, large = (encoded(picture(1, (200, side)), "PNG") for side in (200, 201))
    with ThreadPoolExecutor() as threads:
        with module._one_large:  # as if another shard were at one
            waiting = threads.submit(accepted, large)
            assert threads.submit(accepted, small).result(timeout=30)
            assert wait([waiting], timeout=1).not_done
        assert waiting.result(timeout=30).height == 201


def test_a_jpeg_of_a_thousand_scans_is_refused_before_decoding() -> None:
    data = encoded(photo("coffee"), "JPEG", progressive=True)
    at = data.rfind(b"\xff\xda")
    scan = data[at:-2]
    assert rejected(data[:-2] + scan * 600 + b"\xff\xd9").detail.endswith("at most 500")


def test_many_passes_over_many_pixels_are_refused_before_decoding() -> None:
    data = encoded(Image.new("L", (9_000, 9_000), 90), "JPEG", progressive=True)
    at = data.rfind(b"\xff\xda")
    result = rejected(data[:-2] + data[at:-2] * 40 + b"\xff\xd9")
    assert result.reason == "damaged"
    assert result.detail == f"jpeg: {data.count(b'\xff\xda') + 40} scans of 81000000 pixels each"
    assert accepted(encoded(photo("coffee"), "JPEG", progressive=True)).format == "jpeg"


def jpeg_of_two_sizes(marker: int) -> bytes:
    """A JPEG of 600x400 in which who takes `marker` for a segment reads 200x100: what follows is the next marker to a
    decoder, and a length of nearly 64 KiB to others."""
    data = encoded(photo("coffee"))
    at = data.rindex(b"\xff\xda")
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 100, 200) + b"\3\1\x11\0\2\x11\1\3\x11\1"
    hidden = b"\xff\xfe\0\x10" + bytes(14) + data[2:at]
    gap = 0xFFFE - len(hidden) - 4
    hidden += b"\xff\xfe" + (gap + 2 + len(frame)).to_bytes(2) + bytes(gap)
    return data[:2] + bytes([0xFF, marker]) + hidden + frame + data[at:]


@pytest.mark.parametrize("marker", [0x01, 0xD0])
def test_a_jpeg_cannot_tell_one_size_and_have_another(marker: int) -> None:
    result = validate(jpeg_of_two_sizes(marker), ImageSpec(tier="fast", max_pixels=50_000))
    assert isinstance(result, Rejected)
    assert result.reason in {"too_many_pixels", "damaged"}


def test_limits_hold_for_the_size_that_the_decoder_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    header = read_header(encoded(photo("coffee")))
    assert header is not None
    monkeypatch.setattr("builder.decode.read_header", lambda _: replace(header, width=200, height=100))
    assert rejected(encoded(photo("coffee"))).detail.endswith("a header of 200x100 pixels, a picture of 600x400")


# --- orientation


def oriented(orientation: int, image_format: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(photo("chelsea"), image_format, exif=exif, **({"quality": 95} if image_format != "PNG" else {}))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int, image_format: str) -> None:
    data = oriented(orientation, image_format)
    result = accepted(data, ImageSpec(format="png"))
    stored = decoded(result.data)
    expected = ImageOps.exif_transpose(decoded(data))
    assert stored.size == expected.size == (result.width, result.height) == (result.source_width, result.source_height)
    assert psnr(stored, expected.convert("RGB")) > 45
    assert stored.getexif().get(0x0112) is None
    assert bits_apart(result.phash, imagehash.phash(expected)) <= 4


def test_orientation_behind_the_pixels_of_a_png_counts() -> None:
    data = oriented(6, "PNG")
    start = data.index(b"eXIf") - 4
    length = 12 + int.from_bytes(data[start : start + 4])
    late = data[:start] + data[start + length : -12] + data[start : start + length] + data[-12:]
    assert late.index(b"eXIf") > late.index(b"IDAT")
    assert (accepted(late).width, accepted(late).height) == (300, 451)


def test_original_keeps_all_but_metadata_of_what_is_upright() -> None:
    data = oriented(1)
    result = accepted(data)
    assert result.data != data
    assert np.array_equal(np.asarray(decoded(result.data)), np.asarray(decoded(data)))
    assert hashlib.sha256(data).hexdigest() == result.source_sha256 != result.sha256
    assert result.sha256 == hashlib.sha256(result.data).hexdigest()


@pytest.mark.parametrize(("served", "stored"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "png")])
def test_original_is_turned_where_exif_asks(served: str, stored: str) -> None:
    data = oriented(6, served)
    result = accepted(data)
    kept = decoded(result.data)
    assert (result.format, kept.format) == (stored, stored.upper())
    assert kept.size == (result.width, result.height) == (300, 451)
    assert kept.getexif().get(0x0112) is None
    assert psnr(kept.convert("RGB"), ImageOps.exif_transpose(decoded(data)).convert("RGB")) > 35
    assert result.sha256 != result.source_sha256 == hashlib.sha256(data).hexdigest()
    other = accepted(data, ImageSpec(format="webp", size=200))
    assert bits_apart(result.phash, imagehash.hex_to_hash(other.phash)) <= 2


def test_broken_exif_does_not_condemn_the_picture() -> None:
    data = oriented(6)
    at = data.find(b"Exif\0\0")
    broken = data[: at + 6] + b"\xff" * 8 + data[at + 14 :]
    assert (accepted(broken).width, accepted(broken).height) == (451, 300)


# --- output


@pytest.mark.parametrize("output", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("name", ["chelsea", "china"])
def test_output_is_close_stripped_and_the_same_every_time(output: Literal["jpeg", "png", "webp"], name: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    data = encoded(photo(name), "JPEG", quality=95, exif=exif, comment=b"secret comment")
    spec = ImageSpec(format=output, size=256)
    result = accepted(data, spec)
    stored = decoded(result.data)
    assert result == accepted(data, spec)
    assert result.format == output
    assert stored.format == output.upper()
    assert max(stored.size) == 256
    assert (result.source_width, result.source_height) == photo(name).size
    assert not stored.getexif()
    assert b"secret" not in result.data
    assert b"where I live" not in result.data
    assert result.sha256 == hashlib.sha256(result.data).hexdigest() != result.source_sha256
    expected = cv2.resize(np.asarray(decoded(data)), stored.size, interpolation=cv2.INTER_AREA)
    assert psnr(stored.convert("RGB"), Image.fromarray(expected)) > (45 if output == "png" else 30)


def test_small_images_are_not_blown_up() -> None:
    result = accepted(encoded(picture(1)), ImageSpec(format="png", size=1_000))
    assert (result.width, result.height) == (160, 120)


def colour(result: Accepted) -> tuple[int, ...]:
    """The middle pixel as RGB."""
    image = decoded(result.data).convert("RGB")
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return tuple(int(value) for value in pixel)


LOW = ImageSpec(format="png", min_bytes=1, tier="fast")


def flat(mode: str, value: object, image_format: str = "PNG", **options: object) -> bytes:
    return encoded(Image.new(mode, (80, 80), value), image_format, **options)  # type: ignore[arg-type]  # colours of all modes


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (flat("1", 1), (255, 255, 255)),
        (flat("L", 77), (77, 77, 77)),
        (flat("I;16", 77 * 256), (77, 77, 77)),
        (flat("I;16", 77 * 256, "TIFF"), (77, 77, 77)),
        (flat("RGB", (10, 20, 30)), (10, 20, 30)),
        (flat("CMYK", (0, 255, 255, 0), "TIFF"), (255, 0, 0)),
        (flat("RGB", (10, 20, 30), "GIF"), (10, 20, 30)),
        (flat("F", 3.5, "TIFF"), (0, 0, 0)),
    ],
)
def test_modes(data: bytes, expected: tuple[int, ...]) -> None:
    assert colour(accepted(data, LOW)) == expected


def test_floats_keep_their_gradient_in_little_memory() -> None:
    ramp = np.tile(np.linspace(-5e30, 7e30, 900, dtype=np.float32), (700, 1))
    ramp[0, 0], ramp[699, 899] = np.nan, np.inf
    tracemalloc.start()
    result = plain(Image.fromarray(ramp))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    values = np.asarray(result)
    assert np.array_equal(values[300], np.round((ramp[300].astype(float) + 5e30) / 12e30 * 255))
    assert values[0, 0] == values[699, 899] == 106
    assert peak < 6 * ramp.nbytes


def test_sixteen_bits_keep_their_gradient() -> None:
    ramp = np.linspace(0, 65_535, 100 * 100).reshape(100, 100).astype(np.uint16)
    stored = np.asarray(decoded(accepted(encoded(Image.fromarray(ramp), "PNG"), LOW).data))
    assert np.array_equal(stored, (ramp >> 8).astype(np.uint8))


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF"])
def test_transparency_is_white_in_jpeg_and_kept_in_png(image_format: str) -> None:
    image = Image.new("RGBA", (80, 80), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 20, 80))
    data = encoded(image, image_format, **({"lossless": True} if image_format == "WEBP" else {}))
    jpeg = decoded(accepted(data, ImageSpec(format="jpeg", min_bytes=1, tier="fast")).data)
    assert jpeg.mode == "RGB"
    assert np.allclose(np.asarray(jpeg)[40, 60], 255, atol=3)
    assert np.allclose(np.asarray(jpeg)[40, 8], (0, 0, 255), atol=4)
    png = decoded(accepted(data, LOW).data)
    assert png.mode == "RGBA"
    assert np.asarray(png)[40, 60, 3] == 0


def test_colours_are_brought_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    xyz = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    # A profile of another colour space than the pixels' is ignored.
    for wrong in (lab.tobytes(), xyz.tobytes(), b"no profile", b"\0" * 200):
        assert colour(accepted(flat("RGB", (10, 20, 30), icc_profile=wrong), LOW)) == (10, 20, 30)
    swapped = swapped_profile()
    stored = accepted(flat("RGB", (200, 20, 30), icc_profile=swapped), LOW)
    red, green, _ = colour(stored)
    assert green > red
    assert "icc_profile" not in decoded(stored.data).info


def swapped_profile() -> bytes:
    """An sRGB profile in which red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(132, 132 + 12 * int.from_bytes(profile[128:132]), 12):
        name = bytes(profile[entry : entry + 4])
        other = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name)
        if other:
            profile[entry : entry + 4] = other
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def test_the_first_picture_of_an_animation_counts() -> None:
    frames = [picture(seed) for seed in range(3)]
    for image_format in ("GIF", "WEBP", "AVIF"):
        data = encoded(frames[0], image_format, save_all=True, append_images=frames[1:])
        assert accepted(data).data == data
        stored = decoded(accepted(data, ImageSpec(format="png")).data)
        assert stored.size == frames[0].size
        assert psnr(stored.convert("RGB"), frames[0]) > 20 > psnr(stored.convert("RGB"), frames[1])


def test_a_jpeg_with_a_second_picture_behind_is_a_jpeg() -> None:
    data = encoded(photo("coffee"), "MPO", save_all=True, append_images=[photo("china")])
    result = accepted(data, ImageSpec(format="png"))
    assert psnr(decoded(result.data), photo("coffee")) > 30


def test_a_flipped_bit_in_a_png_is_found() -> None:
    data = bytearray(encoded(photo("coffee"), "PNG"))
    data[len(data) // 2] ^= 0x40
    assert rejected(bytes(data)).reason == "damaged"


def test_animations_are_refused_where_the_spec_says_so() -> None:
    refusing = ImageSpec(animation="refuse")
    for image_format in ("GIF", "WEBP", "AVIF", "PNG"):
        data = encoded(picture(1), image_format, save_all=True, append_images=[picture(2)])
        assert rejected(data, refusing).reason == "animated"
        accepted(encoded(picture(1), image_format), refusing)
    accepted(encoded(picture(1), "TIFF", save_all=True, append_images=[picture(2)]), refusing)


def test_heic_is_let_in_and_written_as_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif.register_heif_opener()
    data = encoded(picture(1), "HEIF", quality=80)
    result = accepted(data)
    assert (result.source_format, result.format, result.width, result.height) == ("heic", "jpeg", 160, 120)
    assert psnr(decoded(result.data), picture(1)) > 20
    assert accepted(data, ImageSpec(format="webp", size=80)).format == "webp"
    assert rejected(data[: len(data) // 2]).reason == "damaged"
    monkeypatch.setattr(module, "register_heif", lambda: False)
    refused = rejected(data)
    assert (refused.reason, refused.source_format) == ("unsupported_format", "heic")
    assert "pillow-heif" in refused.detail


def test_strict_refuses_a_jpeg_that_the_decoder_warns_of() -> None:
    data = bytearray(encoded(photo("coffee")))
    at = data.rindex(b"\xff\xda") + 3_000
    data[at : at + 2] = b"\xff\xd3"
    accepted(bytes(data), ImageSpec(tier="fast"))
    assert rejected(bytes(data), ImageSpec(tier="strict")).reason == "damaged"


@pytest.mark.parametrize(
    ("resize", "bigger", "size"),
    [("pad", True, (512, 512)), ("crop", True, (300, 300)), ("fit", False, (512, 341)), ("crop", False, (512, 512))],
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_frames(image_format: str, resize: Resize, bigger: bool, size: tuple[int, int]) -> None:
    data = oriented(6, image_format)
    spec = ImageSpec(format="jpeg", size=512, resize=resize, only_if_bigger=bigger, quality=80)
    result = accepted(data, spec)
    upright = size if resize != "fit" else size[::-1]
    assert decoded(result.data).size == (result.width, result.height) == upright
    assert (result.source_width, result.source_height) == (300, 451)
    assert bits_apart(result.phash, imagehash.phash(ImageOps.exif_transpose(decoded(data)))) <= 4


def test_turned_hashes_come_when_asked_for() -> None:
    result = validate(encoded(photo("chelsea")), SPEC, turned=True)
    assert isinstance(result, Accepted)
    mirrored = accepted(encoded(ImageOps.mirror(photo("chelsea"))))
    assert len(result.turned) == 7
    assert bits_apart(result.turned[0], imagehash.hex_to_hash(mirrored.phash)) <= 4


def test_threads_get_what_one_gets() -> None:
    bodies = [encoded(photo(name), kind) for name in ("coffee", "chelsea") for kind in ("JPEG", "PNG")] * 3
    spec = ImageSpec(format="jpeg", size=256)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda body: validate(body, spec), bodies)) == [validate(body, spec) for body in bodies]


# --- nothing escapes

SMALL = {name: encoded(picture(7, (96, 80)), name) for name in FORMATS}
ANYTHING = ImageSpec(format="jpeg", min_bytes=1, min_side=1, size=64, max_pixels=1_000_000, tier="fast")
AS_SERVED = ImageSpec(min_bytes=1, min_side=1, max_pixels=1_000_000, tier="strict", animation="refuse")


@settings(max_examples=250, deadline=None)
@given(
    name=st.sampled_from(FORMATS),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6)), max_size=8),
    cut=st.floats(0.01, 1),
)
def test_mutated_files_never_raise(name: str, changes: list[tuple[float, bytes]], cut: float) -> None:
    data = bytearray(SMALL[name])
    for where, what in changes:
        # Squared: most of what can go wrong is told at the beginning.
        at = int(where * where * len(data))
        data[at : at + len(what)] = what
    data = data[: max(1, int(len(data) * cut))]
    assert validate(bytes(data), AS_SERVED).source_sha256
    result = validate(bytes(data), ANYTHING)
    if isinstance(result, Accepted):
        assert decoded(result.data).size == (result.width, result.height)
    else:
        assert result.detail
        assert "\n" not in result.detail


@settings(max_examples=100, deadline=None)
@given(start=st.sampled_from([data[:16] for data in SMALL.values()]), rest=st.binary(max_size=400))
def test_made_up_files_never_raise(start: bytes, rest: bytes) -> None:
    assert validate(start + rest, ANYTHING) is not None
