"""Things that a process makes once, even when many threads ask for them at the same moment."""

import threading
from collections.abc import Callable
from functools import wraps


def once[T](make: Callable[[], T]) -> Callable[[], T]:
    """Like `functools.cache` for a function without arguments, but never run twice side by side.

    When it raises, nothing is kept and the next caller tries again.
    """
    lock = threading.Lock()
    made: list[T] = []

    @wraps(make)
    def get() -> T:
        if not made:
            with lock:
                if not made:
                    made.append(make())
        return made[0]

    return get
