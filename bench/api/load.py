"""Clients that ask the API as fast as it answers, each over a connection of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from bench.api.results import Load, p50_and_p99

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ask:
    """A kind of request. `body` makes the one with this number; answers with another status are errors."""

    name: str
    method: str
    path: str
    expected: Collection[int] = (HTTPStatus.OK,)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[int], object] | None = None


def load(base: str, key: str, ask: Ask, *, clients: int, requests: int, phase: str) -> Load:
    """Send `requests` requests to the API at `base`, by `clients` clients that each wait for every answer.

    A read whose connection turns out to be closed is sent once more by aiohttp, and is no error then.
    """
    faults: Counter[str] = Counter()
    times, wall = asyncio.run(_answer_times(base, key, ask, clients, range(requests), faults))
    return Load(ask.name, phase, clients, requests, dict(faults), wall, *p50_and_p99(times))


async def _answer_times(  # noqa: PLR0917 - all are needed
    base: str, key: str, ask: Ask, clients: int, requests: range, faults: Counter[str]
) -> tuple[list[float], float]:
    """Seconds of every good answer, and of all together."""
    numbers = iter(requests)
    times: list[float] = []
    connector = aiohttp.TCPConnector(limit=clients)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {key}", **ask.headers}

    async def client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = ask.body(number) if ask.body else None
            started = time.perf_counter()
            try:
                async with session.request(ask.method, base + ask.path, json=body) as answer:
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                faults[type(error).__name__] += 1
                continue
            if answer.status in ask.expected:
                times.append(time.perf_counter() - started)
            else:
                faults[str(answer.status)] += 1

    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:
        started = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(clients)))
        return times, time.perf_counter() - started
