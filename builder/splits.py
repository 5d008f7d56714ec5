"""Which image trains and which one tests: stratified by label, decided by content, near-duplicates kept together."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from builder.columns import Columns
from builder.fingerprints import Closeness
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
    columns = Columns.of((row for row in rows if row.verdict == "accepted"), keep=keep)
    return split(columns, spec)


def split(columns: Columns, spec: SplitSpec, chosen: Indices | None = None) -> dict[str, Split]:
    """The same for columns: of the images at the places `chosen` in the order of keys, or of all."""
    order = columns.in_order if chosen is None else columns.in_order[chosen]
    family = families(columns.hashes.select(order), Closeness(spec.radius, spec.joint_radius))
    places = np.full(int(family.max(initial=-1)) + 1, 1.0)
    np.minimum.at(places, family, columns.places()[order])

    names = list(columns.labels)
    numbers = np.array(columns.label, dtype=np.int64)[order]
    counts = dict(zip(names, np.bincount(numbers, minlength=len(names)).tolist(), strict=True))
    room = {name: shares(count, spec) for name, count in sorted(counts.items())}
    labels = [names[number] for number in numbers.tolist()]
    keys = [columns.keys[position] for position in order.tolist()]
    result: dict[str, Split] = {}
    held = [columns.held[position] for position in order.tolist()]
    placed = _in_order(family, places)
    if any(held):  # what stays takes its room before anything new is placed
        placed = iter(sorted(placed, key=lambda one: not any(held[member] for member in one[0])))
    for members, place in placed:
        found = _held(held[member] for member in members) or _pointed(place, spec)
        if len(members) == 1 and (held[members[0]] or room[labels[members[0]]][found] > 0):  # nearly all are such
            room[labels[members[0]]][found] -= 1
            result[keys[members[0]]] = found
            continue
        counted = Counter(labels[member] for member in members)
        if not any(held[member] for member in members):
            found = _place(found, counted, room)
        for label, count in counted.items():
            room[label][found] -= count
        result |= dict.fromkeys((keys[member] for member in members), found)
    return result


def _held(splits: Iterable[int]) -> Split | None:
    """The split that most images of a family are in, the first of those in a tie; None when none is in any."""
    counts = Counter(SPLITS[number - 1] for number in splits if number)
    if not counts:
        return None
    most: Split = max(SPLITS, key=counts.__getitem__)
    return most


def _in_order(family: Indices, places: NDArray[np.float64]) -> Iterator[tuple[list[int], float]]:
    """Members and place of each family: the largest first, then by place."""
    sizes = np.bincount(family, minlength=len(places))
    members = np.argsort(family, kind="stable").tolist()
    ends = np.cumsum(sizes)
    order = np.lexsort((places, -sizes))
    spans = zip((ends - sizes)[order].tolist(), ends[order].tolist(), places[order].tolist(), strict=True)
    return ((members[start:end], place) for start, end, place in spans)


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


def _pointed(place: float, spec: SplitSpec) -> Split:
    """Where the content points."""
    return "train" if place < spec.train else "val" if place < spec.train + spec.val else "test"


def _place(pointed: Split, counts: Counter[str], room: dict[str, dict[Split, int]]) -> Split:
    """The split for one family: where its content points if there is room for all of it, else where there is most."""
    left = {split: min(room[label][split] - count for label, count in counts.items()) for split in SPLITS}
    fitting = [split for split in SPLITS if left[split] >= 0]
    if not fitting:
        return max(SPLITS, key=lambda split: left[split])
    return pointed if pointed in fitting else max(fitting, key=lambda split: left[split])
