"""What a JPEG's markers tell, read without a decoder: size, colour profile, where metadata is."""

import re
from dataclasses import dataclass

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_APP1, _APP2, _APP13 = 0xE1, 0xE2, 0xED
"""EXIF and XMP; colour profile, or the index of further pictures behind the first; IPTC inside Photoshop's blocks."""
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]", re.DOTALL)
"""A marker in coded data, other than the restarts."""
_FRAME_BYTES = 10
"""From a frame's marker to its number of components."""
_ICC, _MULTI_PICTURE = b"ICC_PROFILE\0", b"MPF\0"


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the first scan.

    Width and height are in pixels as stored (EXIF orientation not applied), `icc` is the colour profile as one piece,
    `metadata` are the byte ranges of the segments with EXIF, XMP, IPTC and the index of a multi-picture file, `scan`
    is where the first scan begins.
    """

    width: int
    height: int
    components: int
    bits: int
    progressive: bool
    icc: bytes | None
    metadata: tuple[tuple[int, int], ...]
    scan: int


def read_header(data: bytes) -> JpegHeader | None:
    """The header of a JPEG (ITU-T T.81, annex B), or None when the markers do not lead to a scan."""
    at, end = 2, len(data) - _FRAME_BYTES
    frame: tuple[int, int, int, int, bool] | None = None
    profile: list[bytes] = []
    metadata: list[tuple[int, int]] = []
    while at <= end and data[at] == 0xFF:  # noqa: PLR2004 - what every marker begins with
        marker = data[at + 1]
        if marker == _SOS:
            return None if frame is None else JpegHeader(*frame, b"".join(profile) or None, tuple(metadata), at)
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes may stand before a marker
            at += 1
            continue
        after = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if marker in _FRAMES:
            height, width = data[at + 5] << 8 | data[at + 6], data[at + 7] << 8 | data[at + 8]
            frame = (width, height, data[at + 9], data[at + 4], marker in _PROGRESSIVE)
        elif marker == _APP2 and data.startswith(_ICC, at + 4):
            profile.append(data[at + 18 : after])
        elif marker in {_APP1, _APP13} or (marker == _APP2 and data.startswith(_MULTI_PICTURE, at + 4)):
            metadata.append((at, after))
        elif marker in {_SOI, _EOI}:
            return None
        at = after
    return None


def without_metadata(data: bytes, header: JpegHeader) -> bytes:
    """The same JPEG without EXIF, XMP and IPTC, and without what stands behind its end (a second picture with EXIF of
    its own, for one); the same object when there is none. Tables, colour profile and coded pixels stay as they are."""
    if not header.metadata:
        return data
    view = memoryview(data)
    kept, at = [], 0
    for start, end in header.metadata:
        kept.append(view[at:start])
        at = end
    kept.append(view[at : _end(data, header.scan)])
    return b"".join(kept)


def _end(data: bytes, scan: int) -> int:
    """The first byte after EOI. In coded data a byte 0xFF is followed by 0 or a restart marker; between the scans of a
    progressive picture stand segments, which tell their length."""
    at = scan
    while (found := _MARKER.search(data, at)) and found.end() + 2 <= len(data):
        if found[0][1] == _EOI:
            return found.end()
        at = found.end() + (data[found.end()] << 8 | data[found.end() + 1])
    return found.end() if found and found[0][1] == _EOI else len(data)
