import re
import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import HttpUrl

from shared import webhooks
from shared.cosmos import container
from shared.problems import ProblemError
from shared.settings import settings
from shared.webhooks import DeliveryDocument, WebhookDocument, check_url

pytestmark = pytest.mark.usefixtures("stores")


def made(owner: str, **changes: object) -> WebhookDocument:
    usual = {"id": uuid.uuid4().hex, "owner": owner, "url": "https://a.example/", "events": ("dataset.ready",)}
    return webhooks.create(WebhookDocument.model_validate({**usual, **changes}))


def delivery(one: WebhookDocument, attempt: int) -> DeliveryDocument:
    return DeliveryDocument(
        id=webhooks.delivery_id(one.id, "m", attempt), owner=one.owner, webhook=one.id, message="m",
        event="dataset.ready", attempt=attempt, status=200, seconds=0.1,
    )  # fmt: skip


def test_a_secret_is_random_and_in_the_form_of_standard_webhooks() -> None:
    found = {webhooks.new_secret() for _ in range(20)}
    assert len(found) == 20
    assert all(one.startswith("whsec_") and len(b64decode(one[6:], validate=True)) == 32 for one in found)


def test_a_webhook_is_kept_with_its_secret_and_found_by_its_owner_only(owner: str) -> None:
    one = made(owner)
    assert webhooks.get(owner, one.id).secret == one.secret
    assert re.fullmatch(r"whsec_.{44}", one.secret.get_secret_value())
    assert [found.id for found in webhooks.of_owner(owner)] == [one.id]
    with pytest.raises(ProblemError, match="webhook"):
        webhooks.get("somebody else", one.id)


def test_a_tenant_has_so_many_and_no_more(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 2)
    first, _ = made(owner), made(owner)
    with pytest.raises(ProblemError) as caught:
        made(owner)
    assert caught.value.status == 409
    again = made(owner, id=first.id)
    assert again.secret != first.secret
    assert len(webhooks.of_owner(owner)) == 2


def test_of_many_that_are_made_at_once_no_more_than_that_stay(owner: str) -> None:
    with ThreadPoolExecutor(30) as pool:
        found = list(pool.map(lambda _: _made_or_refused(owner), range(30)))
    kept = webhooks.of_owner(owner)
    assert len(kept) <= webhooks.MAX_WEBHOOKS
    assert sorted(one.id for one in kept) == sorted(filter(None, found)), "who was told so has one"


def _made_or_refused(owner: str) -> str | None:
    try:
        return made(owner).id
    except ProblemError:
        return None


def test_a_line_of_the_log_is_no_webhook_and_expires(owner: str) -> None:
    one = made(owner)
    webhooks.log_delivery(delivery(one, 1))
    line = webhooks.delivery_id(one.id, "m", 1)
    assert webhooks.find(owner, line) is None
    assert len(webhooks.of_owner(owner)) == 1
    assert container(webhooks.NAME).read_item(line, owner)["ttl"] == 30 * 24 * 3600


def test_the_log_is_of_one_webhook_in_pages_newest_first(owner: str) -> None:
    one, other = made(owner), made(owner)
    for attempt in range(1, 4):
        webhooks.log_delivery(delivery(one, attempt))
    webhooks.log_delivery(delivery(other, 1))
    first = webhooks.deliveries(owner, one.id, size=2, cursor=None)
    rest = webhooks.deliveries(owner, one.id, size=2, cursor=first.cursor)
    found = [line.at for line in (*first.items, *rest.items)]
    assert len(found) == 3
    assert found == sorted(found, reverse=True)


def test_what_changed_since_it_was_read_is_not_removed(owner: str) -> None:
    one = made(owner)
    webhooks.change(owner, one.id, lambda found: found.model_copy(update={"disabled": "x"}))
    assert not webhooks.remove(one)
    assert webhooks.remove(webhooks.get(owner, one.id))
    assert webhooks.remove(one), "it is gone"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/", "https://127.0.0.1/", "https://[::1]/", "https://0x7f.1/", "https://2130706433/",
        "https://169.254.169.254/", "https://user:hunter2@a.example/", "https://a.example/#part", "http://127.0.0.1:81/",
    ],
)  # fmt: skip
def test_addresses_that_nothing_is_sent_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", "127.0.0.1:80,[::1]:8080")
    settings.cache_clear()
    with pytest.raises(ProblemError) as caught:
        check_url(HttpUrl(url))
    settings.cache_clear()
    assert (caught.value.status, caught.value.errors[0].pointer) == (422, "/url")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://a.example/x?y=1", "https://a.example:8443/", "http://127.0.0.1/", "http://[::1]:8080/"]
)
def test_addresses_that_something_may_be_sent_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", "127.0.0.1:80,[::1]:8080")
    settings.cache_clear()
    assert check_url(HttpUrl(url)) == url
    settings.cache_clear()
