import uuid

import httpx
import pytest

from shared import uploads
from shared.problems import ProblemError
from shared.telemetry.trace import span, traceparent
from shared.upload_files import IncomingBlob, has_come, incoming_folder, signed_upload, trace_of
from shared.uploads import UploadDocument, UploadRequest

pytestmark = pytest.mark.usefixtures("stores")


def announced(owner: str, **changes: object) -> UploadDocument:
    usual = {"id": uuid.uuid4().hex, "owner": owner, "kind": "images", "filename": "pets.zip"}
    return uploads.create(UploadDocument.model_validate({**usual, **changes}))


def test_an_upload_is_found_by_its_owner_only(owner: str) -> None:
    document = announced(owner)
    assert uploads.get(owner, document.id) == document
    with pytest.raises(ProblemError) as caught:
        uploads.get(owner[::-1], document.id)
    assert caught.value.status == 404
    assert uploads.page(owner[::-1], size=5, cursor=None).items == ()


def test_pages_are_newest_first_without_what_is_being_deleted(owner: str) -> None:
    made = [announced(owner) for _ in range(4)]
    uploads.change(owner, made[1].id, lambda one: one.moved("deleting"))
    first = uploads.page(owner, size=2, cursor=None)
    second = uploads.page(owner, size=2, cursor=first.cursor)
    found = [*first.items, *second.items]
    assert sorted(one.id for one in found) == sorted(one.id for one in made if one.id != made[1].id)
    assert [one.created for one in found] == sorted((one.created for one in found), reverse=True)
    with pytest.raises(ProblemError):
        uploads.get(owner, made[1].id)


def test_the_signed_url_makes_one_blob_once(owner: str) -> None:
    document = announced(owner)
    signed = signed_upload(owner, document.id)
    headers = signed.headers
    assert httpx.put(signed.url, content=b"first", headers=headers).status_code == 201
    assert incoming_folder(owner).read(document.id) == b"first"
    assert httpx.put(signed.url, content=b"second", headers=headers).status_code in {403, 409}
    assert httpx.get(signed.url).status_code == 403
    assert httpx.delete(signed.url).status_code == 403
    other = signed.url.replace(document.id, "0" * 32)
    assert httpx.put(other, content=b"x", headers=headers).status_code == 403
    assert incoming_folder(owner).read(document.id) == b"first"
    assert not incoming_folder(owner).exists("0" * 32)


def test_bytes_that_come_in_tell_their_trace(owner: str) -> None:
    first, second = announced(owner), announced(owner)
    with span("request", None):
        trace = traceparent()
        signed = signed_upload(owner, first.id)
        blob = IncomingBlob(owner, second.id)
        blob.add(b"x")
        assert blob.finish()
    assert httpx.put(signed.url, content=b"x", headers=signed.headers).status_code == 201
    assert [trace_of(owner, one.id) for one in (first, second)] == [trace, trace]
    plain = announced(owner)
    assert trace_of(owner, plain.id) is None
    signed = signed_upload(owner, plain.id)
    assert httpx.put(signed.url, content=b"x", headers=signed.headers).status_code == 201
    assert trace_of(owner, plain.id) is None


def test_a_blob_is_there_once_it_is_whole(owner: str) -> None:
    document = announced(owner)
    blob, late = (IncomingBlob(owner, document.id) for _ in range(2))
    blob.add(b"ab")
    late.add(b"xy")
    blob.add(b"cd")
    assert not has_come(owner, document.id)
    assert blob.finish()
    assert has_come(owner, document.id)
    assert not late.finish()
    assert incoming_folder(owner).read(document.id) == b"abcd"


def test_a_dataset_takes_only_images_that_are_ready(owner: str) -> None:
    ready = announced(owner, state="ready")
    others = [announced(owner, state="ready", kind="urls"), announced(owner), announced(owner, state="refused")]
    uploads.check_uploads(owner, [ready.id])
    with pytest.raises(ProblemError) as caught:
        uploads.check_uploads(owner, [ready.id, *(one.id for one in others), "0" * 32])
    assert [one.pointer for one in caught.value.errors] == [f"/uploads/{place}" for place in (1, 2, 3, 4)]
    with pytest.raises(ProblemError):
        uploads.check_uploads(owner[::-1], [ready.id])


@pytest.mark.parametrize("wrong", [
    {"kind": "video"}, {"filename": ""}, {"filename": "a\nb"}, {"size_bytes": 0}, {"sha256": "A" * 64}, {"more": 1},
])  # fmt: skip
def test_what_cannot_be_announced(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        UploadRequest.model_validate({"kind": "images", "filename": "a.zip", **wrong})
