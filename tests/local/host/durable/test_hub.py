import socket
import time
from collections.abc import Iterator
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from google.protobuf.wrappers_pb2 import StringValue

from local.host.durable.hub import TaskHub


@pytest.fixture
def hub() -> Iterator[TaskHub]:
    hub = TaskHub()
    hub.start()
    yield hub
    hub.stop(1)


@pytest.fixture
def stub(hub: TaskHub) -> Iterator[Any]:
    make: Any = TaskHubSidecarServiceStub
    with grpc.insecure_channel(hub.address) as channel:
        yield make(channel)


def complete(stub: Any, item: pb.WorkItem) -> None:
    instance = item.orchestratorRequest.instanceId
    stub.CompleteOrchestratorTask(pb.OrchestratorResponse(instanceId=instance, completionToken=item.completionToken))


def test_it_listens_on_loopback_only(hub: TaskHub) -> None:
    port = int(hub.address.rsplit(":", 1)[1])
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r".+"):
            socket.create_connection((address, port), timeout=1)


def test_an_event_that_comes_while_its_orchestrator_runs_is_given_out_at_once(stub: Any) -> None:
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    stub.StartInstance(pb.CreateInstanceRequest(instanceId="one", name="x"))
    item = next(items)
    start = time.monotonic()
    for number in range(10):
        stub.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name=str(number)))
        complete(stub, item)
        item = next(items)
        assert [e.eventRaised.name for e in item.orchestratorRequest.newEvents if e.HasField("eventRaised")] == [
            str(number)
        ]
    assert time.monotonic() - start < 0.5  # ten of the backend's own waits make 1.0


def test_orchestrations_that_run_do_not_hold_up_others(stub: Any) -> None:
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    for number in range(10):
        stub.StartInstance(pb.CreateInstanceRequest(instanceId=f"busy{number}", name="x"))
    for _ in range(10):
        next(items)
    for number in range(10):
        stub.RaiseEvent(pb.RaiseEventRequest(instanceId=f"busy{number}", name="e"))
    start = time.monotonic()
    stub.StartInstance(pb.CreateInstanceRequest(instanceId="new", name="x"))
    assert next(items).orchestratorRequest.instanceId == "new"
    assert time.monotonic() - start < 0.5
    items.cancel()


def test_an_id_may_be_used_again_after_a_purge_without_meeting_old_results(stub: Any) -> None:
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    stub.StartInstance(pb.CreateInstanceRequest(instanceId="one", name="x"))
    item = next(items)
    task = pb.OrchestratorAction(id=1, scheduleTask=pb.ScheduleTaskAction(name="a"))
    end = pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED)
    actions = [task, pb.OrchestratorAction(id=2, completeOrchestration=end)]
    stub.CompleteOrchestratorTask(
        pb.OrchestratorResponse(instanceId="one", completionToken=item.completionToken, actions=actions)
    )
    activity = next(items)
    stub.PurgeInstances(pb.PurgeInstancesRequest(instanceId="one"))
    stub.StartInstance(pb.CreateInstanceRequest(instanceId="one", name="x"))
    fresh = next(items)
    stub.CompleteActivityTask(pb.ActivityResponse(instanceId="one", taskId=1, completionToken=activity.completionToken))
    stub.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name="e"))
    complete(stub, fresh)
    events = next(items).orchestratorRequest.newEvents
    assert [event.WhichOneof("eventType") for event in events] == ["orchestratorStarted", "eventRaised"]
    items.cancel()


def test_orchestrations_get_the_default_version_unless_they_are_given_one() -> None:
    hub = TaskHub(default_version="2.1")
    hub.start()
    try:
        with grpc.insecure_channel(hub.address) as channel:
            make: Any = TaskHubSidecarServiceStub
            stub = make(channel)
            stub.StartInstance(pb.CreateInstanceRequest(instanceId="new", name="x"))
            stub.StartInstance(pb.CreateInstanceRequest(instanceId="old", name="x", version=StringValue(value="1.0")))
            items = stub.GetWorkItems(pb.GetWorkItemsRequest())
            found = {}
            for item in (next(items), next(items)):
                request = item.orchestratorRequest
                started = next(one for one in request.newEvents if one.HasField("executionStarted"))
                found[request.instanceId] = started.executionStarted.version.value
            assert found == {"new": "2.1", "old": "1.0"}
    finally:
        hub.stop(1)
