"""Listeners: each watches one source (a container, a queue, the clock) and calls one function."""

from typing import Protocol


class Listener(Protocol):
    """What the host starts and stops."""

    async def start(self) -> None:
        """Begin to watch."""
        ...

    async def stop(self) -> None:
        """Watch no more; calls that are running go on as the host's jobs."""
        ...
