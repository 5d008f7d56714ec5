import json
from datetime import timedelta

import pytest

from shared import cosmos
from shared.access import Principal
from shared.documents import now
from shared.keys import store
from shared.keys.text import new_key
from shared.problems import ProblemError

pytestmark = pytest.mark.usefixtures("stores")


def make(owner: str, **changes: object) -> store.KeyDocument:
    return store.create(owner, **{"name": "ci", "role": "editor", "by": "test", **changes})[1]  # type: ignore[arg-type]


def test_a_key_is_kept_without_its_secret(owner: str) -> None:
    key, document = store.create(owner, name="ci", role="editor", by="key:boss", expires_days=2)
    stored = cosmos.container("principals").read_item(key.prefix, key.prefix)
    assert key.text[15:] not in json.dumps(stored)
    assert key.is_of(stored["digest"])
    assert store.find(key.prefix) == document
    assert document.principal == Principal(tenant=owner, subject=f"key:{key.prefix}", role="editor")
    assert document.expires is not None
    assert timedelta(days=1, hours=23) < document.expires - now() <= timedelta(days=2)
    assert document.digest not in repr(document)


def test_what_else_lies_beside_the_keys_is_no_key() -> None:
    prefix = new_key().prefix
    cosmos.container("principals").create_item({"id": prefix, "kind": "tenant", "role": "admin", "digest": "x"})
    assert store.find(prefix) is None
    assert store.find(new_key().prefix) is None


def test_pages_hold_every_key_of_the_owner_once_and_nobody_else_s(owner: str) -> None:
    mine = {make(owner).id for _ in range(5)}
    make(f"{owner}x")
    found, cursor, pages = [], None, 0
    while True:
        page = store.page(owner, size=2, cursor=cursor)
        found += [one.id for one in page.items]
        cursor, pages = page.cursor, pages + 1
        if cursor is None:
            break
    assert (found, pages) == (sorted(mine), 3)
    assert store.page(owner, size=5, cursor=None).cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "' OR 1=1 --", "A" * 10])
def test_a_cursor_that_is_none_is_a_problem(owner: str, cursor: str) -> None:
    with pytest.raises(ProblemError) as caught:
        store.page(owner, size=2, cursor=cursor)
    assert caught.value.status == 400


def test_revoking_is_for_good_and_a_use_does_not_undo_it(owner: str) -> None:
    made = make(owner)
    first = store.revoke(owner, made.id)
    assert (made.ended(now()), first.ended(now())) == (None, "revoked")
    store.note_use(made.id, now())
    assert store.revoke(owner, made.id).revoked == first.revoked
    found = store.find(made.id)
    assert found is not None
    assert found.used is not None
    assert found.revoked == first.revoked


@pytest.mark.parametrize("prefix", ["nonsense", "0000000000", "../../x"])
def test_a_key_that_is_not_there_cannot_be_revoked(owner: str, prefix: str) -> None:
    with pytest.raises(ProblemError) as caught:
        store.revoke(owner, prefix)
    assert caught.value.status == 404


def test_somebody_else_s_key_is_not_there(owner: str) -> None:
    theirs = make(f"{owner}x")
    with pytest.raises(ProblemError) as caught:
        store.revoke(owner, theirs.id)
    assert caught.value.status == 404
    found = store.find(theirs.id)
    assert found is not None
    assert found.revoked is None


def test_a_key_expires_to_the_moment(owner: str) -> None:
    made = make(owner, expires_days=1)
    assert made.expires is not None
    assert made.ended(made.expires - timedelta(milliseconds=1)) is None
    assert made.ended(made.expires) == "expired"
