"""Which image trains and which one tests: stratified by label, decided by content, near-duplicates kept together."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from builder import hashes
from builder.rows import ImageRow
from builder.spec import SplitSpec

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

_AT_LEAST_ONE_FROM = 3
"""A label with this many images has one in every split that has a share."""


@dataclass(frozen=True)
class _Group:
    """Images that must stay together, with how many of them each label has. `position` in [0, 1) comes from their
    content."""

    position: float
    keys: tuple[str, ...]
    labels: tuple[tuple[str, int], ...]


def assign_splits(rows: Iterable[ImageRow], spec: SplitSpec) -> dict[str, Split]:
    """The split of every accepted row, by key; other rows have none. The order of rows does not matter.

    Each label gets its shares rounded by the largest remainder, and with three images or more at least one image in
    every split whose share is above zero. Images whose perceptual hashes are at most `spec.radius` bits apart, and
    those that a chain of such pairs connects, are never parted, not even when that costs a label its exact shares:
    such groups are placed first, single images fill up what is left. Where an image goes is told by the SHA-256 of
    the bytes served, read as a number from 0 to 1 and held against the shares; only if its label has no room left
    there does it go where there is most. So the same image lands in the same split next time, in another dataset too,
    but for the few that the exact shares move.
    """
    groups = _groups([row for row in rows if row.verdict == "accepted"], spec.radius)
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update(dict(group.labels))
    room = {label: shares(count, spec) for label, count in sorted(counts.items())}
    result: dict[str, Split] = {}
    for group in sorted(groups, key=lambda group: (-len(group.keys), group.position, group.keys)):
        split = _place(group, room, spec)
        for label, count in group.labels:
            room[label][split] -= count
        result.update(dict.fromkeys(group.keys, split))
    return result


def shares(count: int, spec: SplitSpec) -> dict[Split, int]:
    """How many of a label's `count` images each split gets: largest remainder, then the rule of at least one."""
    ratios: dict[Split, float] = {"train": spec.train, "val": spec.val, "test": spec.test}
    exact = {split: count * ratio for split, ratio in ratios.items()}
    # Rounded, because 0.8 + 0.1 + 0.1 is not quite 1 in binary, and ties must fall the same way everywhere.
    result = {split: int(round(value, 6)) for split, value in exact.items()}
    by_remainder = sorted(SPLITS, key=lambda split: (round(result[split] - exact[split], 6), SPLITS.index(split)))
    for split in by_remainder[: count - sum(result.values())]:
        result[split] += 1
    if count >= _AT_LEAST_ONE_FROM:
        for split in SPLITS:
            if ratios[split] > 0 and result[split] == 0:
                result[max(SPLITS, key=lambda other: result[other])] -= 1
                result[split] = 1
    return result


def _place(group: _Group, room: dict[str, dict[Split, int]], spec: SplitSpec) -> Split:
    """The split for one group: where its content points if there is room for all of it, else where there is most."""
    left = {split: min(room[label][split] - count for label, count in group.labels) for split in SPLITS}
    fitting = [split for split in SPLITS if left[split] >= 0]
    if not fitting:
        return max(SPLITS, key=lambda split: left[split])
    pointed: Split = (
        "train" if group.position < spec.train else "val" if group.position < spec.train + spec.val else "test"
    )
    return pointed if pointed in fitting else max(fitting, key=lambda split: left[split])


def _groups(rows: list[ImageRow], radius: int) -> list[_Group]:
    """Rows joined by perceptual hash; an image without one is alone."""
    rows = sorted(rows, key=lambda row: row.key)
    hashed = [row for row in rows if row.phash]
    numbers = hashes.groups(hashes.from_hex([row.phash or "" for row in hashed]), radius).tolist()
    members: dict[int, list[ImageRow]] = defaultdict(list)
    for number, row in zip(numbers, hashed, strict=True):
        members[number].append(row)
    alone = ([row] for row in rows if not row.phash)
    return [_group(together) for together in (*members.values(), *alone)]


def _group(rows: list[ImageRow]) -> _Group:
    content = min(row.source_sha256 or row.sha256 or row.key.encode().hex() for row in rows)
    position = int(content[:13].ljust(13, "0"), 16) / 16**13  # 52 bits: exact in a float
    labels = Counter(row.label for row in rows)
    return _Group(position, tuple(row.key for row in rows), tuple(sorted(labels.items())))
