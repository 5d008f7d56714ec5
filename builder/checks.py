"""Checks of what a picture shows, on a small grey version of it: uniform, too dark, too bright, empty, blurry.

The tiers: `fast` makes the checks of `builder.validate` that need no pixels (type, header, size, aspect ratio, bytes);
`standard` adds the full decode and the checks here; `strict` makes the same with stricter thresholds.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from builder.rows import RejectReason
from builder.spec import Thresholds, Tier

_TILES = 6
_SHARPEST = -4
"""Of 36 tiles the fourth sharpest is looked at: the subject may be small, and a watermark must not make up for it."""
_DETAIL_LEVELS = 8
"""A pixel this far (in the Laplacian) from its neighbours shows something; noise of JPEG stays below."""
_GROUND_LEVELS = 8
_THICK = np.ones((5, 5), np.uint8)
_MAX_THICK_SHARE = 0.4
"""Of the marks on a flat ground, what is left when 2 pixels are taken off all around: next to nothing of text and line
icons (at most 0.46 in trials), more than half of an object photographed on white (at least 0.6)."""


@dataclass(frozen=True)
class Limits:
    """The thresholds of a tier; see `builder.spec.Thresholds` for what they mean."""

    min_contrast: float
    max_flat_ground: float
    min_bright_level: float
    max_dark_level: float
    min_detail: float
    min_sharpness: float


STANDARD = Limits(
    min_contrast=10,
    max_flat_ground=0.75,
    min_bright_level=40,
    max_dark_level=215,
    min_detail=0.001,
    min_sharpness=0.06,
)
STRICT = Limits(
    min_contrast=25,
    max_flat_ground=0.6,
    min_bright_level=80,
    max_dark_level=180,
    min_detail=0.005,
    min_sharpness=0.1,
)


@dataclass(frozen=True)
class Failed:
    """A check that failed: its name, the value measured, and one line with value and threshold."""

    reason: RejectReason
    measured: float
    detail: str


@lru_cache(maxsize=256)
def limits(tier: Tier, own: Thresholds) -> Limits:
    """The thresholds that count: a tier's, with what a person sets in their place."""
    return replace(STRICT if tier == "strict" else STANDARD, **own.model_dump(exclude_none=True))


def failed_check(grey: NDArray[np.uint8], limit: Limits) -> Failed | None:
    """The first check that the picture fails, or None. `grey` is (height, width), about 192 pixels wide or high.

    In order: `uniform` (hardly any contrast), `too_dark`, `too_bright`, `uniform` again (thin marks on a flat ground:
    a placeholder such as "image not available", or mere text), `low_information` (hardly a pixel that differs from its
    neighbours), `blurry`. Contrast, dark and bright are read between the 1st and 99th percentile, so that a logo or
    a dead pixel does not decide. Sharpness is the mean square of the Laplacian in one of the sharpest tiles over the
    variance of all grey values: it does not depend on contrast, nor on how much of the picture is out of focus.
    """
    counts, dark, bright = _levels(grey)
    if bright - dark < limit.min_contrast:
        return _failed("uniform", bright - dark, f"contrast of {bright - dark} levels", limit.min_contrast)
    if bright < limit.min_bright_level:
        return _failed("too_dark", bright, f"99 % of the pixels at or below level {bright}", limit.min_bright_level)
    if dark > limit.max_dark_level:
        told = f"99 % of the pixels at or above level {dark}"
        return _failed("too_bright", dark, told, limit.max_dark_level, "at most")
    return _placeholder(grey, counts, limit) or _structure(grey, limit)


@dataclass(frozen=True)
class Measure:
    """What one check measured: its value beside the threshold, `at_least` or at most that. `value` is None where the
    check has nothing to measure."""

    check: str  # the name of the threshold in `builder.spec.Thresholds`
    reason: RejectReason
    value: float | None
    threshold: float
    at_least: bool


def measures(grey: NDArray[np.uint8], limit: Limits) -> tuple[Measure, ...]:
    """Every check of `failed_check` in its order, also those behind the first that fails."""
    _, dark, bright = _levels(grey)
    detail, sharpness = _detail_and_sharpness(grey)
    return (
        Measure("min_contrast", "uniform", float(bright - dark), limit.min_contrast, at_least=True),
        Measure("min_bright_level", "too_dark", float(bright), limit.min_bright_level, at_least=True),
        Measure("max_dark_level", "too_bright", float(dark), limit.max_dark_level, at_least=False),
        Measure("max_flat_ground", "uniform", _flat_ground(grey), limit.max_flat_ground, at_least=False),
        Measure("min_detail", "low_information", detail, limit.min_detail, at_least=True),
        Measure("min_sharpness", "blurry", sharpness, limit.min_sharpness, at_least=True),
    )


def _levels(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int, int]:
    """How many pixels have which level, and the levels that 1 % and 99 % of them reach."""
    counts = np.asarray(cv2.calcHist([grey], [0], None, [256], [0, 256]), np.float32).ravel()
    dark, bright = (int(level) for level in counts.cumsum().searchsorted((0.01 * grey.size, 0.99 * grey.size)))
    return counts, dark, bright


def _placeholder(grey: NDArray[np.uint8], counts: NDArray[np.float32], limit: Limits) -> Failed | None:
    """Thin marks on a ground of one grey level (give or take one)."""
    level, ground = _ground(counts)
    if ground <= limit.max_flat_ground or not _marks_are_thin(grey, level):
        return None
    return _failed(
        "uniform", ground, f"thin marks on one level that covers {ground:.3f}", limit.max_flat_ground, "at most"
    )


def _flat_ground(grey: NDArray[np.uint8]) -> float | None:
    """The share of one grey level behind thin marks; None where the marks are not thin: then it tells nothing."""
    level, ground = _ground(_levels(grey)[0])
    return ground if _marks_are_thin(grey, level) else None


def _ground(counts: NDArray[np.float32]) -> tuple[int, float]:
    """The most frequent level, and the share of the pixels that have it, give or take one."""
    shares = counts.copy()
    shares[1:] += counts[:-1]
    shares[:-1] += counts[1:]
    level = int(shares.argmax())
    return level, float(shares[level]) / float(counts.sum())


def _marks_are_thin(grey: NDArray[np.uint8], level: int) -> bool:
    marks = (cv2.absdiff(grey, np.full_like(grey, level)) > _GROUND_LEVELS).astype(np.uint8)
    thick = cv2.countNonZero(cv2.erode(marks, _THICK))
    return thick <= _MAX_THICK_SHARE * cv2.countNonZero(marks)


def _structure(grey: NDArray[np.uint8], limit: Limits) -> Failed | None:
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    detail = _detail(laplacian)
    if detail < limit.min_detail:
        return _failed("low_information", detail, f"detail in {detail:.4f} of the pixels", limit.min_detail)
    sharpness = _sharpness(grey, laplacian)
    if sharpness < limit.min_sharpness:
        return _failed("blurry", sharpness, f"sharpness {sharpness:.4f}", limit.min_sharpness)
    return None


def _detail_and_sharpness(grey: NDArray[np.uint8]) -> tuple[float, float]:
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    return _detail(laplacian), _sharpness(grey, laplacian)


def _detail(laplacian: cv2.typing.MatLike) -> float:
    return cv2.countNonZero((np.abs(laplacian) > _DETAIL_LEVELS).view(np.uint8)) / laplacian.size


def _sharpness(grey: NDArray[np.uint8], laplacian: cv2.typing.MatLike) -> float:
    energy = laplacian.astype(np.float32)
    energy *= energy
    rows, columns = _means(grey.shape[0]), _means(grey.shape[1])
    tiles = np.sort(rows @ energy @ columns.T, axis=None)
    deviation = float(cv2.meanStdDev(grey)[1].item())
    return float(tiles[_SHARPEST]) / max(deviation**2, 1.0)


@lru_cache(maxsize=1_024)
def _means(side: int) -> NDArray[np.float32]:
    """(tiles, side): averages a line of pixels over each of its tiles."""
    tile = np.arange(side) * _TILES // side
    belongs = (tile[None] == np.arange(_TILES)[:, None]).astype(np.float32)
    means: NDArray[np.float32] = belongs / np.maximum(belongs.sum(axis=1, keepdims=True), 1)
    return means


def _failed(reason: RejectReason, measured: float, told: str, threshold: float, bound: str = "at least") -> Failed:
    return Failed(reason, float(measured), f"{told}, {bound} {threshold:g}")
