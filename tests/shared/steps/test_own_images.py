import uuid
from collections.abc import AsyncIterator

import pytest

from builder.raw import read_raw
from builder.zipstream import zip_chunks
from shared import shards, uploads
from shared.blobs import dataset_folder, raw_folder
from shared.steps import fetch, ingest, search, validate
from shared.steps.own_images import own_images
from shared.tasks import Task
from shared.upload_files import incoming_folder
from shared.uploads import UploadDocument
from tests.shared.steps.conftest import picture, search_task, shard_task, started

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """The fetcher of a test's event loop ends with it."""
    yield
    await fetch.close()


def uploaded(owner: str, files: dict[str, bytes]) -> str:
    document = UploadDocument(id=uuid.uuid4().hex, owner=owner, kind="images", filename="a.zip")
    uploads.create(document)
    incoming_folder(owner).write(document.id, zip_chunks(files.items()))
    ingest.ingest(owner, document.id)
    assert uploads.get(owner, document.id).state == "ready"
    return document.id


def of_uploads(owner: str, *ids: str) -> Task:
    wanted: dict[str, object] = {
        "labels": [{"name": "cat"}, {"name": "dog"}],
        "sources": ["uploads"],
        "uploads": list(ids),
    }
    return started(owner, None, **wanted)


async def test_images_of_an_upload_go_all_the_way(owner: str) -> None:
    files = {
        "Cat/a b.jpg": picture(1),
        "dog/1.jpg": picture(2),
        "cat/broken.jpg": b"x" * 2_000,
        "fish/1.jpg": picture(3),
    }
    upload = uploaded(owner, files)
    task = of_uploads(owner, upload)
    found = search.search(search_task(task))
    assert (found.count, found.dry) == (1, True)
    assert await fetch.fetch_shard(shard_task(task)) == "fetched"
    rows = list(read_raw(raw_folder(task.dataset).read("cat-00000.tar")))
    assert [body for _, _, body in rows] == [picture(1), b"x" * 2_000]
    validate.validate_raw(task.dataset, "cat-00000")
    document = shards.find(task.dataset, "cat-00000")
    assert document is not None
    assert [(one.url, one.label, one.verdict) for one in document.images] == [
        (f"upload://{upload}/Cat/a%20b.jpg", "cat", "accepted"),
        (f"upload://{upload}/cat/broken.jpg", "cat", "rejected"),
    ]
    told = shards.searches(task.dataset)[0].sources[0]
    assert (told.source, told.error_kind) == ("uploads", "unmatched")
    assert "fish (1)" in (told.error or "")


async def test_images_of_the_web_and_of_uploads_keep_their_order(owner: str, may_fetch: str) -> None:
    upload = uploaded(owner, {"1.jpg": picture(31), "2.jpg": picture(32)})
    links = [f"{may_fetch}/0.jpg", f"{may_fetch}/gone.jpg"]
    labels = [{"name": "cat", "urls": links}]
    task = started(owner, links, sources=["urls", "uploads"], uploads=[upload], labels=labels)
    search.search(search_task(task))
    candidates = search.read_candidates(dataset_folder(task.dataset), "cat", 1)
    assert [one.engine for one in candidates] == ["urls", "urls", "uploads", "uploads"]
    await fetch.fetch_shard(shard_task(task))
    rows = list(read_raw(raw_folder(task.dataset).read("cat-00000.tar")))
    assert [row.candidate for _, row, _ in rows] == list(candidates)
    assert [body for _, _, body in rows] == [picture(0), None, picture(31), picture(32)]


async def test_what_is_not_there_any_more_is_a_row_with_a_reason(owner: str) -> None:
    upload = uploaded(owner, {"cat/1.jpg": picture(1), "cat/2.jpg": picture(2)})
    task = of_uploads(owner, upload)
    search.search(search_task(task))
    candidates = dict(enumerate(search.read_candidates(dataset_folder(task.dataset), "cat", 1)))
    found = list(own_images(owner, candidates, max_bytes=10, taken_down=lambda _: None))
    assert {row.reason for _, row, _ in found} == {"too_large"}
    found = list(own_images(owner, candidates, max_bytes=10**6, taken_down=lambda _: "sha256:00"))
    assert {row.reason for _, row, _ in found} == {"taken_down"}
    strangers = list(own_images(owner[::-1], candidates, max_bytes=10**6, taken_down=lambda _: None))
    assert [(index, row.reason, body) for index, row, body in strangers] == [
        (0, "incomplete", b""),
        (1, "incomplete", b""),
    ]
