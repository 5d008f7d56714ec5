"""Histories of orchestrations as files: what each turn was given, and what it decided.

`python -m tools.histories` records them.

A file has the executions of one run of a scenario: the events of each, in order, and for each turn how many of them
were past, how many new, and the actions that were decided (protocol buffers, as JSON).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf.json_format import MessageToDict, ParseDict

from tests.functions.orchestration import Turn

FOLDER = Path(__file__).parent / "recorded"
"""A folder for each version of the orchestrators, named like it."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """A turn of a recorded execution."""

    name: str
    version: str | None
    request: pb.OrchestratorRequest
    actions: list[Json]


def decisions(response: pb.OrchestratorResponse) -> list[Json]:
    """The actions of a turn, as they are kept and compared: everything counts, inputs too.

    Workers of both versions run side by side while a change is rolled out, and each may get what the other asked for.
    """
    return [MessageToDict(action) for action in response.actions]


def to_json(turns: Iterable[Turn]) -> list[Json]:
    """The executions that these turns belong to."""
    executions: list[list[Turn]] = []
    latest: dict[str, list[Turn]] = {}
    for one in turns:
        request = pb.OrchestratorRequest.FromString(one.request)
        if not request.pastEvents:  # `continue_as_new` begins a history under the same id
            latest[request.instanceId] = []
            executions.append(latest[request.instanceId])
        latest[request.instanceId].append(one)
    return [_execution(some) for some in executions]


def _execution(turns: list[Turn]) -> Json:
    requests = [pb.OrchestratorRequest.FromString(one.request) for one in turns]
    whole = [*requests[-1].pastEvents, *requests[-1].newEvents]
    for request in requests:
        events = [*request.pastEvents, *request.newEvents]
        if events != whole[: len(events)]:
            msg = f"the history of {request.instanceId} was not only added to: it cannot be kept in this form"
            raise ValueError(msg)
    return {
        "orchestrator": turns[0].name,
        "instance": requests[0].instanceId,
        "events": [MessageToDict(_without_traces(event)) for event in whole],
        "turns": [
            {
                "past": len(request.pastEvents),
                "new": len(request.newEvents),
                "actions": decisions(pb.OrchestratorResponse.FromString(one.response)),
            }
            for request, one in zip(requests, turns, strict=True)
        ],
    }


def _without_traces(event: pb.HistoryEvent) -> pb.HistoryEvent:
    """The event without the stack trace of a failure, which names the files of the machine; nothing decides by it."""
    copy = pb.HistoryEvent.FromString(event.SerializeToString())
    for kind in ("taskFailed", "subOrchestrationInstanceFailed"):
        if copy.HasField(kind):
            getattr(copy, kind).failureDetails.ClearField("stackTrace")
    return copy


def read(path: Path) -> Iterator[Recorded]:
    """The turns in a file."""
    for execution in json.loads(path.read_text()):
        events = [ParseDict(event, pb.HistoryEvent()) for event in execution["events"]]
        started = _started(events)
        for turn in execution["turns"]:
            past, end = turn["past"], turn["past"] + turn["new"]
            request = pb.OrchestratorRequest(
                instanceId=execution["instance"],
                executionId=started.orchestrationInstance.executionId,
                pastEvents=events[:past],
                newEvents=events[past:end],
            )
            version = started.version.value if started.HasField("version") else None
            yield Recorded(execution["orchestrator"], version, request, turn["actions"])


def _started(events: Iterable[pb.HistoryEvent]) -> pb.ExecutionStartedEvent:
    return next(event.executionStarted for event in events if event.HasField("executionStarted"))
