"""Runs the app's orchestrators for real, with activities that a test scripts, and keeps every turn for replaying."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import durabletask.internal.orchestrator_service_pb2 as pb
import grpc.aio
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.internal.helpers import new_failure_details
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from google.protobuf.wrappers_pb2 import StringValue

from functions import build, deliver, retention, take_down, tenants
from local.host.config import load_host_json
from local.host.durable.hub import TaskHub

Activity = Callable[[Any], Any]
VERSION = load_host_json(Path(__file__).parents[2] / "host.json", {}).extensions.durable_task.default_version
"""What new orchestrations get."""


def handles() -> dict[str, Any]:
    """The orchestrators as the host calls them, by name."""
    app = df.DFApp()
    app.register_functions(build.bp)
    for module in (deliver, retention, take_down, tenants):
        app.register_functions(module.bp)
    built = app.get_functions()
    found = {}
    for one in built:
        trigger = one.get_trigger()
        if trigger is not None and trigger.type == "orchestrationTrigger":
            found[str(one.get_function_name())] = (one.get_user_function(), str(trigger.name))
    return found


async def turn(name: str, request: bytes) -> pb.OrchestratorResponse:
    """One turn of an orchestrator: what it decides, given a history."""
    function, parameter = handles()[name]
    context = func.OrchestrationContext(base64.b64encode(request).decode())
    answer: str = await function(**{parameter: context})
    return pb.OrchestratorResponse.FromString(base64.b64decode(answer))


@dataclass(frozen=True)
class Turn:
    """One turn as it was: the history given, the actions decided."""

    name: str
    request: bytes
    response: bytes

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions, comparable."""
        return actions(pb.OrchestratorResponse.FromString(self.response))


def actions(response: pb.OrchestratorResponse) -> tuple[str, ...]:
    """The actions of a turn, comparable."""
    return tuple(str(action) for action in response.actions)


@dataclass
class Stage:
    """A task hub, the orchestrators, and scripted activities; `calls` and `turns` tell what happened."""

    activities: dict[str, Activity]
    calls: list[tuple[str, Any]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def run(self, name: str, request: dict[str, Any], instance: str) -> tuple[OrchestrationStatus, Any]:
        """Run an orchestration to its end: how it ended, and its output."""
        return asyncio.run(self._run(name, request, instance))

    def called(self, name: str) -> list[Any]:
        """The inputs of every call of an activity, in order."""
        return [value for called, value in self.calls if called == name]

    async def _run(self, name: str, request: dict[str, Any], instance: str) -> tuple[OrchestrationStatus, Any]:
        hub = TaskHub(default_version=VERSION)
        address = hub.start()
        self.client = TaskHubGrpcClient(host_address=address)
        try:
            async with self.serving(address):
                schedule = self.client.schedule_new_orchestration
                await asyncio.to_thread(schedule, name, input=request, instance_id=instance)
                wait = self.client.wait_for_orchestration_completion
                state = await asyncio.to_thread(wait, instance, timeout=30)
        finally:
            self.client.close()
            await asyncio.to_thread(hub.stop)
        assert state is not None
        assert {called for called, _ in self.calls} <= set(self.activities), "the script knows every activity"
        return state.runtime_status, json.loads(state.serialized_output or "null")

    @asynccontextmanager
    async def serving(self, address: str) -> AsyncIterator[None]:
        """Do the work of a task hub meanwhile."""
        async with grpc.aio.insecure_channel(address) as channel:
            worker = asyncio.create_task(self._work(TaskHubSidecarServiceStub(channel)))  # type: ignore[no-untyped-call]
            try:
                yield
            finally:
                worker.cancel()

    async def _work(self, stub: Any) -> None:
        async with asyncio.TaskGroup() as tasks:
            async for item in stub.GetWorkItems(pb.GetWorkItemsRequest()):
                if item.HasField("orchestratorRequest"):
                    tasks.create_task(self._orchestrate(stub, item))
                elif item.HasField("activityRequest"):
                    tasks.create_task(self._act(stub, item))

    async def _orchestrate(self, stub: Any, item: pb.WorkItem) -> None:
        request = item.orchestratorRequest
        events = [*request.pastEvents, *request.newEvents]
        name = next(event.executionStarted.name for event in events if event.HasField("executionStarted"))
        response = await turn(name, request.SerializeToString())
        self.turns.append(Turn(name, request.SerializeToString(), response.SerializeToString()))
        response.completionToken = item.completionToken
        await stub.CompleteOrchestratorTask(response)

    async def _act(self, stub: Any, item: pb.WorkItem) -> None:
        request = item.activityRequest
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=item.completionToken,
        )
        value = json.loads(request.input.value)
        self.calls.append((request.name, value))
        try:
            result = await asyncio.to_thread(self.activities[request.name], value)
            response.result.CopyFrom(StringValue(value=json.dumps(result)))
        except Exception as error:  # noqa: BLE001 (a scripted failure becomes a failed activity)
            response.failureDetails.CopyFrom(new_failure_details(error))
        await stub.CompleteActivityTask(response)
