"""Ctrl-C that lets a module be imported to its end: in the middle of it an interrupt is lost, or becomes an error."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.02


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Within, SIGINT raises KeyboardInterrupt as soon as the main thread imports nothing, at once when it comes again.
    Gives what is set from then on. Where SIGINT is ignored (as under nohup) it stays so.

    The import system drops exceptions that are raised in its callbacks (`importlib._bootstrap._get_module_lock`),
    modules made in C may turn them into others, and one that passes through `exec` of a text decides how the process
    ends, even when it is caught.
    """
    interrupted, asked = threading.Event(), threading.Event()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        again = number == signal.SIGINT and asked.is_set()
        asked.set()
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
