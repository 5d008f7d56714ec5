"""One host and its turns: so many requests at once, so far apart, and none while it asked for quiet."""

import asyncio
import math
import time
from types import TracebackType

MAX_QUIET_SECONDS = 24 * 3600.0
"""The longest quiet that is kept, whatever a host asks for."""


class HostQuietError(Exception):
    """The host is to be left in peace for longer than anybody waits."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the host wants no requests for another {seconds:,.0f} s")
        self.seconds = seconds


class Host:
    """Use it as an async context manager around each request; who comes first has the first turn.

    Entering raises `HostQuietError`, instead of waiting, while the host asks for quiet of more than `patience_seconds`.
    """

    def __init__(self, at_once: int, spacing_seconds: float, *, patience_seconds: float = math.inf) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._patience = patience_seconds
        self._refusals = 0  # times of quiet one after the other, with no answer in between
        self._users = 0  # with a slot or waiting for one
        self._spacing = spacing_seconds
        self._next = 0.0  # no request starts before; monotonic time, as is the other
        self._quiet_until = 0.0

    def space(self, seconds: float) -> None:
        """Keep the starts of requests at least so far apart from now on."""
        self._spacing = max(self._spacing, seconds)

    def quiet(self, seconds: float) -> None:
        """Let no request start for so long. Those under way are not disturbed.

        Twice as long each time that the host asks for it again at once: else a thousand pictures of a host that
        refuses every request would hold everything up for hours.
        """
        now = time.monotonic()
        if now >= self._quiet_until:  # no answer to what was under way with the first that was refused
            self._refusals += 1
        longer = min(seconds * 2.0 ** min(self._refusals - 1, 20), MAX_QUIET_SECONDS)
        self._quiet_until = max(self._quiet_until, now + longer)

    def answered(self) -> None:
        """The host did not ask for quiet."""
        self._refusals = 0

    @property
    def unused(self) -> bool:
        """Whether nobody has a turn or waits for one."""
        return not self._users

    @property
    def idle(self) -> bool:
        """Whether forgetting this host would let nobody in earlier."""
        return not self._users and time.monotonic() >= max(self._next, self._quiet_until)

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._slots.acquire()
            try:
                if self._spacing or self._quiet_until:
                    await self._turn()
            except BaseException:
                self._slots.release()
                raise
        except BaseException:
            self._users -= 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        self._slots.release()

    async def _turn(self) -> None:
        while True:
            now = time.monotonic()
            until = max(self._next, self._quiet_until)
            if now >= until:
                self._next = now + self._spacing
                return
            if self._quiet_until - now > self._patience:
                raise HostQuietError(self._quiet_until - now)
            await asyncio.sleep(until - now)
