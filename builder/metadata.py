"""Takes metadata out of files that are kept as served: EXIF with its GPS position, XMP, IPTC. Pixels stay untouched."""

import struct

from PIL import Image

from builder import jpeg
from builder.formats import SourceFormat

_PNG_START = 8
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PNG_TEXT_METADATA = (b"XML:com.adobe.xmp\0", b"Raw profile type ")
"""Keywords under which XMP, and by ImageMagick EXIF and IPTC, are kept as text."""

_WEBP_START = 12
_WEBP_METADATA = frozenset({b"EXIF", b"XMP "})
_WEBP_FLAGS = 0x08 | 0x04
"""Bits of VP8X that say that there are EXIF and XMP."""

_TIFF_METADATA = (700, 33723, 34377, 34665, 34853)
"""Tags: XMP, IPTC, Photoshop, EXIF, GPS."""

_EMPTY_TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
"""EXIF is a TIFF without pixels; this one is without tags too."""


def stripped(data: bytes, found: SourceFormat, opened: jpeg.JpegHeader | Image.Image) -> bytes | None:
    """The same file without metadata: the same object when there is none, None when it cannot be taken out in place.

    `opened` is what was read of the file. JPEG, PNG and WebP lose the segments or chunks, and keep colour profiles
    and coded pixels byte for byte; in AVIF the bytes are overwritten where they stand. TIFF with such tags and GIF with
    XMP must be written anew.
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
            clean = None if any(tag in getattr(opened, "tag_v2", {}) for tag in _TIFF_METADATA) else data
        case _:
            clean = None if b"XMP DataXMP" in data else data
    return clean


def _png(data: bytes) -> bytes:
    """Chunks are length, name, body, CRC (PNG 3.0, section 5.3)."""
    kept, at = [data[:_PNG_START]], _PNG_START
    while at + 8 <= len(data):
        name, after = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if name != b"eXIf" and not (name in _PNG_TEXT and data.startswith(_PNG_TEXT_METADATA, at + 8)):
            kept.append(data[at:after])
        at = after
    clean = b"".join(kept)
    return data if len(clean) == len(data) else clean


def _webp(data: bytes) -> bytes:
    """RIFF chunks are name, length, body, a byte to make it even (RFC 9649, section 2.3)."""
    kept, at, found = [data[:_WEBP_START]], _WEBP_START, False
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + size + size % 2
        if name in _WEBP_METADATA:
            found = True
        else:
            kept.append(data[at:after])
        at = after
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
