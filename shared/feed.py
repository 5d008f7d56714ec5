"""Who listens to which dataset: one poller per dataset and process, however many listen."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass

from shared import datasets, overview
from shared.live import Snapshot
from shared.settings import settings

log = logging.getLogger(__name__)

_MOST_FAILURES = 30
"""Looks in a row that may fail before listeners are sent away, to come back later."""


class Feed:
    """The newest snapshot of a dataset, and a task that keeps it new.

    Nothing is queued for listeners: each compares the newest snapshot with what it was told, so a slow one costs no
    memory.
    """

    def __init__(self, owner: str, dataset: str) -> None:
        self._owner, self._dataset = owner, dataset
        self._changed = asyncio.Condition()
        self._number = 0
        self._snapshot = Snapshot(None)
        self._ended = False
        self.listeners = 0
        self.task = asyncio.create_task(self._poll(), context=Context())  # it is no listener's: nor is its trace

    async def after(self, number: int) -> tuple[int, Snapshot] | None:
        """The newest snapshot and its number, as soon as that is above `number`; None when there will be none."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._number > number or self._ended)
            return (self._number, self._snapshot) if self._number > number else None

    async def _poll(self) -> None:
        failures = 0
        try:
            while failures < _MOST_FAILURES:
                try:
                    found = await asyncio.to_thread(look, self._owner, self._dataset)
                except Exception:
                    failures += 1
                    log.exception("dataset %s cannot be looked at for its listeners", self._dataset)
                else:
                    failures = 0
                    await self._show(found)
                    if found.over:
                        return
                await asyncio.sleep(settings().events_interval_seconds)
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    async def _show(self, found: Snapshot) -> None:
        if self._number and found == self._snapshot:
            return
        async with self._changed:
            self._number, self._snapshot = self._number + 1, found
            self._changed.notify_all()


@dataclass(frozen=True)
class _Key:
    loop: asyncio.AbstractEventLoop
    owner: str
    dataset: str


_feeds: dict[_Key, Feed] = {}


@asynccontextmanager
async def listening(owner: str, dataset: str) -> AsyncIterator[Feed]:
    """The feed of a dataset while somebody listens; the last to go ends its poller."""
    key = _Key(asyncio.get_running_loop(), owner, dataset)
    feed = _feeds.get(key)
    if feed is None or feed.task.done():
        feed = _feeds[key] = Feed(owner, dataset)
    feed.listeners += 1
    try:
        yield feed
    finally:
        feed.listeners -= 1
        if not feed.listeners:
            feed.task.cancel()
            if _feeds.get(key) is feed:
                del _feeds[key]


def look(owner: str, dataset: str) -> Snapshot:
    """The dataset as it is now: two point reads, and where something was written since, a query of what that is."""
    document = datasets.find(owner, dataset)
    if document is None:
        return Snapshot(None)
    found = overview.look(dataset)
    return Snapshot(document, found.shards, found.searches)
