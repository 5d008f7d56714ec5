"""What this host saw that is paid for on Azure, among the metrics that it serves: durable actions, invocations, and how
long it was busy.

An action is a message that the durable backend hands to the app, as the Durable Task Scheduler counts them:
https://learn.microsoft.com/azure/azure-functions/durable/durable-task-scheduler/durable-task-scheduler-billing
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import durabletask.internal.orchestrator_service_pb2 as pb
from prometheus_client import Counter

ACTIONS = Counter("local_durable_actions", "Messages handed to orchestrators and activities.", ["kind"])
INVOCATIONS = Counter("local_invocations", "Functions called.", ["function"])
SECONDS = Counter("local_invocation_seconds", "Seconds that they took, added up.", ["function"])
BUSY = Counter("local_busy_seconds", "Seconds in which at least one of them ran: what one instance is paid for.")

_KINDS = frozenset({
    "executionStarted", "taskCompleted", "taskFailed", "subOrchestrationInstanceCompleted",
    "subOrchestrationInstanceFailed", "timerFired", "eventRaised", "executionSuspended", "executionResumed",
    "executionTerminated",
})  # fmt: skip


def orchestrated(events: Iterable[pb.HistoryEvent]) -> None:
    """An orchestrator is handed these new events."""
    for event in events:
        kind = event.WhichOneof("eventType")
        if kind in _KINDS:
            ACTIONS.labels(kind).inc()


def acted() -> None:
    """An activity is handed its task."""
    ACTIONS.labels("activity").inc()


class _Running:
    """How many functions run, and since when any does."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count, self._since = 0, 0.0

    def begin(self) -> None:
        with self._lock:
            if self._count == 0:
                self._since = time.perf_counter()
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                BUSY.inc(time.perf_counter() - self._since)


_running = _Running()


@contextmanager
def invoked(function: str) -> Iterator[None]:
    """A function runs, for as long as this lasts."""
    start = time.perf_counter()
    _running.begin()
    try:
        yield
    finally:
        _running.end()
        INVOCATIONS.labels(function).inc()
        SECONDS.labels(function).inc(time.perf_counter() - start)
