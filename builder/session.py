"""An HTTP session that keeps to the limits of fetching: guarded addresses, no cookies, no credentials."""

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from builder.errors import SettingError
from builder.guard import AddressGuard
from builder.limits import FetchLimits

ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/*;q=0.9,*/*;q=0.1"
DNS_THREADS = 32

_KEEP_ALIVE_SECONDS = 3.0
"""How long a connection waits for another request. A list whose every image is on a host of its own leaves some
hundred connections a second behind, and a process may commonly have 1,024."""


@cache
def _dns_threads() -> ThreadPoolExecutor:
    """The process's threads for look-ups; they are started as they are needed."""
    return ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="dns")


class SystemResolver(AbstractResolver):
    """The system's look-up in threads of its own: names whose servers are silent hold nobody else up for long.

    asyncio's own executor has as few as five threads, and a look-up without an answer holds one for many seconds.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`; `socket.gaierror` if it has none."""
        lookup = partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(_dns_threads(), lookup)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=0)
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Nothing to close: the threads are the process's."""


def trusting(ca_file: Path) -> ssl.SSLContext:
    """A context that also trusts the authorities in `ca_file` (PEM); `SettingError` when they cannot be read."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        msg = f"{ca_file} has no certificates to trust: give a PEM file of authorities ({error})"
        raise SettingError(msg) from error
    return context


def open_session(
    limits: FetchLimits,
    guard: AddressGuard,
    *,
    resolver: AbstractResolver | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> aiohttp.ClientSession:
    """A session that keeps to the limits of one request, to be closed by the caller; `Fetcher` counts requests.

    `resolver` is asked instead of the system's: what it says is guarded all the same, where the socket is made.
    `ssl_context` is for certificates of one's own.
    """
    connector = aiohttp.TCPConnector(
        limit=0,  # the Fetcher counts, before the clock of a request starts
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ssl=ssl_context if ssl_context is not None else True,
        socket_factory=guard.make_socket,
        resolver=resolver or SystemResolver(),
        ttl_dns_cache=60,
    )
    # A dead connection that was kept alive is noticed and replaced by aiohttp itself: GET is idempotent.
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": limits.user_agent, "Accept": ACCEPT, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_seconds, sock_read=limits.read_seconds),
        trust_env=False,
    )
