"""Runs a command and kills it, with everything it started, once standard input closes: `python -m local.leash CMD...`.

The parent holds the other end of the pipe; the kernel closes it even when the parent dies by SIGKILL, on every system.
When this process itself dies by SIGKILL, Linux kills the command; elsewhere it would stay.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

_NOT_FOUND = 127  # what a shell says of a command that is not there
_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(command: list[str]) -> int:
    """Run `command` until it ends, the pipe closes, or a signal comes; returns its exit code."""
    child: subprocess.Popen[bytes] | None = None
    asked_to_stop = False

    def stop(*_: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)

    # Before the child is started: a signal in between would end this process and leave the child without a leash.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - no other thread runs yet
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return _NOT_FOUND
    if asked_to_stop:
        stop()

    def watch_pipe() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    threading.Thread(target=watch_pipe, daemon=True).start()
    code = child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # whatever the command left behind in its group
    return code if code >= 0 else 128 - code


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child of `parent` does before it becomes the command, so that it is killed when `parent` is."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: little is safe between fork and exec

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
