"""How many streams of events each caller has open, in this process: a stream holds memory and a connection for minutes.

Each process counts for itself, as rates do (`shared.rate`): on N instances a caller may have up to N times as many.
"""

import threading
import time
from collections.abc import Callable

from shared.problems import too_many_streams


class Streams:
    """Places for streams by caller. A place that was never given back is taken back after `seconds`, longer than which
    no stream lasts. Safe for threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, dict[object, float]] = {}  # caller -> place -> when it is taken back

    def open(self, caller: str, most: int, seconds: float) -> Callable[[], None]:
        """Take a place and return what gives it back, which may be called twice; `ProblemError` 429 when `most` are
        taken."""
        place, now = object(), self._clock()
        with self._lock:
            taken = {one: end for one, end in self._open.get(caller, {}).items() if end > now}
            if len(taken) >= most:
                raise too_many_streams(len(taken), most)
            self._open[caller] = {**taken, place: now + seconds}

        def close() -> None:
            with self._lock:
                taken = self._open.get(caller, {})
                taken.pop(place, None)
                if not taken:
                    self._open.pop(caller, None)

        return close

    def __len__(self) -> int:
        """How many callers have streams open."""
        return len(self._open)
