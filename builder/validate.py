"""Let an image in, or say why not: type, size, full decode, what it shows; then the form in which it is kept."""

import hashlib
import re
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock

from PIL import Image

from builder import checks
from builder.decode import LARGE_PIXELS, JpegFile, PillowFile, Pixels, open_image, register_heif
from builder.encode import MAX_SIDE, OutputFormat, encode
from builder.formats import SourceFormat, StoredFormat, sniff
from builder.metadata import stripped
from builder.perceptual import dhash, phash, turned_phashes
from builder.pixels import at_size, on_white, small_grey, to_srgb, upright, upright_size
from builder.resize import Size, Values, framed, room, scaled_size, small_size
from builder.rows import RejectReason
from builder.spec import ImageSpec

_MAX_JPEG_SCANS = 500
"""A progressive JPEG may repeat passes over all its pixels for some bytes each; real ones have about ten
(libjpeg-turbo's fuzzers draw the line here too)."""
_SCANNED_PIXELS = 2_500_000_000
"""Of all passes together, about three seconds; or 25 passes over the largest picture that is let in."""

_one_large = Lock()
"""Of images above `LARGE_PIXELS` the process decodes one at a time: a hundred megapixels, in a file of 34 bytes, take
hundreds of megabytes on their way, and a worker has several shards in hand."""


@dataclass(frozen=True)
class Accepted:
    """An image that is let in. `data` are the bytes to store; sizes are in pixels, upright; hashes are hex.

    `source_format` and `source_sha256` are of the bytes served. The perceptual hashes are of the whole upright picture,
    whatever was cut off or put around; `turned` are those of its seven mirrored and rotated versions, where asked for.
    """

    data: bytes
    format: StoredFormat
    width: int
    height: int
    source_format: SourceFormat
    source_width: int
    source_height: int
    source_sha256: str
    sha256: str
    phash: str
    dhash: str
    turned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """Bytes that are not let in: the check that failed, what it measured, one line with value and threshold, and what
    is known of the bytes."""

    reason: RejectReason
    detail: str
    source_sha256: str
    measured: float | None = None
    source_format: str | None = None
    source_width: int | None = None
    source_height: int | None = None


class _RefusalError(Exception):
    """A check that failed: travels from the check to `validate`."""

    def __init__(self, reason: RejectReason, detail: str, measured: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.measured = measured


@dataclass
class Seen:
    """What has been found out about some bytes so far. `grey` is the small version that is checked and hashed."""

    sha256: str = ""
    format: str | None = None
    size: Size | None = None
    file: JpegFile | PillowFile | None = None
    grey: Values | None = None


def validate(data: bytes, spec: ImageSpec, *, turned: bool = False, seen: Seen | None = None) -> Accepted | Rejected:
    """Check the bytes of one image against `spec`, cheapest checks first; never raises for what the bytes hold.

    Threads may call it at once: the expensive steps run outside the interpreter lock. `turned` asks for the hashes of
    mirrored and rotated versions too.

    Of animated images (GIF, PNG, WebP, AVIF) the first picture is judged, hashed and, unless the format is `original`,
    kept; of TIFFs the first page. `original` keeps the pixels exactly as served and takes only what tells of them (EXIF
    with GPS position, XMP, IPTC, comments, what cameras add) out of the file; without any, the bytes are the same.
    Three kinds are written anew all the same: what EXIF says must be turned, since most training code never looks
    there; HEIC, which it cannot read; and the rare file that metadata cannot be taken out of, a TIFF of several pages
    among them. Colour profiles stay in originals; otherwise colours become sRGB. Memory is bounded by
    `spec.max_pixels`, which is read from the header before any pixel is decoded. What is found out on the way, also
    about what is not let in, is left in `seen`.
    """
    known = seen or Seen()
    known.sha256 = hashlib.sha256(data).hexdigest()
    try:
        return _validated(data, spec, known, turned=turned)
    except _RefusalError as refusal:
        reason, detail, measured = refusal.reason, refusal.detail, refusal.measured
    except Image.DecompressionBombError as error:  # its message names Pillow's limit, not ours
        told = re.search(r"\((\d+) pixels\)", str(error))
        reason, measured = "too_many_pixels", float(told[1]) if told else None
        detail = f"{told[1] if told else 'far too many'} pixels, at most {spec.max_pixels} in all"
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on hostile bytes; all of it means one thing
        reason, measured = "damaged", None
        detail = f"{known.format}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    width, height = known.size or (None, None)
    return Rejected(reason, detail, known.sha256, measured, known.format, width, height)


def _validated(data: bytes, spec: ImageSpec, known: Seen, *, turned: bool) -> Accepted:
    found = _check_bytes(data, spec, known)
    known.file = file = open_image(data, found)
    known.size = upright_size(file.size, file.turn)
    _check_header(file, known.size, spec)
    with _one_large if file.pixels > LARGE_PIXELS else nullcontext():
        return _accepted(file, data, found, spec, known, turned=turned)


def _accepted(
    file: JpegFile | PillowFile, data: bytes, found: SourceFormat, spec: ImageSpec, known: Seen, *, turned: bool
) -> Accepted:
    """Decode once, hash and check a small version, and bring the picture into the form in which it is kept."""
    own: StoredFormat | None = found if spec.format == "original" and found != "heic" else None
    kept = stripped(data, own, file.opened) if own else None
    form: StoredFormat
    output = _output(spec, found)
    target = scaled_size(file.size, spec, MAX_SIDE[output])
    as_served = kept is not None and file.turn == 1
    pixels = file.decode(small_size(file.size) if as_served else _enough(target, file.size), grey=as_served)
    known.size = upright_size(file.size, file.turn)
    if as_served and file.turn != 1:  # a PNG may tell only behind its pixels that it must be turned
        as_served, pixels = False, file.decode(None)
    if file.warned and spec.tier == "strict":
        raise _RefusalError("damaged", f"{found}: the JPEG decoder warned of corrupt data")
    picture = pixels if as_served else Pixels(at_size(pixels.values, pixels.mode, target), pixels.mode)
    smallest = small_size(file.size)
    whole = pixels if target[0] < smallest[0] or target > file.size else picture
    known.grey = grey = upright(small_grey(whole.values, whole.mode), file.turn)
    if spec.tier != "fast" and (failed := checks.failed_check(grey, checks.limits(spec.tier, spec.checks))):
        raise _RefusalError(failed.reason, failed.detail, failed.measured)
    if as_served and own and kept is not None:
        stored, form, size = kept, own, known.size
    else:
        form = output
        stored, size = _written(picture, file, output, spec)
    return Accepted(
        data=stored,
        format=form,
        width=size[0],
        height=size[1],
        source_format=found,
        source_width=known.size[0],
        source_height=known.size[1],
        source_sha256=known.sha256,
        sha256=known.sha256 if stored is data else hashlib.sha256(stored).hexdigest(),
        phash=phash(grey),
        dhash=dhash(grey),
        turned=turned_phashes(grey) if turned else (),
    )


def _written(picture: Pixels, file: JpegFile | PillowFile, output: OutputFormat, spec: ImageSpec) -> tuple[bytes, Size]:
    """The picture, scaled already, as a file in sRGB, upright, in the frame asked for; and its size."""
    values, mode = to_srgb(picture.values, picture.mode, file.icc)
    if output == "jpeg":
        values, mode = on_white(values, mode)
    values = framed(upright(values, file.turn), spec)
    stored = encode(values, mode, output, spec.quality, full_colour=spec.format == "original")
    return stored, (values.shape[1], values.shape[0])


def _enough(target: Size, size: Size) -> Size | None:
    """How large to decode what is scaled to `target`, for hashes and checks too; None: in full."""
    if target == size:
        return None
    width, height = room(target, size)
    smallest = small_size(size)
    return max(width, smallest[0]), max(height, smallest[1])


def _output(spec: ImageSpec, found: SourceFormat) -> OutputFormat:
    """The format to write; an original that has to be written anew stays in its own where that can be."""
    if spec.format != "original":
        return spec.format
    if found == "heic":
        return "jpeg"
    return found if found in ("jpeg", "png", "webp") else "png"


def _check_bytes(data: bytes, spec: ImageSpec, known: Seen) -> SourceFormat:
    """What can be told without opening the file; returns its format."""
    if len(data) > spec.max_bytes:
        raise _RefusalError("too_many_bytes", f"{len(data)} bytes, at most {spec.max_bytes}", len(data))
    found = sniff(data)
    known.format = found.name if data else None
    if found.refused:
        raise _RefusalError("unsupported_format", found.name)
    if found.format is None:
        raise _RefusalError("not_an_image", found.name if data else "no bytes")
    if len(data) < spec.min_bytes:
        raise _RefusalError("too_few_bytes", f"{len(data)} bytes, at least {spec.min_bytes}", len(data))
    if found.format == "heic" and not register_heif():
        raise _RefusalError("unsupported_format", "heic: install pillow-heif to let it in")
    return found.format


def _check_header(file: JpegFile | PillowFile, size: Size, spec: ImageSpec) -> None:
    """What the header tells, before a pixel is decoded."""
    width, height = size
    if width < 1 or height < 1:
        raise _RefusalError("damaged", f"{width}x{height} pixels")
    if file.pixels > spec.max_pixels:
        what = f"{width}x{height} pixels" if width * height > spec.max_pixels else f"tiles of {file.pixels} pixels"
        raise _RefusalError("too_many_pixels", f"{what}, at most {spec.max_pixels} in all", file.pixels)
    if min(size) < spec.min_side:
        told = f"{width}x{height} pixels, sides of at least {spec.min_side}"
        raise _RefusalError("too_small", told, min(size))
    ratio = max(size) / min(size)
    if ratio > spec.max_aspect_ratio:
        told = f"{width}x{height} is {ratio:.1f}:1, at most {spec.max_aspect_ratio:g}:1"
        raise _RefusalError("extreme_aspect_ratio", told, ratio)
    if file.scans > _MAX_JPEG_SCANS:
        raise _RefusalError("damaged", f"jpeg: {file.scans} scans, at most {_MAX_JPEG_SCANS}", file.scans)
    scanned = file.scans * file.pixels
    if file.scans > 1 and scanned > max(_SCANNED_PIXELS, 25 * spec.max_pixels):
        raise _RefusalError("damaged", f"jpeg: {file.scans} scans of {file.pixels} pixels each", scanned)
    if spec.animation == "refuse" and file.animated:
        raise _RefusalError("animated", "more than one picture, and the dataset takes no animations")
