"""What comes before the rules of deduplication: decisions by people, and images that are in the dataset already."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.hashes import Indices
from builder.rows import ImageRow
from builder.survivors import Images, survivors

Standing = Literal["none", "held", "accepted", "relabelled", "rejected"]
STANDINGS: tuple[Standing, ...] = ("none", "held", "accepted", "relabelled", "rejected")
"""held: in the dataset since it was last assembled; the others: what a person decided."""

Told = NDArray[np.uint8]
"""Positions in `STANDINGS` by image, shape (n,)."""

_HELD, _ACCEPTED, _RELABELLED, _REJECTED = 1, 2, 3, 4


def standing_of(row: ImageRow, *, keep: bool) -> int:
    """The row's position in `STANDINGS`; `held` (it has a split) counts only with `keep`."""
    if row.curated is not None:
        if row.curated.decision == "rejected":
            return _REJECTED
        return _RELABELLED if row.curated.relabelled_from is not None else _ACCEPTED
    return _HELD if keep and row.split is not None else 0


def is_decided(told: Told) -> NDArray[np.bool_]:
    """Which images a person decided about."""
    decided: NDArray[np.bool_] = told >= _ACCEPTED
    return decided


def is_in(told: Told) -> NDArray[np.bool_]:
    """Which images a person wants in the dataset."""
    wanted: NDArray[np.bool_] = (told == _ACCEPTED) | (told == _RELABELLED)
    return wanted


def is_out(told: Told) -> NDArray[np.bool_]:
    """Which images a person took out."""
    out: NDArray[np.bool_] = told == _REJECTED
    return out


def precedence(told: Told) -> Indices:
    """Order in which a label's images count towards its target, shape (n,): wanted by people, held, the others."""
    return np.argsort(np.where(is_in(told), 0, np.where(told == _HELD, 1, 2)), kind="stable")


def standing_survivors(images: Images, told: Told) -> Indices:
    """Position of the image that stands for each one's picture, shape (n,): `builder.survivors.survivors` among those
    images of the picture that may stand for it.

    Who relabels or rejects an image speaks of the picture: its copies become copies of what people kept of it, or else
    of what they took out, and so stay out too. Who accepts one wants it beside the image that stands for the picture.
    Without such words, what is in the dataset already stays, and newcomers are its copies. What people decided about
    stands for itself.
    """
    if not told.any():
        return survivors(images)
    eligible = _eligible(images.group, told)
    positions = np.flatnonzero(eligible)
    groups, group = np.unique(images.group[positions], return_inverse=True)
    some = replace(
        images,
        group=group,
        label=images.label[positions],
        pixels=images.pixels[positions],
        size=images.size[positions],
        hashes=images.hashes.at(positions),
    )
    best_of_group = np.zeros(int(images.group.max()) + 1, dtype=np.int64)
    best_of_group[groups[group]] = positions[survivors(some)]
    best = best_of_group[images.group]
    decided = np.flatnonzero(is_decided(told))
    best[decided] = decided
    return best


def _eligible(group: Indices, told: Told) -> NDArray[np.bool_]:
    """Which images may stand for their picture, shape (n,); at least one of each."""
    count = int(group.max()) + 1

    def has(which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found = np.zeros(count, dtype=bool)
        found[group[which]] = True
        return found[group]

    spoken = has((told == _RELABELLED) | is_out(told))
    wanted = is_in(told)
    by_word = np.where(has(wanted), wanted, is_out(told))
    held = told == _HELD
    undecided = ~is_decided(told)
    by_rule = np.where(has(held), held, np.where(has(undecided), undecided, wanted))
    return np.where(spoken, by_word, by_rule).astype(np.bool_)
