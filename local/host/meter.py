"""What this host saw that is paid for on Azure, among the metrics that it serves: durable actions, invocations, and how
long it was busy.

On Flex Consumption an execution is paid for as one second at least, and by tenths of a second from there on:
https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#billing

An action is a message that the durable backend hands to the app, as the Durable Task Scheduler counts them:
https://learn.microsoft.com/azure/azure-functions/durable/durable-task-scheduler/durable-task-scheduler-billing
"""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import durabletask.internal.orchestrator_service_pb2 as pb
from prometheus_client import Counter

ACTIONS = Counter("local_durable_actions", "Messages handed to orchestrators and activities.", ["kind"])
INVOCATIONS = Counter("local_invocations", "Functions called.", ["function"])
SECONDS = Counter("local_invocation_seconds", "Seconds that they took, added up.", ["function"])
BILLED = Counter("local_billed_seconds", "Seconds paid for if each of them had an instance of its own.", ["function"])
BUSY = Counter("local_busy_seconds", "Seconds in which at least one of them ran: what one instance is paid for.")

_SHORTEST_SECONDS, _TENTHS = 1.0, 10

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


def billed(seconds: float) -> float:
    """What is paid for an execution that took so many seconds, alone on its instance."""
    return max(_SHORTEST_SECONDS, math.ceil(seconds * _TENTHS) / _TENTHS)


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
        seconds = time.perf_counter() - start
        SECONDS.labels(function).inc(seconds)
        BILLED.labels(function).inc(billed(seconds))
