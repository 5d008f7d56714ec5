"""One image per picture, and no more per label than asked for: verdicts over the whole dataset."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from builder import hashes
from builder.rows import DuplicateReason, ImageRow, LabelConflict, Row, Verdict
from builder.spec import DedupeSpec

_RECONSIDERED: frozenset[Verdict] = frozenset({"accepted", "duplicate", "surplus"})


class Decision(Row):
    """What one image is in the dataset."""

    verdict: Verdict
    reason: DuplicateReason | Literal["over_target"] | None = None
    duplicate_of: str | None = None


class Deduplication(Row):
    """The decisions, by key, for every image that passed validation; and where labels met."""

    decisions: dict[str, Decision]
    conflicts: tuple[LabelConflict, ...]

    def apply(self, row: ImageRow) -> ImageRow:
        """The row with its decision; rejected and failed rows as they are."""
        decision = self.decisions.get(row.key)
        if decision is None:
            return row
        detail = None if row.verdict in _RECONSIDERED else row.detail
        return row.model_copy(update={**decision.model_dump(), "detail": detail})


@dataclass(frozen=True)
class _Image:
    """What decides about an image. Sorts best first: most pixels, most bytes, first key."""

    rank: tuple[int, int, str]
    label: str
    source_sha256: str | None
    sha256: str | None
    phash: str | None

    @property
    def key(self) -> str:
        return self.rank[2]

    @property
    def contents(self) -> frozenset[str]:
        """Hashes of its bytes, as served and as stored."""
        return frozenset(digest for digest in (self.source_sha256, self.sha256) if digest)


def deduplicate(rows: Iterable[ImageRow], spec: DedupeSpec, targets: Mapping[str, int]) -> Deduplication:
    """Decide for every accepted, duplicate or surplus row what it is, from scratch: the order of rows and their
    verdicts do not matter.

    Images with the same bytes (as served or as stored) or, with `spec.near`, with perceptual hashes at most
    `spec.radius` bits apart are the same picture, and so are those that a chain of such pairs connects. Of a picture
    the image with the most pixels as served stays, then the one with the most bytes, then the first by key; the
    others are its duplicates: `exact_duplicate` when their bytes are the survivor's, else `near_duplicate`. When
    labels share a picture, the survivor's label has it. Of the survivors of a label the first `targets[label]` by key
    stay (keys are in the order of search: most relevant first); the rest is `surplus`. Raises ValueError when
    `targets` lacks a label or a key comes twice.
    """
    images = sorted((_image(row) for row in rows if row.verdict in _RECONSIDERED), key=lambda image: image.rank)
    unknown = sorted({image.label for image in images} - targets.keys())
    if unknown:
        msg = f"no target for the labels {', '.join(unknown)}"
        raise ValueError(msg)
    if len({image.key for image in images}) != len(images):
        msg = "two rows have the same key: pass each row once"
        raise ValueError(msg)
    numbers = _group(images, spec)
    best: dict[int, _Image] = {}
    for number, image in zip(numbers, images, strict=True):
        best.setdefault(number, image)
    kept = _first_by_key(best.values(), targets)
    decisions = {}
    for number, image in zip(numbers, images, strict=True):
        survivor = best[number]
        if image is not survivor:
            reason: DuplicateReason = "exact_duplicate" if image.contents & survivor.contents else "near_duplicate"
            decisions[image.key] = Decision(verdict="duplicate", reason=reason, duplicate_of=survivor.key)
        elif image.key in kept:
            decisions[image.key] = Decision(verdict="accepted")
        else:
            decisions[image.key] = Decision(verdict="surplus", reason="over_target")
    return Deduplication(decisions=decisions, conflicts=_conflicts(numbers, images, best))


def _image(row: ImageRow) -> _Image:
    pixels = (row.source_width or row.width or 0) * (row.source_height or row.height or 0)
    return _Image((-pixels, -(row.size_bytes or 0), row.key), row.label, row.source_sha256, row.sha256, row.phash)


def _group(images: list[_Image], spec: DedupeSpec) -> list[int]:
    """Group number of each image; the same number for the same picture."""
    numbers = np.arange(len(images))
    first: dict[str, int] = {}
    left, right = [], []
    for position, image in enumerate(images):
        for digest in image.contents:
            left.append(first.setdefault(digest, position))
            right.append(position)
    if spec.near:
        hashed = [position for position, image in enumerate(images) if image.phash]
        near = hashes.groups(hashes.from_hex([images[position].phash or "" for position in hashed]), spec.radius)
        met: dict[int, int] = {}
        for position, number in zip(hashed, near.tolist(), strict=True):
            left.append(met.setdefault(number, position))
            right.append(position)
    if images:
        numbers = hashes.join(numbers, np.array(left, dtype=np.int64), np.array(right, dtype=np.int64))
    result: list[int] = numbers.tolist()
    return result


def _first_by_key(survivors: Iterable[_Image], targets: Mapping[str, int]) -> set[str]:
    """Keys of the images that stay: per label the first of its target."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for image in survivors:
        by_label[image.label].append(image.key)
    return {key for label, keys in by_label.items() for key in sorted(keys)[: targets[label]]}


def _conflicts(numbers: list[int], images: list[_Image], best: dict[int, _Image]) -> tuple[LabelConflict, ...]:
    others: dict[int, Counter[str]] = defaultdict(Counter)
    for number, image in zip(numbers, images, strict=True):
        if image.label != best[number].label:
            others[number][image.label] += 1
    found = (
        LabelConflict(kept=best[number].key, label=best[number].label, others=dict(sorted(counts.items())))
        for number, counts in others.items()
    )
    return tuple(sorted(found, key=lambda conflict: conflict.kept))
