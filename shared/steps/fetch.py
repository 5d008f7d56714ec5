"""Step `fetch_shard`: download one slice of candidates and write it as one raw shard."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import aclosing
from contextvars import Context
from functools import partial
from threading import Lock
from typing import IO, TYPE_CHECKING

from builder.rounds import SHARD_SIZE
from builder.rows import Candidate, Fetched
from builder.store import pieces
from shared import shards, takedowns
from shared.blobs import dataset_folder, raw_folder
from shared.documents import search_id, shard_id
from shared.settings import settings
from shared.steps import lifecycle
from shared.steps.own_images import is_own, own_images
from shared.steps.search import read_candidates
from shared.steps.validate import is_done
from shared.tasks import FetchOutcome, ShardTask
from shared.telemetry import metrics
from shared.telemetry.trace import traceparent

if TYPE_CHECKING:
    from builder.fetcher import Fetcher

_IN_MEMORY_BYTES = 32 << 20

_ROUNDS_KEPT = 4
_rounds: dict[tuple[str, str, int, str | None], tuple[Candidate, ...]] = {}
_rounds_lock = Lock()

_fetchers: dict[asyncio.AbstractEventLoop, asyncio.Task["Fetcher"]] = {}

_BODIES_BYTES = 640_000_000
"""What the bodies under way may hold together at worst: where images may be large, fewer are fetched at once."""


async def fetch_shard(task: ShardTask) -> FetchOutcome:
    """Fetch the slice unless that was done before, or the dataset is no longer being built.

    The raw shard names, as metadata, the orchestration that waits for its validation, and the trace.
    """
    name = f"{shard_id(task.label, task.number)}.tar"
    todo = await asyncio.to_thread(_slice, task)
    if todo is None:
        return "done"
    candidates, max_bytes = todo
    raw = raw_folder(task.dataset)
    if await asyncio.to_thread(raw.exists, name):
        return "found"
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        images, downloaded = await _download(task.owner, candidates, max_bytes, spool)
        if not await asyncio.to_thread(lifecycle.is_running, task):
            return "done"
        metadata = {"instance": task.instance, "round": str(task.round), "owner": task.owner}
        if trace := traceparent():
            metadata["traceparent"] = trace
        spool.seek(0)
        await asyncio.to_thread(raw.write, name, pieces(spool), metadata)
    metrics.IMAGES.record(images, {"stage": "fetched"})
    metrics.SHARDS.record(1, {"state": "fetched"})
    metrics.COST.record(downloaded, {"unit": "downloaded_byte"})
    await asyncio.to_thread(lifecycle.tidy, task)
    return "fetched"


def _slice(task: ShardTask) -> tuple[tuple[Candidate, ...], int] | None:
    """The shard's candidates and the byte limit of one; None when there is nothing to do."""
    if is_done(task.dataset, shard_id(task.label, task.number)):
        return None
    document = lifecycle.running(task.owner, task.dataset)
    if document is None:
        return None
    search = shards.find_search(task.dataset, search_id(task.label, task.round))
    if search is None:
        msg = f"round {task.round} of {task.label} has no search document, yet shard {task.number} is asked for"
        raise RuntimeError(msg)
    start = (task.number - search.first_shard) * SHARD_SIZE
    return _candidates(task, search.etag)[start : start + SHARD_SIZE], document.spec.image.max_bytes


def _candidates(task: ShardTask, etag: str | None) -> tuple[Candidate, ...]:
    """The round's candidates. They are read once for all of its shards that this process has in hand: a round that is
    searched anew has another document, whose `etag` tells."""
    key = (task.dataset, task.label, task.round, etag)
    with _rounds_lock:
        if key not in _rounds:
            _rounds[key] = read_candidates(dataset_folder(task.dataset), task.label, task.round)
            while len(_rounds) > _ROUNDS_KEPT:
                del _rounds[next(iter(_rounds))]
        return _rounds[key]


async def _download(
    owner: str, candidates: tuple[Candidate, ...], max_bytes: int, target: IO[bytes]
) -> tuple[int, int]:
    """Write the raw shard; returns how many images came, and their bytes.

    Bodies wait in a file for their turn: together they may be far larger than memory.
    """
    from builder.fetch import fetch_many
    from builder.raw import write_raw_to

    fetcher = await _fetcher()
    take_down = await asyncio.to_thread(takedowns.current, owner)
    rows: dict[int, tuple[Fetched, int]] = {}
    own = {index: one for index, one in enumerate(candidates) if is_own(one)}
    web = {index: one for index, one in enumerate(candidates) if index not in own}
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as bodies:
        results = fetch_many(
            tuple(web.values()), fetcher, max_bytes=max_bytes, bodies=_bodies(max_bytes), take_down=take_down
        )
        numbers = tuple(web)
        async with aclosing(results):  # when the disk is full, nothing more is fetched
            async for place, fetched, body in results:
                rows[numbers[place]] = (fetched, bodies.tell())
                bodies.write(body)

        def entry_for(data: bytes) -> str | None:
            return fetcher.taken_down(data) or take_down.entry_for_bytes(data)

        def read_own() -> None:
            found = own_images(owner, own, max_bytes=max_bytes, taken_down=entry_for)
            for index, fetched, body in found:
                rows[index] = (fetched, bodies.tell())
                bodies.write(body)

        if own:
            await asyncio.to_thread(read_own)

        def in_order() -> Iterator[tuple[int, Fetched, bytes]]:
            for index, (fetched, offset) in sorted(rows.items()):
                bodies.seek(offset)
                yield index, fetched, bodies.read(fetched.size_bytes)

        await asyncio.to_thread(write_raw_to, target, in_order())
    came = [fetched.size_bytes for fetched, _ in rows.values() if fetched.reason is None]
    return len(came), sum(came)


def _bodies(max_bytes: int) -> int:
    return min(settings().fetch_concurrency, max(1, _BODIES_BYTES // max_bytes))


async def _fetcher() -> "Fetcher":
    """The fetcher of this process and event loop: its counts, its connections and what it knows of sites are for all
    shards together. It stays open until the process ends, or `close` is called."""
    loop = asyncio.get_running_loop()
    opening = _fetchers.get(loop)
    if opening is None:
        opening = _fetchers[loop] = asyncio.create_task(_open(), context=Context())
        opening.add_done_callback(partial(_forget_failure, loop))
    return await asyncio.shield(opening)


def _forget_failure(loop: asyncio.AbstractEventLoop, opening: "asyncio.Task[Fetcher]") -> None:
    """After a setting or a list that could not be used, the next shard looks again."""
    if opening.cancelled() or opening.exception() is not None:
        _fetchers.pop(loop, None)


async def _open() -> "Fetcher":
    from builder.fetcher import Fetcher, FetchLimits, Manners, TakeDownList
    from builder.guard import AddressGuard, parse_exceptions

    config = settings()
    limits = FetchLimits(
        total_seconds=config.fetch_timeout_seconds, concurrency=config.fetch_concurrency, contact=config.contact
    )
    guard = AddressGuard(parse_exceptions(config.fetch_allow))
    take_down = TakeDownList()
    if config.take_down_list is not None:
        take_down = await asyncio.to_thread(TakeDownList.read, config.take_down_list)
    manners = Manners(robots=config.robots, opt_outs=config.opt_outs, take_down=take_down)
    return await Fetcher(limits, guard, manners).__aenter__()


async def close() -> None:
    """Close the fetcher of this event loop, if there is one."""
    opening = _fetchers.pop(asyncio.get_running_loop(), None)
    if opening is not None:
        await (await opening).__aexit__(None, None, None)
