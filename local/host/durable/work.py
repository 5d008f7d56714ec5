"""Gives the task hub's work items to the app's orchestrators and activities, within host.json's limits."""

import asyncio
import base64
import itertools
import logging
from collections.abc import Mapping
from typing import Any

import azure.functions as func
import durabletask.internal.orchestrator_service_pb2 as pb
import grpc.aio
from azure.functions import meta
from durabletask.internal.helpers import new_failure_details
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from google.protobuf import wrappers_pb2

from local.host import meter
from local.host.config import DurableSection
from local.host.durable.hub import UNLIMITED
from local.host.functions import Function
from local.host.invocation import Invoker, Jobs

_LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.1


class UnknownFunctionError(Exception):
    """An orchestrator asked for a function that the app does not have."""


class DurableWorker:
    """Runs durable functions for the task hub at `address`, from `start` to `stop`."""

    def __init__(
        self, functions: Mapping[str, Mapping[str, Function]], invoker: Invoker, jobs: Jobs, limits: DurableSection
    ):
        self._orchestrators = functions["orchestrationTrigger"]
        self._activities = functions["activityTrigger"]
        self._invoker, self._jobs = invoker, jobs
        self._orchestrator_slots = asyncio.Semaphore(limits.max_concurrent_orchestrator_functions)
        self._activity_slots = asyncio.Semaphore(limits.max_concurrent_activity_functions)
        self._stream: asyncio.Task[None] | None = None

    def start(self, address: str) -> None:
        """Begin to take work items."""
        self._channel = grpc.aio.insecure_channel(address, options=UNLIMITED)
        stub: Any = TaskHubSidecarServiceStub  # generated, without types
        self._stub = stub(self._channel)
        self._stream = asyncio.create_task(self._take())

    async def stop(self) -> None:
        """Take no more work items; those taken go on as jobs."""
        if self._stream:
            self._stream.cancel()
            await asyncio.gather(self._stream, return_exceptions=True)

    async def close(self) -> None:
        """Close the channel, once the jobs are done."""
        await self._channel.close()

    async def _take(self) -> None:
        while True:
            try:
                async for item in self._stub.GetWorkItems(pb.GetWorkItemsRequest(), wait_for_ready=True):
                    self._start_job(item)
            except grpc.aio.AioRpcError as error:
                _LOG.warning("the task hub's stream broke off", extra={"error": error.details()})
            await asyncio.sleep(_PAUSE_SECONDS)

    def _start_job(self, item: pb.WorkItem) -> None:
        if item.HasField("orchestratorRequest"):
            self._jobs.start(self._orchestrate(item.orchestratorRequest, item.completionToken))
        elif item.HasField("activityRequest"):
            self._jobs.start(self._act(item.activityRequest, item.completionToken))

    async def _orchestrate(self, request: pb.OrchestratorRequest, token: str) -> None:
        meter.orchestrated(request.newEvents)
        async with self._orchestrator_slots:
            try:
                function = _find(self._orchestrators, _orchestration_name(request), "orchestrator")
                body = base64.b64encode(request.SerializeToString()).decode()
                result = await self._invoker.invoke(function, func.OrchestrationContext(body))
                response = pb.OrchestratorResponse.FromString(base64.b64decode(str(result)))
            except Exception as error:  # noqa: BLE001 - whatever it is, it fails this orchestration only
                response = _failed_orchestration(request.instanceId, error)
        response.completionToken = token
        await self._stub.CompleteOrchestratorTask(response)

    async def _act(self, request: pb.ActivityRequest, token: str) -> None:
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId, completionToken=token
        )
        meter.acted()
        async with self._activity_slots:
            try:
                function = _find(self._activities, request.name, "activity")
                registered: Any = meta  # has no types here
                converter = registered.get_binding_registry().get("activityTrigger")
                text = request.input.value if request.HasField("input") else "null"
                value = converter.decode(meta.Datum(text, "json"), trigger_metadata={})
                result = await self._invoker.invoke(function, value)
                response.result.CopyFrom(
                    wrappers_pb2.StringValue(value=converter.encode(result, expected_type=None).value)
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, it fails this activity only
                response.failureDetails.CopyFrom(_failure(error))
        await self._stub.CompleteActivityTask(response)


def _find(functions: Mapping[str, Function], name: str, kind: str) -> Function:
    try:
        return functions[name.lower()]
    except KeyError:
        msg = f"the app has no {kind} {name}: it has {', '.join(f.name for f in functions.values())}"
        raise UnknownFunctionError(msg) from None


def _orchestration_name(request: pb.OrchestratorRequest) -> str:
    events = itertools.chain(request.pastEvents, request.newEvents)
    return next(event.executionStarted.name for event in events if event.HasField("executionStarted"))


def _failure(error: Exception) -> pb.TaskFailureDetails:
    details = new_failure_details(error)
    if not details.errorMessage:  # the hub takes a failure without a message for a success
        details.errorMessage = type(error).__name__
    return details


def _failed_orchestration(instance_id: str, error: Exception) -> pb.OrchestratorResponse:
    complete = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=_failure(error)
    )
    return pb.OrchestratorResponse(
        instanceId=instance_id, actions=[pb.OrchestratorAction(id=-1, completeOrchestration=complete)]
    )


def durable_functions(functions: tuple[Function, ...]) -> dict[str, dict[str, Function]]:
    """The durable functions by trigger type, then by lower-case name (the binding's, or the function's own)."""
    named: dict[str, dict[str, Function]] = {"orchestrationTrigger": {}, "activityTrigger": {}}
    for function in functions:
        kind = function.trigger.type
        if kind in named:
            key = "orchestration" if kind == "orchestrationTrigger" else "activity"
            named[kind][(function.trigger.text(key) or function.name).lower()] = function
    return named


def uses_durable(functions: tuple[Function, ...]) -> bool:
    """Whether the app has durable functions or clients of its own, beside those that every DFApp brings along."""
    return any(
        binding.type in {"durableClient", "orchestrationTrigger", "activityTrigger"}
        for function in functions
        if not function.name.startswith("BuiltIn__")
        for binding in function.bindings
    )
