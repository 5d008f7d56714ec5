"""Takes metadata out of files that are kept as served: EXIF with its GPS position, XMP, IPTC. Pixels stay untouched."""

import struct

from PIL import Image

from builder import jpeg
from builder.formats import SourceFormat

_PNG_START = 8
_PNG_PICTURE = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
"""Chunks that the picture is made of (PNG 3.0). Not among them: EXIF, texts (XMP, EXIF and IPTC by ImageMagick, and
single values of EXIF by keyword), dates, provenance."""
_PNG_HARMLESS = b"Software\0"
"""A text that nearly every PNG has and that tells nothing of the picture."""

_WEBP_START = 12
_WEBP_PICTURE = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_FLAGS = 0x08 | 0x04
"""Bits of VP8X that say that there are EXIF and XMP."""

_TIFF_METADATA = frozenset({700, 33550, 33922, 34264, 33723, 34377, 34665, 34735, 34736, 34737, 34853, 42112})
"""Tags: XMP, where on earth (GeoTIFF, GDAL), IPTC, Photoshop, EXIF, GPS."""

_GIF_PICTURE = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Application extensions that belong to the picture: how often it is played, colour profile."""

_GIF_START = 13
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER, _GIF_CONTROL = 0x21, 0x2C, 0x3B, 0xF9

_EMPTY_TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
"""EXIF is a TIFF without pixels; this one is without tags too."""


def stripped(data: bytes, found: SourceFormat, opened: jpeg.JpegHeader | Image.Image) -> bytes | None:
    """The same file without metadata: the same object when there is none, None when it cannot be taken out in place.

    `opened` is what was read of the file. JPEG, PNG, WebP and GIF lose all segments, chunks or blocks but those that
    the picture is made of, and what stands behind its end; colour profiles and coded pixels stay byte for byte. In AVIF
    the bytes are overwritten where they stand. A TIFF with such tags, or with pages that nobody looks at, must be
    written anew.
    """
    if isinstance(opened, jpeg.JpegHeader):
        return jpeg.without_metadata(data, opened)
    match found:
        case "jpeg":  # one that only Pillow decodes: CMYK, for one
            header = jpeg.read_header(data)
            clean = None if header is None else jpeg.without_metadata(data, header)
        case "png":
            clean = _png(data)
        case "webp":
            clean = _webp(data)
        case "avif":
            clean = _overwritten(data, opened)
        case "tiff":
            tags = getattr(opened, "tag_v2", {})
            further_page: int = getattr(tags, "next", 0)
            clean = None if further_page or not _TIFF_METADATA.isdisjoint(tags) else data
        case "gif":
            clean = _gif(data)
        case _:
            clean = data
    return clean


def _png(data: bytes) -> bytes:
    """Chunks are length, name, body, CRC (PNG 3.0, section 5.3)."""
    kept, at, name = [data[:_PNG_START]], _PNG_START, b""
    while at + 8 <= len(data) and name != b"IEND":
        name, after = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if name in _PNG_PICTURE or (name == b"tEXt" and data.startswith(_PNG_HARMLESS, at + 8)):
            kept.append(data[at:after])
        at = after
    clean = b"".join(kept)
    return data if len(clean) == len(data) else clean


def _gif(data: bytes) -> bytes | None:
    """Images and extensions, each with sub-blocks behind its head (GIF89a, sections 15 to 26); None for anything else.

    Zeros between them are common, and nothing.
    """
    at = _GIF_START + _colours(data[10])
    kept = [data[:at]]
    while at < len(data) and data[at] != _GIF_TRAILER:
        kind, start = data[at], at
        if kind == _GIF_IMAGE and at + 10 < len(data):
            at += 11 + _colours(data[at + 9])
        elif kind == _GIF_EXTENSION and at + 1 < len(data):
            at += 2
        elif kind:
            return None
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        picture = kind == _GIF_IMAGE or (
            kind == _GIF_EXTENSION and (data[start + 1] == _GIF_CONTROL or data.startswith(_GIF_PICTURE, start + 3))
        )
        if picture:
            kept.append(data[start:at])
    kept.append(data[at : at + 1])
    clean = b"".join(kept)
    return data if len(clean) == len(data) else clean


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: bytes) -> bytes:
    """RIFF chunks are name, length, body, a byte to make it even (RFC 9649, section 2.3)."""
    kept, at, end = [data[:_WEBP_START]], _WEBP_START, 8 + int.from_bytes(data[4:8], "little")
    while at + 8 <= min(end, len(data)):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + size + size % 2
        if name in _WEBP_PICTURE:
            kept.append(data[at:after])
        at = after
    found = sum(map(len, kept)) != len(data)
    if not found:
        return data
    clean = bytearray(b"".join(kept))
    clean[4:8] = struct.pack("<I", len(clean) - 8)
    if clean[12:16] == b"VP8X":
        clean[20] &= ~_WEBP_FLAGS
    return bytes(clean)


def _overwritten(data: bytes, opened: Image.Image) -> bytes | None:
    """The bytes that Pillow found as EXIF and XMP, overwritten with nothing of the same length."""
    exif, xmp = opened.info.get("exif", b"").removeprefix(b"Exif\0\0"), opened.info.get("xmp", b"")
    for old, filler, new in ((exif, b"\0", _EMPTY_TIFF), (xmp, b" ", b"")):
        if old:
            if data.count(old) != 1:
                return None
            data = data.replace(old, new[: len(old)].ljust(len(old), filler))
    return data
