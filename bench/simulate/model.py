"""Answers for the orchestrators: what each activity would return, and how long it would take. The same every time."""

import hashlib
import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from bench.errors import BenchError
from bench.simulate.assumptions import Assumptions, Settings, Workload
from builder.rounds import SHARD_SIZE, candidates_to_ask_for
from shared.steps.dedupe import FEW_SHARDS
from shared.tasks import LABELS_A_PAGE

_BITS = 53
_SLUG = 64
"""Characters of a label's name: the most that there can be, for payloads are measured."""


def share(*names: object) -> float:
    """A number between 0 and 1, exclusively, that these names alone decide."""
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return ((int.from_bytes(digest) >> (64 - _BITS)) + 0.5) / (1 << _BITS)


@dataclass
class _Label:
    acceptance: float
    ends: dict[int, int] = field(default_factory=dict)  # round -> the shard after its last one
    accepted: dict[int, int] = field(default_factory=dict)  # shard -> images

    def good(self, before: int) -> int:
        return sum(count for number, count in self.accepted.items() if number < before)


class Model:
    """A dataset that is not there: every answer follows from names and from what was asked before."""

    def __init__(self, workload: Workload, settings: Settings, given: Assumptions) -> None:
        self.workload, self.settings, self.given = workload, settings, given
        low, high = given.acceptance
        names = [f"label-{number:04}-".ljust(_SLUG, "x") for number in range(workload.labels)]
        self._labels = {name: _Label(low + (high - low) * share("label", name)) for name in names}
        self._needs = dict.fromkeys(names, workload.images)
        self._order = names
        self._decided = 0

    def kept(self) -> int:
        """Images in the dataset as it is."""
        return sum(self._kept(name) for name in self._order)

    def candidates(self) -> int:
        """Candidates that were fetched."""
        return self._shards() * SHARD_SIZE

    def _shards(self) -> int:
        return sum(len(label.accepted) for label in self._labels.values())

    def _writing(self, shards: int) -> float:
        """Seconds for writing the documents of so many shards."""
        return shards * self.given.shard_units / (self.given.units_per_second or math.inf)

    def validated(self, label: str, shard: int) -> None:
        """A shard has been validated."""
        known = self._labels[label]
        wobble = NormalDist(known.acceptance, 0.06).inv_cdf(share("shard", label, shard))
        known.accepted[shard] = round(SHARD_SIZE * min(max(wobble, 0), 1))

    def is_validated(self, label: str, shard: int) -> bool:
        """Whether it has been: then nobody does it again."""
        return shard in self._labels[label].accepted

    def is_lost(self, label: str, shard: int) -> bool:
        """Whether nobody tells that this shard has been validated."""
        return share("event", label, shard) < self.given.lost_events

    def fails(self, task: dict[str, Any]) -> bool:
        """Whether this fetch fails the first time."""
        return share("failure", task["label"], task["first"]) < self.given.failures

    def answer(self, name: str, task: dict[str, Any]) -> tuple[Any, float]:
        """What an activity returns, and after how many seconds."""
        answered: tuple[Any, float] = getattr(self, f"_{name}")(task)
        return answered

    def _plan_build(self, _: dict[str, Any]) -> tuple[Any, float]:
        pages = list(range(math.ceil(self.workload.labels / LABELS_A_PAGE)))
        settings = self.settings
        waits = {"shard_wait_seconds": settings.shard_wait_seconds, "max_rounds": settings.max_rounds}
        return {"pages": pages, "exports": ["webdataset"], "merge": False, **waits}, 1.0

    def _wanted_page(self, task: dict[str, Any]) -> tuple[Any, float]:
        start = task["page"] * LABELS_A_PAGE
        names = self._order[start : start + LABELS_A_PAGE]
        return {"needs": {name: self._needs[name] for name in names if name in self._needs}, "rounds": {}}, 0.2

    def _search(self, task: dict[str, Any]) -> tuple[Any, float]:
        label, number = self._labels[task["label"]], task["round"]
        first = label.ends.get(number - 1, 0)
        kept = self._distinct(label, first)
        most = self.settings.max_shards_per_round
        asked = candidates_to_ask_for(task["need"], kept, first * SHARD_SIZE, most)
        count = asked // SHARD_SIZE
        label.ends[number] = first + count
        pages = math.ceil(asked / self.given.page_candidates)
        seconds = pages * self.given.page_seconds + 2 * first * SHARD_SIZE * self.given.row_seconds
        return {"first": first, "count": count, "dry": False, "stopped": False}, seconds

    def _fetch_shards(self, task: dict[str, Any]) -> tuple[Any, float]:
        shards = range(task["first"], task["first"] + task["count"])
        spread = NormalDist(0, self.given.fetch_spread)
        seconds = sum(
            self.given.fetch_median * math.exp(spread.inv_cdf(share("fetch", task["label"], shard))) for shard in shards
        )
        return ["fetched"] * task["count"], seconds

    def _validate_late_shards(self, task: dict[str, Any]) -> tuple[Any, float]:
        for shard in task["numbers"]:
            self.validated(task["label"], shard)
        return None, 0.1

    def _count_kept(self, task: dict[str, Any]) -> tuple[Any, float]:
        label = self._labels[task["label"]]
        end = label.ends[task["round"]]
        kept = self._distinct(label, end)
        read = end * SHARD_SIZE if end <= FEW_SHARDS or kept >= task["need"] else end  # rows, or what they add up to
        return kept, 0.2 + read * self.given.row_seconds

    def _deduplicate(self, _: dict[str, Any]) -> tuple[Any, float]:
        short = {name: self._short(name) for name in self._order if self._kept(name) < self.workload.images}
        self._needs = short
        pages = sorted({self._order.index(name) // LABELS_A_PAGE for name in short})
        new, self._decided = self._shards() - self._decided, self._shards()
        written = new if short else self._decided  # the last time, all get their splits
        return pages, self.candidates() * self.given.row_seconds + self._writing(written)

    def _assemble(self, _: dict[str, Any]) -> tuple[Any, float]:
        return None, self.candidates() * self.given.row_seconds + self.kept() * self.given.image_seconds

    def _export(self, _: dict[str, Any]) -> tuple[Any, float]:
        return None, self.kept() * self.given.image_bytes / self.given.export_bytes

    def _finish_build(self, _: dict[str, Any]) -> tuple[Any, float]:
        return "ready" if self.kept() == self.workload.labels * self.workload.images else "incomplete", 0.5

    def _fail_build(self, task: dict[str, Any]) -> tuple[Any, float]:
        msg = f"the simulated build failed: {task['message']}"
        raise BenchError(msg)

    def _notify(self, _: dict[str, Any]) -> tuple[Any, float]:
        return None, 0.2

    def _distinct(self, label: _Label, before: int) -> int:
        return math.floor(label.good(before) * (1 - self.given.near_copies))

    def _alone(self, name: str) -> int:
        label = self._labels[name]
        return self._distinct(label, max(label.ends.values(), default=0))

    def _kept(self, name: str) -> int:
        left = math.floor(self._alone(name) * (1 - self.given.taken_by_others))
        return min(left, self.workload.images)

    def _short(self, name: str) -> int:
        return self._alone(name) + self.workload.images - self._kept(name)
