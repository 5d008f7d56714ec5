"""One image per picture, and no more per label than asked for: verdicts over the whole dataset."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from builder.columns import Columns
from builder.decisions import OUTCOMES, Decisions, Deduplication, Outcome, reconsidered
from builder.fingerprints import Closeness, Fingerprints
from builder.hashes import Indices, join, join_all
from builder.rows import ImageRow, LabelConflict
from builder.spec import DedupeSpec
from builder.standing import is_decided, is_in, is_out, precedence, standing_survivors
from builder.survivors import Images, ranks

_ENOUGH_FOR_A_MEDIAN = 3

Digests = NDArray[np.int64]
"""Numbers of contents, see `builder.columns.Columns.contents`."""


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
    columns = Columns.of((row for row in rows if reconsidered(row)), turned=spec.turned, keep=keep)
    return deduplicated(columns, spec, targets, odd_size=odd_size)


def deduplicated(
    columns: Columns, spec: DedupeSpec, targets: Mapping[str, int], *, odd_size: float | None = None
) -> Deduplication:
    """The same for the columns of these rows, which must have been taken with `spec.turned`."""
    names = _labels(columns, targets)
    order = columns.in_order
    keys = [columns.keys[position] for position in order.tolist()]
    numbers = np.array([names.index(name) for name in columns.labels], dtype=np.int64)
    label = numbers[np.array(columns.label, dtype=np.int64)[order]]
    pixels = np.array(columns.pixels, dtype=np.int64)[order]
    size = np.array(columns.size, dtype=np.int64)[order]
    digests = columns.contents()[order]
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


def _labels(columns: Columns, targets: Mapping[str, int]) -> list[str]:
    """By name."""
    unknown = sorted(columns.labels.keys() - targets.keys())
    if unknown:
        msg = f"no target for the labels {', '.join(unknown)}"
        raise ValueError(msg)
    return sorted(columns.labels)


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
