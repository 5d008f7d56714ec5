"""Token buckets: how many requests a caller may send at once, and how many over time.

In memory, so each process counts for itself: on N instances of the app a caller may send up to N times as much. A limit
on the hour or the month is a quota (`shared.quotas`) and is kept in the database. `limits` and `pyrate-limiter` count
in windows or keep a log of requests; `token-bucket` does not tell how long to wait, and forgets nobody.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for a token.

    `left`: whole tokens still there. `wait`: seconds until the next token, 0 when one is there. `full`: seconds until
    the bucket is full again, if nothing is taken.
    """

    allowed: bool
    left: int
    wait: float
    full: float


class TokenBuckets:
    """One bucket a key: `burst` tokens at most, `rate` new ones a second. Safe for threads.

    At most `most` keys are remembered. The one that has been quiet for longest is forgotten, which gives it a full
    bucket: `most` has to be far above the keys that are active within `burst / rate` seconds.
    """

    def __init__(
        self, rate: float, burst: int, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if rate <= 0 or burst < 1 or most < 1:
            msg = "rate has to be above 0, burst and most at least 1"
            raise ValueError(msg)
        self.rate, self.burst = rate, burst
        self._most, self._clock = most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> tokens, and when that was so
        self._lock = threading.Lock()

    def take(self, key: str) -> Taken:
        """Take a token, if there is one."""
        with self._lock:
            tokens = self._tokens(key)
            allowed = tokens >= 1
            tokens -= allowed
            self._buckets[key] = (tokens, self._clock())
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return self._told(tokens, allowed=allowed)

    def look(self, key: str) -> Taken:
        """What `take` would answer, without taking anything."""
        with self._lock:
            tokens = self._tokens(key)
        return self._told(tokens, allowed=tokens >= 1)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._buckets)

    def _tokens(self, key: str) -> float:
        now = self._clock()
        tokens, since = self._buckets.get(key, (float(self.burst), now))
        return min(tokens + (now - since) * self.rate, float(self.burst))

    def _told(self, tokens: float, *, allowed: bool) -> Taken:
        wait = max(1 - tokens, 0.0) / self.rate
        return Taken(allowed, math.floor(tokens), wait, (self.burst - tokens) / self.rate)
