"""Let an image in, or say why not: type, size, pixels, full decode; then the form in which it is kept."""

import hashlib
import io
import re
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock

from PIL import Image

from builder.formats import StoredFormat, sniff
from builder.pixels import OutputFormat, encode, orientation, perceptual_hash, plain, upright_size
from builder.rows import RejectReason
from builder.spec import ImageSpec

_MAX_JPEG_SCANS = 500
"""A progressive JPEG may repeat passes over all its pixels for some bytes each; real ones have about ten
(libjpeg-turbo's fuzzers draw the line here too)."""

_LARGE_PIXELS = 25_000_000
_one_large = Lock()
"""Of larger images the process decodes one at a time: a hundred megapixels of WebP, in a file of 34 bytes, take 1.8 GB
on their way, and a worker has several shards in hand."""

_TILE_WIDTH_TAG, _TILE_LENGTH_TAG = 322, 323


@dataclass(frozen=True)
class Accepted:
    """An image that is let in. `data` are the bytes to store; sizes are in pixels, upright; hashes are hex."""

    data: bytes
    format: StoredFormat
    width: int
    height: int
    source_width: int
    source_height: int
    source_sha256: str
    sha256: str
    phash: str


@dataclass(frozen=True)
class Rejected:
    """Bytes that are not let in: the reason, one line with the value measured, and what is known of them."""

    reason: RejectReason
    detail: str
    source_sha256: str
    source_width: int | None = None
    source_height: int | None = None


class _RefusalError(Exception):
    """A check that failed: travels from the check to `validate`."""

    def __init__(self, reason: RejectReason, detail: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.size = size


def validate(data: bytes, spec: ImageSpec) -> Accepted | Rejected:
    """Check the bytes of one image against `spec`; never raises for what the bytes hold.

    Of animated images (GIF, WebP, AVIF) and multi-page TIFFs the first picture is judged, hashed and, unless the
    format is `original`, kept. `original` keeps the bytes exactly as served, metadata included, unless EXIF says that
    the picture must be turned: most training code never looks there, so it is written upright, in its own format.
    Other formats are written anew, see `builder.pixels.encode`. Memory is bounded by `spec.max_pixels` (a few times
    four bytes per pixel), which is read from the header before any pixel is decoded.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        return _validated(data, spec, digest)
    except _RefusalError as refusal:
        width, height = refusal.size or (None, None)
        return Rejected(refusal.reason, refusal.detail, digest, width, height)


def _validated(data: bytes, spec: ImageSpec, digest: str) -> Accepted:
    found = _check_bytes(data, spec)
    try:
        with Image.open(io.BytesIO(data), formats=(found.upper(),)) as image:
            _check_header(image, upright_size(image.size, orientation(image)), spec)
            with _one_large if image.width * image.height > _LARGE_PIXELS else nullcontext():
                return _decoded(image, data, found, spec, digest)
    except _RefusalError:
        raise
    except Image.DecompressionBombError as error:  # its message names Pillow's limit, not ours
        told = re.search(r"\((\d+) pixels\)", str(error))
        pixels = told[1] if told else "far too many"
        raise _RefusalError("too_many_pixels", f"{pixels} pixels, at most {spec.max_pixels} in all") from None
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on hostile bytes; all of it means one thing
        raise _RefusalError("damaged", f"{found}: {type(error).__name__}: {_one_line(error)}") from None


def _decoded(image: Image.Image, data: bytes, found: StoredFormat, spec: ImageSpec, digest: str) -> Accepted:
    """Decode an opened image to its last pixel, hash it, and bring it into the form in which it is kept."""
    image.load()
    turn = orientation(image)
    source = upright_size(image.size, turn)
    picture = plain(image)
    phash = perceptual_hash(picture, turn)
    if spec.format == "original" and turn == 1:
        return Accepted(data, found, *source, *source, digest, digest, phash)
    output = _output(spec, found)
    picture.info = {**picture.info, "icc_profile": image.info.get("icc_profile")}
    stored, kept = encode(picture, turn, output, spec.size)
    return Accepted(stored, output, *kept.size, *source, digest, hashlib.sha256(stored).hexdigest(), phash)


def _output(spec: ImageSpec, found: StoredFormat) -> OutputFormat:
    """The format to write; an original that has to be turned stays in its own where that can be written."""
    if spec.format != "original":
        return spec.format
    return found if found in ("jpeg", "png", "webp") else "png"


def _check_bytes(data: bytes, spec: ImageSpec) -> StoredFormat:
    """What can be told without opening the file; returns its format."""
    if len(data) > spec.max_bytes:
        raise _RefusalError("too_many_bytes", f"{len(data)} bytes, at most {spec.max_bytes}")
    found = sniff(data)
    if found.refused:
        raise _RefusalError("unsupported_format", found.name)
    if found.format is None:
        raise _RefusalError("not_an_image", found.name if data else "no bytes")
    if len(data) < spec.min_bytes:
        raise _RefusalError("too_few_bytes", f"{len(data)} bytes, at least {spec.min_bytes}")
    if found.format == "jpeg" and (scans := data.count(b"\xff\xda")) > _MAX_JPEG_SCANS:
        raise _RefusalError("damaged", f"jpeg: {scans} scans, at most {_MAX_JPEG_SCANS}")
    return found.format


def _check_header(image: Image.Image, size: tuple[int, int], spec: ImageSpec) -> None:
    """What the header tells, before a pixel is decoded."""
    width, height = size
    if width < 1 or height < 1:
        raise _RefusalError("damaged", f"{width}x{height} pixels", size)
    tags = getattr(image, "tag_v2", {})
    # A TIFF's tiles are decoded whole, and may be larger than the image that they hold.
    tile = int(tags.get(_TILE_WIDTH_TAG, 0)) * int(tags.get(_TILE_LENGTH_TAG, 0))
    if max(width * height, tile) > spec.max_pixels:
        what = f"{width}x{height} pixels" if width * height > spec.max_pixels else f"tiles of {tile} pixels"
        raise _RefusalError("too_many_pixels", f"{what}, at most {spec.max_pixels} in all", size)
    if min(size) < spec.min_side:
        raise _RefusalError("too_small", f"{width}x{height} pixels, sides of at least {spec.min_side}", size)
    ratio = max(size) / min(size)
    if ratio > spec.max_aspect_ratio:
        raise _RefusalError(
            "extreme_aspect_ratio", f"{width}x{height} is {ratio:.1f}:1, at most {spec.max_aspect_ratio:g}:1", size
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
