"""What is measured of a simulated build: actions, histories, payloads, how much runs at once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import durabletask.internal.orchestrator_service_pb2 as pb

from bench.simulate.hub import Extent

_MESSAGES = {
    "executionStarted": "orchestration started",
    "taskCompleted": "activity's result",
    "taskFailed": "activity's result",
    "eventRaised": "event",
    "subOrchestrationInstanceCompleted": "sub-orchestration's result",
    "subOrchestrationInstanceFailed": "sub-orchestration's result",
}
ACTIVITY, TIMER = "activity started", "timer"
_WINDOW_SECONDS = 10


def messages(events: Iterable[pb.HistoryEvent]) -> list[str]:
    """What the scheduler bills of the events that start a turn.

    Timers are counted when they are made instead: one that is not waited for any more may fire nevertheless.
    """
    kinds = (str(event.WhichOneof("eventType")) for event in events)
    return [_MESSAGES[kind] for kind in kinds if kind in _MESSAGES]


@dataclass
class Orchestrator:
    """The worst of all executions of one orchestrator; an execution ends with it, or with `continue_as_new`."""

    executions: int = 0
    turns: int = 0
    most_events: int = 0
    most_bytes: int = 0
    most_activities: int = 0  # at once
    most_children: int = 0  # sub-orchestrations at once


@dataclass
class Tally:
    """Sums and worst cases."""

    actions: Counter[str] = field(default_factory=Counter)
    orchestrators: dict[str, Orchestrator] = field(default_factory=dict)
    payloads: dict[str, int] = field(default_factory=dict)  # kind -> bytes of the largest
    _windows: Counter[int] = field(default_factory=Counter)
    _activities: Counter[str] = field(default_factory=Counter)
    _children: Counter[str] = field(default_factory=Counter)

    @property
    def busiest(self) -> float:
        """Actions per second in the busiest ten seconds."""
        return max(self._windows.values(), default=0) / _WINDOW_SECONDS

    def act(self, time: float, kinds: Iterable[str]) -> None:
        """Actions were dispatched."""
        for kind in kinds:
            self.actions[kind] += 1
            self._windows[int(time // _WINDOW_SECONDS)] += 1

    def carried(self, kind: str, text: str) -> None:
        """Something passed through the scheduler."""
        self.payloads[kind] = max(self.payloads.get(kind, 0), len(text.encode()))

    def turn(
        self, name: str, history: Extent, request: pb.OrchestratorRequest, response: pb.OrchestratorResponse
    ) -> None:
        """An orchestrator decided, after this history."""
        seen = self.orchestrators.setdefault(name, Orchestrator())
        seen.turns += 1
        instance = request.instanceId
        for event in request.newEvents:
            kind = event.WhichOneof("eventType")
            self._activities[instance] -= kind in ("taskCompleted", "taskFailed")
            if kind == "subOrchestrationInstanceCompleted":
                self._children[instance] -= 1
                self.carried(
                    f"{name}: sub-orchestration's output", event.subOrchestrationInstanceCompleted.result.value
                )
        for action in response.actions:
            if action.HasField("scheduleTask"):
                self._activities[instance] += 1
                self.carried(f"{action.scheduleTask.name}: input", action.scheduleTask.input.value)
            elif action.HasField("createSubOrchestration"):
                self._children[instance] += 1
                self.carried(f"{action.createSubOrchestration.name}: input", action.createSubOrchestration.input.value)
            elif action.HasField("completeOrchestration"):
                seen.executions += 1
                whole = history.plus(request.newEvents)
                seen.most_events = max(seen.most_events, whole.events)
                seen.most_bytes = max(seen.most_bytes, whole.size_bytes)
                complete = action.completeOrchestration
                again = complete.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW
                self.carried(f"{name}: {'input of the next round' if again else 'output'}", complete.result.value)
        seen.most_activities = max(seen.most_activities, self._activities[instance])
        seen.most_children = max(seen.most_children, self._children[instance])
