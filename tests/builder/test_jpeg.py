"""`builder.jpeg`: the header says what Pillow says, and metadata leaves without touching a pixel."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from builder.jpeg import read_header, without_metadata
from tests.builder.photos import decoded, encoded, photo, picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("RGB", {}),
    "progressive": ("RGB", {"progressive": True}),
    "grey": ("L", {}),
    "cmyk": ("CMYK", {}),
    "profile": ("RGB", {"icc_profile": SRGB}),
    "long profile": ("RGB", {"icc_profile": SRGB + bytes(150_000)}),
    "restarts": ("RGB", {"restart_marker_rows": 1}),
}


def with_metadata(image: Image.Image, **options: Any) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(image, exif=exif, xmp=b"<x:xmpmeta>where</x:xmpmeta>", **options)


@pytest.mark.parametrize("kind", KINDS)
def test_the_header_is_what_pillow_reads(kind: str) -> None:
    mode, options = KINDS[kind]
    data = encoded(photo("coffee").convert(mode), **options)
    header, image = read_header(data), Image.open(io.BytesIO(data))
    assert header is not None
    assert (header.width, header.height) == image.size
    assert header.components == len(image.getbands())
    assert header.bits == 8
    assert header.small_scans == header.progressive
    assert header.progressive == bool(image.info.get("progressive"))
    assert header.icc == image.info.get("icc_profile")
    assert header.metadata == ()
    assert data[header.scan : header.scan + 2] == b"\xff\xda"
    assert without_metadata(data, header) is data


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_leaves_and_the_rest_stays(kind: str) -> None:
    mode, options = KINDS[kind]
    image = photo("coffee").convert(mode)
    data = with_metadata(image, **options)
    header = read_header(data)
    assert header is not None
    assert len(header.metadata) == 2
    clean = without_metadata(data, header)
    assert clean == encoded(image, **options)


def test_iptc_and_what_stands_behind_the_end_leave_too() -> None:
    first, second = with_metadata(photo("coffee")), with_metadata(photo("china"))
    photoshop = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x5a\0\x05Paris\0"
    segment = b"\xff\xed" + (len(photoshop) + 2).to_bytes(2) + photoshop
    data = first[:2] + segment + first[2:] + second
    header = read_header(data)
    assert header is not None
    assert without_metadata(data, header) == encoded(photo("coffee"))


def test_a_multi_picture_file_becomes_its_first_picture() -> None:
    data = encoded(photo("coffee"), "MPO", save_all=True, append_images=[photo("china")])
    header = read_header(data)
    assert header is not None
    clean = without_metadata(data, header)
    assert len(clean) < len(data) * 0.7
    assert clean.endswith(b"\xff\xd9")
    assert decoded(clean).format == "JPEG"
    assert np.array_equal(np.asarray(decoded(clean)), np.asarray(decoded(data)))


SEGMENTS = {
    "a camera's own": b"\xff\xe6" + b"GoPro GPS",
    "a comment": b"\xff\xfe" + b"taken in Paris",
    "provenance": b"\xff\xeb" + b"JP\0\1 jumb location",
    "another colour segment": b"\xff\xe2" + b"FPXR\0where",
}


def with_segment(data: bytes, segment: bytes) -> bytes:
    return data[:2] + segment[:2] + (len(segment)).to_bytes(2) + segment[2:] + data[2:]


@pytest.mark.parametrize("kind", SEGMENTS)
def test_whatever_else_tells_of_the_picture_leaves(kind: str) -> None:
    plain = encoded(photo("coffee"), icc_profile=SRGB)
    data = with_segment(plain, SEGMENTS[kind])
    header = read_header(data)
    assert header is not None
    assert header.icc == SRGB
    assert without_metadata(data, header) == plain


def test_what_stands_behind_the_end_leaves_without_metadata_too() -> None:
    plain = encoded(photo("coffee"))
    header = read_header(plain)
    assert header is not None
    assert without_metadata(plain + b"\0\0\0\x18ftypmp42 a film", header) == plain


@pytest.mark.parametrize("marker", [0x00, 0x01, *range(0xD0, 0xD8)])
def test_what_decoders_would_read_otherwise_is_no_header(marker: int) -> None:
    plain = encoded(photo("coffee"))
    assert read_header(plain[:2] + bytes([0xFF, marker, 0, 2]) + plain[2:]) is None


SMALL = with_metadata(picture(1, (40, 30)), progressive=True)


@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=4)), max_size=6),
    cut=st.integers(0, 4_000),
)
def test_whatever_it_reads_it_does_not_raise(changes: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(SMALL)
    for at, what in changes:
        data[at : at + len(what)] = what
    header = read_header(bytes(data[:cut]))
    if header is not None:
        assert len(without_metadata(bytes(data[:cut]), header)) <= cut
