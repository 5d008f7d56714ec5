from datetime import timedelta

import pytest

from shared import cosmos
from shared.documents import now
from shared.keys import store, verify
from shared.keys.text import Key, new_key
from shared.problems import ProblemError


def make(owner: str) -> Key:
    return store.create(owner, name="ci", role="viewer", by="test")[0]


def refusal(key: Key) -> str:
    with pytest.raises(ProblemError) as caught:
        verify.look_up(key)
    assert caught.value.status == 401
    assert caught.value.headers["www-authenticate"].endswith('error="invalid_token"')
    assert key.text[15:] not in caught.value.detail
    return caught.value.detail


@pytest.mark.usefixtures("stores")
def test_a_key_stands_for_its_owner_from_the_moment_it_is_made(owner: str) -> None:
    key = make(owner)
    assert verify.from_memory(key) is None
    assert verify.look_up(key).principal.tenant == owner
    remembered = verify.from_memory(key)
    assert remembered is not None
    assert remembered.principal.tenant == owner


@pytest.mark.usefixtures("stores")
def test_a_prefix_alone_opens_nothing_and_tells_nothing(owner: str) -> None:
    key, other = make(owner), new_key()
    wrong = Key(key.prefix, other.text)
    assert refusal(wrong) == refusal(other)
    store.revoke(owner, key.prefix)
    assert refusal(wrong) == refusal(other), "that it is revoked is for who has the secret"
    assert "revoked" in refusal(key)
    verify.remembered.put(store.KeyDocument.of(key, owner=owner, name="ci", role="viewer", created_by="test"))
    with pytest.raises(ProblemError):
        verify.from_memory(wrong)


@pytest.mark.usefixtures("stores")
def test_an_expired_key_does_not_count_though_it_is_remembered(owner: str) -> None:
    key = make(owner)
    past = (now() - timedelta(seconds=1)).isoformat()
    cosmos.container("principals").patch_item(
        key.prefix, key.prefix, [{"op": "set", "path": "/expires", "value": past}]
    )
    assert "expired" in refusal(key)
    with pytest.raises(ProblemError):
        verify.from_memory(key)


@pytest.mark.parametrize("text", ["pxc_", "pxc_abc", new_key().text[:-1], new_key().text + "x"], ids=range(4))
def test_what_is_no_whole_key_is_refused_without_the_database(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        verify.parse(text)
    assert (caught.value.status, "copied" in caught.value.detail) == (401, True)


def document(key: Key) -> store.KeyDocument:
    return store.KeyDocument.of(key, owner="o", name="ci", role="viewer", created_by="test")


def test_documents_are_remembered_for_seconds_and_no_longer() -> None:
    clock = [1_000.0]
    memory = verify.Remembered(lambda: clock[0])
    known = document(new_key())
    assert memory.get(known.id, 10) is None
    memory.put(known)
    assert memory.get(known.id, 10) == known
    assert memory.get(known.id, 0) is None
    clock[0] += 10
    assert memory.get(known.id, 10) is None
    memory.put(known)
    memory.forget(known.id)
    assert memory.get(known.id, 10) is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_REMEMBERED", 3)
    memory = verify.Remembered()
    known = [document(new_key()) for _ in range(5)]
    for one in known:
        memory.put(one)
    assert [memory.get(one.id, 10) is not None for one in known] == [False, False, True, True, True]


def test_a_use_is_written_down_once_a_minute() -> None:
    made = document(new_key())
    assert verify.use_is_due(made)
    assert not verify.use_is_due(made.model_copy(update={"used": now() - timedelta(seconds=50)}))
    assert verify.use_is_due(made.model_copy(update={"used": now() - timedelta(seconds=61)}))
