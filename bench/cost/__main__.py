"""`python -m bench.cost`: what building costs. `make cost` calls this."""

import argparse
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.api.stack import running
from bench.cost import idle, page, pictures
from bench.cost.build import LABELS, Run, run
from bench.machine import this_machine
from bench.pages import Measured, publish

SMALL, LARGE = 348, 1_044
"""So that shards are full: of 2.2 candidates an image, four labels have 2 shards each, and 6."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build twice, count and tell; 0 when both came out."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL, help="images of the first build")
    parser.add_argument("--large", type=int, default=LARGE, help="images of the second")
    parser.add_argument("--work", type=Path, default=Path(".bench/cost"), help="the stack's data; emptied before")
    parser.add_argument("--infra", type=Path, default=Path("infra"), help="where the environments are configured")
    parser.add_argument("--page", type=Path, help="write the tables into this Markdown page")
    parsed = parser.parse_args(arguments)
    if not LABELS <= parsed.small < parsed.large:
        parser.error(f"--small must be at least {LABELS}, and smaller than --large")
    signal.signal(signal.SIGTERM, _end)  # as Ctrl-C: the stack is ended too
    console = Console(highlight=False, soft_wrap=True)

    def measure() -> Measured:
        small, large = _measure((parsed.small, parsed.large), parsed.work.resolve(), console)
        return page.markdown(this_machine({}), small, large, idle.environments(parsed.infra)), True

    return publish(measure, console, parsed.page, page.BEGIN, page.END)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def _measure(sizes: tuple[int, int], work: Path, console: Console) -> tuple[Run, Run]:
    shutil.rmtree(work, ignore_errors=True)
    with pictures.serving() as site:
        allowed = {"PIXCRAWLER_FETCH_ALLOW": site.removeprefix("http://")}
        with running(work, allowed) as stack:
            found = []
            for size in sizes:
                console.print(f"building {size:,} images...")
                found.append(run(stack, site, work / "logs" / "host.log", size))
    return found[0], found[1]


if __name__ == "__main__":
    sys.exit(main())
