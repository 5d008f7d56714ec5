"""Which image types there are, told by their first bytes, and what files of them are called."""

import re
from dataclasses import dataclass
from typing import Literal

StoredFormat = Literal["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"]
SourceFormat = StoredFormat | Literal["heic"]
"""HEIC is let in where pillow-heif is installed, and written as JPEG: training code cannot read it."""

EXTENSIONS: dict[str, str] = {
    "jpeg": "jpg",
    "png": "png",
    "webp": "webp",
    "gif": "gif",
    "bmp": "bmp",
    "tiff": "tiff",
    "avif": "avif",
}
"""File name endings by format; also the closed list of formats that are stored."""

MEDIA_TYPES: dict[str, str] = {name: f"image/{name}" for name in EXTENSIONS}
"""IANA media types by format."""

_SIGNATURES: tuple[tuple[bytes, StoredFormat], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # BigTIFF
    (b"MM\0+", "tiff"),
)

_REFUSED_IMAGES = (
    (b"\0\0\1\0", "ico"),
    (b"\0\0\2\0", "cur"),
    (b"8BPS", "psd"),
    (b"\xff\x0a", "jpeg xl"),
    (b"\0\0\0\x0cJXL ", "jpeg xl"),
    (b"\0\0\0\x0cjP  ", "jpeg 2000"),
    (b"\xff\x4f\xff\x51", "jpeg 2000"),
    (b"v/1\x01", "openexr"),
    (b"DDS ", "dds"),
    (b"qoif", "qoi"),
)

_OTHER_TYPES = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\x1aE\xdf\xa3", "webm or matroska video"),
    (b"OggS", "ogg"),
    (b"{", "json"),
    (b"[", "json"),
)

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_SVG = re.compile(rb"<(?:[a-z]+:)?svg[\s>]", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|title|meta|div|p)[\s>]", re.IGNORECASE)


@dataclass(frozen=True)
class Sniffed:
    """What some bytes are: `format` when it is let in, `refused` when it is an image type that is not, `name` for
    people."""

    name: str
    format: SourceFormat | None = None
    refused: bool = False


def sniff(data: bytes) -> Sniffed:
    """Tell the type of a file from its first kilobytes, never from a name or header."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return Sniffed(name, format=name)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Sniffed("webp", format="webp")
    if data[4:8] == b"ftyp":
        return _sniff_iso_media(data)
    for signature, image in _REFUSED_IMAGES:
        if data.startswith(signature):
            return Sniffed(image, refused=True)
    return _sniff_text_and_others(data)


def _sniff_iso_media(data: bytes) -> Sniffed:
    """AVIF, HEIF and MP4 share a container (ISO/IEC 14496-12): the brands in its `ftyp` box tell them apart."""
    end = min(int.from_bytes(data[:4]), len(data), 256)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return Sniffed("avif", format="avif")
    if brands & _HEIF_BRANDS:
        return Sniffed("heic", format="heic")
    return Sniffed("mp4 or other video")


def _sniff_text_and_others(data: bytes) -> Sniffed:
    head = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip()
    html, svg = _HTML.search(head), _SVG.search(head)
    if svg and head.startswith(b"<") and not (html and html.start() < svg.start()):
        return Sniffed("svg", refused=True)
    if html and head.startswith(b"<"):
        return Sniffed("html")
    if head.startswith(b"<?xml"):
        return Sniffed("xml")
    for signature, name in _OTHER_TYPES:
        if data.startswith(signature):
            return Sniffed(name)
    if data and not any(byte < 9 for byte in data[:512]):  # noqa: PLR2004 - control characters that no text has
        return Sniffed("text")
    return Sniffed("unknown type")
