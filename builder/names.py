"""Host names and their addresses: looked up in threads of their own, once for all who ask, kept for a minute."""

import asyncio
import math
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from ipaddress import ip_address

Resolver = Callable[[str], Awaitable[list[str]]]
"""All addresses of a host name, as text; raises `socket.gaierror` if it has none, `UnicodeError` if it is no name."""

DNS_THREADS = 32
KEPT_SECONDS = 60.0
_MOST_KEPT = 10_000


@cache
def _dns_threads() -> ThreadPoolExecutor:
    """The process's threads for look-ups; they are started as they are needed."""
    return ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="dns")


async def ask_system(host: str) -> list[str]:
    """The system's look-up in threads of its own: names whose servers are silent hold nobody else up for long.

    asyncio's own executor has as few as five threads, and a look-up without an answer holds one for many seconds.
    libcurl's own look-up would neither tell what may be tried again nor let go of a thread that waits.
    """
    look_up = partial(socket.getaddrinfo, host, 0, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    found = await asyncio.get_running_loop().run_in_executor(_dns_threads(), look_up)
    return [str(address[0]) for *_, address in found]


class Names:
    """The addresses of hosts, by what `resolver` says. What it says is good for `seconds`, failures for no time."""

    def __init__(self, resolver: Resolver = ask_system, *, seconds: float = KEPT_SECONDS) -> None:
        self._ask = resolver
        self._seconds = seconds
        self._known: dict[str, tuple[float, list[str]]] = {}  # until when, monotonic; no addresses: is one itself
        self._under_way: dict[str, asyncio.Task[list[str]]] = {}

    def known(self, host: str) -> list[str] | None:
        """What `addresses` would give at once, None if it would have to ask."""
        known = self._known.get(host)
        return known[1] if known is not None and time.monotonic() < known[0] else None

    async def addresses(self, host: str) -> list[str]:
        """Where `host` is: its addresses, or none where it is an address itself. Raises what the resolver raises."""
        if (known := self.known(host)) is not None:
            return known
        if _is_address(host):
            return self._keep(host, math.inf, [])
        task = self._under_way.get(host)
        if task is None:
            task = self._under_way[host] = asyncio.create_task(self._look_up(host))
            task.add_done_callback(partial(self._done, host))
        return await asyncio.shield(task)  # who gives up does not stop the others

    async def close(self) -> None:
        """Wait for no answer any more."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_up(self, host: str) -> list[str]:
        found = list(dict.fromkeys(await self._ask(host)))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name has no address")
        return self._keep(host, time.monotonic() + self._seconds, found)

    def _keep(self, host: str, until: float, found: list[str]) -> list[str]:
        if len(self._known) >= _MOST_KEPT:
            for older in list(self._known)[: _MOST_KEPT // 2]:
                del self._known[older]
        self._known[host] = (until, found)
        return found

    def _done(self, host: str, task: "asyncio.Task[list[str]]") -> None:
        del self._under_way[host]
        if not task.cancelled():
            task.exception()  # has been heard, also if all who asked have left


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
