"""One run of a command, measured from outside: wall time, CPU time and peak memory of all its processes."""

import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.memory import PeakMemory, in_session

_TAIL_CHARACTERS = 1_500
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took. CPU is user and system time of the process and every descendant."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure(
    command: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, limit_seconds: float = 900.0
) -> Measured:
    """Run `command` to its end in a session of its own; what it prints goes to `log`.

    Raises BenchError, with the end of the log, when it exits with another code than 0 or takes longer than
    `limit_seconds`. Whatever happens, nothing that it started is left running.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _adopt_orphans()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - commands are the benchmark's own
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(env or {}),
            start_new_session=True,
        )
        late = threading.Timer(limit_seconds, _kill, [process.pid])
        late.start()
        try:
            with PeakMemory(process.pid) as memory:
                process.wait()
                wall = time.perf_counter() - started
        finally:
            late.cancel()
            _kill(process.pid)
            _wait_for_orphans(process.pid)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        shown = " ".join(map(str, command))
        tail = log.read_text(errors="replace")[-_TAIL_CHARACTERS:].strip()
        in_time = "" if wall < limit_seconds else f", stopped after {limit_seconds:g} s"
        msg = f"this command failed (exit code {process.returncode}{in_time}):\n  {shown}\n{tail}\nThe whole log: {log}"
        raise BenchError(msg)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, memory.peak_bytes)


def _adopt_orphans() -> None:
    """Become the parent of descendants whose own has ended, so that their CPU time is told here (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans(session: int) -> None:
    """Wait for what the command left behind: a server of processes ends some moments after those that it serves."""
    while members := in_session(session):
        for pid in members:
            with suppress(ChildProcessError):  # its parent has not ended yet
                os.waitpid(pid, 0)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's, and more. Python's modules may be kept compiled: else a process that imports many of them does
    little but compile, and the peers import more than the builder does."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def _kill(session: int) -> None:
    """End the process group that the session's leader made; it may be gone already."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)
