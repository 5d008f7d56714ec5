"""`builder.exports.webdataset`: read again by `webdataset`."""

import io
import tarfile

import pytest
import webdataset as wds

from builder.exports import webdataset
from builder.exports.write import write_export
from builder.manifest import read_manifest
from builder.rows import ImageRow
from tests.builder.dataset_of import Dataset


def test_shards_hold_image_class_and_row(dataset: Dataset) -> None:
    folder, rows, about = dataset
    files = write_export(folder, "webdataset", lambda: iter(rows), about)
    assert [file.name for file in files] == [
        "train-00000.tar",
        "val-00000.tar",
        "test-00000.tar",
        "classes.txt",
        "README.md",
        "thumbnails.jpg",
        "LICENCES.txt",
        "attribution.csv",
        "croissant.json",
        "manifest.jsonl",
    ]
    root = folder.root / "exports" / "webdataset"
    classes = (root / "classes.txt").read_text().split()
    assert classes == ["dog", "red-cat"]
    found: list[ImageRow] = []
    for split in ("train", "val", "test"):
        for sample in wds.WebDataset(str(root / f"{split}-00000.tar"), shardshuffle=False):
            row = ImageRow.model_validate_json(sample["json"])
            assert row.split == split
            assert row.key == sample["__key__"]
            assert classes[int(sample["cls"])] == row.label
            assert row.shard is not None
            assert row.offset is not None
            assert row.size_bytes is not None
            extension = {"jpeg": "jpg"}.get(row.format or "", row.format)
            assert sample[extension] == folder.read_range(row.shard, row.offset, row.size_bytes)
            found.append(row)
    accepted = [row for row in rows if row.verdict == "accepted"]
    assert sorted(found, key=lambda row: row.key) == accepted
    assert list(read_manifest([(root / "manifest.jsonl").read_bytes()])) == rows


def test_shards_are_cut_by_number_and_by_bytes(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rows, about = dataset
    monkeypatch.setattr(webdataset, "SHARD_IMAGES", 7)
    files = webdataset.export(folder, lambda: iter(rows), about)
    counts = [_members(file.name, b"".join(file.chunks)) for file in files]
    assert counts[:4] == [("train-00000.tar", 7), ("train-00001.tar", 7), ("train-00002.tar", 6), ("val-00000.tar", 2)]
    monkeypatch.setattr(webdataset, "SHARD_BYTES", 1)
    names = [file.name for file in webdataset.export(folder, lambda: iter(rows), about)]
    assert names[:20] == [f"train-{n:05}.tar" for n in range(20)]
    assert names[20:24] == ["val-00000.tar", "val-00001.tar", "test-00000.tar", "test-00001.tar"]


def _members(name: str, data: bytes) -> tuple[str, int]:
    if not name.endswith(".tar"):
        return name, 0
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return name, len(archive.getnames()) // 3


def test_the_same_rows_give_the_same_files_and_old_ones_go(dataset: Dataset) -> None:
    folder, rows, about = dataset
    first = write_export(folder, "webdataset", lambda: iter(rows), about)
    folder.write("exports/webdataset/train-00007.tar", b"of an earlier run")
    folder.write("exports/webdataset2/kept", b"not ours")
    assert write_export(folder, "webdataset", lambda: iter(rows), about) == first
    assert not folder.exists("exports/webdataset/train-00007.tar")
    assert folder.exists("exports/webdataset2/kept")


def test_a_split_without_images_has_no_shard(dataset: Dataset) -> None:
    folder, rows, about = dataset
    only = [row for row in rows if row.split != "val"]
    names = [file.name for file in webdataset.export(folder, lambda: iter(only), about)]
    assert not any(name.startswith("val") for name in names)
