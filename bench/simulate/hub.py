"""The local stack's task hub in simulated time, without a network: its calls are made directly."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast, override

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import OrchestrationInstance

from bench.simulate.clock import Clock
from local.host.durable.hub import TaskHub

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When simulated time begins; any would do."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a history is."""

    events: int = 0
    size_bytes: int = 0

    def plus(self, events: Iterable[pb.HistoryEvent]) -> Self:
        """With these events at its end."""
        sizes = [event.ByteSize() for event in events]
        return type(self)(self.events + len(sizes), self.size_bytes + sum(sizes))


class SimulatedHub(TaskHub):
    """Microsoft's in-memory sidecar, whose timers go by a simulated clock.

    `whole`: every turn is given the whole history; otherwise what was added since the turn before, which is much less
    to copy. `extents` has the length of the history that each turn would be given.
    """

    def __init__(self, clock: Clock, *, whole: bool) -> None:
        super().__init__()
        self.extents: dict[str, Extent] = {}
        self._whole = whole
        self._alarms.stop()
        self._clock = clock
        self._context = cast("grpc.ServicerContext", _WhileThereIsWork(self))

    @override
    def now(self) -> datetime:
        return START + timedelta(seconds=self._clock.time)

    @override
    def call_after(self, seconds: float, call: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.time + seconds, call)

    def begin(self, name: str, instance: str, request: str) -> None:
        """Start an orchestration with this JSON."""
        asked = pb.CreateInstanceRequest(instanceId=instance, name=name)
        asked.input.value = request
        self.StartInstance(asked, self._context)

    def work(self) -> Iterator[pb.WorkItem]:
        """The work items that are due now."""
        for item in self.GetWorkItems(pb.GetWorkItemsRequest(), self._context):
            if item.HasField("orchestratorRequest"):
                self._look_at(item.orchestratorRequest)
            yield item

    def _look_at(self, request: pb.OrchestratorRequest) -> None:
        instance = self.instance(request.instanceId)
        for event in (*request.newEvents, *instance.dispatched_events):
            if event.HasField("orchestratorStarted"):
                event.timestamp.FromDatetime(self.now())
        before = Extent()
        if not self._whole:
            before = self.extents[request.instanceId] if instance.history else Extent()
            instance.history.clear()
        self.extents[request.instanceId] = before.plus(request.pastEvents)

    def decided(self, response: pb.OrchestratorResponse) -> None:
        """Take an orchestrator's decisions."""
        self.CompleteOrchestratorTask(response, self._context)

    def done(self, response: pb.ActivityResponse) -> None:
        """Take an activity's result."""
        self.CompleteActivityTask(response, self._context)

    def tell(self, instance: str, event: str) -> None:
        """Raise an event, unless its orchestration is over."""
        found = self._instances.get(instance)
        if found is not None and not self._is_terminal_status(found.status):
            self.RaiseEvent(pb.RaiseEventRequest(instanceId=instance, name=event), self._context)

    def instance(self, name: str) -> OrchestrationInstance:
        """An orchestration's state."""
        return self._instances[name]

    def has_work(self) -> bool:
        """Whether something waits to be given out."""
        return bool(self._orchestration_queue or self._activity_queue)


class _WhileThereIsWork:
    """Stands for the caller's connection: the stream of work items ends where it would wait."""

    def __init__(self, hub: SimulatedHub) -> None:
        self._hub = hub

    def is_active(self) -> bool:
        return self._hub.has_work()

    def abort(self, code: Any, details: str) -> None:
        msg = f"the task hub refuses: {details} ({code})"
        raise RuntimeError(msg)
