"""What a JPEG's markers tell, read without a decoder: size, colour profile, where metadata is."""

import re
from dataclasses import dataclass

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_HUFFMAN_SEQUENTIAL = frozenset({0xC0, 0xC1})
_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
"""Markers without a length, and a zero that makes none: no writer puts them into a header, and what follows them is
nothing to guess at, for the decoder would read another header than this one."""

_SEGMENTS = {0xE0: b"", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Application segments that belong to the picture, by how they begin: JFIF, colour profile, how colours are coded. All
others, and comments, tell of it: EXIF and XMP (APP1), further pictures (MPF, APP2), what cameras and drones add (APP3
to APP12, positions among it), provenance (APP11), IPTC (APP13)."""

_APP2, _COMMENT = 0xE2, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]", re.DOTALL)
"""A marker in coded data, other than the restarts."""
_FRAME_BYTES = 10
"""From a frame's marker to its number of components."""
_END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the first scan.

    Width and height are in pixels as stored (EXIF orientation not applied), `icc` is the colour profile as one piece,
    `metadata` are the byte ranges of the segments that tell of the picture (EXIF, XMP, IPTC, comments...), `scan` is
    where the first scan begins. `small_scans`: whether a scan may take next to no bytes, progressive or by arithmetic
    coding.
    """

    width: int
    height: int
    components: int
    bits: int
    progressive: bool
    small_scans: bool
    icc: bytes | None
    metadata: tuple[tuple[int, int], ...]
    scan: int


def read_header(data: bytes) -> JpegHeader | None:
    """The header of a JPEG (ITU-T T.81, annex B), or None when the markers do not lead to a scan."""
    at, end = 2, len(data) - _FRAME_BYTES
    frame: tuple[int, int, int, int, bool, bool] | None = None
    profile: list[bytes] = []
    metadata: list[tuple[int, int]] = []
    while at <= end and data[at] == 0xFF:  # noqa: PLR2004 - what every marker begins with
        marker = data[at + 1]
        if marker == _SOS:
            return None if frame is None else JpegHeader(*frame, b"".join(profile) or None, tuple(metadata), at)
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes may stand before a marker
            at += 1
            continue
        if marker in _BARE:
            return None
        after = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if marker in _FRAMES:
            height, width = data[at + 5] << 8 | data[at + 6], data[at + 7] << 8 | data[at + 8]
            small_scans = marker not in _HUFFMAN_SEQUENTIAL
            frame = (width, height, data[at + 9], data[at + 4], marker in _PROGRESSIVE, small_scans)
        elif marker in _APPLICATION or marker == _COMMENT:
            if marker not in _SEGMENTS or not data.startswith(_SEGMENTS[marker], at + 4):
                metadata.append((at, after))
            elif marker == _APP2:
                profile.append(data[at + 18 : after])
        elif marker in {_SOI, _EOI}:
            return None
        at = after
    return None


def without_metadata(data: bytes, header: JpegHeader) -> bytes:
    """The same JPEG without the segments that tell of the picture, and without what stands behind its end (a second
    picture with EXIF of its own, a film); the same object when there is none. Tables, colour profile and coded pixels
    stay as they are. The end is not looked for in a file that has no such segment and ends as a JPEG does: that would
    take a twentieth of the time to decode it."""
    if not header.metadata and data.endswith(_END):
        return data
    end = _end(data, header.scan)
    if not header.metadata and end == len(data):
        return data
    view = memoryview(data)
    kept, at = [], 0
    for start, after in header.metadata:
        kept.append(view[at:start])
        at = after
    kept.append(view[at:end])
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
