"""What the host counts of what Azure charges for."""

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest
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


@pytest.mark.parametrize(("took", "paid"), [(0.01, 1.0), (1.0, 1.0), (1.01, 1.1), (12.34, 12.4)])
def test_an_execution_is_paid_for_as_a_second_at_least(took: float, paid: float) -> None:
    assert meter.billed(took) == pytest.approx(paid)


def test_what_is_paid_for_alone_is_not_less_than_what_it_took() -> None:
    before = _value("local_billed_seconds", function="short")
    with meter.invoked("short"):
        pass
    assert _value("local_billed_seconds", function="short") == before + 1
