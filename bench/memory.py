"""Peak memory of a process and all that it starts: the sum of their shares, looked at every 50 ms."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PERIOD_SECONDS = 0.05
_LOOKS_PER_SECOND = round(1 / PERIOD_SECONDS)

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class PeakMemory:
    """Context manager that watches a session (the processes started by a session's leader, however deep).

    Memory is the proportional set size (PSS), so that pages which several processes share count once; the resident set
    size (RSS) where the kernel does not tell PSS. RSS costs nothing to read, but for PSS the kernel walks all pages
    (some milliseconds per gigabyte, which would disturb what is measured): so it is asked for whenever the sum of RSS
    is larger than ever before, and once a second. `peak_bytes` is the largest sum seen, `looks` how often was looked.
    """

    def __init__(self, session: int) -> None:
        self.peak_bytes = 0
        self.looks = 0
        self._session = session
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        highest = 0
        while True:
            members = in_session(self._session)
            resident = sum(map(resident_bytes, members))
            if resident > highest or self.looks % _LOOKS_PER_SECOND == 0:
                self.peak_bytes = max(self.peak_bytes, sum(map(proportional_bytes, members)))
            highest = max(highest, resident)
            self.looks += 1
            if self._stop.wait(PERIOD_SECONDS):
                return


def in_session(session: int) -> list[int]:
    """Ids of the processes of a session."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - twenty times a second: names are all that is needed
        if name.isdecimal():
            with suppress(ProcessLookupError):  # it ended meanwhile
                if os.getsid(int(name)) == session:
                    found.append(int(name))
    return found


def proportional_bytes(pid: int) -> int:
    """A process's PSS, or its RSS where PSS cannot be read; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resident_bytes(pid)


def resident_bytes(pid: int) -> int:
    """A process's RSS; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
