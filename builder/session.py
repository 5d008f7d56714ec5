"""An HTTP session that keeps to the limits of fetching: guarded addresses, no cookies, no credentials."""

import asyncio
import os
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pycurl
from yarl import URL

from builder.authorities import authorities
from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.limits import FetchLimits
from builder.multi import Multi
from builder.names import Names, Resolver, ask_system
from builder.transfer import Judge, StalledError, Transfer

_CONNECTIONS = 64  # that are kept at least, with requests or without
_BY_SYSTEM = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_SSL_CONNECT_ERROR, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR})


class TransferError(Exception):
    """libcurl could not do it: its error code (`pycurl.E_...`), and its words or the operating system's.

    `size`: how many bytes of the body had come, None if there was no head yet.
    """

    def __init__(self, code: int, message: str, *, by_system: bool, size: int | None) -> None:
        super().__init__(message)
        self.code = code
        self.by_system = by_system
        self.size = size


class Session:
    """Requests over connections that are kept, for one event loop; who counts requests is the `Fetcher`.

    Use it as an async context manager. `resolver` is asked instead of the system's: what it says is guarded all the
    same, where the socket is made. `ca_file` (PEM) has authorities that are trusted besides the system's.
    """

    def __init__(
        self,
        limits: FetchLimits,
        guard: AddressGuard,
        *,
        resolver: Resolver | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._limits = limits
        self._guard = guard
        self.names = Names(resolver or ask_system)
        self._ca_file = ca_file
        self._free: list[Transfer] = []
        self._until_closed = ExitStack()

    async def __aenter__(self) -> Self:
        self._authorities = self._until_closed.enter_context(authorities(self._ca_file))
        self._multi = Multi(max(_CONNECTIONS, 2 * self._limits.concurrency))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.names.close()
        self._multi.close()
        for transfer in self._free:
            transfer.curl.close()
        self._free.clear()
        self._until_closed.close()

    async def get(self, url: URL, judge: Judge, seconds: float) -> bytes:
        """GET `url`, at most for `seconds`: the body, as much of it as `judge` had use for, and up to a piece more.

        Raises what `judge` raises; AddressRefusedError, `socket.gaierror`, `UnicodeError` about the host; TimeoutError
        at the deadline, StalledError and TooMuchHeadError as `builder.transfer` says, TransferError for everything
        that libcurl finds fault with. Cancelling is safe at any time: the connection is then closed.
        """
        started = time.monotonic()
        resolve = await self._resolve(url)
        left = seconds - (time.monotonic() - started)
        transfer = self._free.pop() if self._free else Transfer(self._limits, self._guard, self._authorities)
        try:
            transfer.begin(str(url), resolve, judge, left)
            future = self._multi.start(transfer.curl)
            transfer.watch(future)
            try:
                await future
            except (TimeoutError, StalledError, pycurl.error) as error:
                if not transfer.done:
                    raise _failure(transfer, error) from None
            return transfer.body
        finally:
            transfer.end()
            self._multi.end(transfer.curl)
            self._free.append(transfer)

    async def _resolve(self, url: URL) -> list[str]:
        """The host's addresses that may be connected to, in the form of CURLOPT_RESOLVE; none if it is one itself."""
        host = (url.raw_host or "").lower()
        found = self.names.known(host)
        if found is None:
            try:
                async with asyncio.timeout(self._limits.connect_seconds):
                    found = await self.names.addresses(host)
            except TimeoutError:
                raise StalledError from None
        if not found:
            return []
        port = url.port or 0
        good: list[str] = []
        refused: AddressRefusedError | None = None
        for address in found:
            try:
                self._guard.check(address, port)
            except AddressRefusedError as error:
                refused = refused or error
            else:
                good.append(f"[{address}]" if ":" in address else address)
        if not good:
            assert refused is not None  # noqa: S101 - there was at least one address
            raise refused
        return [f"+{host}:{port}:{','.join(good)}"]  # "+": forgotten by libcurl when we ask again


def _failure(transfer: Transfer, error: Exception) -> Exception:
    if not isinstance(error, pycurl.error):
        return error
    if transfer.failure is not None:
        return transfer.failure
    code, said = error.args
    if transfer.refused is not None and code == pycurl.E_COULDNT_CONNECT:
        return transfer.refused
    number = transfer.curl.getinfo(pycurl.OS_ERRNO) if code in _BY_SYSTEM else 0
    return TransferError(code, os.strerror(number) if number else said, by_system=bool(number), size=transfer.size)
