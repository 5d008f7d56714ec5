import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared import audit, datasets, usage
from shared.blobs import dataset_folder, tenant_uploads, url_lists
from shared.documents import DatasetDocument, Retention, now
from shared.retention import due, expires, is_due
from shared.settings import settings
from shared.steps import retain
from shared.tasks import Task
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    settings.cache_clear()


def ended(owner: str, days_ago: float, retention: Retention | None) -> Task:
    task = store(owner)

    def edit(document: DatasetDocument) -> DatasetDocument:
        at = now() - timedelta(days=days_ago)
        return document.moved("ready").model_copy(update={"ended": at, "retention": retention})

    datasets.change(owner, task.dataset, edit)
    return task


def told(owner: str) -> list[tuple[str, str | None]]:
    found = audit.page(owner, action=None, subject="system", dataset=None, since=None, until=None, size=9, cursor=None)
    return [(one.action, one.dataset) for one in found.items]


def test_what_a_dataset_says_comes_before_the_settings(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = datasets.get(owner, ended(owner, 5, Retention(days=None)).dataset)
    usual = datasets.get(owner, ended(owner, 5, None).dataset)
    assert (expires(kept), expires(usual)) == (None, None)
    monkeypatch.setenv("PIXCRAWLER_RETENTION_DAYS", "5")
    settings.cache_clear()
    assert expires(kept) is None
    assert usual.ended is not None
    assert expires(usual) == usual.ended + timedelta(days=5)
    assert is_due(usual, now())
    assert {one.id for one in due(now()) if one.owner == owner} == {usual.id}
    assert expires(usual.moved("building")) is None, "its end is not known yet"


def test_a_dataset_goes_once_its_time_is_over(owner: str) -> None:
    old, young = ended(owner, 3, Retention(days=2)), ended(owner, 1, Retention(days=2))
    for _ in range(2):
        assert retain.expire(owner, old.dataset, now())
    assert not retain.expire(owner, young.dataset, now())
    assert (found := datasets.find(owner, old.dataset)) is not None
    assert found.state == "deleting"
    assert datasets.get(owner, young.dataset).state == "ready"
    assert told(owner) == [("dataset.expire", old.dataset)]
    assert not retain.expire(owner, uuid.uuid4().hex, now())


def test_a_dataset_is_moved_to_the_cool_tier(owner: str) -> None:
    task = ended(owner, 3, Retention(days=2, then="cool"))
    folder = dataset_folder(task.dataset)
    for name in ("plan.json", "shards/a.tar"):
        folder.write(name, b"bytes")
    assert not retain.expire(owner, task.dataset, now()), "it is not to be deleted"
    for _ in range(2):
        retain.cool(task)
    tiers = {blob.blob_tier for blob in folder.container.list_blobs(name_starts_with=folder.root)}
    assert tiers == {"Cool"}
    assert folder.read("shards/a.tar") == b"bytes"
    document = datasets.get(owner, task.dataset)
    assert document.cooled is not None
    assert expires(document) is None
    assert told(owner) == [("dataset.cool", task.dataset)]


def test_a_dataset_whose_time_is_not_over_stays_as_it_is(owner: str) -> None:
    task = ended(owner, 1, Retention(days=2, then="cool"))
    dataset_folder(task.dataset).write("plan.json", b"bytes")
    retain.cool(task)
    assert datasets.get(owner, task.dataset).cooled is None
    assert told(owner) == []


def later(days: float) -> datetime:
    return now() + timedelta(days=days)


def test_uploads_go_unless_a_build_needs_them(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed, unneeded = uuid.uuid4().hex, uuid.uuid4().hex
    for one in (needed, unneeded):
        url_lists(owner).write(f"{one}.text", b"http://a.example/1.jpg\n")
    tenant_uploads(owner).write(f"images/{unneeded}/00000.tar", b"tar")
    tenant_uploads(owner).write("export/e.zip", b"zip")
    task = store(owner, url_list=needed, sources=["urls"])
    retain.expire_uploads(later(6.9))
    assert len(list(tenant_uploads(owner).names())) == 4, "exports have a week, uploads all the time"
    retain.expire_uploads(later(7.1))
    assert "export/e.zip" not in set(tenant_uploads(owner).names())
    monkeypatch.setenv("PIXCRAWLER_UPLOAD_DAYS", "30")
    settings.cache_clear()
    usage.measure_uploads(owner)
    assert usage.bytes_of_uploads(owner) > 0
    retain.expire_uploads(later(29.9))
    assert len(list(tenant_uploads(owner).names())) == 3
    retain.expire_uploads(later(30.1))
    assert list(tenant_uploads(owner).names()) == [f"url-lists/{needed}.text"]
    datasets.change(owner, task.dataset, lambda one: one.moved("failed"))
    retain.expire_uploads(later(30.1))
    assert list(tenant_uploads(owner).names()) == []
    assert usage.bytes_of_uploads(owner) == 0
    assert {action for action, _ in told(owner)} == {"export.expire", "images.expire", "url-lists.expire"}
