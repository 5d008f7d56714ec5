import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus
from standardwebhooks import Webhook

from functions import deliver
from shared import webhooks
from shared.settings import Settings, settings
from shared.steps import notify
from shared.tasks import SendTask
from shared.webhooks import WebhookDocument
from tests.functions.orchestration import Stage, actions, turn
from tests.receiver import Receiver, receiving

TASK = {
    "owner": "o", "webhook": "h", "message": "msg_1", "event": "dataset.ready", "body": "{}", "pauses": [0.01, 0.02],
}  # fmt: skip


def scripted(*outcomes: str) -> Stage:
    left = list(outcomes)
    return Stage({"send_webhook": lambda _: left.pop(0)})


def run(stage: Stage, **changes: object) -> tuple[OrchestrationStatus, Any]:
    return stage.run("deliver_webhook", {**TASK, **changes}, "deliver-1")


@pytest.fixture
def receiver(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving([500, 503, 204]) as running:
        monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", f"127.0.0.1:{running.port}")
        settings.cache_clear()
        yield running
        settings.cache_clear()


def test_a_receiver_that_fails_twice_and_then_accepts_has_its_event(receiver: Receiver, owner: str) -> None:
    hook = webhooks.create(
        WebhookDocument(id=uuid.uuid4().hex, owner=owner, url=receiver.url, events=("dataset.ready",))
    )
    stage = Stage({"send_webhook": lambda told: notify.send(SendTask.model_validate(told))})
    assert run(stage, owner=owner, webhook=hook.id) == (OrchestrationStatus.COMPLETED, "delivered")
    assert len(receiver.messages) == 3
    for message in receiver.messages:
        Webhook(hook.secret.get_secret_value()).verify(message.body, message.headers)
    lines = webhooks.deliveries(owner, hook.id, size=10, cursor=None).items
    assert sorted((line.attempt, line.status) for line in lines) == [(1, 500), (2, 503), (3, 204)]


def test_there_are_as_many_attempts_as_pauses_and_one() -> None:
    stage = scripted("failed", "failed", "failed", "delivered")
    assert run(stage) == (OrchestrationStatus.COMPLETED, "failed")
    assert [one["attempt"] for one in stage.called("send_webhook")] == [1, 2, 3]
    timers = [action for one in stage.turns for action in one.actions if "createTimer" in action]
    assert len(timers) == 2


@pytest.mark.parametrize("outcome", ["delivered", "stopped"])
def test_nothing_is_sent_after_the_last_word(outcome: str) -> None:
    stage = scripted("failed", outcome)
    assert run(stage) == (OrchestrationStatus.COMPLETED, outcome)
    assert len(stage.calls) == 2


def test_an_attempt_that_cannot_be_made_at_all_is_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver.RETRY, "_max_number_of_attempts", 1)

    def send(told: dict[str, Any]) -> str:
        if told["attempt"] == 1:
            msg = "no database"
            raise OSError(msg)
        return "delivered"

    assert run(Stage({"send_webhook": send})) == (OrchestrationStatus.COMPLETED, "delivered")


def test_the_same_history_gives_the_same_actions() -> None:
    stage = scripted("failed", "failed", "delivered")
    run(stage)
    assert len(stage.turns) >= 5
    for one in stage.turns:
        assert actions(asyncio.run(turn(one.name, one.request))) == one.actions
