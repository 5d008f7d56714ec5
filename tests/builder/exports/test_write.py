"""`builder.exports.write`: what is told is what lies there, the same each time, and never all of it in memory."""

import gc
import hashlib
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from builder import images, store, zipstream
from builder.errors import UnknownFormatError
from builder.exports import base, parquet, sidecars
from builder.exports.base import About
from builder.exports.write import FORMATS, write_export
from builder.report import make_report
from builder.rows import ImageRow
from builder.spec import DatasetSpec, ExportFormat, LabelSpec
from builder.store import LocalFolder
from tests.builder.dataset_of import Dataset
from tests.builder.rows_of import row


@pytest.mark.parametrize("export_format", FORMATS)
def test_sizes_and_hashes_are_those_of_the_files(export_format: str, dataset: Dataset) -> None:
    folder, rows, about = dataset
    files = write_export(folder, export_format, lambda: iter(rows), about)
    assert files
    for file in files:
        data = folder.read(f"exports/{export_format}/{file.name}")
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert write_export(folder, export_format, lambda: iter(rows), about) == files


def test_a_format_that_there_is_not(dataset: Dataset) -> None:
    folder, rows, about = dataset
    with pytest.raises(UnknownFormatError, match="choose from imagefolder, webdataset"):
        write_export(folder, "write", lambda: iter(rows), about)


IMAGE_BYTES = 8_192
SPEC = DatasetSpec(name="many", labels=(LabelSpec(name="Cat"), LabelSpec(name="Dog")))


class Sink(LocalFolder):
    """Keeps nothing of what is written."""

    def write(self, name: str, data: bytes | Iterable[bytes]) -> int:
        """Count the bytes and let them go."""
        return sum(map(len, [data] if isinstance(data, bytes) else data))


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Sink:
    """A folder with one shard, which all rows point into."""
    root = tmp_path_factory.mktemp("sink")
    (root / "shard.tar").write_bytes(bytes(128 * IMAGE_BYTES))
    return Sink(root)


@pytest.mark.parametrize("export_format", ["webdataset", "parquet", "coco", "csv", "labels"])
def test_memory_does_not_grow_with_the_dataset(
    export_format: ExportFormat, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five times the images: 2.6 MB more of them, 0.6 MB more of rows, and less than 0.2 MB more at the peak.

    Buffers are made small, so that both numbers of images fill them. The formats left out are made by the same code.
    """
    monkeypatch.setattr(parquet, "GROUP_IMAGES", 20)
    monkeypatch.setattr(zipstream, "_IN_MEMORY_BYTES", 1 << 14)
    monkeypatch.setattr(base, "PIECE_BYTES", 1 << 14)
    monkeypatch.setattr(images, "_WINDOW_BYTES", 1 << 16)
    monkeypatch.setattr(store, "PIECE_BYTES", 1 << 14)
    peaks = [_peak(export_format, count, sink) for count in (80, 80, 400)]
    assert peaks[2] - peaks[1] < 200_000, peaks


def _peak(export_format: ExportFormat, count: int, sink: Sink) -> int:
    """Bytes that were held at most while that many images were exported."""

    one = row(0, shard="shard.tar", size_bytes=IMAGE_BYTES, title="A title of some words")

    def rows() -> Iterator[ImageRow]:
        for number in range(count):
            label, split = ("cat", "dog")[number * 2 // count], ("train", "train", "val", "test")[number % 4]
            place = {"key": f"{label}-{number:05}-00", "offset": number % 128 * IMAGE_BYTES}
            yield one.model_copy(update={"label": label, "split": split, **place})

    about = About(spec=SPEC, report=make_report(SPEC, rows()), thumbnails=b"drawn")
    gc.collect()
    tracemalloc.start()
    write_export(sink, export_format, rows, about)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_thumbnails_are_drawn_once_where_they_are_given(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rows, about = dataset
    given = About(spec=about.spec, report=about.report, thumbnails=b"drawn before")
    monkeypatch.setattr(sidecars, "thumbnail_grid", lambda *_: pytest.fail("drawn again"))
    write_export(folder, "webdataset", lambda: iter(rows), given)
    assert folder.read("exports/webdataset/thumbnails.jpg") == b"drawn before"


def test_local_files_are_written_whole(dataset: Dataset, tmp_path: Path) -> None:
    _, rows, about = dataset
    empty = LocalFolder(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_export(empty, "imagefolder", lambda: iter(rows), about)
    assert list(empty.names()) == []
