"""Which image trains and which one tests: stratified by label, decided by content, near-duplicates kept together."""

from array import array
from collections import Counter
from collections.abc import Iterable

import numpy as np

from builder.fingerprints import Closeness, Collector
from builder.hashes import Indices
from builder.kinship import families
from builder.rows import SPLITS, ImageRow, Split
from builder.spec import SplitSpec

_AT_LEAST_ONE_FROM = 3
"""A label with this many images has one in every split that has a share."""


def assign_splits(rows: Iterable[ImageRow], spec: SplitSpec, *, keep: bool = False) -> dict[str, Split]:
    """The split of every accepted row, by key; other rows have none. The order of rows does not matter.

    Each label gets its shares rounded by the largest remainder, and with three images or more at least one image in
    every split whose share is above zero. Images whose perceptual hashes are close (`spec.radius`, `spec.joint_radius`;
    see `builder.fingerprints.Closeness`), and those that a chain of such pairs connects, are never parted (but see
    `builder.kinship.families` for chains that grow too long), not even when that costs a label its exact shares: such
    groups are placed first, single images fill up what is left. Where an image goes is told by the SHA-256 of the
    bytes served, read as a number from 0 to 1 and held against the shares; only if its label has no room left there
    does it go where there is most. So the same image lands in the same split next time, in another dataset too, but
    for the few that the exact shares move. With `keep`, images that have a split already stay in it, and what is close
    to them joins them; the others fill up what is left. Only where a new image connects families that were apart do
    the fewer of them move. Holds some hundred bytes per image.
    """
    keys: list[str] = []
    labels: list[str] = []
    found_positions = array("d")
    held: list[Split | None] = []
    collector = Collector()
    for row in rows:
        if row.verdict == "accepted":
            keys.append(row.key)
            labels.append(row.label)
            found_positions.append(_position(row))
            held.append(row.split if keep else None)
            collector.add(row)
    by_key = sorted(range(len(keys)), key=keys.__getitem__)
    order = np.array(by_key, dtype=np.int64)
    family = families(collector.select(order), Closeness(spec.radius, spec.joint_radius))
    positions = np.full(int(family.max(initial=-1)) + 1, 1.0)
    np.minimum.at(positions, family, np.array(found_positions)[order])

    room = {label: shares(count, spec) for label, count in sorted(Counter(labels).items())}
    result: dict[str, Split] = {}
    placed = [([by_key[member] for member in members], position) for members, position in _in_order(family, positions)]
    if keep:  # what stays takes its room before anything new is placed
        placed.sort(key=lambda one: all(held[member] is None for member in one[0]))
    for together, position in placed:
        counts = Counter(labels[member] for member in together)
        split = _held(held[member] for member in together) or _place(position, counts, room, spec)
        for label, count in counts.items():
            room[label][split] -= count
        for member in together:
            result[keys[member]] = split
    return result


def _held(splits: Iterable[Split | None]) -> Split | None:
    """The split that most images of a family are in, the first of those in a tie; None when none is in any."""
    counts = Counter(split for split in splits if split is not None)
    if not counts:
        return None
    most: Split = max(SPLITS, key=counts.__getitem__)
    return most


def _position(row: ImageRow) -> float:
    """A number in [0, 1) from the image's content."""
    content = row.source_sha256 or row.sha256 or row.key.encode().hex()
    return int(content[:13].ljust(13, "0"), 16) / 16**13  # 52 bits: exact in a float


def _in_order(family: Indices, positions: "np.typing.NDArray[np.float64]") -> Iterable[tuple[list[int], float]]:
    """Members and position of each family: the largest first, then by position."""
    sizes = np.bincount(family, minlength=len(positions))
    members = np.argsort(family, kind="stable")
    ends = np.cumsum(sizes)
    for number in np.lexsort((positions, -sizes)).tolist():
        yield members[ends[number] - sizes[number] : ends[number]].tolist(), float(positions[number])


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


def _place(position: float, counts: Counter[str], room: dict[str, dict[Split, int]], spec: SplitSpec) -> Split:
    """The split for one family: where its content points if there is room for all of it, else where there is most."""
    left = {split: min(room[label][split] - count for label, count in counts.items()) for split in SPLITS}
    fitting = [split for split in SPLITS if left[split] >= 0]
    if not fitting:
        return max(SPLITS, key=lambda split: left[split])
    pointed: Split = "train" if position < spec.train else "val" if position < spec.train + spec.val else "test"
    return pointed if pointed in fitting else max(fitting, key=lambda split: left[split])
