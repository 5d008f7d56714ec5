"""What a build makes Azure do, and what that costs: one model, for builds to come and for those that go on.

`work` counts executions and operations from how large a build is. Its factors are those of the steps as they are
written; tests count what the steps really do against them. `cost` puts the price table to it.
"""

import math
from dataclasses import dataclass, field

from builder.spec import ExportFormat
from shared.prices import Prices
from shared.progress import View
from shared.tasks import LABELS_A_PAGE, shards_a_fetch

BLOCK_BYTES, ONE_PUT_BYTES = 16 << 20, 32 << 20
"""Of uploads in pieces, and what goes in one request (`shared.blobs`)."""
WITH_IMAGES: frozenset[ExportFormat] = frozenset({"imagefolder", "webdataset", "parquet", "coco", "yolo"})
"""Exports that hold the images' bytes once more."""
ROW_BYTES = 400
"""Of an image in an export that has none of its bytes, and in the files that describe a dataset."""

LEFT_OUT = (
    "The task hub's own storage or scheduler, Event Grid, logs, and data sent out to whoever downloads are not in it."
)

# Request units by operation, as `make cost` counts them: a point read of 1 KB is 1, the writing of a small document 6,
# of another in its place 12. The rows of a shard are some 40 KB; with what they add up to, and the pulse (once for ten
# that are replaced together), they are one transaction.
_READ, _WRITE, _QUERY, _SHARD_READ, _SHARD_CREATE, _SHARD_REPLACE = 1.0, 12.0, 4.0, 3.0, 32.0, 42.0
_REPLACED_TOGETHER = 10

# Seconds that a step holds an instance, alone on it: an upper bound, for instances run several at once.
_SECONDS = {
    "plan_build": 0.5, "wanted_page": 0.2, "search": 3.0, "fetch_shards": 0.0, "count_kept": 0.5, "deduplicate": 1.0,
    "assemble": 3.0, "export": 2.0, "finish_build": 0.5, "notify": 0.3,
}  # fmt: skip
_FETCH_SECONDS, _TRIGGER_SECONDS, _TURN_SECONDS, _HTTP_SECONDS = 15.0, 3.0, 0.05, 0.1
_SECONDS_A_SHARD = {"deduplicate": 0.1, "assemble": 0.1, "export": 0.5}


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a build is. `rounds` and `shards` are of all labels; `finished`: assembled and exported too."""

    labels: int
    rounds: int
    shards: int
    candidates: int
    validated: int  # images with bytes in the shards
    kept: int  # images in the dataset
    mean_bytes: float  # of a stored image
    exports: tuple[ExportFormat, ...]
    passes: int = 1  # of deduplication
    finished: bool = True
    requests: int = 0  # over HTTP


@dataclass(frozen=True, slots=True)
class Work:
    """What a build makes Azure do."""

    activities: dict[str, int]
    turns: int  # executions of orchestrators; at most, for events that come together share one
    triggers: int
    requests: int
    blob_writes: int
    blob_reads: int
    blob_lists: int
    database_requests: int
    request_units: float
    seconds: float  # of an instance
    stored_bytes: int
    executions: int = field(init=False)

    def __post_init__(self) -> None:
        total = sum(self.activities.values()) + self.turns + self.triggers + self.requests
        object.__setattr__(self, "executions", total)


class CostLine(View):
    """One thing that costs: `amount` is `quantity` x `unit_price`."""

    item: str
    quantity: float
    unit: str
    unit_price: float
    amount: float


class Cost(View):
    """What a build costs once, and what keeping its files costs each month."""

    currency: str
    total: float
    storage_per_month: float
    lines: tuple[CostLine, ...]
    prices_as_of: str
    prices_source: str
    left_out: str = LEFT_OUT


def work(extent: Extent) -> Work:
    """Count what a build of this extent does."""
    labels, rounds, shards = extent.labels, extent.rounds, extent.shards
    ends, exports = int(extent.finished), len(extent.exports) * extent.finished
    passes = extent.passes * ends
    pages = math.ceil(labels / LABELS_A_PAGE) * extent.passes
    activities = {
        "plan_build": 1, "wanted_page": pages, "search": rounds, "fetch_shards": _fetches(rounds, shards),
        "count_kept": rounds, "deduplicate": passes, "assemble": ends, "export": exports, "finish_build": ends,
        "notify": ends,
    }  # fmt: skip
    stored = stored_bytes(extent)
    shard_bytes = extent.validated * extent.mean_bytes
    copied = max(stored - shard_bytes, 0)
    # Shards larger than one request takes are written in blocks, and read in as many pieces or more.
    blocks = math.ceil(shard_bytes / BLOCK_BYTES) if shard_bytes > shards * ONE_PUT_BYTES else 0
    again = max(rounds / max(labels, 1) - 1, 0)  # a round looks at the label's earlier ones
    turns = 3 + extent.passes * labels + 3 * pages + passes + ends * 3 + exports + 3 * rounds + 2 * shards
    reads = 4 + 8 * rounds + 8 * shards + 3 * passes + 10 * ends + 4 * exports
    writes = 1 + rounds + shards + 2 * passes + 3 * ends
    queries = 1 + 2 * rounds + 2 * passes + 5 * ends
    shard_writes = shards + math.ceil(shards * passes / _REPLACED_TOGETHER)
    shard_reads = shards * (2 + again + passes + ends)
    units = reads * _READ + writes * _WRITE + queries * _QUERY + shard_reads * _SHARD_READ
    units += shards * (_SHARD_CREATE + passes * _SHARD_REPLACE)
    seconds = sum(count * _SECONDS[name] for name, count in activities.items())
    seconds += sum(shards * activities[name] * each for name, each in _SECONDS_A_SHARD.items())
    seconds += shards * (_FETCH_SECONDS + _TRIGGER_SECONDS) + turns * _TURN_SECONDS + extent.requests * _HTTP_SECONDS
    return Work(
        activities=activities,
        turns=turns,
        triggers=shards,
        requests=extent.requests,
        blob_writes=2
        + rounds
        + 2 * (shards + blocks)
        + passes
        + 7 * ends
        + 2 * exports
        + math.floor(copied / BLOCK_BYTES),
        blob_reads=round(2 + pages + (3 + again) * rounds + 3 * shards + blocks + passes + _reads_at_the_end(extent)),
        blob_lists=ends + exports,
        database_requests=reads + writes + queries + shard_writes,
        request_units=units,
        seconds=seconds,
        stored_bytes=stored,
    )


def _fetches(rounds: int, shards: int) -> int:
    """Activities that fetch, when every round has as many shards."""
    each = math.ceil(shards / max(rounds, 1))
    return math.ceil(shards / shards_a_fetch(each))


def _reads_at_the_end(extent: Extent) -> int:
    """Of assembling (thumbnails are cut out of shards) and of exports, which read every shard that they copy."""
    if not extent.finished:
        return 0
    copies = sum(one in WITH_IMAGES for one in extent.exports)
    return 4 + min(extent.shards, 64) + len(extent.exports) * 12 + copies * extent.shards


def stored_bytes(extent: Extent) -> int:
    """Bytes that stay: the shards, a copy of the kept images for each export with images, and rows of text."""
    copies = sum(one in WITH_IMAGES for one in extent.exports) if extent.finished else 0
    rows = (extent.candidates + extent.kept * len(extent.exports)) * ROW_BYTES
    return round(extent.validated * extent.mean_bytes + copies * extent.kept * extent.mean_bytes + rows)


def cost(done: Work, prices: Prices) -> Cost:
    """Price it."""
    memory = prices.instance_gigabytes
    lines = (
        _line("function executions", done.executions, "million", prices.executions_million, 1_000_000),
        _line("function time", done.seconds * memory, "GB-s", prices.gigabyte_second, 1),
        _line("blob writes and lists", done.blob_writes + done.blob_lists, "10,000", prices.blob_writes_10000, 10_000),
        _line("blob reads", done.blob_reads, "10,000", prices.blob_reads_10000, 10_000),
        _line("database request units", done.request_units, "million", prices.request_units_million, 1_000_000),
    )
    return Cost(
        currency=prices.currency,
        total=round(sum(one.amount for one in lines), 6),
        storage_per_month=round(done.stored_bytes / 1e9 * prices.blob_gigabyte_month, 6),
        lines=lines,
        prices_as_of=prices.as_of,
        prices_source=prices.source,
    )


def _line(item: str, count: float, unit: str, price: float, per: int) -> CostLine:
    return CostLine(
        item=item, quantity=round(count / per, 9), unit=unit, unit_price=price, amount=round(count / per * price, 9)
    )
