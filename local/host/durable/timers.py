"""Calls made at a later time, by one thread for all of them."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Alarms:
    """A queue of calls by due time; the calls must be short, as they share one thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopped = False
        threading.Thread(target=self._run, name="alarms", daemon=True).start()

    def call_after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call `call` once, `seconds` from now."""
        with self._changed:
            heapq.heappush(self._queue, (time.monotonic() + seconds, next(self._order), call))
            self._changed.notify()

    def stop(self) -> None:
        """Forget the calls that are not due yet."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the first due call; None once stopped."""
        with self._changed:
            while not self._stopped:
                if not self._queue:
                    self._changed.wait()
                elif (seconds := self._queue[0][0] - time.monotonic()) > 0:
                    self._changed.wait(min(seconds, threading.TIMEOUT_MAX))
                else:
                    return heapq.heappop(self._queue)[2]
            return None
