import asyncio
import logging
from contextlib import nullcontext
from typing import Any

import azure.durable_functions as df
import pytest

from functions.blob_reference import BlobReference
from functions.durable import start
from functions.seen import seen, told_at_once
from shared.tasks import DeliverTask, Task
from shared.telemetry import trace
from shared.telemetry.fields import fields
from tests.functions import test_build
from tests.functions.orchestration import Stage
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TASK = {"owner": "t", "dataset": "d", "label": "cat", "traceparent": PARENT}


@seen
def fetch(request: dict[str, Any]) -> tuple[Any, ...]:
    """An activity."""
    if request.get("broken"):
        msg = "no disk"
        raise OSError(msg)
    return trace.ids(), dict(fields())


@seen
async def look(blob: BlobReference, client: str) -> Any:
    """A trigger."""
    return trace.ids()


def test_an_activity_is_of_its_tasks_trace() -> None:
    found, known = fetch(TASK)
    assert found[0] == PARENT[3:35]
    assert known == {"operation": "fetch", "tenant": "t", "dataset": "d", "label": "cat"}
    assert fetch(request={"owner": "t"})[0][0] != PARENT[3:35]


def test_a_blob_trigger_is_of_its_blobs_trace() -> None:
    blob = BlobReference("raw", "d/s.tar", {"traceparent": PARENT})
    assert asyncio.run(look(blob, client="{}"))[0] == PARENT[3:35]
    assert asyncio.run(look(BlobReference("raw", "d/s.tar"), client="{}"))[0] != PARENT[3:35]


@pytest.mark.parametrize("broken", [False, True])
def test_what_somebody_is_told_of_is_sent_once_it_is_recorded(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    sent = []
    monkeypatch.setattr("shared.telemetry.export.flush", lambda _: sent.append(set(recorded())))

    @told_at_once
    @seen
    async def tell(message: str) -> None:
        if broken:
            raise OSError(message)

    with pytest.raises(OSError, match="no disk") if broken else nullcontext():
        asyncio.run(tell("no disk"))
    assert [("pixcrawler.step.duration", "tell", "failed" if broken else "done") in one for one in sent] == [True]


def test_work_leaves_a_line_and_is_counted(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        fetch(TASK)
        with pytest.raises(OSError, match="no disk"):
            fetch(TASK | {"broken": True})
    done, failed = [vars(one) for one in caplog.records]
    assert (done["message"], failed["message"]) == ("fetch done", "fetch failed: OSError")
    assert failed["exc_info"]
    counted = recorded()
    assert counted.pop(("pixcrawler.cost", "second")) >= 0
    assert counted == {
        ("pixcrawler.step.duration", "fetch", "done"): 1,
        ("pixcrawler.step.duration", "fetch", "failed"): 1,
        ("pixcrawler.cost", "execution"): 2,
    }


@pytest.mark.parametrize(
    "scenario", [test_build.plain, test_build.three_rounds, test_build.late_shards, test_build.second_pass]
)
def test_orchestrations_hand_the_trace_on_to_every_step(scenario: Any) -> None:
    script = scenario()
    script.run("build_dataset", test_build.TASK | {"traceparent": PARENT}, "d")
    assert {value["traceparent"] for _, value in script.calls} == {PARENT}


def test_a_delivery_hands_the_trace_on() -> None:
    task = DeliverTask(owner="o", webhook="w", message="m", event="e", body="{}", pauses=(), traceparent=PARENT)
    stage = Stage({"send_webhook": lambda _: "delivered"})
    stage.run("deliver_webhook", task.model_dump(), task.instance)
    assert stage.called("send_webhook")[0]["traceparent"] == PARENT


async def test_what_is_started_goes_on_in_the_trace_of_who_starts_it(client: df.DurableFunctionsClient) -> None:
    async def input_of(task: Task, instance: str) -> str:
        await start(client, "build_dataset", task, instance)
        state = await client.get_orchestration_state(instance)
        assert state is not None
        return str(state.serialized_input)

    task = Task(owner="o", dataset="d")
    assert "traceparent" not in await input_of(task, "a")
    with trace.span("request", PARENT):
        assert PARENT[3:35] in await input_of(task, "b")
        other = PARENT.replace("4bf9", "0000")
        assert other in await input_of(task.model_copy(update={"traceparent": other}), "c")
