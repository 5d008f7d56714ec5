import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.fernet import Fernet
from standardwebhooks import Webhook, WebhookVerificationError

from shared import datasets, webhooks
from shared.documents import FINAL, State, now
from shared.settings import Settings, settings
from shared.steps import lifecycle, notify
from shared.tasks import DeliverTask, SendTask
from shared.webhooks import Event, WebhookDocument
from tests.receiver import Message, Receiver, receiving
from tests.shared.conftest import store

DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"

Verify = Callable[..., None]


@pytest.fixture
def receiver(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the address guard makes an exception for."""
    with receiving() as running:
        monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", f"127.0.0.1:{running.port}")
        monkeypatch.setenv("PIXCRAWLER_WEBHOOK_PAUSES", "[1, 2]")
        settings.cache_clear()
        yield running
        settings.cache_clear()


@pytest.fixture
def verify() -> Verify:
    """The function that the documentation gives to receivers."""
    [code] = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (our own documentation)
    found: Verify = names["verify"]
    return found


def hook(owner: str, url: str, *events: Event) -> WebhookDocument:
    made = WebhookDocument(id=uuid.uuid4().hex, owner=owner, url=url, events=events or ("dataset.ready",))
    return webhooks.create(made)


def task(one: WebhookDocument, attempt: int = 1) -> SendTask:
    body = json.dumps({"type": "dataset.ready", "é": 1}, ensure_ascii=False)
    return SendTask(owner=one.owner, webhook=one.id, message="msg_1", event="dataset.ready", body=body, attempt=attempt)


def ended(owner: str, state: State) -> list[DeliverTask]:
    """Deliveries of a dataset that ended in this state."""
    dataset = store(owner)
    lifecycle.end(dataset, state)
    document = notify.ended(owner, dataset.dataset)
    assert document is not None
    return notify.of_dataset(document, "/api/v1")


def signed(receiver: Receiver, owner: str) -> tuple[str, Message]:
    """A secret and a message signed with it."""
    one = hook(owner, receiver.url)
    assert notify.send(task(one)) == "delivered"
    return one.secret.get_secret_value(), receiver.messages[-1]


def test_what_arrives_is_verified_by_the_library_and_by_the_documentation(
    receiver: Receiver, owner: str, verify: Verify
) -> None:
    secret, message = signed(receiver, owner)
    assert Webhook(secret).verify(message.body, message.headers) == {"type": "dataset.ready", "é": 1}
    verify(secret, message.headers, message.body)
    assert message.headers["webhook-id"] == "msg_1"
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 5


def test_what_was_changed_or_signed_by_another_is_refused(receiver: Receiver, owner: str, verify: Verify) -> None:
    secret, message = signed(receiver, owner)
    later = {**message.headers, "webhook-timestamp": str(int(message.headers["webhook-timestamp"]) + 1)}
    for faulty in (
        (secret, message.headers, message.body + b" "),
        (webhooks.new_secret(), message.headers, message.body),
        (secret, {**message.headers, "webhook-id": "msg_2"}, message.body),
        (secret, later, message.body),
    ):
        with pytest.raises(ValueError, match="not signed"):
            verify(*faulty)
        with pytest.raises(WebhookVerificationError):
            Webhook(faulty[0]).verify(faulty[2], faulty[1])


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_sent_again_after_five_minutes_is_refused(verify: Verify, seconds: int) -> None:
    """With its signature, which is good."""
    secret = webhooks.new_secret()
    for off, is_good in ((seconds, False), (seconds - seconds // 100, True)):
        at = datetime.now(UTC) + timedelta(seconds=off)
        headers = {
            "webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", at, "{}"),
        }  # fmt: skip
        if is_good:
            verify(secret, headers, b"{}")
            continue
        with pytest.raises(ValueError, match="too old"):
            verify(secret, headers, b"{}")


def test_each_attempt_is_made_once_and_written_down(receiver: Receiver, owner: str) -> None:
    receiver.statuses[:] = [500, 302, 200]
    one = hook(owner, receiver.url)
    attempts = [1, 1, 2, 2, 3, 3]
    assert [notify.send(task(one, attempt)) for attempt in attempts] == [
        "failed", "failed", "failed", "failed", "delivered", "delivered",
    ]  # fmt: skip
    assert [message.headers["webhook-id"] for message in receiver.messages] == ["msg_1"] * 3
    lines = webhooks.deliveries(owner, one.id, size=10, cursor=None).items
    assert [(line.attempt, line.status, line.accepted) for line in lines] == [
        (3, 200, True), (2, 302, False), (1, 500, False),
    ]  # fmt: skip
    assert all(0 <= line.seconds < 10 and line.error is None for line in lines)


def test_a_receiver_that_is_gone_gets_nothing_more_until_a_test_is_accepted(receiver: Receiver, owner: str) -> None:
    receiver.statuses[:] = [410, 500, 200]
    one = hook(owner, receiver.url)
    assert [notify.send(task(one)), notify.send(task(one, 2))] == ["stopped", "stopped"]
    assert len(receiver.messages) == 1
    gone = webhooks.get(owner, one.id)
    assert "410" in (gone.disabled or "")
    assert ended(owner, "ready") == []
    assert not notify.send_test(gone, "msg_t1", now()).accepted
    assert webhooks.get(owner, one.id).disabled
    assert notify.send_test(gone, "msg_t2", now()).accepted
    assert webhooks.get(owner, one.id).disabled is None
    assert json.loads(receiver.messages[-1].body)["type"] == "webhook.test"


def test_a_webhook_that_is_deleted_gets_nothing_more(receiver: Receiver, owner: str) -> None:
    one = hook(owner, receiver.url)
    webhooks.remove(webhooks.get(owner, one.id))
    assert (notify.send(task(one)), receiver.messages) == ("stopped", [])


def test_an_address_that_is_refused_is_a_failed_attempt_with_its_reason(receiver: Receiver, owner: str) -> None:
    one = hook(owner, "http://169.254.169.254/latest")
    assert notify.send(task(one)) == "failed"
    [line] = webhooks.deliveries(owner, one.id, size=10, cursor=None).items
    assert (line.status, line.error) == (None, "the host has an address that nothing is sent to")


def test_no_secret_and_no_address_is_logged(receiver: Receiver, owner: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        secret, _ = signed(receiver, owner)
    assert "attempt 1: 204" in caplog.text
    assert secret.removeprefix("whsec_") not in caplog.text
    assert "from=pixcrawler" not in caplog.text
    shown = webhooks.of_owner(owner)[0]
    assert secret not in repr(shown) + str(shown) + shown.model_dump_json()


@pytest.mark.parametrize("state", sorted(FINAL))
def test_how_a_build_ends_is_told_to_who_asked_for_it(receiver: Receiver, owner: str, state: State) -> None:
    mine = hook(owner, receiver.url, notify._EVENTS[state])
    hook(owner, receiver.url, "dataset.deleted")
    hook(owner + "-else", receiver.url, notify._EVENTS[state])
    [found] = ended(owner, state)
    assert (found.webhook, found.event, found.pauses) == (mine.id, f"dataset.{state}", (1, 2))
    told = json.loads(found.body)
    assert (told["type"], told["data"]["state"], "spec" in told["data"]) == (found.event, state, False)
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None


def test_that_a_dataset_is_deleted_is_told_once(receiver: Receiver, owner: str) -> None:
    hook(owner, receiver.url, "dataset.deleted")
    dataset = store(owner)
    lifecycle.mark_deleting(owner, dataset.dataset)
    assert dataset.dataset in {one.id for one in datasets.unnotified()}
    document = notify.ended(owner, dataset.dataset)
    assert document is not None
    assert [one.event for one in notify.of_dataset(document, "/api/v1")] == ["dataset.deleted"]
    notify.mark(document)
    assert notify.ended(owner, dataset.dataset) is None


def test_the_documentation_names_every_event_and_the_pauses() -> None:
    [table] = re.findall(r"```text\n(.*?)```", DOCS.read_text(), re.DOTALL)
    told = [line.split()[0] for line in table.splitlines()]
    assert told == [*get_args(Event), "webhook.test"]
    assert "5 s,\n1 min, 5 min, 30 min, 2 h, 4 h and 8 h" in DOCS.read_text()
    assert Settings.model_fields["webhook_pauses"].default == (5, 60, 300, 1800, 7200, 4 * 3600, 8 * 3600)


def test_the_same_end_has_the_same_name_and_another_end_another(receiver: Receiver, owner: str) -> None:
    hook(owner, receiver.url)
    dataset = store(owner)
    names = []
    for _ in range(2):
        datasets.change(owner, dataset.dataset, lambda one: one.moved("building"))
        lifecycle.end(dataset, "ready")
        document = notify.ended(owner, dataset.dataset)
        assert document is not None
        names += [notify.of_dataset(document, "/api/v1")[0].instance for _ in range(2)]
        notify.mark(document)
        assert notify.ended(owner, dataset.dataset) is None
    assert names[0] == names[1] != names[2] == names[3]


def test_an_end_that_came_after_the_one_that_was_told_is_not_marked(receiver: Receiver, owner: str) -> None:
    dataset = store(owner)
    lifecycle.end(dataset, "ready")
    document = notify.ended(owner, dataset.dataset)
    assert document is not None
    datasets.change(owner, dataset.dataset, lambda one: one.moved("building"))
    notify.mark(document)
    lifecycle.end(dataset, "incomplete")
    assert notify.ended(owner, dataset.dataset) is not None
    assert dataset.dataset in {one.id for one in datasets.unnotified()}


def test_what_is_built_and_what_was_told_is_not_found_again(receiver: Receiver, owner: str) -> None:
    running, told = store(owner), store(owner)
    lifecycle.end(told, "ready")
    document = notify.ended(owner, told.dataset)
    assert document is not None
    notify.mark(document)
    assert {running.dataset, told.dataset}.isdisjoint(one.id for one in datasets.unnotified())
    assert notify.ended(owner, running.dataset) is None


def test_a_secret_that_no_key_opens_is_told_in_the_log_of_deliveries(
    receiver: Receiver, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXCRAWLER_SEALING_KEYS", Fernet.generate_key().decode())
    settings.cache_clear()
    one = hook(owner, receiver.url)
    assert notify.send(task(one)) == "delivered"
    monkeypatch.setenv("PIXCRAWLER_SEALING_KEYS", Fernet.generate_key().decode())
    settings.cache_clear()
    assert notify.send(task(one).model_copy(update={"message": "msg_2"})) == "failed"
    assert len(receiver.messages) == 1
    line = webhooks.find_delivery(owner, one.id, "msg_2", 1)
    assert line is not None
    assert (line.status, line.error) == (None, "it cannot be signed: its secret cannot be read")
