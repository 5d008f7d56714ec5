"""Step `measure`: what is looked at from time to time and not counted: how much waits, how many builds there are."""

from datetime import datetime

from shared import datasets, overview
from shared.blobs import raw_folder
from shared.documents import now
from shared.telemetry import metrics


def measure() -> None:
    """Look, and record the gauges."""
    for state, number in datasets.numbers().items():
        metrics.BUILDS.record(number, {"state": state})
    metrics.QUEUE_AGE.record(queue_age(now()))


def queue_age(at: datetime) -> float:
    """How long the oldest raw shard of all running builds has been waiting to be validated, in seconds; 0 if none is.

    Costs a look and a listing for each running build.
    """
    waiting = [
        written
        for head in datasets.in_states(("queued", "building"))
        for written in _waiting(head.id, {shard.id for shard in overview.look(head.id).shards})
    ]
    return max(0.0, (at - min(waiting)).total_seconds()) if waiting else 0.0


def _waiting(dataset: str, done: set[str]) -> list[datetime]:
    return [written for name, written in raw_folder(dataset).times() if name.removesuffix(".tar") not in done]
