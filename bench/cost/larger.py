"""What larger pictures change: blobs of more than a few megabytes take more requests, and raw shards take up more."""

from dataclasses import dataclass

from bench.cost import prices
from bench.cost.bill import MONTH_DAYS, RAW_DAYS, Model, amounts, transactions
from bench.cost.by_size import Shard, raw_bytes
from bench.cost.pictures import CAME, GOOD
from builder.rounds import SHARD_SIZE

ORDINARY = 300_000
SIZES = (ORDINARY, 1_000_000, 3_000_000)
"""Bytes of a picture: of a web page, of a photograph, of one as the camera made it."""


@dataclass(frozen=True, slots=True)
class Larger:
    """At so many bytes a picture: storage transactions an image, and USD for 1,000 images."""

    size: float
    transactions: float
    usd: float


def larger(model: Model, images: int, size: float | None = None) -> Larger:
    """A build of so many images whose pictures have `size` bytes, and are kept as they came; without a size, as large
    as they were here. Longer downloads and decoding are not in it."""
    here = model.downloaded / SHARD_SIZE / CAME
    size = here if size is None else size
    found = model.at(images)
    before, after = _shard(model, here), _shard(model, size)
    shards = images / model.per_shard
    writes, reads = (after.writes - before.writes) * shards, (after.reads - before.reads) * shards
    raw = (size - here) * SHARD_SIZE * CAME * shards / 1e9 * RAW_DAYS / MONTH_DAYS
    more = prices.WRITES.of(writes) + prices.READS.of(reads) + prices.STORED.of(raw)
    return Larger(
        size,
        (transactions(found) + writes + reads) / images,
        (sum(amounts(found).values()) + more) / images * 1_000,
    )


def _shard(model: Model, size: float) -> Shard:
    return Shard(raw_bytes(SHARD_SIZE * CAME * size), SHARD_SIZE * GOOD * size, model.per_shard * size)
