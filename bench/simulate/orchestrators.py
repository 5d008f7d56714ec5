"""Runs the turns of the app's orchestrators: by replaying the whole history, as on Azure, or by going on from there.

Replaying is what would take a simulation's time: the whole history is gone through again at every turn. Instead an
orchestration can be kept and given what is new, by the executor of durabletask itself; a test compares both ways.
"""

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import durabletask.internal.orchestrator_service_pb2 as pb
from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.worker import (
    _OrchestrationExecutor,
    _RuntimeOrchestrationContext,
)

from functions import build


@dataclass
class _Kept:
    """An orchestration between two turns; it has seen the first `seen` events of what it is given next."""

    executor: _OrchestrationExecutor
    context: _RuntimeOrchestrationContext
    seen: int = 0


class Orchestrators:
    """The orchestrators of builds. `replay`: the slow way, through the very functions that the host calls."""

    def __init__(self, *, replay: bool) -> None:
        app = df.DFApp()
        app.register_functions(build.bp)
        self._handles: dict[str, tuple[Any, str]] = {}
        self._worker: Any = DurableFunctionsWorker()
        for one in app.get_functions():
            trigger = one.get_trigger()
            if trigger is not None and trigger.type == "orchestrationTrigger":
                name = str(one.get_function_name())
                handle: Any = one.get_user_function()
                self._handles[name] = (handle, str(trigger.name))
                self._worker._register_orchestrator_once(name, handle.orchestrator_function)
        self._replay = replay
        self._kept: dict[str, _Kept] = {}
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()

    def turn(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        """What the orchestrator decides."""
        return self._replayed(request) if self._replay else self._gone_on(request)

    def _replayed(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        events = [*request.pastEvents, *request.newEvents]
        name = next(event.executionStarted.name for event in events if event.HasField("executionStarted"))
        handle, parameter = self._handles[name]
        context = func.OrchestrationContext(base64.b64encode(request.SerializeToString()).decode())
        answer = self._loop.run_until_complete(handle(**{parameter: context}))
        return pb.OrchestratorResponse.FromString(base64.b64decode(answer))

    def _gone_on(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        if not request.pastEvents:
            self._kept[request.instanceId] = self._begun(request.instanceId)
        kept = self._kept[request.instanceId]
        context: Any = kept.context
        try:
            context._is_replaying = True
            for event in request.pastEvents[kept.seen :]:
                kept.executor.process_event(kept.context, event)
            context._is_replaying = False
            for event in request.newEvents:
                kept.executor.process_event(kept.context, event)
        except Exception as error:  # noqa: BLE001 - as the executor does: it fails this orchestration
            kept.context.set_failed(error)
        kept.seen = len(request.newEvents)
        actions = kept.context.get_actions()
        if any(action.HasField("completeOrchestration") for action in actions):
            del self._kept[request.instanceId]
        return pb.OrchestratorResponse(instanceId=request.instanceId, actions=actions)

    def _begun(self, instance: str) -> _Kept:
        worker = self._worker
        given: dict[str, Any] = {
            "maximum_timer_interval": worker.maximum_timer_interval,
            "data_converter": worker._data_converter,
        }
        logger, registry = worker._logger, worker._registry
        executor = _OrchestrationExecutor(registry, logger, **given)
        executor._orchestration_name = instance  # `execute` would set it; for log lines only
        return _Kept(executor, _RuntimeOrchestrationContext(instance, registry, logger=logger, **given))
