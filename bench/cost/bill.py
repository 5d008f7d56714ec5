"""From two measured builds to the bill of one of any size: what is fixed, what each image takes, and prices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.cost import prices
from bench.cost.build import Run
from bench.cost.prices import Price
from shared.prices import Prices
from shared.settings import Settings
from shared.steps.dedupe import FEW_SHARDS

# What the Functions host does for a raw shard on Azure, where Event Grid tells of it and nothing is polled. Taken from
# the sources of its blob trigger, and not measured: the event is put into a queue of the host's and taken out, the
# blob's properties are asked for three times (is it there, who wrote it, what is told to the function), the message
# deleted. The blob is not read: the function takes it by reference (`functions.blob_reference`).
HOST_QUEUE, HOST_READS = 3, 3
BLOB_EVENTS = 2
"""Operations of Event Grid for a blob: it is published, and delivered."""
ENVELOPE_BYTES = 1_000
"""What Application Insights keeps of a line or of an execution beside its own text; an assumption."""

LOAD_UNITS, SUMMARY_UNITS = 3.5, 1.0
"""Of a shard's rows (about 50 KB), and of what they add up to, when a query loads it (`local.cosmos.charges`)."""
ROUND_SHARDS: int = Settings.model_fields["max_shards_per_round"].default
LABEL_IMAGES = 10_000
"""Images of a label in the bills of large datasets."""
NAMES = {
    "storage_write": "storage: writes", "storage_read": "storage: reads", "storage_other": "storage: properties",
    "storage_list": "storage: lists", "storage_delete": "storage: deletions",
    "host_reads": "storage: reads by the host (by rule)", "host_queue": "storage: host's queue (by rule)",
    "request_unit": "Cosmos DB: RU", "actions": "durable actions", "invocations": "function executions",
    "gigabyte_seconds": "function time, GB-s (busy)", "gigabyte_seconds_alone": "function time, GB-s (each alone)",
    "events": "Event Grid operations (by rule)", "log_gigabytes": "telemetry, GB", "stored_gigabytes": "stored, GB",
}  # fmt: skip
TRANSACTIONS = (
    "storage_write", "storage_read", "storage_other", "storage_list", "storage_delete", "host_reads", "host_queue",
)  # fmt: skip
_PRICED: dict[str, Price] = {
    "storage_write": prices.WRITES, "storage_read": prices.READS, "storage_other": prices.READS,
    "storage_list": prices.LISTS, "host_reads": prices.READS, "host_queue": prices.QUEUES,
    "request_unit": prices.UNITS, "actions": prices.ACTIONS, "invocations": prices.EXECUTIONS,
    "gigabyte_seconds_alone": prices.GIGABYTE_SECONDS, "events": prices.EVENTS, "log_gigabytes": prices.LOGS,
}  # fmt: skip


def quantities(run: Run) -> dict[str, float]:
    """What a build took, by the names of `NAMES`."""
    units, gigabytes = run.counted.units, Prices().instance_gigabytes
    called = sum(run.counted.invocations.values())
    found = {name: units.get(name, 0.0) for name in (*TRANSACTIONS[:5], "request_unit")}
    return found | {
        "host_reads": run.shards * HOST_READS,
        "host_queue": run.shards * HOST_QUEUE,
        "events": run.shards * BLOB_EVENTS,
        "actions": run.actions,
        "invocations": called,
        "gigabyte_seconds": run.counted.busy * gigabytes,
        "gigabyte_seconds_alone": sum(run.counted.seconds.values()) * gigabytes,
        "log_gigabytes": (run.log_bytes + (run.log_lines + called) * ENVELOPE_BYTES) / 1e9,
        "stored_gigabytes": run.stored_bytes / 1e9,
    }


@dataclass(frozen=True, slots=True)
class Model:
    """Quantities of a build: `fixed`, and `each` image; a shard holds `per_shard` images."""

    fixed: Mapping[str, float]
    each: Mapping[str, float]
    per_shard: float

    @classmethod
    def of(cls, small: Run, large: Run) -> "Model":
        """The straight line through two builds. Where it would begin below nothing, it begins there."""
        before, after = quantities(small), quantities(large)
        each = {name: max(0.0, (after[name] - before[name]) / (large.images - small.images)) for name in after}
        fixed = {name: max(0.0, before[name] - each[name] * small.images) for name in before}
        return cls(fixed, each, large.images / large.shards)

    def at(self, images: int) -> dict[str, float]:
        """A build of so many images, in labels of at most `LABEL_IMAGES`.

        Rounds are not in the straight line: both builds have one for each label. What later rounds read of earlier
        ones is added.
        """
        found = {name: self.fixed[name] + self.each[name] * images for name in self.fixed}
        found["request_unit"] += self.rereading(images)
        return found

    def rereading(self, images: int) -> float:
        """Request units for that."""
        labels = max(1, math.ceil(images / LABEL_IMAGES))
        shards = math.ceil(images / labels / self.per_shard)
        ends = [*range(ROUND_SHARDS, shards, ROUND_SHARDS), shards]  # of the rounds
        # Each round sums up what its label has, before it searches and at its end. Rows are read at its end where they
        # are few, and after the last round. The straight line has all of it once, for labels of one round.
        sums = sum(ends) + sum(ends[:-1]) - shards
        rows = sum(end for end in ends[:-1] if end <= FEW_SHARDS)
        each: float = sums * SUMMARY_UNITS + rows * LOAD_UNITS
        return labels * each


def amounts(found: Mapping[str, float]) -> dict[str, float]:
    """What each quantity costs, of those that are paid for once."""
    return {name: price.of(found[name]) for name, price in _PRICED.items()}


def transactions(found: Mapping[str, float]) -> float:
    """All requests to storage, the host's among them."""
    return sum(found[name] for name in TRANSACTIONS)
