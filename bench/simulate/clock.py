"""Simulated time: what happens when, and gates that let through so much a second."""

import heapq
import itertools
from collections.abc import Callable


class Clock:
    """Calls by due time, in seconds since the start; the time moves only from one call to the next."""

    def __init__(self) -> None:
        self.time = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def call_at(self, time: float, call: Callable[[], None]) -> None:
        """Call it at that time, at the earliest now; calls of one time happen in the order of asking."""
        heapq.heappush(self._queue, (max(time, self.time), next(self._order), call))

    def step(self) -> bool:
        """Make the next call; False when there is none."""
        if not self._queue:
            return False
        self.time, _, call = heapq.heappop(self._queue)
        call()
        return True


class Gate:
    """Lets things pass one after the other, at most `rate` a second; None: as they come."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free = 0.0

    def passes(self, now: float, amount: float) -> float:
        """The time at which this amount, arriving now, is through."""
        if self._rate is None:
            return now
        self._free = max(now, self._free) + amount / self._rate
        return self._free
