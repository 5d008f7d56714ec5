"""`python -m bench.simulate`: builds of a million images in simulated time. `make simulate` calls this."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.machine import this_machine
from bench.pages import Measured, publish
from bench.simulate import page
from bench.simulate.assumptions import Workload
from bench.simulate.plan import WORKERS, WORKLOADS, Result, jobs, simulate


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and tell; 0 when every bound is kept by the app's own settings, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulate", description=__doc__)
    parser.add_argument("--workload", type=_workload, action="append", help="LABELSxIMAGES; can be given several times")
    parser.add_argument("--workers", type=_numbers, default=WORKERS, help="with commas between them")
    parser.add_argument(
        "--variants", action=argparse.BooleanOptionalAction, default=True, help="other limits, other rounds"
    )
    parser.add_argument("--page", type=Path, help="write the tables into this Markdown page")
    parsed = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)

    def told(result: Result) -> None:
        one = result.measured
        console.print(
            f"{one.workload.name}, {one.workers:,} workers, {result.job.variant.name}: {one.state}, "
            f"{one.wall / 3600:,.2f} h simulated in {one.took:,.0f} s",
            markup=False,
        )

    def measure() -> Measured:
        started = time.perf_counter()
        results = simulate(jobs(parsed.workload or WORKLOADS, parsed.workers, variants=parsed.variants), told)
        ours = [one for one in results if one.job.variant.name == results[0].job.variant.name]
        text = page.markdown(this_machine({}), results, time.perf_counter() - started)
        return text, not any(map(page.broken, ours))

    return publish(measure, console, parsed.page, page.BEGIN, page.END)


def _workload(text: str) -> Workload:
    labels, _, images = text.partition("x")
    return Workload(int(labels), int(images))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
