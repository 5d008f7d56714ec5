"""Progress on standard error: bars with rate and time left on a terminal, a line now and then elsewhere, or nothing."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from builder.cli.options import Output

if TYPE_CHECKING:
    from builder.run import Progress

LINE_SECONDS = 5.0
"""Between two lines where there is no terminal."""


class Display(Protocol):
    """Shows how far a stage is. `done` and `total` count the same things; `note` is more in words."""

    def show(self, stage: str, done: int, total: int | None, note: str) -> None:
        """Called often; decides itself how often to draw."""

    def close(self) -> None:
        """Leave the screen tidy, whatever happened."""


class Lines:
    """A line when a stage begins, one every some seconds, and one for how it ended."""

    def __init__(self, seconds: float = LINE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._stage = ""
        self._first = (0.0, 0)  # time and count when the stage began
        self._next = 0.0
        self._unsaid = ""  # how far the stage has come since its last line
        self._said = ""  # that line

    def show(self, stage: str, done: int, total: int | None, note: str) -> None:
        """See `Display.show`."""
        now = self._clock()
        if stage != self._stage:
            self.close()
            self._stage, self._first, self._next = stage, (now, done), now
        self._unsaid = "" if stage == "done" else self._line(done, total, note, now)
        if now >= self._next:
            self.close()
            self._next = now + self._seconds

    def _line(self, done: int, total: int | None, note: str, now: float) -> str:
        passed, came = now - self._first[0], done - self._first[1]
        parts = [f"{done:,} of {total:,}" if total else f"{done:,}"] if done or total else []
        if came and passed:
            parts.append(f"{came / passed:,.1f}/s")
            if total and done < total:
                parts.append(f"{clock_time((total - done) * passed / came)} left")
        parts += [note] if note else []
        return f"{self._stage}: {', '.join(parts)}" if parts else self._stage

    def close(self) -> None:
        """See `Display.close`."""
        if self._unsaid and self._unsaid != self._said:
            click.echo(self._unsaid, err=True)
            self._said = self._unsaid
        self._unsaid = ""


def clock_time(seconds: float) -> str:
    """`1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def display() -> Display:
    """Bars where standard error is a terminal that can move its cursor, else lines."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from builder.cli.bars import Bars

        return Bars()
    return Lines()


@contextmanager
def showing(output: Output, stage: str) -> "Iterator[Callable[[Progress], None]]":
    """What the engine is to call with its progress; it costs nothing with `--json` or `--quiet`. `stage` is shown at
    once, while it still gets ready."""
    if output.json or output.quiet:
        yield lambda _: None
        return
    screen = display()
    try:
        screen.show(stage, 0, None, "")
        yield lambda progress: _show(screen, progress)
    finally:
        screen.close()


@contextmanager
def counting(output: Output, stage: str, count: Callable[[], int] | None = None) -> Iterator[Callable[[int], None]]:
    """What to call with the number of things done; `count` tells how many there are, where somebody wants to know."""
    if output.json or output.quiet:
        yield lambda _: None
        return
    screen = display()
    try:
        total = count() if count else None
        screen.show(stage, 0, total, "")
        yield lambda done: screen.show(stage, done, total, "")
    finally:
        screen.close()


def _show(screen: Display, progress: "Progress") -> None:
    """Searching and fetching take turns, so they are one stage to look at; later ones have nothing to count."""
    if progress.stage not in ("searching", "fetching"):
        screen.show(progress.stage, 0, None, "")
        return
    counts = ((progress.rejected, "rejected"), (progress.failed, "failed"))
    parts = [f"{number:,} {word}" for number, word in counts if number]
    parts.append(f"{progress.fetched_bytes / 1e6:,.1f} MB")
    if progress.target is None:
        screen.show("fetching", progress.done, progress.total, ", ".join([f"{progress.accepted:,} kept", *parts]))
        return
    found = "" if progress.total is None else f" of {progress.total:,}"
    parts.insert(0, f"{progress.done:,}{found} candidates")
    if progress.stage == "searching":
        parts.append("searching")
    screen.show("fetching", min(progress.accepted, progress.target), progress.target, ", ".join(parts))
