"""What the host counts of what Azure charges for."""

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.internal import helpers
from prometheus_client import REGISTRY

from local.host import meter


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0


def test_messages_are_actions_and_turns_are_not() -> None:
    before = {kind: _value("local_durable_actions", kind=kind) for kind in ("eventRaised", "orchestratorStarted")}
    started = pb.HistoryEvent(orchestratorStarted=pb.OrchestratorStartedEvent())
    meter.orchestrated([started, *(helpers.new_event_raised_event("shard") for _ in range(3))])
    assert _value("local_durable_actions", kind="eventRaised") == before["eventRaised"] + 3
    assert _value("local_durable_actions", kind="orchestratorStarted") == before["orchestratorStarted"]


def test_an_instance_is_busy_once_however_many_functions_run() -> None:
    busy, calls = _value("local_busy_seconds"), _value("local_invocations", function="one")
    with meter.invoked("one"):
        with meter.invoked("two"), meter.invoked("three"):
            pass
        assert _value("local_busy_seconds") == busy
    alone = sum(_value("local_invocation_seconds", function=name) for name in ("one", "two", "three"))
    assert 0 < _value("local_busy_seconds") - busy < alone
    assert _value("local_invocations", function="one") == calls + 1
