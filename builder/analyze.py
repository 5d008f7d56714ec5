"""Everything that the checks have to say about one image, not only the first that it fails."""

import io
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

from builder import checks
from builder.decode import PillowFile
from builder.perceptual import dhash, phash
from builder.rows import RejectReason, Row, Verdict
from builder.spec import ImageSpec, Tier
from builder.text import one_line
from builder.validate import Rejected, Seen, validate

_TOLD_CHARACTERS = 100


class CheckResult(Row):
    """One check: what it measured, where it draws the line, whether the image passes. `passed` is None when it was not
    made: the tier does not ask for it, or the image could not be decoded."""

    check: str  # as in ImageSpec, or the reason where it has no threshold
    reason: RejectReason
    measured: float | None = None
    threshold: float | None = None
    bound: str | None = None  # at least, at most
    passed: bool | None = None


class Exif(Row):
    """What EXIF tells of the picture, without what tells of people or places: that there is a position, never which."""

    tags: int
    gps: bool
    make: str | None = None
    model: str | None = None
    software: str | None = None
    taken: str | None = None  # as written: YYYY:MM:DD HH:MM:SS
    orientation: int | None = None


class Analysis(Row):
    """All that can be told of an image. Sizes are in pixels, upright; hashes are hex, and the perceptual ones those of
    `ImageRow`."""

    verdict: Verdict
    reason: RejectReason | None
    detail: str | None
    tier: Tier
    checks: tuple[CheckResult, ...]
    format: str | None
    mode: str | None  # grey, RGB... as Pillow calls it
    width: int | None
    height: int | None
    size_bytes: int
    animated: bool | None
    exif: Exif | None
    sha256: str
    phash: str | None
    dhash: str | None


def analyze(data: bytes, spec: ImageSpec) -> Analysis:
    """Analyse the bytes of one image by the rules of `spec`; never raises for what they hold.

    The verdict is that of `builder.validate.validate`. The picture is decoded once: for a picture that is let in, and
    for one that is not, as long as it can be decoded within `spec.max_bytes` and `spec.max_pixels`.
    """
    lenient = spec.model_copy(
        update={"tier": "fast", "min_side": 1, "min_bytes": 1, "max_aspect_ratio": 1e9, "animation": "first_frame"}
    )
    seen = Seen()
    result = validate(data, lenient, seen=seen)
    found = (*_header_checks(data, spec, seen), *_content_checks(spec, seen))
    failed = next((one for one in found if one.passed is False), None)
    reason, detail = (result.reason, result.detail) if isinstance(result, Rejected) else (None, None)
    if failed is not None and (reason is None or _comes_first(failed, reason)):
        reason, detail = failed.reason, _told(failed)
    return Analysis(
        verdict="accepted" if reason is None else "rejected",
        reason=reason,
        detail=detail,
        tier=spec.tier,
        checks=found,
        format=seen.format,
        mode=_mode(seen),
        width=seen.size[0] if seen.size else None,
        height=seen.size[1] if seen.size else None,
        size_bytes=len(data),
        animated=seen.file.animated if seen.file else None,
        exif=_exif(data, seen),
        sha256=seen.sha256,
        phash=None if seen.grey is None else phash(seen.grey),
        dhash=None if seen.grey is None else dhash(seen.grey),
    )


_BEFORE_OPENING = ("min_bytes",)
_BEFORE_DECODING = ("min_side", "max_aspect_ratio", "animated")


def _comes_first(failed: CheckResult, reason: RejectReason) -> bool:
    """Whether `validate` would have stopped at this check before it found the other reason: what the header tells
    comes before what decoding tells."""
    if failed.check in _BEFORE_OPENING:
        return reason not in ("not_an_image", "unsupported_format", "too_many_bytes")
    return failed.check in _BEFORE_DECODING and reason == "damaged"


def _header_checks(data: bytes, spec: ImageSpec, seen: Seen) -> tuple[CheckResult, ...]:
    size = seen.size
    ratio = max(size) / min(size) if size and min(size) else None
    animated = seen.file.animated if seen.file else None
    refused = spec.animation == "refuse"
    return (
        _measured("max_bytes", "too_many_bytes", len(data), spec.max_bytes, at_least=False),
        _measured("min_bytes", "too_few_bytes", len(data), spec.min_bytes, at_least=True),
        _measured(
            "max_pixels", "too_many_pixels", seen.file.pixels if seen.file else None, spec.max_pixels, at_least=False
        ),
        _measured("min_side", "too_small", min(size) if size else None, spec.min_side, at_least=True),
        _measured("max_aspect_ratio", "extreme_aspect_ratio", ratio, spec.max_aspect_ratio, at_least=False),
        CheckResult(
            check="animated", reason="animated", passed=None if animated is None or not refused else not animated
        ),
    )


def _content_checks(spec: ImageSpec, seen: Seen) -> tuple[CheckResult, ...]:
    """Measured whatever the tier; `fast` does not judge them."""
    if seen.grey is None:
        return ()
    strict = spec.tier == "strict"
    warned = bool(seen.file and seen.file.warned)
    damaged = CheckResult(check="damaged", reason="damaged", passed=not warned if strict else None)
    judged = spec.tier != "fast"
    found = checks.measures(seen.grey, checks.limits(spec.tier, spec.checks))
    return (
        damaged,
        *(
            _measured(one.check, one.reason, one.value, one.threshold, at_least=one.at_least, judged=judged)
            for one in found
        ),
    )


def _measured(
    check: str, reason: RejectReason, value: float | None, threshold: float, *, at_least: bool, judged: bool = True
) -> CheckResult:
    passed = None
    if judged and value is not None:
        passed = value >= threshold if at_least else value <= threshold
    bound = "at least" if at_least else "at most"
    return CheckResult(check=check, reason=reason, measured=value, threshold=threshold, bound=bound, passed=passed)


def _told(check: CheckResult) -> str:
    if check.measured is None:
        return check.reason.replace("_", " ")
    return f"{check.measured:.4g}, {check.bound} {check.threshold:g}"


def _mode(seen: Seen) -> str | None:
    if seen.file is None:
        return None
    if isinstance(seen.file, PillowFile):
        return str(seen.file.opened.mode)
    return "L" if seen.file.opened.components == 1 else "RGB"


def _exif(data: bytes, seen: Seen) -> Exif | None:
    """Of a file that was opened; None when it has none that can be read."""
    if seen.file is None:
        return None
    try:
        opened = (
            seen.file.opened
            if isinstance(seen.file, PillowFile)
            else Image.open(io.BytesIO(data), formats=("JPEG", "MPO"))
        )
        found = opened.getexif()
        details = found.get_ifd(IFD.Exif)
        gps = bool(found.get_ifd(IFD.GPSInfo)) or IFD.GPSInfo in found
    except Exception:  # noqa: BLE001 - parsers raise nearly anything on hostile bytes; then there is nothing to tell
        return None
    if not found:
        return None
    orientation = found.get(Base.Orientation)
    return Exif(
        tags=len(found) + len(details),
        gps=gps,
        make=_line(found.get(Base.Make)),
        model=_line(found.get(Base.Model)),
        software=_line(found.get(Base.Software)),
        taken=_line(details.get(Base.DateTimeOriginal) or found.get(Base.DateTime)),
        orientation=orientation if isinstance(orientation, int) else None,
    )


def _line(value: Any) -> str | None:
    return one_line(value.strip("\0 "), _TOLD_CHARACTERS) or None if isinstance(value, str) else None
