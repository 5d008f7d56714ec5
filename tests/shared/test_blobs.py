import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from builder.store import Folder, LocalFolder
from shared.blobs import BlobFolder, dataset_folder, download_link
from shared.settings import Settings, settings


@pytest.fixture(params=["disk", "blobs"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """Every folder there is; both keep the same promises."""
    if request.param == "disk":
        return LocalFolder(tmp_path)
    request.getfixturevalue("stores")
    return dataset_folder(uuid.uuid4().hex)


def test_what_is_written_is_read(folder: Folder) -> None:
    assert folder.write("a/b.txt", b"hello world") == 11
    assert folder.read("a/b.txt") == b"hello world"
    assert folder.read_range("a/b.txt", 6, 5) == b"world"
    assert b"".join(folder.chunks("a/b.txt")) == b"hello world"
    assert folder.exists("a/b.txt")


def test_a_stream_is_written_whole_and_counted(folder: Folder) -> None:
    pieces = [bytes([number]) * 1_500_000 for number in range(5)]
    assert folder.write("big", iter(pieces)) == 7_500_000
    assert folder.read("big") == b"".join(pieces)


def test_writing_again_replaces(folder: Folder) -> None:
    folder.write("x", b"long before")
    folder.write("x", b"now")
    assert folder.read("x") == b"now"


def test_a_stream_that_breaks_leaves_what_was_there(folder: Folder) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("cable cut")

    folder.write("x", b"whole")
    with pytest.raises(OSError, match="cable cut"):
        folder.write("x", broken())
    assert folder.read("x") == b"whole"


def test_names_are_listed_in_order_and_by_prefix(folder: Folder) -> None:
    for name in ("b", "a/2", "a/1", "ab"):
        folder.write(name, b".")
    assert list(folder.names()) == ["a/1", "a/2", "ab", "b"]
    assert list(folder.names("a/")) == ["a/1", "a/2"]


def test_what_is_not_there_is_said_so(folder: Folder) -> None:
    assert not folder.exists("gone")
    folder.delete("gone")
    for read in (
        lambda: folder.read("gone"),
        lambda: folder.read_range("gone", 0, 1),
        lambda: list(folder.chunks("gone")),
    ):
        with pytest.raises(FileNotFoundError):
            read()


def test_what_is_deleted_is_gone(folder: Folder) -> None:
    folder.write("x", b".")
    folder.delete("x")
    assert list(folder.names()) == []


@pytest.mark.usefixtures("stores")
def test_clearing_a_folder_leaves_its_neighbours() -> None:
    name = uuid.uuid4().hex
    one, other = dataset_folder(name), dataset_folder(name + "0")
    one.write("x", b".")
    other.write("x", b".")
    one.clear()
    assert (list(one.names()), list(other.names())) == ([], ["x"])


@pytest.mark.usefixtures("stores")
def test_metadata_travels_with_the_blob() -> None:
    folder = dataset_folder(uuid.uuid4().hex)
    folder.write("x", b".", {"instance": "d-cat-1", "Traceparent": "as some clients write headers"})
    assert folder.metadata("x") == {"instance": "d-cat-1", "traceparent": "as some clients write headers"}
    with pytest.raises(FileNotFoundError):
        folder.metadata("y")


def test_a_link_downloads_without_credentials_and_for_one_blob_only(stores: Settings) -> None:
    folder = dataset_folder(uuid.uuid4().hex)
    folder.write("x.zip", b"bytes")
    folder.write("y.zip", b"other")
    url, expires = download_link(folder, "x.zip", "cats.zip")
    answer = httpx.get(url)
    assert answer.content == b"bytes"
    assert answer.headers["content-disposition"] == 'attachment; filename="cats.zip"'
    assert expires.endswith("+00:00")
    assert httpx.get(url.replace("x.zip?", "y.zip?")).status_code == 403
    assert httpx.put(url, content=b"evil", headers={"x-ms-blob-type": "BlockBlob"}).status_code == 403
    assert stores.storage_connection is not None
    assert stores.storage_connection.get_secret_value().partition("AccountKey=")[2][:20] not in url


def test_a_link_by_another_host_is_as_good(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dataset_folder(uuid.uuid4().hex)
    folder.write("x.zip", b"bytes")
    port = httpx.URL(folder.container.url).port
    monkeypatch.setenv("PIXCRAWLER_LINK_HOST", f"localhost:{port}")
    settings.cache_clear()
    url, _ = download_link(folder, "x.zip", "cats.zip")
    assert url.startswith(f"https://localhost:{port}/")
    assert stores.link_host == "", "what was read before stays as it was"
    assert httpx.get(url.replace("https:", "http:", 1)).content == b"bytes"
    monkeypatch.undo()
    settings.cache_clear()


def test_a_blob_folder_is_a_folder(stores: Settings) -> None:
    assert stores.create_resources
    found: Folder = dataset_folder("x")
    assert isinstance(found, BlobFolder)


@pytest.mark.usefixtures("stores")
def test_what_was_written_in_between_is_not_lost() -> None:
    folder = dataset_folder(uuid.uuid4().hex)
    folder.write("a", b"one", {"who": "me"})
    seen: list[bytes] = []

    def edit(file: IO[bytes]) -> bool:
        file.seek(0)
        seen.append(file.read())
        if len(seen) == 1:
            folder.write("a", b"two", {"who": "you"})
        file.seek(0)
        file.write(b"X")
        return True

    folder.rewrite("a", edit)
    assert seen == [b"one", b"two"]
    assert (folder.read("a"), folder.metadata("a")) == (b"Xwo", {"who": "you"})
    folder.rewrite("a", lambda _: False)
    with pytest.raises(FileNotFoundError):
        folder.rewrite("b", edit)


def test_exports_are_tagged_for_the_rules_of_the_storage_account(stores: Settings) -> None:
    folder = dataset_folder(uuid.uuid4().hex)
    folder.write("exports/coco/images.zip", iter([b"one", b"two"]))
    folder.write("exports/coco.json", b"[]")
    folder.write("manifest.jsonl", b"")

    def tags(name: str) -> dict[str, str]:
        return dict(folder.container.get_blob_client(folder.root + name).get_blob_tags())

    assert tags("exports/coco/images.zip") == tags("exports/coco.json") == {"kind": "export"}
    assert tags("manifest.jsonl") == {}
    folder.rewrite("exports/coco.json", lambda file: bool(file.write(b"[1]")))
    assert tags("exports/coco.json") == {"kind": "export"}
