"""Ctrl-C that lets a module be imported to its end: in the middle of it an interrupt is lost, or becomes an error."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.02
_SAME_SECONDS = 0.2
"""Two within that are one: `timeout` sends to the process and to its group, which it is in."""


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Within, SIGINT raises KeyboardInterrupt as soon as the main thread imports nothing, at once when it comes again.
    Gives what is set from then on. Where SIGINT is ignored (as under nohup), or somebody else's, it stays so; other
    threads than the main one hear no signals.

    The import system drops exceptions that are raised in its callbacks (`importlib._bootstrap._get_module_lock`),
    modules made in C may turn them into others, and one that passes through `exec` of a text decides how the process
    ends, even when it is caught.
    """
    interrupted = threading.Event()
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return
    first = math.inf

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        first = min(first, now)
        again = number == signal.SIGINT and now > first + _SAME_SECONDS
        if _importing(frame) and not again:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        interrupted.set()
        signal.default_int_handler(number, frame)

    alarm = signal.signal(signal.SIGALRM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGALRM, alarm)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
