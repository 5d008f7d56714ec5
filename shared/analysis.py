"""What can be told of one image: the builder's checks and hashes, and the tenant's images that show the same."""

from typing import TYPE_CHECKING

from pydantic import Field

from builder.rows import RejectReason, Verdict
from builder.spec import ImageSpec, Tier
from shared.progress import View
from shared.similar import Searched, Similar, similar

if TYPE_CHECKING:
    from builder.analyze import Analysis


class CheckView(View):
    """One check; `passed` is null when it was not made."""

    check: str
    reason: RejectReason
    measured: float | None
    threshold: float | None
    bound: str | None
    passed: bool | None


class ExifView(View):
    """What EXIF tells of the picture; of a position only that there is one."""

    tags: int
    gps: bool
    make: str | None
    model: str | None
    software: str | None
    taken: str | None
    orientation: int | None


class AnalysisView(View):
    """Everything about one image."""

    verdict: Verdict
    reason: RejectReason | None
    detail: str | None
    tier: Tier
    checks: tuple[CheckView, ...]
    format: str | None
    mode: str | None
    width: int | None
    height: int | None
    size_bytes: int
    animated: bool | None
    exif: ExifView | None
    sha256: str
    phash: str | None
    dhash: str | None
    similar: tuple[Similar, ...] = Field(description="nearest first, a hundred at most")
    searched: Searched


def analyze(owner: str, data: bytes, spec: ImageSpec, radius: int) -> AnalysisView:
    """Analyse the bytes of one image, and look for copies of it; never raises for what the bytes hold."""
    from builder.analyze import analyze as look

    found: Analysis = look(data, spec)
    copies, searched = similar(owner, found.sha256, found.phash, radius)
    return AnalysisView(**found.model_dump(), similar=copies, searched=searched)
