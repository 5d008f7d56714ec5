"""Fetching many candidates at once: bounded in time, bytes and connections, kind to hosts, a row for every outcome."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aiohttp

from builder.download import Answer, DownloadError, download
from builder.guard import AddressGuard
from builder.rows import Candidate, Fetched, FetchReason
from builder.session import FetchLimits, open_session
from builder.text import one_line

__all__ = ["FetchLimits", "fetch_many", "fetch_one", "open_session"]

MAX_DETAIL_CHARACTERS = 300

logger = logging.getLogger(__name__)


async def fetch_many(
    candidates: Sequence[Candidate],
    limits: FetchLimits,
    guard: AddressGuard,
    *,
    session: aiohttp.ClientSession | None = None,
) -> AsyncGenerator[tuple[int, Fetched, bytes]]:
    """Fetch every candidate; give (index in `candidates`, row, body) in order of completion, each index once.

    No candidate raises: what went wrong is in the row (`reason`, `detail`), and the body is then empty. At most
    `limits.concurrency` bodies are in memory, those not yet taken included: a slow consumer slows fetching down.
    `session` comes from `open_session` with the same limits and guard; without one, a session is opened and closed.
    A task is made per candidate, so hand over slices (64 to some thousands), not a whole crawl. A consumer that may
    stop early wraps the generator in `contextlib.aclosing`.
    """
    slots = asyncio.Semaphore(limits.concurrency)
    hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(limits.per_host))
    done: asyncio.Queue[tuple[int, Fetched, bytes]] = asyncio.Queue()

    async def work(index: int, candidate: Candidate, through: aiohttp.ClientSession) -> None:
        async with hosts[_host(candidate.url)]:  # first the host: those who wait for it take no slot from others
            await slots.acquire()  # given back when the result has been taken
            row, body = await fetch_one(through, candidate, limits, guard)
        done.put_nowait((index, row, body))

    async with AsyncExitStack() as stack:
        own = session if session is not None else await stack.enter_async_context(open_session(limits, guard))
        tasks = [asyncio.create_task(work(index, candidate, own)) for index, candidate in enumerate(candidates)]
        try:
            for _ in candidates:
                yield await done.get()
                slots.release()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def fetch_one(
    session: aiohttp.ClientSession, candidate: Candidate, limits: FetchLimits, guard: AddressGuard
) -> tuple[Fetched, bytes]:
    """Fetch one candidate, with retries, within `limits.total_seconds`; never raises for what servers do."""
    started = time.monotonic()
    answer: Answer | None = None
    reason: FetchReason | None = None
    detail: str | None = None
    try:
        async with asyncio.timeout(limits.total_seconds):
            answer = await _with_retries(session, candidate.url, limits, guard, started + limits.total_seconds)
    except DownloadError as error:
        answer, reason, detail = error.answer, error.reason, str(error)
    except TimeoutError:
        reason, detail = "timeout", f"not complete after {limits.total_seconds:g} s"
    except Exception as error:  # one candidate never ends a shard; whatever this is, it is logged whole
        logger.exception("unexpected failure while fetching %s", candidate.url)
        reason, detail = "connection", f"{type(error).__name__}: {error}"
    body = answer.body if answer and reason is None else b""
    row = Fetched(
        candidate=candidate,
        reason=reason,
        detail=one_line(detail, MAX_DETAIL_CHARACTERS) if detail else None,
        http_status=answer.http_status if answer else None,
        content_type=one_line(answer.content_type, MAX_DETAIL_CHARACTERS) if answer and answer.content_type else None,
        final_url=answer.final_url if answer else None,
        size_bytes=len(body),
        seconds=round(time.monotonic() - started, 3),
    )
    return row, body


async def _with_retries(
    session: aiohttp.ClientSession, url: str, limits: FetchLimits, guard: AddressGuard, deadline: float
) -> Answer:
    """Try again what is transient, unless the wait would pass the deadline: then the last failure is the outcome.

    Written out, because tenacity's loop costs 0.13 ms a call even when nothing fails, which is as much as the whole
    request. The waits are its `wait_random_exponential` ("full jitter"), or what the server asks for.
    """
    tried = 0
    while True:
        try:
            return await download(session, url, limits, guard)
        except DownloadError as error:
            wait = error.retry_after
            if wait is None:
                wait = random.uniform(0, 2 * limits.backoff_seconds * 2**tried)  # noqa: S311 - jitter is no secret
            if not error.transient or tried >= limits.retries or time.monotonic() + wait >= deadline:
                raise
        await asyncio.sleep(wait)
        tried += 1


def _host(url: str) -> str:
    """The host and port that a URL's requests go to; what is no URL shares one place, for it is never asked."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
