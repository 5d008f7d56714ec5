"""Step `validate_shard`: from a raw shard to a shard of accepted images and the document that tells of every row."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from builder.spec import DatasetSpec
from shared import shards
from shared.blobs import dataset_folder, raw_folder
from shared.documents import Counts, DatasetDocument, ShardDocument, shard_id, shard_parts
from shared.steps import lifecycle
from shared.steps.plan import read_plan
from shared.tasks import ShardTask, Task
from shared.telemetry import metrics

log = logging.getLogger(__name__)

_IN_MEMORY_BYTES = 32 << 20


@dataclass(frozen=True)
class Done:
    """A shard that needs no more work, and the orchestration that may be waiting for it."""

    label: str
    number: int
    instance: str | None  # None: the raw shard does not name one


def validate_raw(dataset: str, shard: str, told: Mapping[str, str] | None = None) -> Done | None:
    """Validate a raw shard unless that was done before. None when its dataset is no longer being built.

    told: the raw shard's metadata, where it is at hand.
    """
    found = _wanted(dataset, shard, told)
    if found is None:
        return None
    done, document = found
    if not is_done(dataset, shard):
        shards.remove(dataset, shard)  # its tar is lost, if it is there at all
        validated = _validate(dataset, done, document.spec)
        shards.add(validated)
        _count(validated.counts)
        lifecycle.tidy(Task(owner=document.owner, dataset=dataset))
    return done


def _wanted(dataset: str, shard: str, told: Mapping[str, str] | None = None) -> tuple[Done, DatasetDocument] | None:
    """The shard and the dataset that it is for; None when that is not being built (any more)."""
    parts = shard_parts(shard)
    if parts is None:
        log.warning("raw/%s/%s.tar is left alone: it has not the name of a shard", dataset, shard)
        return None
    try:
        told = told or raw_folder(dataset).metadata(f"{shard}.tar")
        # Raw shards of earlier releases do not say whose they are.
        owner = told.get("owner") or read_plan(dataset_folder(dataset)).owner
    except FileNotFoundError:
        log.info("shard %s/%s: its dataset was deleted", dataset, shard)
        return None
    document = lifecycle.running(owner, dataset)
    if document is None or parts[0] not in {label.slug for label in document.spec.labels}:
        log.info("shard %s/%s is of no build that goes on", dataset, shard)
        return None
    return Done(*parts, told.get("instance")), document


def trace_of(dataset: str, shard: str) -> str | None:
    """The trace that a raw shard was fetched in, None when nothing tells."""
    try:
        return raw_folder(dataset).metadata(f"{shard}.tar").get("traceparent")
    except FileNotFoundError:
        return None


def is_done(dataset: str, shard: str) -> bool:
    """Whether the shard needs no more work: its document is there, and so is the tar that its rows point into.

    The two stores can lose different things; what has lost its other half is done again.
    """
    document = shards.find(dataset, shard)
    if document is None:
        return False
    tars = {row.shard for row in document.images if row.shard}
    return all(dataset_folder(dataset).exists(tar) for tar in tars)


def _validate(dataset: str, shard: Done, spec: DatasetSpec) -> ShardDocument:
    from builder.validate_shard import validate_shard

    name = shard_id(shard.label, shard.number)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        for piece in raw_folder(dataset).chunks(f"{name}.tar"):
            spool.write(piece)
        spool.seek(0)
        result = validate_shard(
            cast("BinaryIO", spool),
            label_slug=shard.label,
            shard_number=shard.number,
            spec=spec.image,
            turned=spec.dedupe.turned,
        )
    if any(row.shard for row in result.rows):
        dataset_folder(dataset).write(result.name, result.chunks())
    counts = Counts.of(result.rows)
    log.info("shard %s/%s: %s accepted of %s", dataset, name, counts.accepted, counts.candidates)
    return ShardDocument(
        id=name,
        dataset=dataset,
        label=shard.label,
        number=shard.number,
        state="validated",
        counts=counts,
        images=result.rows,
    )


def _count(counts: Counts) -> None:
    metrics.SHARDS.record(1, {"state": "validated"})
    metrics.IMAGES.record(counts.candidates - counts.failed, {"stage": "validated"})
    metrics.IMAGES.record(counts.accepted, {"stage": "accepted"})
    for reason, number in counts.reasons.items():
        metrics.REJECTIONS.record(number, {"reason": reason})


def validate_or_give_up(task: ShardTask) -> None:
    """What the blob trigger does, done by the orchestration; a shard that cannot be validated is given up."""
    name = shard_id(task.label, task.number)
    try:
        validate_raw(task.dataset, name)
    except Exception as error:
        log.exception("shard %s/%s cannot be validated", task.dataset, name)
        give_up(task.dataset, name, f"{type(error).__name__}: {error}")


def give_up(dataset: str, shard: str, error: str) -> Done | None:
    """Mark a shard failed, unless it was validated; so the build goes on without it. None when there is no build."""
    found = _wanted(dataset, shard)
    if found is None:
        return None
    done, document = found
    shards.add(
        ShardDocument(
            id=shard,
            dataset=dataset,
            label=done.label,
            number=done.number,
            state="failed",
            counts=Counts(),
            error=error,
        )
    )
    metrics.SHARDS.record(1, {"state": "failed"})
    lifecycle.tidy(Task(owner=document.owner, dataset=dataset))
    return done
