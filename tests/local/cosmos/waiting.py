"""Waiting on a condition that a server must reach."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float) -> None:
    """Ask until `condition` holds; TimeoutError after `within` seconds."""
    deadline = time.monotonic() + within
    while not await condition():
        if time.monotonic() > deadline:
            msg = f"{condition.__qualname__} did not hold within {within:g} s"
            raise TimeoutError(msg)
        await asyncio.sleep(0.1)
