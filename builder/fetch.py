"""Fetching many candidates at once, in bounded memory, a row for every outcome."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from builder.fetcher import Fetcher
from builder.rows import Candidate, Fetched
from builder.takedown import TakeDownList

__all__ = ["fetch_many"]


async def fetch_many(
    candidates: Sequence[Candidate],
    fetcher: Fetcher,
    *,
    max_bytes: int | None = None,
    bodies: int | None = None,
    take_down: TakeDownList | None = None,
) -> AsyncGenerator[tuple[int, Fetched, bytes]]:
    """Fetch every candidate; give (index in `candidates`, row, body) in order of completion, each index once.

    No candidate raises: what went wrong is in the row (`reason`, `detail`), and the body is then empty. At most
    `bodies` (the fetcher's concurrency unless told) of at most `max_bytes` (its limit unless told) are in memory,
    those not yet taken included: a slow consumer slows fetching down. A task is made per candidate, so hand over
    slices (64 to some thousands), not a whole crawl. A consumer that may stop early wraps the generator in
    `contextlib.aclosing`. `take_down` is heeded besides the fetcher's own list.
    """
    room = asyncio.Semaphore(bodies or fetcher.limits.concurrency)
    done: asyncio.Queue[tuple[int, Fetched, bytes]] = asyncio.Queue()

    async def work(index: int, candidate: Candidate) -> None:
        row, body = await fetcher.fetch(candidate, max_bytes=max_bytes, room=room, take_down=take_down)
        done.put_nowait((index, row, body))

    tasks = [asyncio.create_task(work(index, candidate)) for index, candidate in enumerate(candidates)]
    try:
        for _ in candidates:
            index, row, body = await done.get()
            yield index, row, body
            if body:
                room.release()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
