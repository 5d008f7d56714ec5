"""From two measured builds to the bill of one of any size: what is fixed, what each image takes, and prices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.cost import prices
from bench.cost.build import LABELS, Run
from bench.cost.by_size import HOST_LOOKS, HOST_QUEUE
from bench.cost.prices import Price
from bench.simulate.assumptions import Assumptions
from shared.prices import Prices
from shared.settings import Settings
from shared.steps.dedupe import FEW_SHARDS

BLOB_EVENTS = 2
"""Operations of Event Grid for a blob: it is published, and delivered."""
_ASSUMED = Assumptions()
FETCH_SECONDS = _ASSUMED.fetch_median * math.exp(_ASSUMED.fetch_spread**2 / 2)
"""Of a shard on the web, the mean of what simulations assume: here the pictures come from next door."""
RAW_DAYS = 22
"""Until the bytes of a raw shard are gone, at the longest: `rawDays` of `prod`, a day until the lifecycle rule is run,
and `keepDeletedDays`, for what is deleted softly is paid for as before."""
MONTH_DAYS = 30.4
ROW_BYTES = 400
"""Of a candidate in the database."""
ENVELOPE_BYTES = 1_000
"""What Application Insights keeps of a line or of an execution beside its own text; an assumption."""

LOAD_UNITS, SUMMARY_UNITS = 2.8, 1.0
"""Of a shard's rows (about 40 KB), and of what they add up to, when a query loads it (`local.cosmos.charges`)."""
ROUND_SHARDS: int = Settings.model_fields["max_shards_per_round"].default
LABEL_IMAGES = 10_000
"""Images of a label in the bills of large datasets."""
NAMES = {
    "storage_write": "storage: writes", "storage_read": "storage: reads", "storage_other": "storage: properties",
    "storage_list": "storage: lists", "storage_delete": "storage: deletions",
    "host_looks": "storage: properties, by the host (by rule)",
    "host_queue": "storage: host's queue (by rule)",
    "request_unit": "Cosmos DB: RU", "actions": "durable actions", "invocations": "function executions",
    "gigabyte_seconds": "function time, GB-s (busy)", "gigabyte_seconds_alone": "function time, GB-s (each alone)",
    "gigabyte_seconds_web": "function time, GB-s (waiting for the web, by rule)",
    "events": "Event Grid operations (by rule)", "log_gigabytes": "telemetry, GB", "stored_gigabytes": "stored, GB",
    "raw_gigabyte_months": "raw shards until they are deleted, GB-months (by rule)",
    "document_gigabytes": "database, GB (by rule)",
}  # fmt: skip
TRANSACTIONS = (
    "storage_write", "storage_read", "storage_other", "storage_list", "storage_delete", "host_looks",
    "host_queue",
)  # fmt: skip
_PRICED: dict[str, Price] = {
    "storage_write": prices.WRITES, "storage_read": prices.READS, "storage_other": prices.READS,
    "storage_list": prices.LISTS, "host_looks": prices.READS,
    "host_queue": prices.QUEUES,
    "request_unit": prices.UNITS, "actions": prices.ACTIONS, "invocations": prices.EXECUTIONS,
    "gigabyte_seconds_alone": prices.GIGABYTE_SECONDS, "gigabyte_seconds_web": prices.GIGABYTE_SECONDS,
    "events": prices.EVENTS, "log_gigabytes": prices.LOGS, "raw_gigabyte_months": prices.STORED,
}  # fmt: skip


def quantities(run: Run) -> dict[str, float]:
    """What a build took, by the names of `NAMES`."""
    units, gigabytes = run.counted.units, Prices().instance_gigabytes
    downloaded = units.get("downloaded_byte", 0.0)
    called = sum(run.counted.invocations.values())
    found = {name: units.get(name, 0.0) for name in (*TRANSACTIONS[:5], "request_unit")}
    return found | {
        "host_looks": run.shards * HOST_LOOKS,
        "host_queue": run.shards * HOST_QUEUE,
        "events": run.shards * BLOB_EVENTS,
        "actions": run.actions,
        "invocations": called,
        "gigabyte_seconds": run.counted.busy * gigabytes,
        "gigabyte_seconds_alone": sum(run.counted.billed.values()) * gigabytes,
        "gigabyte_seconds_web": run.shards * FETCH_SECONDS * gigabytes,
        "log_gigabytes": (run.log_bytes + (run.log_lines + called) * ENVELOPE_BYTES) / 1e9,
        "stored_gigabytes": run.stored_bytes / 1e9,
        "raw_gigabyte_months": downloaded / 1e9 * RAW_DAYS / MONTH_DAYS,
        "document_gigabytes": run.candidates * ROW_BYTES / 1e9,
    }


@dataclass(frozen=True, slots=True)
class Model:
    """Quantities of a build: `fixed`, and `each` image; a shard holds `per_shard` images, `downloaded` bytes came."""

    fixed: Mapping[str, float]
    each: Mapping[str, float]
    per_shard: float
    downloaded: float

    @classmethod
    def of(cls, small: Run, large: Run) -> "Model":
        """The straight line through two builds. Where it would begin below nothing, it begins there."""
        before, after = quantities(small), quantities(large)
        each = {name: max(0.0, (after[name] - before[name]) / (large.images - small.images)) for name in after}
        fixed = {name: max(0.0, before[name] - each[name] * small.images) for name in before}
        downloaded = large.counted.units.get("downloaded_byte", 0.0) / large.shards
        return cls(fixed, each, large.images / large.shards, downloaded)

    def at(self, images: int) -> dict[str, float]:
        """A build of so many images, in labels of at most `LABEL_IMAGES`.

        What is fixed is taken once for as many labels as were built, and for each of their rounds. Rounds are not in
        the straight line: both builds have one for each label. What later ones read of earlier ones is added.
        """
        labels = max(1, math.ceil(images / LABEL_IMAGES))
        rounds = math.ceil(images / labels / self.per_shard / ROUND_SHARDS)
        times = math.ceil(labels / LABELS) * rounds
        found = {name: self.fixed[name] * times + self.each[name] * images for name in self.fixed}
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
