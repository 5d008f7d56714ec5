import uuid
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from shared import cosmos, seal, webhooks
from shared.webhooks import WebhookDocument

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def alone(stores: object) -> Iterator[None]:
    """No webhooks but this test's: the command looks at everybody's."""
    before = [one.item() for one in webhooks.everybodys()]
    _remove_all()
    yield
    _remove_all()
    for item in before:
        cosmos.container(webhooks.NAME).upsert_item(item)


def _remove_all() -> None:
    for one in webhooks.everybodys():
        cosmos.delete(webhooks.NAME, one.id, one.owner)


def made() -> WebhookDocument:
    document = WebhookDocument(
        id=uuid.uuid4().hex, owner=uuid.uuid4().hex, url="https://a.example/", events=("dataset.ready",)
    )
    webhooks.create(document)
    return document


def run(command: str) -> Result:
    return CliRunner().invoke(seal.main, [command])


def counts(command: str) -> tuple[int, list[int]]:
    done = run(command)
    return done.exit_code, [int(line.partition("\t")[0]) for line in done.stdout.splitlines()]


def stored(one: WebhookDocument) -> str:
    return str((cosmos.read(webhooks.NAME, one.id, one.owner) or {})["secret"])


def test_a_new_key_is_a_key_and_another_each_time() -> None:
    found = {run("new-key").stdout.strip() for _ in range(2)}
    assert len([Fernet(one) for one in found]) == 2


def test_plain_secrets_and_old_seals_come_under_the_newest_key(seal_with: Callable[..., None]) -> None:
    old, new = (run("new-key").stdout.strip() for _ in range(2))
    plain = made()
    assert stored(plain) == plain.secret.get_secret_value()
    assert run("rotate").exit_code == 1, "without a key"
    seal_with(old)
    first = made()
    assert counts("status") == (0, [1, 0, 1, 0])
    seal_with(new, old)
    assert counts("status") == (0, [0, 1, 1, 0])
    assert counts("rotate") == (0, [2, 0, 0, 0])
    before = stored(plain)
    assert counts("rotate") == (0, [2, 0, 0, 0])
    assert stored(plain) == before, "nothing was left to do"
    seal_with(new)
    for one in (plain, first):
        assert webhooks.get(one.owner, one.id).signing_secret == one.secret
        assert one.secret.get_secret_value() not in stored(one)


def test_what_no_key_opens_is_told_and_left(seal_with: Callable[..., None]) -> None:
    seal_with(Fernet.generate_key().decode())
    before = stored(made())
    seal_with(Fernet.generate_key().decode())
    other = made()
    assert counts("rotate") == (1, [1, 0, 0, 1])
    assert counts("status")[0] == 1
    seal_with()
    assert counts("status") == (1, [0, 0, 0, 2])
    assert stored(other).startswith("sealed:")
    assert before.startswith("sealed:")
