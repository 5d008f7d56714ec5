import hashlib
import io
import uuid
import zipfile
from collections.abc import Iterable

import pytest
from PIL import Image

from builder.raw import read_raw
from builder.zipstream import zip_chunks
from shared import cosmos, datasets, quotas, uploads, usage
from shared.blobs import BlobFolder, url_lists
from shared.problems import ProblemError
from shared.settings import Settings
from shared.steps import ingest, unpack, upload
from shared.upload_files import images_folder, incoming_folder, read_index
from shared.uploads import UploadDocument
from tests.shared.conftest import store
from tests.shared.steps.conftest import picture

pytestmark = pytest.mark.usefixtures("stores")


def announced(owner: str, **changes: object) -> UploadDocument:
    usual = {"id": uuid.uuid4().hex, "owner": owner, "kind": "images", "filename": "pets.zip"}
    return uploads.create(UploadDocument.model_validate({**usual, **changes}))


def brought(owner: str, data: bytes, **changes: object) -> UploadDocument:
    """An upload whose bytes have come and been checked."""
    document = announced(owner, **changes)
    incoming_folder(owner).write(document.id, data)
    ingest.ingest(owner, document.id)
    return uploads.get(owner, document.id)


def pack(files: dict[str, bytes]) -> bytes:
    return b"".join(zip_chunks(files.items()))


def test_an_archive_becomes_raw_shards_and_an_index(owner: str) -> None:
    files = {f"{'cat' if number % 2 else 'dog'}/{number}.jpg": picture(number) for number in range(102)}
    found = brought(owner, pack({**files, "top.jpg": picture(102), "cat/": b"", ".hidden": b"x", "a.txt": b"x"}))
    assert (found.state, found.error) == ("ready", None)
    report = found.report
    assert report is not None
    assert (report.entries, report.images, report.unlabelled) == (106, 103, 1)
    assert report.labels == {"cat": 51, "dog": 51}
    assert report.passed_over == {"directory": 1, "hidden": 1, "not_an_image_file": 1}
    folder = images_folder(owner, found.id)
    assert sorted(folder.names()) == ["00000.tar", "00001.tar", "index.jsonl"]
    index = list(read_index(owner, found.id))
    assert [one.path for one in index] == [*files, "top.jpg"]
    for one in (index[0], index[95], index[96], index[102]):
        data = folder.read_range(f"{one.shard:05}.tar", one.offset, one.size_bytes)
        assert data == {**files, "top.jpg": picture(102)}[one.path]
    rows = list(read_raw(folder.read("00001.tar")))
    assert [row.candidate.url for _, row, _ in rows] == [one.url for one in index[96:]]
    assert list(incoming_folder(owner).names()) == []


def test_half_of_it_runs_again_to_the_same_result(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack({f"cat/{number}.jpg": picture(number) for number in range(98)})
    whole = brought(owner, data)
    document = announced(owner, id=whole.id[::-1])
    incoming_folder(owner).write(document.id, data)
    with monkeypatch.context() as patch:
        real = BlobFolder.write

        def until_the_second(folder: BlobFolder, name: str, data: Iterable[bytes]) -> int:
            if name == "00001.tar":
                raise ConnectionError
            return real(folder, name, data)

        patch.setattr(BlobFolder, "write", until_the_second)
        with pytest.raises(ConnectionError):
            ingest.ingest(owner, document.id)
    assert list(images_folder(owner, document.id).names()) == ["00000.tar"]
    assert uploads.get(owner, document.id).state == "checking"
    ingest.ingest(owner, document.id)
    again = uploads.get(owner, document.id)
    assert again.report == whole.report
    places = [[(one.path, one.shard, one.offset) for one in read_index(owner, each.id)] for each in (whole, again)]
    assert places[0] == places[1]


def test_what_has_ended_stays_as_it_is(owner: str) -> None:
    found = brought(owner, pack({"cat/1.jpg": picture(1)}))
    incoming_folder(owner).write(found.id, pack({"cat/2.jpg": picture(2)}))
    ingest.ingest(owner, found.id)
    assert [one.path for one in read_index(owner, found.id)] == ["cat/1.jpg"]
    assert list(incoming_folder(owner).names()) == []
    ingest.give_up(owner, found.id)
    assert uploads.get(owner, found.id).state == "ready"


def test_one_image_is_an_upload_too(owner: str) -> None:
    found = brought(owner, picture(1), filename="my cat.jpg")
    assert [one.path for one in read_index(owner, found.id)] == ["my cat.jpg"]


def encrypted() -> bytes:
    data = bytearray(pack({"x.jpg": b"secret"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(("data", "changes", "refusal"), [
    (b"hello", {}, "not_an_archive"),
    (b"", {}, "not_an_archive"),
    (pack({"cat/1.jpg": b"x"})[:-5], {}, "damaged"),
    (encrypted(), {}, "no_images"),
    (pack({"../1.jpg": b"x"}), {}, "no_images"),
    (pack({"1.jpg": b"x"}), {"size_bytes": 7}, "other_bytes"),
    (pack({"1.jpg": b"x"}), {"sha256": "0" * 64}, "other_bytes"),
    (b"ftp://a.example/1.jpg\n", {"kind": "urls", "filename": "list.txt"}, "bad_list"),
    (b"no parquet", {"kind": "urls", "filename": "list.parquet"}, "bad_list"),
    (b"no gzip", {"kind": "urls", "filename": "list.csv.gz"}, "bad_list"),
    (b"# nothing\n", {"kind": "urls", "filename": "list.txt"}, "bad_list"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence(
    owner: str, data: bytes, changes: dict[str, object], refusal: str
) -> None:
    found = brought(owner, data, **changes)
    assert (found.state, found.refusal) == ("refused", refusal)
    assert found.error
    assert found.error.endswith(".")
    assert list(images_folder(owner, found.id).names()) == []
    assert list(incoming_folder(owner).names()) == []
    assert list(url_lists(owner).names()) == []


def test_an_archive_that_is_broken_in_the_middle_leaves_no_shard(owner: str) -> None:
    data = pack({f"{number}.jpg": picture(number) for number in range(102)})
    place = data.rindex(picture(69))
    found = brought(owner, data[:place] + b"\0\0" + data[place + 2 :])
    assert (found.state, found.refusal) == ("refused", "damaged")
    assert list(images_folder(owner, found.id).names()) == []


@pytest.mark.parametrize(("setting", "refusal"), [
    ("max_upload_bytes", "too_large"),
    ("max_upload_entries", "too_many_entries"),
    ("max_upload_unpacked_bytes", "too_many_bytes"),
])  # fmt: skip
def test_the_limits_of_the_settings_hold(
    owner: str, setting: str, refusal: str, monkeypatch: pytest.MonkeyPatch, configured: Settings
) -> None:
    least = configured.model_copy(update={setting: 1})
    monkeypatch.setattr(ingest, "settings", lambda: least)
    monkeypatch.setattr(unpack, "settings", lambda: least)
    assert brought(owner, pack({"1.jpg": picture(1), "2.jpg": picture(2)})).refusal == refusal


def test_what_was_announced_and_came_is_taken(owner: str) -> None:
    data = pack({"1.jpg": picture(1)})
    found = brought(owner, data, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    assert (found.state, found.size_bytes) == ("ready", len(data))


def test_what_has_not_the_name_of_an_upload_is_left_alone(owner: str) -> None:
    for name in ("nonsense", "a/b"):
        incoming_folder(owner).write(name, b"x")
        ingest.ingest(owner, name)
        ingest.give_up(owner, name)
    assert sorted(incoming_folder(owner).names()) == ["a/b", "nonsense"]


def test_what_comes_for_an_upload_that_is_gone_is_removed(owner: str) -> None:
    incoming_folder(owner).write("0" * 32, b"x")
    ingest.ingest(owner, "0" * 32)
    assert list(incoming_folder(owner).names()) == []


def test_what_fails_five_times_is_refused(owner: str) -> None:
    document = announced(owner)
    incoming_folder(owner).write(document.id, b"x")
    ingest.give_up(owner, document.id)
    assert uploads.get(owner, document.id).refusal == "failed"
    assert list(incoming_folder(owner).names()) == []


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table({"url": ["http://a.example/1.jpg"], "label": ["cat"]}), file)
    return file.getvalue()


@pytest.mark.parametrize(("filename", "data"), [
    ("list.CSV", b"url,label\nhttp://a.example/1.jpg,cat\n"),
    ("list.tsv", b"url\tlabel\nhttp://a.example/1.jpg\tcat\n"),
    ("list.jsonl", b'{"url": "http://a.example/1.jpg", "label": "cat"}\n'),
    ("list.parquet", parquet()),
])  # fmt: skip
def test_a_list_of_urls_is_kept_whatever_its_format(owner: str, filename: str, data: bytes) -> None:
    found = brought(owner, data, kind="urls", filename=filename)
    assert found.report is not None
    assert (found.report.entries, found.report.labels) == (1, {"cat": 1})
    rows = list(upload.read_url_list(url_lists(owner), found.id))
    assert [(row.url, row.label) for row in rows] == [("http://a.example/1.jpg", "cat")]


def test_deleting_removes_the_files_and_waits_for_builds(owner: str) -> None:
    found = brought(owner, pack({"cat/1.jpg": picture(1)}))
    task = store(owner, sources=["uploads"], uploads=[found.id])
    with pytest.raises(ProblemError) as caught:
        ingest.delete(owner, found.id)
    assert (caught.value.status, task.dataset in caught.value.detail) == (409, True)
    datasets.change(owner, task.dataset, lambda one: one.moved("ready"))
    ingest.delete(owner, found.id)
    assert list(images_folder(owner, found.id).names()) == []
    with pytest.raises(ProblemError) as caught:
        ingest.delete(owner, found.id)
    assert caught.value.status == 404


def test_a_list_in_use_is_not_deleted(owner: str) -> None:
    found = brought(owner, b"http://a.example/1.jpg\n", kind="urls", filename="a.txt")
    store(owner, sources=["urls"], url_list=found.id)
    with pytest.raises(ProblemError):
        ingest.delete(owner, found.id)


def test_an_upload_deleted_while_it_is_checked_leaves_nothing(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = announced(owner)
    incoming_folder(owner).write(document.id, pack({"cat/1.jpg": picture(1)}))
    real = unpack.unpack

    def deleted_meanwhile(*arguments: object) -> object:
        report = real(*arguments)  # type: ignore[arg-type]
        ingest.delete(owner, document.id)
        return report

    monkeypatch.setattr(ingest, "unpack", deleted_meanwhile)
    ingest.ingest(owner, document.id)
    assert uploads.find(owner, document.id) is None
    assert list(images_folder(owner, document.id).names()) == []
    assert list(incoming_folder(owner).names()) == []


def test_uploads_count_as_stored_bytes_until_they_are_removed(owner: str) -> None:
    found = brought(owner, pack({"cat/1.jpg": picture(1)}))
    kept = sum(images_folder(owner, found.id).sizes().values())
    assert kept > 0
    assert usage.bytes_of_uploads(owner) == usage.used(owner, "2026-11")[1] == kept
    assert quotas.standing(owner).bytes == kept
    ingest.delete(owner, found.id)
    assert usage.bytes_of_uploads(owner) == 0
    assert cosmos.query("usage", "SELECT c.id FROM c", {}, owner) == []


def test_what_the_quota_has_no_room_for_is_refused_and_removed(owner: str) -> None:
    data = pack({"cat/1.jpg": picture(1)})
    quotas.set_limits(owner, {"stored_bytes": len(data) - 1})
    refused = brought(owner, data)
    assert (refused.state, refused.refusal) == ("refused", "over_quota")
    assert "uploads to make room" in str(refused.error)
    assert list(images_folder(owner, refused.id).names()) == list(incoming_folder(owner).names()) == []


def test_what_unpacks_to_more_than_there_is_room_for_is_refused_and_removed(owner: str) -> None:
    bitmap = io.BytesIO()
    Image.new("RGB", (64, 64)).save(bitmap, "BMP")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/1.bmp", bitmap.getvalue())
    quotas.set_limits(owner, {"stored_bytes": len(bitmap.getvalue()) - 1})
    assert len(packed.getvalue()) < len(bitmap.getvalue()) / 2
    refused = brought(owner, packed.getvalue())
    assert (refused.state, refused.refusal) == ("refused", "over_quota")
    assert list(images_folder(owner, refused.id).names()) == []
