"""How many requests a second the server can answer: what it must not be the limit of.

python -m bench.load --requests N [--ca-file PEM] < urls
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import pycurl

from bench.errors import BenchError

CONCURRENCY = 32
PROCESSES = 2
_BUFFER_BYTES = 131_072


def requests_per_second(urls: Sequence[str], requests: int, ca_file: Path | None = None) -> float:
    """Whole bodies per second that PROCESSES processes of CONCURRENCY keep-alive connections each get with libcurl.

    It is a lower bound of what the server can do: the clients run on the same machine.
    """
    command = [sys.executable, "-m", "bench.load", "--requests", str(requests // PROCESSES)]
    if ca_file is not None:
        command += ["--ca-file", str(ca_file)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this module
        for _ in range(PROCESSES)
    ]
    for child in children:
        assert child.stdin is not None  # noqa: S101 - a pipe was asked for
        child.stdin.write("\n".join(urls))
        child.stdin.close()
        child.stdin = None
    rates = [float(child.communicate()[0]) for child in children]
    return sum(rates)


def ask(urls: Sequence[str], requests: int, ca_file: Path | None = None) -> float:
    """Requests per second of this process alone, with nothing but libcurl; BenchError for any answer but 200."""
    left = iter(range(requests))
    pieces: list[bytes] = []
    free = [_handle(pieces, ca_file) for _ in range(CONCURRENCY)]
    multi = pycurl.CurlMulti()
    busy = 0
    started = time.perf_counter()
    while True:
        for number in islice(left, len(free)):
            curl = free.pop()
            curl.setopt(pycurl.URL, urls[number % len(urls)])
            multi.add_handle(curl)
            busy += 1
        if not busy:
            return requests / (time.perf_counter() - started)
        multi.perform()
        _, good, bad = multi.info_read()
        pieces.clear()
        for curl in good:
            if curl.getinfo(pycurl.RESPONSE_CODE) != HTTPStatus.OK:
                bad.append((curl, curl.getinfo(pycurl.RESPONSE_CODE), "is no answer to go on with"))
            multi.remove_handle(curl)
        if bad:
            msg = f"{bad[0][0].getinfo(pycurl.EFFECTIVE_URL)}: {bad[0][2]} ({bad[0][1]})"
            raise BenchError(msg)
        free += good
        busy -= len(good)
        if not good:
            multi.select(1.0)


def _handle(pieces: list[bytes], ca_file: Path | None) -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.BUFFERSIZE, _BUFFER_BYTES)
    curl.setopt(pycurl.WRITEFUNCTION, pieces.append)
    if ca_file is not None:
        curl.setopt(pycurl.CAINFO, str(ca_file))
    return curl


def main() -> None:
    """Print requests per second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--ca-file", type=Path)
    arguments = parser.parse_args()
    urls = sys.stdin.read().split()
    sys.stdout.write(f"{ask(urls, arguments.requests, arguments.ca_file)}\n")


if __name__ == "__main__":
    main()
