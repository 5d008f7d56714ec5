"""Which builds are simulated, and on how many processors."""

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context

from bench.simulate.assumptions import Assumptions, Settings, Workload
from bench.simulate.build import Build, Measured

WORKLOADS = (Workload(10, 100_000), Workload(1_000, 1_000))
WORKERS = (16, 64, 256, 1_000)
_MANY_ROUNDS = 10_000
"""Images of a label from which on the size of rounds matters."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to build: `name` says what is different from the usual."""

    name: str
    settings: Settings
    given: Assumptions


@dataclass(frozen=True, slots=True)
class Job:
    """A build to simulate."""

    workload: Workload
    workers: int
    variant: Variant


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    job: Job
    measured: Measured


def usual() -> Variant:
    """The app's settings as they come, and the limits of serverless services."""
    from shared.settings import Settings as AppSettings

    fields = AppSettings.model_fields
    names = ("max_shards_per_round", "max_rounds", "shard_wait_seconds")
    return Variant("as it comes", Settings(**{name: fields[name].default for name in names}), Assumptions())


def others() -> tuple[Variant, ...]:
    """What is changed to see what bends the curve."""
    base = usual()
    settings, given = base.settings, base.given
    return (
        Variant("rounds of 50 shards", replace(settings, max_shards_per_round=50), given),
        Variant("rounds of 300 shards", replace(settings, max_shards_per_round=300), given),
        Variant("no limit of the database", settings, replace(given, units_per_second=None)),
        Variant(
            "no limit of database and scheduler",
            settings,
            replace(given, units_per_second=None, actions_per_second=None),
        ),
    )


def jobs(workloads: Sequence[Workload], workers: Sequence[int], *, variants: bool) -> list[Job]:
    """The usual way with every number of workers; the others, where they differ, with the most."""
    found = [Job(workload, count, usual()) for workload in workloads for count in workers]
    if variants:
        found += [
            Job(workload, max(workers), variant)
            for workload in workloads
            for variant in others()
            if variant.settings == usual().settings or workload.images >= _MANY_ROUNDS
        ]
    return found


def simulate(wanted: Sequence[Job], told: Callable[[Result], None]) -> list[Result]:
    """Run them, one on each processor; in the order in which they were asked for."""
    if len(wanted) == 1:  # a process of its own would only take its start
        result = _run(wanted[0])
        told(result)
        return [result]
    results: dict[Job, Result] = {}
    with ProcessPoolExecutor(os.process_cpu_count(), get_context("spawn")) as processes:
        running = [processes.submit(_run, job) for job in wanted]
        for one in as_completed(running):
            result = one.result()
            results[result.job] = result
            told(result)
    return [results[job] for job in wanted]


def _run(job: Job) -> Result:
    logging.disable(logging.WARNING)  # the durable libraries tell of every turn
    try:
        return Result(job, Build(job.workload, job.workers, job.variant.settings, job.variant.given).run())
    finally:
        logging.disable(logging.NOTSET)
