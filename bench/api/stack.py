"""The whole stack on free ports and a folder of its own, for as long as it is measured."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.errors import BenchError
from local.processes import free_port

START_SECONDS = 90.0
STOP_SECONDS = 30.0
_PORTS = ("BLOB", "QUEUE", "TABLE", "COSMOS", "HOST", "DURABLE")
_SITES = 4
"""Of the gallery, on ports that follow each other."""

UNLIMITED = {
    "PIXCRAWLER_REQUESTS_PER_SECOND": "0",
    "PIXCRAWLER_QUOTA_CONCURRENT_BUILDS": "1000000",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that runs. `app` is the id of the process that runs the app."""

    api: str
    key: str
    gallery: str
    app: int


@contextmanager
def running(data: Path, more: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Start the stack, without limits of requests and builds, and with `more` environment variables; its log goes to
    `data`. BenchError if it does not start."""
    ports = {name: free_port() for name in _PORTS} | {"GALLERY": _free_ports(_SITES)}
    data.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        **UNLIMITED,
        **(more or {}),
        **{f"PIXCRAWLER_LOCAL_{name}_PORT": str(port) for name, port in ports.items()},
        "PIXCRAWLER_LOCAL_DATA": str(data),
    }
    with (data / "bench.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "up"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            api = f"http://127.0.0.1:{ports['HOST']}/api/v1"
            key = _key_when_ready(process, api, data)
            yield Stack(api, key, f"http://127.0.0.1:{ports['GALLERY']}", _app(ports["HOST"]))
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _key_when_ready(process: "subprocess.Popen[bytes]", api: str, data: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(requests.RequestException, OSError):
            if requests.get(f"{api}/health/ready", timeout=5).ok and (key := (data / "api-key").read_text().strip()):
                return key
        time.sleep(0.2)
    msg = f"the stack did not start: {data / 'bench.log'} says why"
    raise BenchError(msg)


def _app(port: int) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", b"local.host"] and str(port).encode() in words:
                return int(folder.name)
    msg = "the app's process is not to be found below /proc: this benchmark needs Linux"
    raise BenchError(msg)


def _free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        first = free_port()
        with suppress(OSError):
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
