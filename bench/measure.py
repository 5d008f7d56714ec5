"""One run of a command, measured from outside: wall time, CPU time and peak memory of all its processes."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.memory import PeakMemory

_TAIL_CHARACTERS = 1_500


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took. CPU is user and system time of the process and every descendant that was waited for."""

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
                # Not Popen.wait: this is what tells the CPU time of this child (and its children) alone.
                _, status, usage = os.wait4(process.pid, 0)
                wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            late.cancel()
            _kill(process.pid)
    if process.returncode != 0:
        shown = " ".join(map(str, command))
        tail = log.read_text(errors="replace")[-_TAIL_CHARACTERS:].strip()
        in_time = "" if wall < limit_seconds else f", stopped after {limit_seconds:g} s"
        msg = f"this command failed (exit code {process.returncode}{in_time}):\n  {shown}\n{tail}\nThe whole log: {log}"
        raise BenchError(msg)
    return Measured(wall, usage.ru_utime + usage.ru_stime, memory.peak_bytes)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's, and more. Python's modules may be kept compiled: else a process that imports many of them does
    little but compile, and the peers import more than the builder does."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def _kill(session: int) -> None:
    """End the process group that the session's leader made; it may be gone already."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)
