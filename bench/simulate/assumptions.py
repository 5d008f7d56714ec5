"""What a simulation takes for granted: how long steps take, and what candidates are good for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """What is built: so many labels with so many images each."""

    labels: int
    images: int

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.labels:,} labels x {self.images:,}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The app's settings that count here, at their defaults unless told otherwise."""

    max_shards_per_round: int
    max_rounds: int
    shard_wait_seconds: int


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Seconds unless said otherwise. A worker is an instance that fetches one shard at a time (64 requests at once)."""

    fetch_median: float = 12.0
    fetch_spread: float = 0.35
    """Of a shard: log-normal, standard deviation of the logarithm."""
    page_seconds: float = 0.5
    """Of a search engine's page of `page_candidates`, asked one after the other."""
    page_candidates: int = 100
    validate_seconds: float = 1.3
    """Of a shard, reading and writing included; 0.39 are measured processor time (4.1 ms an image)."""
    event_seconds: float = 1.0
    """From a raw shard to the start of its validation: Event Grid and the host."""
    row_seconds: float = 0.000_1
    """Of a candidate's row that is read and decided about, on one processor."""
    image_seconds: float = 0.000_3
    """Of an image at the end of a build (splits, manifest, card), on one processor: 1.6 s for 5,000."""
    export_bytes: float = 500_000_000 / 5.0
    """A second, of an export that copies images: blob storage to blob storage through one instance."""
    image_bytes: int = 92_000
    turn_seconds: float = 0.05
    """Of an orchestrator's turn, dispatch included."""
    acceptance: tuple[float, float] = (0.4, 0.7)
    """Share of a label's candidates that are let in, between these by label."""
    near_copies: float = 0.05
    """Share of those that are copies of others of their label."""
    taken_by_others: float = 0.01
    """Share of those that are left that another label has too."""
    lost_events: float = 0.001
    """Share of shards of which no event comes."""
    failures: float = 0.002
    """Share of fetches that fail once, and are tried again."""
    shard_units: float = 42.0
    """Request units of writing a shard, its rows and what they add up to, in place of another; 32 when it is new."""
    units_per_second: float | None = 5_000.0
    """Of a Cosmos DB partition, serverless: a dataset's shards are one."""
    actions_per_second: float | None = 500.0
    """Of the Durable Task Scheduler, Consumption."""


SOURCES: Mapping[str, str] = {
    "validate_seconds": "0.39 measured here (docs/benchmarks.md, 4.1 ms an image), the rest assumed",
    "row_seconds": "0.0000125 measured here, for near copies; reading is assumed",
    "image_seconds": "measured here (docs/benchmarks.md)",
    "image_bytes": "measured here (docs/benchmarks.md)",
    "shard_units": "measured with the model of charges (docs/cost.md)",
    "units_per_second": "Microsoft's limits",
    "actions_per_second": "Microsoft's limits",
}
"""Where a value comes from; what is not named is assumed, and nothing stands behind it but experience."""
