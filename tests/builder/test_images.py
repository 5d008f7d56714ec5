"""`builder.images`: few requests, all the bytes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import images
from builder.errors import MissingBytesError
from builder.images import read_images
from builder.store import LocalFolder
from tests.builder.rows_of import row


class Counting:
    """A folder that is no disk of this machine; notes how many bytes each request read."""

    def __init__(self, root: Path) -> None:
        self._files = LocalFolder(root)
        self.reads: list[int] = []

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        self.reads.append(length)
        return self._files.read_range(name, offset, length)

    def read(self, name: str) -> bytes:
        return self._files.read(name)

    def chunks(self, name: str) -> Iterator[bytes]:
        return self._files.chunks(name)

    def write(self, name: str, data: bytes | Iterable[bytes]) -> int:
        return self._files.write(name, data)

    def exists(self, name: str) -> bool:
        return self._files.exists(name)

    def names(self, prefix: str = "") -> Iterator[str]:
        return self._files.names(prefix)

    def delete(self, name: str) -> None:
        self._files.delete(name)


@pytest.fixture
def folder(tmp_path: Path) -> Counting:
    made = Counting(tmp_path)
    for name in ("a.tar", "b.tar"):
        made.write(name, bytes(range(256)) * 40)
    return made


def test_neighbours_share_a_request(folder: Counting) -> None:
    rows = [row(n, shard=name, offset=100 * n, size_bytes=50) for name in ("a.tar", "b.tar") for n in range(10)]
    data = bytes(range(256)) * 40
    assert [piece for _, piece in read_images(folder, rows)] == [data[100 * n : 100 * n + 50] for n in range(10)] * 2
    assert folder.reads == [950, 950]


@settings(deadline=None)
@given(data=st.data())
def test_any_places(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytes(range(256)) * 8
    root = tmp_path_factory.mktemp("shards")
    folder = Counting(root)
    folder.write("a.tar", content)
    spans = data.draw(st.lists(st.tuples(st.integers(0, 1_900), st.integers(0, 100)), max_size=8))
    rows = [row(n, shard="a.tar", offset=start, size_bytes=size) for n, (start, size) in enumerate(spans)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "_WINDOW_BYTES", 150)
        patch.setattr(images, "_GAP_BYTES", 20)
        got = [piece for _, piece in read_images(folder, rows)]
    assert got == [content[start : start + size] for start, size in spans]
    assert all(read <= 150 for read in folder.reads)
    assert [piece for _, piece in read_images(LocalFolder(root), rows)] == got


@pytest.mark.parametrize("where", ["disk", "elsewhere"])
def test_what_is_not_there_is_a_typed_error(folder: Counting, tmp_path: Path, where: str) -> None:
    def read(**fields: object) -> Iterator[object]:
        return read_images(LocalFolder(tmp_path) if where == "disk" else folder, [row(0).model_copy(update=fields)])

    with pytest.raises(MissingBytesError, match="no shard"):
        list(read())
    with pytest.raises(MissingBytesError, match="does not say where"):
        list(read(shard="a.tar"))
    with pytest.raises(MissingBytesError, match="ends before the bytes of cat-00000-00"):
        list(read(shard="a.tar", offset=10_200, size_bytes=100))
    with pytest.raises(FileNotFoundError):
        list(read(shard="gone.tar", offset=0, size_bytes=1))
