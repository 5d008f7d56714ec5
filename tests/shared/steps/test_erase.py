import uuid
from collections.abc import Iterator

import pytest

from shared import audit, blobs, cosmos, rights
from shared.cosmos import CONTAINERS
from shared.documents import now
from shared.rights import ErasureDocument
from shared.steps import erase
from shared.tasks import ErasureTask, Task
from tests.shared.seeding import Seeded, seed

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture
def other() -> Iterator[Seeded]:
    """Another tenant, of whom everything must be left."""
    found = seed(uuid.uuid4().hex)
    before = (found.documents(), found.files())
    assert all(before[0].values())
    assert all(before[1].values())
    yield found
    assert (found.documents(), found.files()) == before


def begun(owner: str) -> ErasureTask:
    document = rights.begin_erasure(ErasureDocument(owner=owner, erasure=uuid.uuid4().hex, by="key:a"))
    return ErasureTask(owner=owner, erasure=document.erasure, by=document.by, created=document.created)


def erased(task: ErasureTask) -> None:
    """What the orchestration does."""
    while found := erase.page(task):
        for dataset in found:
            erase.dataset(Task(owner=task.owner, dataset=dataset))
    erase.documents(task)
    erase.access(task)
    erase.end(task)


def test_nothing_is_left_but_the_line_that_says_so(owner: str, other: Seeded) -> None:
    mine = seed(owner)
    assert set(mine.documents()) == {*CONTAINERS, "quotas"}
    assert all(mine.documents().values())
    task = begun(owner)
    for _ in range(2):  # done twice, it is the same
        erased(task)
        left = mine.documents()
        assert left.pop("audit") == 1
        assert not any(left.values()), left
        assert not any(mine.files().values()), mine.files()
    found = audit.page(owner, action=None, subject=None, dataset=None, since=None, until=None, size=9, cursor=None)
    assert [(one.action, one.outcome, one.subject, one.request) for one in found.items] == [
        ("tenant.erase", "done", "key:a", task.erasure)
    ]
    assert found.items[0].at <= now()
    assert found.items[0].ttl == -1, "it is kept"
    assert erase.is_proven(owner, task.erasure)
    assert not erase.is_proven(other.owner, task.erasure)


def test_a_tenant_that_is_called_as_the_key_of_another_takes_nothing_with_it(owner: str) -> None:
    named_alike = {"id": owner, "owner": "somebody-else", "kind": "key"}
    cosmos.container("principals").upsert_item(named_alike)
    erased(begun(owner))
    assert cosmos.read("principals", owner, owner) is not None


def test_what_says_that_it_was_erased_before_stays_too(owner: str) -> None:
    first = begun(owner)
    erased(first)
    audit.write(audit.AuditLine(owner=owner, request="r", subject="key:a", action="tenant.erase", outcome="begun"))
    second = begun(owner)
    erased(second)
    found = audit.page(owner, action=None, subject=None, dataset=None, since=None, until=None, size=9, cursor=None)
    assert [one.request for one in found.items] == [second.erasure, first.erasure]


def test_it_goes_on_until_its_end(owner: str) -> None:
    seed(owner)
    task = begun(owner)
    assert rights.is_being_erased(owner)
    assert rights.begin_erasure(ErasureDocument(owner=owner, erasure="x", by="key:b")).erasure == task.erasure
    assert task.erasure in {one.erasure for one in rights.unfinished()[0]}
    erase.documents(task)
    assert rights.find_erasure(owner) is not None, "the caller can watch it"
    assert cosmos.query("principals", "SELECT c.id FROM c", {}, f"key-{owner}"), "keys go last"
    erased(task)
    assert not rights.is_being_erased(owner)


def test_every_blob_container_has_its_rule() -> None:
    assert set(erase.BLOBS) == set(blobs.CONTAINERS)


def test_histories_are_named_as_they_were_begun(owner: str) -> None:
    delivery = {"id": "d", "owner": owner, "kind": "delivery", "message": "m", "webhook": "w"}
    cosmos.container("webhooks").upsert_item(delivery)
    cosmos.container("rights").upsert_item({"id": "e", "owner": owner, "kind": "export"})
    cosmos.container("takedowns").upsert_item({"id": "t", "owner": owner, "created": "2026-11-22T00:00:00.500Z"})
    names = erase.instances(begun(owner))
    assert {"deliver-m-w", "export-e"} < set(names)
    assert next(one for one in names if one.startswith("takedown-t-")).endswith(".500")
