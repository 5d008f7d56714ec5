"""Looks again and again for work, whatever goes wrong in one look."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from azure.core.exceptions import AzureError

_LOG = logging.getLogger(__name__)
# A look that takes long (a large container, a busy emulator) is followed by a longer pause.
_PAUSE_PER_LOOK = 4.0
_LONGEST_PAUSE_SECONDS = 10.0


class Poller:
    """Calls `look` every `seconds` from `start` to `stop`."""

    def __init__(self, look: Callable[[], Awaitable[None]], *, seconds: float, what: str) -> None:
        self._look, self._seconds, self._what = look, seconds, what
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with a first look at once."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while True:
            start = time.monotonic()
            try:
                await self._look()
                failures = 0
            except AzureError as error:
                failures += 1
                _LOG.warning("storage did not answer", extra={"watching": self._what, "error": str(error)})
            pause = max(self._seconds, _PAUSE_PER_LOOK * (time.monotonic() - start)) * 2**failures
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))
