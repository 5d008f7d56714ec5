"""The tables of docs/scale.md."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime

from bench.results import Machine
from bench.simulate.assumptions import SOURCES, Assumptions
from bench.simulate.plan import Result, usual

BEGIN, END = "<!-- written by make simulate: begin -->", "<!-- written by make simulate: end -->"
MOST_ACTIVITIES, MOST_PAYLOAD, MOST_ACTIONS = 300, 16_000, 0.1
"""At once in one orchestration; bytes; of the scheduler, for each image."""
MOST_EVENTS_A_SHARD, MOST_OTHER_EVENTS = 6, 600
"""Of a history: for each shard of a round, and beside them (a hundred labels of a page, or the start and end of a
build). So a history depends on the settings, never on how large the dataset is."""


def markdown(machine: Machine, results: Sequence[Result], seconds: float) -> str:
    """On what, the bounds, the times, and what is assumed."""
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d}: {machine.processor}, {machine.processors} processors, Python "
        f"{machine.python}; {len(results)} builds simulated in {seconds:.0f} s.",
        f"- Settings: {_named(usual().settings)}.",
        "",
        *_bounds(results),
        "",
        *_histories(results),
        "",
        *_times(results),
        "",
        *_assumptions(usual().given),
    ]
    return "\n".join(lines) + "\n"


def broken(result: Result) -> list[str]:
    """The bounds that a build does not keep, each as a sentence; none when all is well."""
    measured = result.measured
    tally = measured.tally
    most = max(one.most_activities for one in tally.orchestrators.values())
    payload = max(tally.payloads.values())
    found = []
    longest = MOST_OTHER_EVENTS + MOST_EVENTS_A_SHARD * result.job.variant.settings.max_shards_per_round
    for name, one in tally.orchestrators.items():
        if one.most_events > longest:
            found.append(f"a history of {one.most_events:,} events in {name}, which may have {longest:,}")
    if most > MOST_ACTIVITIES:
        found.append(f"{most} activities at once in one orchestration")
    if payload > MOST_PAYLOAD:
        found.append(f"a payload of {payload:,} bytes")
    if measured.actions_per_image > MOST_ACTIONS:
        found.append(f"{measured.actions_per_image:.3f} actions for an image")
    if measured.state != "ready":
        found.append(f"it ended {measured.state}")
    return found


def _bounds(results: Sequence[Result]) -> list[str]:
    lines = [
        "| build | images | candidates | actions | for each image (at most 0.1) | activities at once (300) | "
        "largest payload, bytes (16,000) | bounds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(_named_build(result) for result in results):
        same = [result for result in results if _named_build(result) == name]
        worst = max(same, key=lambda one: one.measured.actions_per_image).measured
        tally = worst.tally
        payload = max(tally.payloads, key=lambda kind: tally.payloads[kind])
        faults = dict.fromkeys(fault for result in same for fault in broken(result))
        lines.append(
            f"| {name} | {worst.images:,} | {worst.candidates:,} | {tally.actions.total():,} | "
            f"{worst.actions_per_image:.4f} | {max(one.most_activities for one in tally.orchestrators.values())} | "
            f"{tally.payloads[payload]:,} ({payload}) | {'; '.join(faults) or 'kept'} |"
        )
    return lines


def _histories(results: Sequence[Result]) -> list[str]:
    lines = [
        "| build | orchestrator | executions | turns | longest history, events | bytes | sub-orchestrations at once |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for workload in dict.fromkeys(result.job.workload for result in results):
        usually = [one.measured for one in results if one.job.workload == workload and _is_usual(one)]
        for name in ("build_dataset", "collect_labels", "collect_label"):
            all_of = [one.tally.orchestrators[name] for one in usually]
            lines.append(
                f"| {workload.name} | `{name}` | {max(one.executions for one in all_of):,} | "
                f"{max(one.turns for one in all_of):,} | {max(one.most_events for one in all_of):,} | "
                f"{max(one.most_bytes for one in all_of):,} | {max(one.most_children for one in all_of)} |"
            )
    return lines


def _times(results: Sequence[Result]) -> list[str]:
    lines = [
        "| build | workers | images/s while collecting | workers busy | collected after | the end takes | "
        "whole build | actions/s, busiest 10 s | actions for each image |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        one = result.measured
        lines.append(
            f"| {_named_build(result)} | {one.workers:,} | {one.images / one.collected:,.0f} | {one.busy:.0%} | "
            f"{_hours(one.collected)} | {_hours(one.wall - one.collected)} | {_hours(one.wall)} | "
            f"{one.tally.busiest:,.0f} | {one.actions_per_image:.4f} |"
        )
    return lines


def _assumptions(given: Assumptions) -> list[str]:
    rows = [
        f"| `{field.name}` | {getattr(given, field.name)} | {SOURCES.get(field.name, 'assumed')} |"
        for field in fields(given)
    ]
    return ["| taken for granted (`bench/simulate/assumptions.py`) | value | from |", "| --- | --- | --- |", *rows]


def _named_build(result: Result) -> str:
    name = result.job.workload.name
    return name if _is_usual(result) else f"{name}, {result.job.variant.name}"


def _is_usual(result: Result) -> bool:
    return result.job.variant == usual()


def _named(settings: object) -> str:
    return ", ".join(f"`{field.name}` {getattr(settings, field.name)}" for field in fields(settings))  # type: ignore[arg-type]


def _hours(seconds: float) -> str:
    """Hours and minutes."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:,}:{minutes % 60:02} h"
