"""How many requests a second the server can answer: what it must not be the limit of.

python -m bench.load --requests N [--ca-file PEM] < urls
"""

import argparse
import asyncio
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp

CONCURRENCY = 32
PROCESSES = 2


def requests_per_second(urls: Sequence[str], requests: int, ca_file: Path | None = None) -> float:
    """Whole bodies per second that PROCESSES processes of CONCURRENCY keep-alive connections each get with aiohttp.

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


async def ask(urls: Sequence[str], requests: int, ca_file: Path | None) -> float:
    """Requests per second of this process alone; raises aiohttp.ClientError for any answer but 200."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else True
    connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=context)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
        left: Iterator[int] = iter(range(requests))

        async def work() -> None:
            for number in left:
                async with session.get(urls[number % len(urls)]) as answer:
                    await answer.read()

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        return requests / (time.perf_counter() - started)


def main() -> None:
    """Print requests per second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--ca-file", type=Path)
    arguments = parser.parse_args()
    urls = sys.stdin.read().split()
    sys.stdout.write(f"{asyncio.run(ask(urls, arguments.requests, arguments.ca_file))}\n")


if __name__ == "__main__":
    main()
