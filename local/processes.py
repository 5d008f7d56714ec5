"""Child processes that never outlive their parent, free ports, and waiting for a port to answer."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_answers(port: int) -> bool:
    """Whether somebody accepts connections on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Poll `condition` until it holds; TimeoutError naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            msg = f"{what} did not happen within {timeout:g} s"
            raise TimeoutError(msg)
        time.sleep(0.02)


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` on a leash: it is killed, with all it started, when this process ends, however it ends.

    The leash is a pipe: see `local.leash`. `terminate()` on the result asks the command to stop cleanly.
    """
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "local.leash", *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        env=env,
        cwd=cwd or Path(__file__).parent.parent,
        start_new_session=True,
    )
