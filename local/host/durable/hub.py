"""The task hub: Microsoft's in-memory backend, on loopback, with what a long-running host needs of it mended.

The backend is written for tests of a few seconds. Overridden here, with durabletask 1.12 (pinned):
- it listens on every interface, with 10 threads and gRPC's 4 MB message limit;
- a sub-orchestration that takes over 30 s never reports to its parent, and a thread waits for each;
- results and timers that belong to an execution before `continue_as_new` reach the one after it, where they may meet
  a task of the same number; results that come after the end start an orchestration again;
- an event that arrives while its orchestrator runs waits for up to 0.1 s, and makes the others behind it wait;
- every timer sleeps in a thread of its own; recursive termination is refused.
"""

from collections.abc import Callable
from concurrent import futures
from datetime import UTC, datetime
from typing import Any, override

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.internal import helpers
from durabletask.internal.orchestrator_service_pb2_grpc import add_TaskHubSidecarServiceServicer_to_server
from durabletask.testing import InMemoryOrchestrationBackend
from durabletask.testing.in_memory_backend import OrchestrationInstance

from local.host.durable.timers import Alarms
from local.host.errors import PortTakenError

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS = 64  # each waiting client call and each stream of work items holds one
_HISTORY_EVENTS = 10_000_000


class TaskHub(InMemoryOrchestrationBackend):
    """A durable task hub on 127.0.0.1 that lives as long as this process."""

    def __init__(self, port: int = 0, *, default_version: str | None = None) -> None:
        super().__init__(max_history_size=_HISTORY_EVENTS, port=port)
        self._default_version = default_version
        self._alarms = Alarms()
        # Per instance: completion tokens below this one belong to an execution that is over.
        self._first_token: dict[str, int] = {}
        # Sub-orchestrations under way: who is to be told of their end (instance, completion token, number of the task).
        self._parents: dict[str, tuple[str, int, int]] = {}

    def now(self) -> datetime:
        """The time, by which timers fire."""
        return datetime.now(UTC)

    def call_after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call `call` once, `seconds` from now."""
        self._alarms.call_after(seconds, call)

    @property
    def address(self) -> str:
        """Where it listens, `127.0.0.1:port`."""
        return f"127.0.0.1:{self._port}"

    @override
    def start(self) -> str:
        """Listen; returns the address. PortTakenError when the port is taken."""
        self._shutdown_event.clear()
        options = [*UNLIMITED, ("grpc.so_reuseport", 0)]
        self._server = grpc.server(futures.ThreadPoolExecutor(_THREADS, "task-hub"), options=options)
        register: Any = add_TaskHubSidecarServiceServicer_to_server  # generated, without types
        register(self, self._server)
        try:
            self._port = self._server.add_insecure_port(self.address)
        except RuntimeError as error:
            msg = f"port {self._port} of 127.0.0.1 is taken: stop what listens there, or choose another --durable-port"
            raise PortTakenError(msg) from error
        self._server.start()
        return self.address

    @override
    def stop(self, grace: float | None = None) -> None:
        """Stop listening and forget timers."""
        self._alarms.stop()
        super().stop(grace)

    @override
    def StartInstance(
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        """Start an orchestration, of the default version unless its client names one, as the Durable extension does.

        What is left of an earlier one with its id no longer concerns it.
        """
        if self._default_version is not None and not request.HasField("version"):
            request.version.value = self._default_version
        with self._lock:
            response = super().StartInstance(request, context)
            self._parents.pop(response.instanceId, None)
            self._first_token[response.instanceId] = self._instances[response.instanceId].completion_token
            return response

    @override
    def CompleteOrchestratorTask(
        self, request: pb.OrchestratorResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Take an orchestrator's decisions; go on at once with what arrived meanwhile."""
        with self._lock:
            response = super().CompleteOrchestratorTask(request, context)
            instance = self._instances.get(request.instanceId)
            suspended = instance is not None and instance.status == pb.ORCHESTRATION_STATUS_SUSPENDED
            if instance and instance.pending_events and not suspended and not self._is_terminal_status(instance.status):
                self._enqueue_orchestration(request.instanceId)
            return response

    @override
    def CompleteActivityTask(
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Take an activity's result, unless the execution that asked for it is over."""
        with self._lock:
            if not self._is_current(request.instanceId, int(request.completionToken)):
                return pb.CompleteTaskResponse()
            return super().CompleteActivityTask(request, context)

    def _is_current(self, instance_id: str, token: int) -> bool:
        instance = self._instances.get(instance_id)
        if instance is None or self._is_terminal_status(instance.status):
            return False
        return token >= self._first_token.get(instance_id, 0)

    @override
    def _enqueue_orchestration(self, instance_id: str) -> None:
        if instance_id not in self._orchestration_in_flight:  # else its completion does it
            super()._enqueue_orchestration(instance_id)

    @override
    def _create_instance_internal(
        self, instance_id: str, name: str, encoded_input: str | None = None, version: str | None = None
    ) -> None:
        super()._create_instance_internal(instance_id, name, encoded_input, version)
        self._first_token[instance_id] = self._instances[instance_id].completion_token

    @override
    def _process_complete_orchestration_action(
        self, instance: OrchestrationInstance, complete_action: pb.CompleteOrchestrationAction
    ) -> None:
        super()._process_complete_orchestration_action(instance, complete_action)
        if complete_action.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
            self._first_token[instance.instance_id] = self._next_completion_token

    @override
    def _process_create_timer_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        instance_id, token = instance.instance_id, instance.completion_token
        instance.history.append(helpers.new_timer_created_event(action.id, fire_at))

        def fire() -> None:
            with self._lock:
                if self._is_current(instance_id, token):
                    self._deliver(instance_id, helpers.new_timer_fired_event(action.id, fire_at))

        self.call_after((fire_at - self.now()).total_seconds(), fire)

    @override
    def _watch_sub_orchestration(self, parent_instance_id: str, sub_instance_id: str, task_id: int) -> None:
        token = self._instances[parent_instance_id].completion_token
        self._parents[sub_instance_id] = (parent_instance_id, token, task_id)

    @override
    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        instance = self._instances.get(instance_id)
        if instance is not None and self._is_terminal_status(instance.status) and instance_id in self._parents:
            self._tell_parent(instance, *self._parents.pop(instance_id))

    def _tell_parent(self, child: OrchestrationInstance, parent: str, token: int, task_id: int) -> None:
        if not self._is_current(parent, token):
            return
        if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
            event = helpers.new_sub_orchestration_completed_event(task_id, child.output)
        else:
            reason = child.failure_details.errorMessage if child.failure_details else "it was terminated"
            event = helpers.new_sub_orchestration_failed_event(task_id, Exception(reason))
        self._deliver(parent, event)

    def _deliver(self, instance_id: str, event: pb.HistoryEvent) -> None:
        instance = self._instances[instance_id]
        instance.pending_events.append(event)
        instance.last_updated_at = self.now()
        self._enqueue_orchestration(instance_id)

    @override
    def _terminate_instance_internal(self, instance_id: str, output: str | None, recursive: bool = False) -> None:
        super()._terminate_instance_internal(instance_id, output)
        instance = self._instances.get(instance_id)
        if recursive and instance:
            for event in instance.history:
                if event.HasField("subOrchestrationInstanceCreated"):
                    child = event.subOrchestrationInstanceCreated.instanceId
                    self._terminate_instance_internal(child, output, recursive)
