"""The tables of docs/benchmarks-api.md."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.api.results import BUSY, Load, Memory
from bench.results import Machine

BEGIN, END = "<!-- written by make bench-api: begin -->", "<!-- written by make bench-api: end -->"
MOST_GROWTH = 0.05
"""Of the app's memory over all requests: what its caches and its allocator may still take."""
_MIB = 1 << 20


def markdown(machine: Machine, loads: Sequence[Load], memory: Memory) -> str:
    """On what, how fast, and how much memory."""
    faults: Counter[str] = sum((Counter(one.faults) for one in loads), Counter())
    errors = faults.total()
    which = f" ({', '.join(f'{count:,} {fault}' for fault, count in faults.most_common())})" if errors else ""
    met = "not met" if errors else "met"
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d}: {machine.processor}, {machine.processors} processors, "
        f"{machine.memory_bytes / (1 << 30):.0f} GiB, {machine.system}, Python {machine.python}. "
        "Stack and clients share them.",
        f"- {sum(one.requests for one in loads):,} requests, {errors:,} errors{which}: **{met}**.",
        f"- Memory of the app's process (PSS) over {memory.requests:,} more requests: "
        f"{', '.join(f'{look / _MIB:.1f}' for look in memory.looks)} MiB, {memory.growth:+.1%}; "
        f"aim: at most {MOST_GROWTH:+.0%}: **{'met' if memory.growth <= MOST_GROWTH else 'not met'}**.",
        "",
        "| request | build running | clients | requests | errors | per second | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *map(_row, loads),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Load) -> str:
    cells = (
        one.asked, "yes" if one.phase == BUSY else "no", f"{one.clients}", f"{one.requests:,}", f"{one.errors:,}",
        f"{one.per_second:,.1f}", f"{one.p50 * 1000:,.1f}", f"{one.p99 * 1000:,.1f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
