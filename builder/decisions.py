"""What each image is in the dataset: decisions about a million images in some tens of bytes each."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from builder.hashes import Indices
from builder.rows import DuplicateReason, Glance, ImageRow, LabelConflict, Row, Split, Verdict

RECONSIDERED: frozenset[Verdict] = frozenset({"accepted", "duplicate", "surplus"})

Outcome = Literal["accepted", "exact_duplicate", "near_duplicate", "over_target", "odd_size", "curated"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "exact_duplicate", "near_duplicate", "over_target", "odd_size", "curated")

_VERDICTS: dict[Outcome, Verdict] = {
    "accepted": "accepted",
    "exact_duplicate": "duplicate",
    "near_duplicate": "duplicate",
    "over_target": "surplus",
    "odd_size": "rejected",
    "curated": "rejected",
}


class Decision(Row):
    """What one image is in the dataset. `measured` is of `odd_size`: how many times the dataset's median."""

    verdict: Verdict
    reason: DuplicateReason | Literal["over_target", "odd_size", "curated"] | None = None
    detail: str | None = None
    duplicate_of: str | None = None
    measured: float | None = None


@dataclass(frozen=True, eq=False)  # mappings are equal when their items are
class Decisions(Mapping[str, Decision]):
    """By key. `keys_` are sorted; `outcome` numbers `OUTCOMES`, `survivor` is the position of the image that stands for
    this one (its own when it is no copy), `factor` its size against the dataset's median; shapes (n,)."""

    keys_: Sequence[str]
    outcome: NDArray[np.uint8]
    survivor: Indices
    factor: NDArray[np.float32]

    def __getitem__(self, key: str) -> Decision:
        fields = self.fields(key)
        if fields is None:
            raise KeyError(key)
        return Decision.model_construct(**fields)

    def fields(self, key: str) -> dict[str, Any] | None:
        """The fields of the decision about that image by name, all of them: what its row says from now on. None where
        nothing is decided."""
        position = bisect_left(self.keys_, key)
        if position == len(self.keys_) or self.keys_[position] != key:
            return None
        outcome = OUTCOMES[self.outcome[position]]
        verdict = _VERDICTS[outcome]
        told: dict[str, Any] = {
            "verdict": verdict,
            "reason": outcome,
            "detail": None,
            "duplicate_of": None,
            "measured": None,
        }
        if outcome == "accepted":
            told["reason"] = None
        elif verdict == "duplicate":
            told["duplicate_of"] = self.keys_[self.survivor[position]]
        elif outcome == "odd_size":
            factor = round(float(self.factor[position]), 4)
            detail = f"{factor:.3g} times the dataset's median of sqrt(width x height)"
            return told | {"detail": detail, "measured": factor}
        return told

    def accepted(self) -> Indices:
        """Positions, among the keys, of the images that are in the dataset."""
        return np.flatnonzero(self.outcome == OUTCOMES.index("accepted"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return len(self.keys_)

    def verdicts(self) -> Counter[Verdict]:
        """How many images have which verdict."""
        counts: Counter[Verdict] = Counter()
        for outcome, count in zip(OUTCOMES, np.bincount(self.outcome, minlength=len(OUTCOMES)).tolist(), strict=True):
            counts[_VERDICTS[outcome]] += count
        return counts


@dataclass(frozen=True)
class Deduplication:
    """The decisions for every image that passed validation; and where labels met."""

    decisions: Decisions
    conflicts: tuple[LabelConflict, ...]

    def apply(self, row: ImageRow, splits: Mapping[str, Split] | None = None) -> ImageRow:
        """The row with its decision; other rejected and failed rows as they are. Where there are `splits` (by key), it
        has its split too, or none."""
        split = row.split if splits is None else splits.get(row.key)
        if reconsidered(row) and (fields := self.decisions.fields(row.key)):
            return row.model_copy(update=fields | {"split": split})
        return row if split == row.split else row.model_copy(update={"split": split})


def reconsidered(row: ImageRow | Glance) -> bool:
    """Whether deduplication decides about the row: it passed validation, whatever an earlier run or a person made of
    it."""
    return row.verdict in RECONSIDERED or row.reason in {"odd_size", "curated"}
