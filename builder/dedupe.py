"""One image per picture, and no more per label than asked for: verdicts over the whole dataset."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from builder.decisions import OUTCOMES, Decisions, Deduplication, Outcome, reconsidered
from builder.fingerprints import Closeness, Collector, Fingerprints
from builder.hashes import Indices, join, join_all
from builder.rows import ImageRow, LabelConflict
from builder.spec import DedupeSpec
from builder.standing import is_decided, is_in, is_out, precedence, standing_of, standing_survivors
from builder.survivors import Images, ranks

_ENOUGH_FOR_A_MEDIAN = 3
_DIGEST_BYTES = 32

Digests = NDArray[np.int64]
"""Numbers of contents by image, shape (n, 2): of the bytes as served and as stored; -1 where unknown."""


@dataclass
class _Columns:
    """What is kept of each row: about 250 bytes, most of which are its key and digests."""

    keys: list[str] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    label: "array[int]" = field(default_factory=lambda: array("q"))
    pixels: "array[int]" = field(default_factory=lambda: array("q"))
    size: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    known: bytearray = field(default_factory=bytearray)
    standing: bytearray = field(default_factory=bytearray)  # positions in `STANDINGS`
    hashes: Collector = field(default_factory=Collector)

    def add(self, row: ImageRow, *, turned: bool, keep: bool) -> None:
        self.keys.append(row.key)
        self.standing.append(standing_of(row, keep=keep))
        self.label.append(self.labels.setdefault(row.label, len(self.labels)))
        self.pixels.append((row.source_width or row.width or 0) * (row.source_height or row.height or 0))
        self.size.append(row.source_bytes or row.size_bytes or 0)
        for digest in (row.source_sha256, row.sha256):
            self.known.append(digest is not None)
            self.digests += bytes.fromhex(digest) if digest else bytes(_DIGEST_BYTES)
        self.hashes.add(row, turned=turned)


def deduplicate(
    rows: Iterable[ImageRow],
    spec: DedupeSpec,
    targets: Mapping[str, int],
    *,
    odd_size: float | None = None,
    keep: bool = False,
) -> Deduplication:
    """Decide for every row that passed validation what it is, from scratch: the order of rows and their verdicts do
    not matter.

    With `odd_size`, images whose sqrt(width x height), as served, is more than that factor above or below the median
    of all these images are rejected first; three images at least must be there. Images with the same bytes (as served
    or as stored) or, with `spec.near`, with perceptual hashes that are close (see `builder.fingerprints.Closeness`;
    `spec.radius`, `spec.joint_radius`) are the same picture, and so are those that a chain of such pairs connects.
    With `spec.turned`, so are mirrored and rotated copies whose rows tell `turned` hashes. One image of a picture
    stays (see `builder.survivors`), the others are its duplicates: `exact_duplicate` when their bytes are its bytes,
    else `near_duplicate`. Of the survivors of a label the first `targets[label]` by key stay (keys are in the order of
    search: most relevant first); the rest is `surplus`. What people decided comes first, and with `keep` what is in
    the dataset already: see `builder.standing`. Raises ValueError when `targets` lacks a label, a key comes
    twice or a SHA-256 is not one. Holds some hundred bytes per image.
    """
    columns = _Columns()
    for row in rows:
        if reconsidered(row):
            columns.add(row, turned=spec.turned, keep=keep)
    return _decide(columns, spec, targets, odd_size)


def _decide(columns: _Columns, spec: DedupeSpec, targets: Mapping[str, int], odd_size: float | None) -> Deduplication:
    names = _check(columns, targets)
    by_key = sorted(range(len(columns.keys)), key=columns.keys.__getitem__)
    keys = [columns.keys[position] for position in by_key]
    order = np.array(by_key, dtype=np.int64)
    if any(a == b for a, b in pairwise(keys)):
        msg = "two rows have the same key: pass each row once"
        raise ValueError(msg)
    numbers = np.array([names.index(name) for name in columns.labels], dtype=np.int64)
    label = numbers[np.array(columns.label, dtype=np.int64)[order]]
    pixels = np.array(columns.pixels, dtype=np.int64)[order]
    size = np.array(columns.size, dtype=np.int64)[order]
    digests = _content_numbers(columns)[order]
    factor = _factors(pixels)
    odd = np.zeros(len(keys), dtype=bool)
    if odd_size is not None:
        odd = (factor > odd_size) | (factor * odd_size < 1)
    told = np.frombuffer(columns.standing, dtype=np.uint8)[order]
    odd &= ~is_decided(told)
    usual = np.flatnonzero(~odd)  # from here on positions are among these

    hashes = columns.hashes.select(order[usual])
    group = _group(digests[usual], hashes, spec)
    images = Images(group, label[usual], pixels[usual], size[usual], hashes)
    best = standing_survivors(images, told[usual])
    outcome = np.full(len(keys), OUTCOMES.index("odd_size"), dtype=np.uint8)
    limits = np.array([targets[name] for name in names], dtype=np.int64)
    outcome[usual] = _outcomes(images, best, digests[usual], limits, told[usual])
    survivor = np.arange(len(keys))
    survivor[usual] = usual[best]
    return Deduplication(
        decisions=Decisions(keys, outcome, survivor, factor),
        conflicts=_conflicts(keys, names, label, survivor),
    )


def _check(columns: _Columns, targets: Mapping[str, int]) -> list[str]:
    """The labels by name."""
    unknown = sorted(columns.labels.keys() - targets.keys())
    if unknown:
        msg = f"no target for the labels {', '.join(unknown)}"
        raise ValueError(msg)
    if len(columns.digests) != _DIGEST_BYTES * len(columns.known):
        msg = "a row has a SHA-256 that is not 64 hex digits"
        raise ValueError(msg)
    return sorted(columns.labels)


def _content_numbers(columns: _Columns) -> Digests:
    """The same number for the same bytes."""
    words = np.frombuffer(columns.digests, dtype=np.uint64).reshape(-1, 4)
    known = np.frombuffer(columns.known, dtype=np.bool_)
    order = np.lexsort(words.T)
    new = np.zeros(len(words), dtype=bool)
    new[:1] = True
    for word in range(words.shape[1]):
        ordered = words[order, word]
        new[1:] |= ordered[1:] != ordered[:-1]
    numbers = np.empty(len(words), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return np.where(known, numbers, -1).reshape(-1, 2)


def _factors(pixels: Indices) -> NDArray[np.float32]:
    """Each image's sqrt(width x height) against the median of all, shape (n,); 1 where it is unknown."""
    sides = np.sqrt(pixels.astype(np.float64))
    known = pixels > 0
    factors = np.ones(len(pixels), dtype=np.float32)
    if known.sum() >= _ENOUGH_FOR_A_MEDIAN:
        factors[known] = sides[known] / np.median(sides[known])
    return factors


def _group(digests: Digests, hashes: Fingerprints, spec: DedupeSpec) -> Indices:
    """Number of each image's picture, shape (n,)."""
    numbers = np.arange(len(digests))
    told = np.flatnonzero(digests.ravel() >= 0)
    _, first, which = np.unique(digests.ravel()[told], return_index=True, return_inverse=True)
    if len(told):
        numbers = join(numbers, told // 2, told[first][which] // 2)
    if spec.near and len(numbers):
        points, images, point = hashes.points()
        alike = join_all(np.arange(len(points.phash)), points.close(Closeness(spec.radius, spec.joint_radius)))[point]
        if len(images):
            _, one, which = np.unique(alike, return_index=True, return_inverse=True)
            numbers = join(numbers, images, images[one][which])
        if spec.turned:
            numbers = join_all(numbers, hashes.turned_pairs(spec.radius))
    return np.unique(numbers, return_inverse=True)[1]


def _outcomes(
    images: Images, best: Indices, digests: Digests, limits: Indices, told: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Positions in `OUTCOMES`, shape (n,)."""

    def number(outcome: Outcome) -> int:
        return OUTCOMES.index(outcome)

    survivors_digests = digests[best]
    same = np.zeros(len(best), dtype=bool)
    for mine in (0, 1):
        for its in (0, 1):
            same |= (digests[:, mine] >= 0) & (digests[:, mine] == survivors_digests[:, its])
    result = np.where(same, number("exact_duplicate"), number("near_duplicate")).astype(np.uint8)
    standing = np.flatnonzero((best == np.arange(len(best))) & ~is_out(told))
    standing = standing[precedence(told[standing])]
    label = images.label[standing]
    wanted = (ranks(label) < limits[label]) | is_in(told[standing])
    result[standing] = np.where(wanted, number("accepted"), number("over_target"))
    result[is_out(told)] = number("curated")
    return result


def _conflicts(keys: list[str], names: list[str], label: Indices, survivor: Indices) -> tuple[LabelConflict, ...]:
    others: dict[int, Counter[str]] = defaultdict(Counter)
    for position in np.flatnonzero(label != label[survivor]).tolist():
        others[int(survivor[position])][names[int(label[position])]] += 1
    return tuple(
        LabelConflict(kept=keys[kept], label=names[int(label[kept])], others=dict(sorted(counts.items())))
        for kept, counts in sorted(others.items())
    )
