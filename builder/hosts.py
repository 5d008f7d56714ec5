"""One host and its turns: so many requests at once, so far apart, and none while it asked for quiet."""

import asyncio
import time
from types import TracebackType


class Host:
    """Use it as an async context manager around each request; who comes first has the first turn."""

    def __init__(self, at_once: int, spacing_seconds: float) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._users = 0  # with a slot or waiting for one
        self._spacing = spacing_seconds
        self._next = 0.0  # no request starts before; monotonic time, as is the other
        self._quiet_until = 0.0

    def space(self, seconds: float) -> None:
        """Keep the starts of requests at least so far apart from now on."""
        self._spacing = max(self._spacing, seconds)

    def quiet(self, seconds: float) -> None:
        """Let no request start for so long. Those under way are not disturbed."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)

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
            await asyncio.sleep(until - now)
