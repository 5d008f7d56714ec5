"""`python -m bench.api`: the API under load. `make bench-api` calls this."""

import argparse
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.api import page, scenarios
from bench.api.results import Load
from bench.api.stack import running
from bench.machine import this_machine
from bench.pages import Measured, publish
from builder.remote.client import Client

REQUESTS, MEMORY_REQUESTS = 500, 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and tell; 0 when it ran without an error of the API, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="reads of each kind by each number of clients")
    parser.add_argument("--memory-requests", type=int, default=MEMORY_REQUESTS, help="while memory is watched")
    parser.add_argument("--work", type=Path, default=Path(".bench/api"), help="the stack's data; emptied before")
    parser.add_argument("--page", type=Path, help="write the tables into this Markdown page")
    parsed = parser.parse_args(arguments)
    if parsed.requests < max(scenarios.CLIENTS) or parsed.memory_requests < max(scenarios.CLIENTS):
        parser.error(f"--requests and --memory-requests must be at least {max(scenarios.CLIENTS)}")
    signal.signal(signal.SIGTERM, _end)  # as Ctrl-C: the stack is ended too
    console = Console(highlight=False, soft_wrap=True)
    work = parsed.work.resolve()
    return publish(
        lambda: _measure(parsed.requests, parsed.memory_requests, work, console),
        console, parsed.page, page.BEGIN, page.END,
    )  # fmt: skip


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def _measure(requests: int, memory_requests: int, work: Path, console: Console) -> Measured:
    """The tables, and whether no request went wrong."""
    shutil.rmtree(work, ignore_errors=True)

    def told(one: Load) -> None:
        figures = f"{one.per_second:.1f}/s, {one.errors} errors {one.faults or ''}"
        console.print(f"{one.phase}: {one.asked}, {one.clients} clients: {figures}", markup=False)

    with running(work) as stack:
        client = Client(stack.api, stack.key, proxies=False)
        console.print("preparing a dataset to ask for...")
        kinds = scenarios.asks(stack, scenarios.prepared(client))
        watched = scenarios.memory(stack, kinds, memory_requests)
        console.print(f"memory: {watched.growth:+.1%} over {watched.requests:,} requests", markup=False)
        loads = scenarios.measured(stack, client, kinds, requests, told)
    return page.markdown(this_machine({}), loads, watched), not any(one.errors for one in loads)


if __name__ == "__main__":
    sys.exit(main())
